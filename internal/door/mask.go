// Package door is what text goes through before it leaves the process: result,
// note, error, progress. It masks tokens, whole before anything is cut, and
// takes from text of what was scanned the power over terminals, viewers and the
// runners of CI services.
//
// There are two doors behind each other. Values and Mask see each string by
// itself, whole, and find every credential. Writer sees what was made of them,
// and finds what somebody forgot to take through the first.
package door

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"r8scan/internal/terminal"

	"r8scan/rules"
)

// Printable returns s as a terminal may show it, with every credential masked: for
// a line that names parts of what was scanned and is in no report.
func Printable(s string) string { return terminal.Safe(Mask(s)) }

// Mask returns s with every credential in it masked, and what a cut that
// somebody else made has left of a token.
func Mask(s string) string {
	s = rules.Redact(s)
	const prefix, shown = "r8_", 5
	var out []byte // nil until something is masked
	for at := 0; ; {
		next := strings.Index(s[at:], prefix)
		if next < 0 {
			break
		}
		start := at + next
		at = start + len(prefix)
		end := at
		for end < len(s) && isAlnum(s[end]) {
			end++
		}
		if isCut(s[at:end], s[end:]) {
			if out == nil {
				out = []byte(s)
			}
			copy(out[start+shown:end], bytes.Repeat([]byte{'*'}, end-start))
		}
	}
	if out == nil {
		return s
	}
	return string(out)
}

// isCut reports whether body may be the start of a token's, of which the end
// was cut off, and is no word of a name. Where texts are cut, at the end or in
// front of an ellipsis, a quote or an escape, that is seen sooner than within a
// text. What is shorter gives nothing away.
func isCut(body, rest string) bool {
	few, many, kinds := 20, 28, 3
	if rest == "" || strings.HasPrefix(rest, "…") || strings.HasPrefix(rest, "...") || strings.IndexByte("\\\"'`*", rest[0]) >= 0 {
		few, many, kinds = 9, 16, 2
	}
	lower, upper, digit := 0, 0, 0
	for _, c := range []byte(body) {
		switch {
		case c <= '9':
			digit = 1
		case c <= 'Z':
			upper = 1
		default:
			lower = 1
		}
	}
	return len(body) >= many || len(body) >= few && lower+upper+digit >= kinds
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// Values returns a copy of v in which every string was masked, in whatever
// fields, lists, maps and pointers: a new field needs no new line here. Fields
// that are not exported, and so in no output, stay as they are.
func Values[T any](v T) T {
	masker{known: map[string]string{}}.in(reflect.ValueOf(&v).Elem())
	return v
}

// Text is Values for what may be saved as JSON and read again: a byte that is not
// UTF-8 is written as \x and two digits, as terminal.Safe shows it, because JSON
// has no form for it.
func Text[T any](v T) T {
	masker{map[string]string{}, true}.in(reflect.ValueOf(&v).Elem())
	return v
}

// masker masks the strings of one value. A result repeats most of its strings,
// such as paths and the ids of commits, and the search of one takes a hundred
// times as long as to look it up.
type masker struct {
	known map[string]string // from a string to its masked form
	text  bool              // strings become UTF-8
}

// maxKnown bounds the memory of a masker, in strings.
const maxKnown = 1 << 12

func (m masker) mask(s string) string {
	masked, ok := m.known[s]
	if !ok {
		if len(m.known) == maxKnown {
			clear(m.known)
		}
		masked = Mask(s)
		if m.text {
			masked = asText(masked)
		}
		m.known[s] = masked
	}
	return masked
}

// asText returns s with each byte that is not UTF-8 as \x and two digits.
func asText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)) {
			fmt.Fprintf(&b, `\x%02x`, s[i])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// in masks what v holds, which can be set; what v points to is copied
// before, for it is not v's.
func (m masker) in(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); v.CanSet() {
			if to := m.mask(s); to != s {
				v.SetString(to)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() || f.Anonymous {
				m.in(v.Field(i))
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			m.in(v.Index(i))
		}
	case reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface:
		if !v.IsNil() && v.CanSet() { // what is nil stays null in JSON
			v.Set(m.copied(v))
		}
	}
}

// copied returns a masked copy of a list, a map, or what a pointer or an
// interface leads to.
func (m masker) copied(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Slice {
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(out, v)
		for i := range out.Len() {
			m.in(out.Index(i))
		}
		return out
	}
	one := func(v reflect.Value) reflect.Value {
		out := reflect.New(v.Type())
		out.Elem().Set(v)
		m.in(out.Elem())
		return out
	}
	switch v.Kind() {
	case reflect.Pointer:
		return one(v.Elem())
	case reflect.Interface:
		return one(v.Elem()).Elem()
	}
	out := reflect.MakeMapWithSize(v.Type(), v.Len())
	for it := v.MapRange(); it.Next(); {
		out.SetMapIndex(one(it.Key()).Elem(), one(it.Value()).Elem())
	}
	return out
}
