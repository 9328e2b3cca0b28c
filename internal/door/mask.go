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
	"reflect"
	"strings"

	"r8scan/rules"
)

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
// was cut off, and is no word of a name: where texts are cut, in front of an
// ellipsis, quote or escape or at the end, that is seen sooner than within one. What is
// shorter gives nothing away.
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
	in := reflect.ValueOf(&v).Elem()
	in.Set(masked(in))
	return v
}

func masked(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.String:
		out.SetString(Mask(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(masked(v.Field(i)))
			}
		}
	case reflect.Slice:
		if v.IsNil() {
			break // it stays null in JSON
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(masked(v.Index(i)))
		}
	case reflect.Array:
		for i := range v.Len() {
			out.Index(i).Set(masked(v.Index(i)))
		}
	case reflect.Map:
		if v.IsNil() {
			break
		}
		out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for it := v.MapRange(); it.Next(); {
			out.SetMapIndex(masked(it.Key()), masked(it.Value()))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(masked(v.Elem()))
		}
	case reflect.Interface:
		if !v.IsNil() {
			out.Set(masked(v.Elem()))
		}
	}
	return out
}
