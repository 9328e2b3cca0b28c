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
	"reflect"
	"strings"

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
// copied as they are.
func Values[T any](v T) T {
	maskIn(reflect.ValueOf(&v).Elem())
	return v
}

// maskIn masks the strings in v, which must be settable. Whatever v points to
// is copied first, because others may use it.
func maskIn(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); v.CanSet() {
			if to := Mask(s); to != s {
				v.SetString(to)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() || f.Anonymous {
				maskIn(v.Field(i))
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			maskIn(v.Index(i))
		}
	case reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface:
		if !v.IsNil() && v.CanSet() { // nil stays null in JSON
			v.Set(maskedCopy(v))
		}
	}
}

// maskedCopy returns a masked copy of a slice, a map, or the target of a
// pointer or an interface.
func maskedCopy(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Slice {
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(out, v)
		for i := range out.Len() {
			maskIn(out.Index(i))
		}
		return out
	}
	copied := func(v reflect.Value) reflect.Value {
		out := reflect.New(v.Type())
		out.Elem().Set(v)
		maskIn(out.Elem())
		return out
	}
	switch v.Kind() {
	case reflect.Pointer:
		return copied(v.Elem())
	case reflect.Interface:
		return copied(v.Elem()).Elem()
	}
	out := reflect.MakeMapWithSize(v.Type(), v.Len())
	for it := v.MapRange(); it.Next(); {
		out.SetMapIndex(copied(it.Key()).Elem(), copied(it.Value()).Elem())
	}
	return out
}
