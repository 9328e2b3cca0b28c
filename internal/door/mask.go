// Package door processes every text before it leaves the process: results,
// notes, errors and progress. It masks tokens before a text is cut, and escapes
// what could control a terminal, a viewer or a CI runner.
//
// There are two stages. Values and Mask see each string alone and complete, and
// find every credential. Writer sees the finished text, and finds what the
// first stage missed.
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

// Printable returns s with every credential masked and escaped for a terminal.
// It is for lines outside a report that name parts of the scanned input.
func Printable(s string) string { return terminal.Safe(Mask(s)) }

// Mask returns s with every credential masked, and also what remains of a token
// that was cut off elsewhere.
func Mask(s string) string {
	s = rules.Redact(s)
	const prefix, shown = "r8_", 5
	var out []byte // nil as long as nothing is masked
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

// isCut reports whether body may be the start of a token whose end was cut off,
// and is not a word in a name. Fewer characters are enough where texts are
// usually cut: at the end, or before an ellipsis, a quote or an escape.
// Anything shorter reveals nothing.
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

// Values returns a copy of v in which every string is masked, in all fields,
// lists, maps and pointers. Unexported fields, which are in no output, are
// copied as they are. A list in which nothing had to be masked is v's own: a
// result may fill most of the memory.
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

// in masks the strings in v, which must be settable. Whatever v points to is copied
// first, because others may use it.
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
		if !v.IsNil() && v.CanSet() { // nil stays null in JSON
			v.Set(m.copied(v))
		}
	}
}

// clean reports whether no string in v changes.
func (m masker) clean(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return m.mask(v.String()) == v.String()
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); (f.IsExported() || f.Anonymous) && !m.clean(v.Field(i)) {
				return false
			}
		}
	case reflect.Array, reflect.Slice:
		for i := range v.Len() {
			if !m.clean(v.Index(i)) {
				return false
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if !m.clean(it.Key()) || !m.clean(it.Value()) {
				return false
			}
		}
	case reflect.Pointer, reflect.Interface:
		return v.IsNil() || m.clean(v.Elem())
	}
	return true
}

// copied returns a masked copy of a slice, a map, or the target of a pointer or an
// interface.
func (m masker) copied(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Slice {
		if m.clean(v) {
			return v
		}
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
