package plain

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"testing/iotest"
	"unicode/utf16"
	"unicode/utf8"
)

// encoded returns a text in a form, with its mark or without.
func encoded(text string, form Form, marked bool) []byte {
	var out []byte
	for _, m := range marks {
		if m.form == form && marked {
			out = append(out, m.mark...)
		}
	}
	switch form {
	case UTF16LE, UTF16BE:
		for _, u := range utf16.Encode([]rune(text)) {
			pair := []byte{byte(u), byte(u >> 8)}
			if form == UTF16BE {
				slices.Reverse(pair)
			}
			out = append(out, pair...)
		}
	case UTF32LE, UTF32BE:
		for _, r := range text {
			unit := []byte{byte(r), byte(r >> 8), byte(r >> 16), byte(r >> 24)}
			if form == UTF32BE {
				slices.Reverse(unit)
			}
			out = append(out, unit...)
		}
	default:
		out = append(out, text...)
	}
	return out
}

// TestForms reads texts in every form, with and without a mark, at once and byte
// by byte.
func TestForms(t *testing.T) {
	long := string(bytes.Repeat([]byte("line, ж €, \U0001f511\r\n"), 1000))
	for _, text := range []string{"", "x", "{}", "# ж\U0001f511\n", "a€\x00b", long} {
		for _, form := range []Form{"", MarkedUTF8, UTF16LE, UTF16BE, UTF32LE, UTF32BE} {
			for _, marked := range []bool{true, false} {
				if !marked && text == "" {
					continue // nothing is in no form
				}
				data := encoded(text, form, marked)
				if got := string(Text(data)); got != text {
					t.Errorf("%.20q as %s, marked %v: %.20q", text, form, marked, got)
				}
				slow, err := io.ReadAll(iotest.OneByteReader(NewReader(iotest.OneByteReader(bytes.NewReader(data)))))
				if string(slow) != text || err != nil {
					t.Errorf("%.20q as %s, marked %v, byte by byte: %.20q, %v", text, form, marked, slow, err)
				}
				if is := FormOf(data); is != form && (marked || form != MarkedUTF8) {
					t.Errorf("%.20q as %s, marked %v, is called %s", text, form, marked, is)
				}
			}
		}
	}
}

// TestBroken gives the replacement character for what is no text, and never
// loses what is around it.
func TestBroken(t *testing.T) {
	for in, want := range map[string]string{
		"\xff\xfea":                             "\ufffd",
		"\xff\xfea\x00b":                        "a\ufffd",
		"\xff\xfe\x00\xd8":                      "\ufffd",
		"\xff\xfe\x00\xd8a\x00":                 "\ufffda",
		"\xff\xfe\x00\xdca\x00":                 "\ufffda",
		"\xff\xfe\x00\xd8\x00\xd8\x00\xdc":      "\ufffd\U00010000",
		"\xff\xfe\x00\x00\xff\xff\xff\xff":      "\ufffd",
		"\xff\xfe\x00\x00a\x00\x00\x00\x00\xd8": "a\ufffd",
		"\x00":                                  "\x00",
		"\x00\x00\x00\x00":                      "\x00\x00\x00\x00",
		"\xef\xbb":                              "\xef\xbb",
		"a":                                     "a",
	} {
		if got := string(Text([]byte(in))); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if _, err := io.ReadAll(NewReader(iotest.ErrReader(io.ErrClosedPipe))); err != io.ErrClosedPipe {
		t.Errorf("an error of the reader became %v", err)
	}
}

func TestLines(t *testing.T) {
	for text, want := range map[string][]string{
		"":               nil,
		"a":              {"a"},
		"a\nb\r\nc\rd":   {"a\n", "b\r\n", "c\r", "d"},
		"\r\r\n\n\n\r\r": {"\r", "\r\n", "\n", "\n", "\r", "\r"},
		"a\r":            {"a\r"},
	} {
		var got []string
		for line := range Lines([]byte(text)) {
			got = append(got, string(line))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("\xff\xfea\x00"))
	f.Add([]byte("\x00\x00\xfe\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		text := Text(data)
		slow, err := io.ReadAll(NewReader(iotest.HalfReader(bytes.NewReader(data))))
		if err != nil || !bytes.Equal(text, slow) {
			t.Errorf("%q is %q at once and %q in pieces, %v", data, text, slow, err)
		}
		if form := FormOf(data); form != "" && form != MarkedUTF8 && !utf8.Valid(text) {
			t.Errorf("%q becomes %q", data, text)
		}
	})
}
