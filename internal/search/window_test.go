package search

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"r8scan/internal/git/gittest"
	"r8scan/rules"
)

// place is what the tests compare of a match.
type place struct {
	id       string
	from, to Position
}

// TestWindows moves tokens across the border of windows of the smallest size. The
// matches and their positions must not depend on the windows.
func TestWindows(t *testing.T) {
	a := strings.Join([]string{"r8_", "4Zt8Qw1LpXc7Vb2NmKj9Hg5Fd3Sa6PoIuYtRe"}, "")
	b := strings.Join([]string{"r8_", "7Yh3Ug9Ij2Ok5Lp8Mn1Bv4Cx6Za0Sd7Fg2Hj4"}, "")
	hook := "REPLICATE_WEBHOOK_SECRET" + strings.Repeat("\n", 20) + "= whsec_" + "q5Zt8Qw1LpXc7Vb2NmKj9Hg5Fd3Sa6Po "
	call := `replicate.run("m", input={"prompt": "😀", "api_key": "sk-` + `Zt8Qw1LpXc7Vb2NmKj9Hg5Fd"})` + strings.Repeat("-", 300)
	filler := strings.Repeat("é-€\n😀\xff;\r\n\rx\r\r", 40)
	for _, tokens := range []string{a, a + " " + b, a + b, b + "\\n" + a, hook, call + a} {
		for at := range 400 {
			for _, size := range []int{2 * (rules.Behind + rules.Ahead), 2*(rules.Behind+rules.Ahead) + 13, 16 << 10} {
				lead := size - rules.Ahead - 300 // so that the tokens are at the end of the first window
				text := strings.Repeat(filler, 1+lead/len(filler))[:lead] + filler[:at] + tokens + filler[at:]
				want := whole(text)
				if len(want) == 0 {
					t.Fatal("the text has no match")
				}
				got := inWindows(t, text, size)
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("windows of %d bytes, tokens at byte %d: %v, want %v", size, at, got, want)
				}
			}
		}
	}
}

// TestPositionsInUTF16 finds tokens in UTF-16 in windows of various sizes. Lines
// and columns must be those of an editor, which does not count the byte order mark.
func TestPositionsInUTF16(t *testing.T) {
	text := "eins\r\nzwei \U0001f511\r" + strings.Repeat("ж", 7000) + " k=" + gittest.Token(1) + "\n\n \u0a00\u000a\u4142" + gittest.Token(2)
	want := []place{{from: Position{3, 7004}, to: Position{3, 7044}}, {from: Position{6, 2}, to: Position{6, 42}}}
	for name, head := range map[string]string{"little": "\xff\xfe", "big": "\xfe\xff", "little, no mark": "", "big, no mark": ""} {
		encoded := []byte(head)
		for _, u := range utf16.Encode([]rune(text)) {
			if strings.HasPrefix(name, "little") {
				encoded = append(encoded, byte(u), byte(u>>8))
			} else {
				encoded = append(encoded, byte(u>>8), byte(u))
			}
		}
		for _, size := range []int{2*(rules.Behind+rules.Ahead) + 1, 2*(rules.Behind+rules.Ahead) + 200, 40_000} {
			got := inWindows(t, string(encoded), size)
			if len(got) != 2 || got[0].from != want[0].from || got[0].to != want[0].to || got[1].from != want[1].from || got[1].to != want[1].to {
				t.Errorf("%s, windows of %d: %+v, want %+v", name, size, got, want)
			}
		}
	}
}

// whole searches a text as a whole.
func whole(text string) (places []place) {
	for _, m := range rules.Find(nil, []byte(text), 0, len(text)) {
		from := start.after([]byte(text[:m.Start]))
		places = append(places, place{m.Secret.ID() + m.Confidence.String(), from, from.after([]byte(text[m.Start:m.End]))})
	}
	return places
}

// inWindows searches a text in windows, as a reader and as a writer. Both must
// find the same.
func inWindows(t *testing.T, text string, size int) (places []place) {
	t.Helper()
	r := iotest.HalfReader(strings.NewReader(text))
	s := &window{buf: make([]byte, size), quota: &Quota{high: 1 << 30, low: 1 << 30}}
	if err := s.rest(context.Background(), r, s.fill(r)); err != nil || s.total != int64(len(text)) {
		t.Fatalf("read %d bytes of %d: %v", s.total, len(text), err)
	}
	for _, h := range s.hits {
		places = append(places, place{h.Match.Secret.ID() + h.Match.Confidence.String(), h.From, h.To})
	}
	read := s.hits
	s = &window{buf: make([]byte, size), quota: &Quota{high: 1 << 30, low: 1 << 30}}
	if _, err := io.Copy(struct{ io.Writer }{s}, iotest.HalfReader(strings.NewReader(text))); err != nil {
		t.Fatal(err)
	}
	s.search(true)
	if !slices.EqualFunc(s.hits, read, func(a, b Hit) bool { return a.From == b.From && a.To == b.To }) {
		t.Fatalf("written %v, read %v", s.hits, read)
	}
	return places
}

// TestPosition counts lines and columns.
func TestPosition(t *testing.T) {
	for _, c := range []struct {
		text string
		want Position
	}{
		{"", Position{1, 1}},
		{"abc", Position{1, 4}},
		{"a\r\n", Position{2, 1}},
		{"é😀", Position{1, 4}},
		{"\xff\xc3", Position{1, 3}},
		{"a\n\n😀b", Position{3, 4}},
		{"a\rb\rc", Position{3, 2}},
		{"a\r\r\n\r\n\n\rb", Position{6, 2}},
		{"a\nb\r", Position{3, 1}},
	} {
		if got := start.after([]byte(c.text)); got != c.want {
			t.Errorf("after %q: %v, want %v", c.text, got, c.want)
		}
	}
	if got, want := start.after([]byte("a\n")).after([]byte("b")), start.after([]byte("a\nb")); got != want {
		t.Errorf("in two pieces %v, in one %v", got, want)
	}
}

// TestPositionInPieces cuts texts anywhere, also between a carriage return and its
// line feed. The cuts must not change a position.
func TestPositionInPieces(t *testing.T) {
	for _, text := range []string{"a\r\nb\r\rc\n\r\n\n", "\xff\xfea\x00\r\x00\n\x00b\x00\r\x00\r\x00c\x00", "\xfe\xff\x00a\x00\r\x00\n\x0d\x0a\x00\r\x00c"} {
		whole := locate([]byte(text)).after([]byte(text))
		for i := range len(text) {
			for k := i; k <= len(text); k++ {
				pieces := locate([]byte(text)).after([]byte(text[:i])).after([]byte(text[i:k])).after([]byte(text[k:]))
				if pieces != whole {
					t.Errorf("%q cut at %d and %d: %+v, want %+v", text, i, k, pieces, whole)
				}
			}
		}
	}
	text := "\xfe\xff\x00a\x00\r\x00\n\x00b\x00\r\x00c"
	if got := locate([]byte(text)).after([]byte(text)).wide; got != (Position{3, 2}) {
		t.Errorf("%q ends at %v", text, got)
	}
}

// TestStreamError returns the error of a stream, and searches what came before it.
func TestStreamError(t *testing.T) {
	token := strings.Join([]string{"r8_", "4Zt8Qw1LpXc7Vb2NmKj9Hg5Fd3Sa6PoIuYtRe"}, "")
	broken := fmt.Errorf("broken")
	r := &failing{bytes.NewReader([]byte(token)), broken}
	s := &window{buf: make([]byte, 1<<14), quota: &Quota{high: 1 << 30, low: 1 << 30}}
	err := s.rest(context.Background(), r, s.fill(r))
	if err != broken || len(s.hits) != 1 {
		t.Errorf("error %v and %d matches, want %v and 1", err, len(s.hits), broken)
	}
}

// failing reads r, and then returns an error.
type failing struct {
	r   *bytes.Reader
	err error
}

func (f *failing) Read(b []byte) (int, error) {
	if f.r.Len() == 0 {
		return 0, f.err
	}
	return f.r.Read(b)
}
