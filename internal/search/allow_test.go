package search

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"r8scan/internal/git/gittest"
	"r8scan/rules"
)

// TestMarker looks for the marker in various places on a token's line and near it.
func TestMarker(t *testing.T) {
	token := gittest.Token(1)
	far := strings.Repeat(".", lineReach-len(marker))
	for _, tt := range []struct {
		name, text string
		want       bool
	}{
		{"behind", "k = " + token + " # r8scan:allow", true},
		{"before", "/* r8scan:allow */ " + token, true},
		{"with a reason", token + " // r8scan:allow: of a test", true},
		{"between other lines", "x\n" + token + " r8scan:allow\ny", true},
		{"carriage returns", "x\r\n" + token + " r8scan:allow\r\ny", true},
		{"line before", "r8scan:allow\n" + token, false},
		{"line behind", token + "\nr8scan:allow", false},
		{"behind a carriage return", "x\r" + token + " r8scan:allow\ry", true},
		{"line before, carriage returns", "r8scan:allow\r" + token + "\r", false},
		{"line behind, carriage returns", token + "\rr8scan:allow", false},
		{"both, carriage returns", "r8scan:allow\r" + token + "\rr8scan:allow\r\n", false},
		{"part of a word", token + " r8scan:allowed r8scan:allow_x r8scan:allow-list xr8scan:allow r8scan:allow2", false},
		{"a word behind a part of one", token + " r8scan:allowed r8scan:allow", true},
		{"in capitals", token + " R8SCAN:ALLOW", false},
		{"at the reach", token + far + " r8scan:allow"[1:], true},
		{"beyond the reach", token + far + "  r8scan:allow", false},
		{"at the reach before", "r8scan:allow" + far + token, true},
		{"beyond the reach before", "r8scan:allow " + far + token, false},
	} {
		text := []byte(tt.text)
		m := rules.Find(nil, text, 0, len(text))
		if MarkLines(text, m); len(m) != 1 || m[0].Allowed != tt.want {
			t.Errorf("%s: %v", tt.name, m)
		}
	}
}

// TestMarkerInUTF16 reads the line around a place in UTF-16, in both byte orders.
// Other tests find tokens in UTF-16.
func TestMarkerInUTF16(t *testing.T) {
	for _, order := range []int{0, 1} {
		var text []byte
		for _, u := range utf16.Encode([]rune("a\nTOKEN # r8scan:allow\nb")) {
			pair := []byte{byte(u), byte(u >> 8)}
			if order == 1 {
				slices.Reverse(pair)
			}
			text = append(text, pair...)
		}
		at := bytes.IndexByte(text, 'T')
		if !hasMarker(lineAround(text, at, at+10)) || hasMarker(lineAround(text, 0, 1)) {
			t.Errorf("byte order %d: the line is not read", order)
		}
	}
}

// TestMarkerAcrossWindows moves a line across the borders of windows. The marker
// must count wherever the stream is cut.
func TestMarkerAcrossWindows(t *testing.T) {
	line := "\nk = " + gittest.Token(1) + strings.Repeat(" ", 300) + "# r8scan:allow\n"
	const size = 8 * (rules.Behind + rules.Ahead) * 4 // a window keeps size/8 on each side
	for at := 0; at < 2*size/7; at += 41 {
		text := strings.Repeat("x\n", at*7/2) + line + strings.Repeat("y\n", size)
		s := &window{buf: make([]byte, size), quota: &Quota{high: 1 << 30, low: 1 << 30}}
		r := strings.NewReader(text)
		if err := s.rest(context.Background(), r, s.fill(r)); err != nil || len(s.hits) != 1 {
			t.Fatalf("%d matches, %v", len(s.hits), err)
		}
		if !s.hits[0].Match.Allowed {
			t.Errorf("the token at byte %d is not allowed", at*7/2*2)
		}
	}
}
