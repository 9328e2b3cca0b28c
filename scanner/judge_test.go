package scanner

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"r8scan/internal/git/gittest"
	"r8scan/internal/policy"
	"r8scan/rules"
)

// TestMarker says which lines allow a token.
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
		{"part of a word", token + " r8scan:allowed r8scan:allow_x r8scan:allow-list xr8scan:allow r8scan:allow2", false},
		{"a word behind a part of one", token + " r8scan:allowed r8scan:allow", true},
		{"in capitals", token + " R8SCAN:ALLOW", false},
		{"as far as is looked", token + far + " r8scan:allow"[1:], true},
		{"farther", token + far + "  r8scan:allow", false},
		{"far before", "r8scan:allow" + far + token, true},
		{"farther before", "r8scan:allow " + far + token, false},
	} {
		text := []byte(tt.text)
		m := rules.Find(nil, text, 0, len(text))
		if markAllowed(text, m); len(m) != 1 || m[0].Allowed != tt.want {
			t.Errorf("%s: %v", tt.name, m)
		}
	}
}

// TestMarkerInUTF16 looks at lines in an encoding whose tokens are found by
// their bytes elsewhere: a place is all that counts here.
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

// TestMarkerOverWindows moves a line over the borders of windows: a marker
// counts wherever the stream is cut.
func TestMarkerOverWindows(t *testing.T) {
	line := "\nk = " + gittest.Token(1) + strings.Repeat(" ", 300) + "# r8scan:allow\n"
	const size = 8 * (rules.Behind + rules.Ahead) * 4 // sees size/8 to each side
	for at := 0; at < 2*size/7; at += 41 {
		text := strings.Repeat("x\n", at*7/2) + line + strings.Repeat("y\n", size)
		s := &window{buf: make([]byte, size), quota: &quota{high: 1 << 30, low: 1 << 30}}
		r := strings.NewReader(text)
		if err := s.rest(context.Background(), r, s.fill(r)); err != nil || len(s.hits) != 1 {
			t.Fatalf("%d matches, %v", len(s.hits), err)
		}
		if !s.hits[0].match.Allowed {
			t.Errorf("the token at byte %d is not allowed", at*7/2*2)
		}
	}
}

// TestJudge says who allows a finding, and which places do not count.
func TestJudge(t *testing.T) {
	token := rules.NewSecret(gittest.Token(1), 5)
	base, err := policy.ParseBaseline([]byte(token.ID() + " replicate-api-token known\n"))
	if err != nil {
		t.Fatal(err)
	}
	line := func(path string) Location { return Location{Path: path, AllowedBy: AllowedByLine} }
	at := func(path string) Location { return Location{Path: path} }
	allow := func(expires string) *policy.Config {
		return &policy.Config{Allow: []policy.Allowance{{ID: token.ID(), Reason: "why", Expires: expires}}}
	}
	for _, tt := range []struct {
		name       string
		j          judge
		places     []Location
		by, reason string
	}{
		{"nobody", judge{}, []Location{at("a")}, "", ""},
		{"every line", judge{}, []Location{line("a"), line("b")}, AllowedByLine, ""},
		{"one line", judge{}, []Location{line("a"), at("b")}, "", ""},
		{"places", judge{exclude: []string{"a"}}, []Location{at("a/b"), at("c/a")}, AllowedByOwn, "exclude"},
		{"a place and a line", judge{exclude: []string{"a"}}, []Location{line("b"), at("a")}, AllowedByOwn, "exclude"},
		{"a place of two", judge{exclude: []string{"a"}}, []Location{at("a"), at("b")}, "", ""},
		{"what has no path", judge{exclude: []string{"**"}}, []Location{at("")}, "", ""},
		{"what the user named", judge{exclude: []string{"dir"}, top: "dir"}, []Location{at("dir/a")}, "", ""},
		{"its id", judge{config: allow("")}, []Location{at("a")}, AllowedByOwn, "why"},
		{"its id, today", judge{config: allow("2026-05-01")}, []Location{at("a")}, AllowedByOwn, "why"},
		{"its id, until yesterday", judge{config: allow("2026-04-30")}, []Location{at("a")}, "", ""},
		{"its rule", judge{config: &policy.Config{Off: []string{rules.APIToken.ID}}}, []Location{at("a")}, AllowedByOwn, "the rule is off"},
		{"another rule", judge{config: &policy.Config{Off: []string{"other"}}}, []Location{at("a")}, "", ""},
		{"a baseline", judge{baseline: base}, []Location{at("a")}, AllowedByBaseline, "known"},
		{"a baseline, and expired", judge{baseline: base, config: allow("2026-04-30")}, []Location{at("a")}, AllowedByBaseline, "known"},
	} {
		j := tt.j
		j.today, j.by = "2026-05-01", AllowedByOwn
		if j.config == nil {
			j.config = &policy.Config{}
		}
		if j.baseline == nil {
			j.baseline = &policy.Baseline{}
		}
		f := Finding{Rule: rules.APIToken.ID, Secret: token, Locations: tt.places}
		a, ok := j.allows(&f)
		if a.By != tt.by || a.Reason != tt.reason || ok != (tt.by != "") {
			t.Errorf("%s: %+v, %v", tt.name, a, ok)
		}
	}
}

// TestReasonIsMasked keeps a token out of what results repeat of a file.
func TestReasonIsMasked(t *testing.T) {
	token := rules.NewSecret(gittest.Token(1), 5)
	j := judge{by: AllowedByOwn, config: &policy.Config{Allow: []policy.Allowance{{ID: token.ID(), Reason: "it is " + token.Reveal()}}}}
	a, _ := j.allows(&Finding{Secret: token, Locations: []Location{{}}})
	if want := "it is " + token.Mask(); a.Reason != want {
		t.Errorf("%q, want %q", a.Reason, want)
	}
}
