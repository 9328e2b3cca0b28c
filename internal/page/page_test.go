package page

import (
	"bytes"
	"strings"
	"testing"
)

// TestLinked: a link ends where its sentence goes on.
func TestLinked(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		"none":                         "none",
		"https://a.example/b-c":        "[https://a.example/b-c]",
		"at https://a.example/b. Then": "at |[https://a.example/b]|. Then",
		"(https://a.example/b) https://c.example/": "(|[https://a.example/b]|) |[https://c.example/]",
	} {
		var got []string
		for _, p := range Linked(text) {
			if p.URL != "" && p.URL != p.Text {
				t.Errorf("%q: the link %q says %q", text, p.URL, p.Text)
			}
			if p.URL != "" {
				p.Text = "[" + p.Text + "]"
			}
			got = append(got, p.Text)
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("%q: %q, want %q", text, s, want)
		}
	}
}

// TestLines: no Write ends within a line, whatever comes in.
func TestLines(t *testing.T) {
	var out bytes.Buffer
	l := &lines{w: writes(func(p []byte) {
		if !bytes.HasSuffix(p, []byte("\n")) {
			t.Errorf("a write ends in %q", p[max(0, len(p)-10):])
		}
		out.Write(p)
	})}
	text := strings.Repeat(strings.Repeat("x", 700)+"\n", 1000)
	for at := 0; at < len(text); at += 333 {
		if _, err := l.Write([]byte(text[at:min(len(text), at+333)])); err != nil {
			t.Fatal(err)
		}
	}
	if got := out.String() + string(l.held); got != text || out.Len() < len(text)/2 {
		t.Errorf("%d of %d bytes, and %d held", out.Len(), len(text), len(l.held))
	}
}

type writes func([]byte)

func (w writes) Write(p []byte) (int, error) {
	if len(p) > 0 {
		w(p)
	}
	return len(p), nil
}
