package lsp

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestChanges(t *testing.T) {
	at := func(a, b, c, d int) *span { return &span{position{a, b}, position{c, d}} }
	for _, c := range []struct {
		name, text string
		changes    []change
		want       string
	}{
		{"insert", "ab\ncd\n", []change{{at(1, 1, 1, 1), "X"}}, "ab\ncXd\n"},
		{"over lines", "ab\ncd\nef", []change{{at(0, 1, 2, 1), "-"}}, "a-f"},
		{"one after the other", "ab", []change{{at(0, 2, 0, 2), "\nc"}, {at(1, 1, 1, 1), "d"}}, "ab\ncd"},
		{"all", "ab", []change{{nil, "new\ntext"}, {at(1, 0, 1, 4), ""}}, "new\n"},
		{"behind surrogate pairs", "😀😀x", []change{{at(0, 4, 0, 5), "y"}}, "😀😀y"},
		{"within a pair", "😀x", []change{{at(0, 1, 0, 2), ""}}, "x"},
		{"two-byte letters", "äöü", []change{{at(0, 1, 0, 2), "o"}}, "äoü"},
		{"CRLF", "ab\r\ncd\r\n", []change{{at(0, 2, 1, 0), " "}}, "ab cd\r\n"},
		{"behind a line with CRLF", "ab\r\ncd", []change{{at(0, 9, 0, 9), "!"}}, "ab!\r\ncd"},
		{"CR alone", "ab\rcd", []change{{at(1, 0, 1, 1), "C"}}, "ab\rCd"},
		{"LF behind CR", "ab\rcd", []change{{at(1, 0, 1, 0), "\n"}, {at(1, 0, 1, 1), "C"}}, "ab\r\nCd"},
		{"LF taken from CRLF", "a\r\nb", []change{{at(0, 1, 1, 0), "\r"}, {at(1, 0, 1, 1), "c"}}, "a\rc"},
		{"CR before LF", "a\nb", []change{{at(0, 1, 0, 1), "\r"}, {at(1, 0, 1, 1), "c"}}, "a\r\nc"},
		{"behind the end", "ab", []change{{at(7, 0, 9, 9), "c"}}, "abc"},
		{"before the start", "ab", []change{{at(-1, -1, 0, -5), "c"}}, "cab"},
		{"turned around", "abc", []change{{at(0, 2, 0, 1), ""}}, "ac"},
	} {
		before := newDocument("a", 1, c.text)
		d := before.changed(2, c.changes)
		if string(d.text) != c.want || d.version != 2 {
			t.Errorf("%s: %q, want %q", c.name, d.text, c.want)
		}
		if string(before.text) != c.text {
			t.Errorf("%s: the version before has become %q", c.name, before.text)
		}
		if whole := newDocument("a", 2, c.want); !slices.Equal(d.lines, whole.lines) {
			t.Errorf("%s: its lines start at %v, want %v", c.name, d.lines, whole.lines)
		}
	}
}

func TestPositions(t *testing.T) {
	d := newDocument("a", 1, "a😀b\r\nü\rc\n")
	for _, c := range []struct {
		at   int
		want position
	}{{0, position{0, 0}}, {1, position{0, 1}}, {5, position{0, 3}}, {6, position{0, 4}}, {8, position{1, 0}}, {10, position{1, 1}}, {11, position{2, 0}}, {13, position{3, 0}}} {
		if got := d.position(c.at); got != c.want {
			t.Errorf("byte %d is at %v, want %v", c.at, got, c.want)
		}
		if got := d.offset(c.want); got != c.at {
			t.Errorf("%v is byte %d, want %d", c.want, got, c.at)
		}
	}
}

func TestLongText(t *testing.T) {
	long := strings.Repeat("x", maxText+1)
	if d := newDocument("a", 1, long); !d.long || len(d.text) > 0 {
		t.Error("a text that is too long is kept")
	}
	d := newDocument("a", 1, long[1:]).changed(2, []change{{&span{}, "y"}})
	if !d.long || len(d.text) > 0 {
		t.Error("a text that becomes too long is kept")
	}
	if d = d.changed(3, []change{{&span{}, "y"}}); !d.long {
		t.Error("an edit of a text that is not there counts")
	}
	if d = d.changed(4, []change{{nil, "y"}}); d.long || string(d.text) != "y" {
		t.Error("a new text does not count")
	}
}

// FuzzEdits compares edits with what they make of the whole text in UTF-16, as an
// editor has it.
func FuzzEdits(f *testing.F) {
	f.Add("a😀b\r\nc\rd\n", "x\n", []byte{0, 3, 1, 0, 1, 1, 0, 9})
	f.Add("\r\n\r\n", "\r", []byte{0, 0, 0, 0, 0, 1, 0, 2})
	f.Add("a\nb", "\r\n😀", []byte{0, 1, 0, 1})
	f.Fuzz(func(t *testing.T, text, insert string, at []byte) {
		text, insert = strings.ToValidUTF8(text, "?"), strings.ToValidUTF8(insert, "?")
		d := newDocument("a", 0, text)
		model := utf16.Encode([]rune(text))
		for ; len(at) >= 4; at = at[4:] {
			from, to := whole(model, int(binary.BigEndian.Uint16(at))%(len(model)+1)), whole(model, int(binary.BigEndian.Uint16(at[2:]))%(len(model)+1))
			if to < from {
				from, to = to, from
			}
			r := span{positionIn(model, from), positionIn(model, to)}
			d = d.changed(d.version+1, []change{{&r, insert}})
			model = slices.Replace(slices.Clone(model), from, to, utf16.Encode([]rune(insert))...)
			want := newDocument("a", 0, string(utf16.Decode(model)))
			if !bytes.Equal(d.text, want.text) || !slices.Equal(d.lines, want.lines) {
				t.Fatalf("%q with lines at %v, want %q with lines at %v", d.text, d.lines, want.text, want.lines)
			}
		}
		for i := range string(d.text) {
			if p := d.position(i); d.offset(p) != i && !(i > 0 && d.text[i-1] == '\r' && d.text[i] == '\n') {
				t.Fatalf("byte %d of %q is at %v, which is byte %d", i, d.text, p, d.offset(p))
			}
		}
	})
}

// whole moves an index back to where an editor can have its cursor: not within a
// character or a line end.
func whole(units []uint16, at int) int {
	if 0 < at && at < len(units) && (utf16.IsSurrogate(rune(units[at-1])) && units[at-1] < 0xdc00 || units[at-1] == '\r' && units[at] == '\n') {
		return at - 1
	}
	return at
}

// positionIn counts lines and characters by itself.
func positionIn(units []uint16, at int) (p position) {
	for i := range at {
		switch {
		case units[i] == '\n', units[i] == '\r' && (i+1 == len(units) || units[i+1] != '\n'):
			p = position{p.Line + 1, 0}
		default:
			p.Character++
		}
	}
	return p
}
