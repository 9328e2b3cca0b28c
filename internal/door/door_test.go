package door

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"r8scan/internal/terminal"
)

// token is put together here so that no whole one stands in the repository.
var token = newToken()

func newToken() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	r := rand.New(rand.NewPCG(5, 8))
	text := []byte("r8_")
	for range 37 {
		text = append(text, alphabet[r.IntN(len(alphabet))])
	}
	return string(text)
}

// shows reports whether more of the token than a mask shows stands in s.
func shows(s string) bool {
	for i := 5; i+7 <= len(token); i++ {
		if strings.Contains(s, token[i:i+7]) {
			return true
		}
	}
	return false
}

// TestMask masks a token in any form, and what a cut has left of one, and no
// name of a file.
func TestMask(t *testing.T) {
	if len(token) != 40 {
		t.Fatalf("the token has %d characters", len(token))
	}
	percent := strings.NewReplacer("r", "%72", "_", "%5f", "8", "%38").Replace(token)
	wide := strings.Join(strings.Split(token, ""), "\x00") + "\x00"
	for _, s := range []string{token, "a/" + token + "/b", token + token, "r8_" + token, percent, "x" + wide + "x",
		strings.Replace(token, "r8_", `"r8_" + "`, 1) + `"`, "r8_a" + token[:30] + "…"} {
		if got := Mask(s); shows(got) || len(got) != len(s) {
			t.Errorf("%q is shown as %q", s, got)
		}
	}
	for cut := range token {
		for _, behind := range []string{"", "…", "...", `"`, "'", "`", "***"} {
			for _, before := range []string{"", "a/", "x", "r8_"} {
				s := before + token[:cut] + behind
				if got := Mask(s); shows(got) && cut >= 12 || len(got) != len(s) {
					t.Errorf("%q is shown as %q", s, got)
				}
			}
		}
	}
	for _, s := range []string{"a/" + token[:36] + "/b", token[:25] + ": use any", token[:24] + " "} {
		if got := Mask(s); shows(got) || len(got) != len(s) {
			t.Errorf("%q is shown as %q", s, got)
		}
	}
	for _, s := range []string{"", "r8_", "r8_predictionHandlerV2.ts", "r8_predictionsHandlerFactory.go", "r8_predictionHandler.ts", "src/r8_Model2/a", "r8_configuration.yaml", "r8_something", "gr8_fun", "r8_Hw" + strings.Repeat("*", 35), "naïve"} {
		if got := Mask(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestValues(t *testing.T) {
	type name string
	type inner struct {
		N    name
		P    *string
		when time.Time
		raw  string
	}
	type outer struct {
		inner
		In    inner
		List  []string
		Pairs [2]string
		Map   map[string][]inner
		Any   any
		Nil   *inner
		None  []string
		Empty []string
		Time  time.Time
		Count int
	}
	s := token
	now := time.Now()
	in := outer{inner: inner{N: name(s), P: nil}, In: inner{N: name(s), P: &s, when: now, raw: "kept"}, List: []string{s, "a"}, Pairs: [2]string{"b", s}, Map: map[string][]inner{s: {{P: &s}}},
		Any: map[string]any{"k": []any{s}}, Empty: []string{}, Time: now, Count: 3}
	before, out := in, Values(&in)
	if !reflect.DeepEqual(in, before) || s != token || in.List[0] != token {
		t.Error("Values changed what it was given")
	}
	text, err := json.Marshal(out)
	if err != nil || shows(string(text)) {
		t.Errorf("%v: %s", err, text)
	}
	if out.None != nil || out.Empty == nil || out.Nil != nil || !out.Time.Equal(now) || out.Count != 3 || out.In.raw != "kept" || out.In.when != now || *out.In.P == s {
		t.Errorf("%+v", out)
	}
	if got := Values[any](s); shows(got.(string)) {
		t.Error(got)
	}
}

// TestWriter writes what a renderer might, and looks at what comes out.
func TestWriter(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "a: b\n", "a: b\n"},
		{"order", "::x::y\n", "./::x::y\n"},
		{"behind white space", "a\n \t::x\n\u00a0\u3000\u2028::y\n", "a\n \t./::x\n\u00a0\u3000\\u2028::y\n"},
		{"behind a color", "\x1b[31m::x\x1b[0m", "\x1b[31m./::x\x1b[0m"},
		{"behind a carriage return", "a\r::x", "a\r./::x"},
		{"within a line", "note: ::x::\n", "note: ::x::\n"},
		{"one colon", "  :", "  ./:"},
		{"old order", "##[x]\nb ##[x]", "./##\\u005bx]\nb ##\\u005bx]"},
		{"azure", "a##vso[x]", `a##vso\u005bx]`},
		{"teamcity", "##teamcity[x]", `./##teamcity\u005bx]`},
		{"gitlab", "section_start:1:x", "./section_start:1:x"},
		{"heading", "## title\n### b\n", "## title\n### b\n"},
		{"more of the signs", "###[x]", `###\u005bx]`},
		{"controls", "\x00\x07\x7f\u0085\u009b\u061c\u200e\u202e\u2066\u2028\u2029\ufeff", `\u0000\u0007\u007f\u0085\u009b\u061c\u200e\u202e\u2066\u2028\u2029\ufeff`},
		{"beyond 16 bits", "\U000e0001é日😀", `\udb40\udc01é日😀`},
		{"no UTF-8", "a\x9b\xffb", `a\x9b\xffb`},
		{"our own", "\x1b[1mx\x1b[0m\ty\r\n", "\x1b[1mx\x1b[0m\ty\r\n"},
		{"token", "a " + token + " b", "a " + token[:5] + strings.Repeat("*", 35) + " b"},
	} {
		var b bytes.Buffer
		n, err := io.WriteString(NewWriter(&b), c.in)
		if err != nil || n != len(c.in) || b.String() != c.want {
			t.Errorf("%s: %d, %v: %q, want %q", c.name, n, err, b.String(), c.want)
		}
	}
}

// TestWriterOverWrites: a line may come in several pieces.
func TestWriterOverWrites(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a|::x\n", "a::x\n"}, {"a\n|::x", "a\n./::x"}, {"  |\t|::x|::y", "  \t./::x::y"}, {":|:x", "./::x"}, {"a\n|b|::", "a\nb::"},
	} {
		var b bytes.Buffer
		w := NewWriter(&b)
		for piece := range strings.SplitSeq(c.in, "|") {
			if _, err := io.WriteString(w, piece); err != nil {
				t.Fatal(err)
			}
		}
		if b.String() != c.want {
			t.Errorf("%q: %q", c.in, b.String())
		}
	}
	var b bytes.Buffer
	if _, err := io.WriteString(Orders(NewWriter(&b)), "::error::"+token+"\u202e\n"); err != nil || !strings.HasPrefix(b.String(), "::error::"+token[:5]+"***") || shows(b.String()) {
		t.Errorf("%v: %q", err, b.String())
	}
	if Under(NewWriter(&b)) != io.Writer(&b) || Under(&b) != io.Writer(&b) || Orders(&b) != io.Writer(&b) {
		t.Error("the writer below is not found")
	}
}

// FuzzWriter holds what no output may have, and that JSON stays the same value.
func FuzzWriter(f *testing.F) {
	for _, s := range []string{"::x", "a\n ::b", "##[x]##vso[y]\u202e\x9b", token, "\r\u0085::", "\xe2\x80", `"\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var b bytes.Buffer
		if _, err := io.WriteString(NewWriter(&b), s); err != nil {
			t.Fatal(err)
		}
		out := b.String()
		for line := range strings.FieldsFuncSeq(out, func(r rune) bool { return r == '\n' || r == '\r' }) {
			if line = strings.TrimLeftFunc(line, unicode.IsSpace); strings.HasPrefix(line, "::") || strings.Contains(line, "##[") || strings.Contains(line, "##vso[") {
				t.Errorf("%q gives the order %q", s, line)
			}
		}
		if strings.ContainsFunc(out, func(r rune) bool {
			return r == unicode.ReplacementChar && !strings.Contains(s, "\ufffd") || r >= 0x7f && r < 0xa0 || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
		}) {
			t.Errorf("%q: %q has controls", s, out)
		}
		var again bytes.Buffer
		if _, err := io.WriteString(NewWriter(&again), out); err != nil || again.String() != out {
			t.Errorf("%q: %q becomes %q", s, out, again.String())
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var want, got string
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(terminal.SafeText(text), &got); err != nil || got != want {
			t.Errorf("%q: %v, %q", s, err, got)
		}
	})
}

// FuzzMask: masking is done after once, keeps the length, and leaves no token.
func FuzzMask(f *testing.F) {
	for _, s := range []string{token, token[:30], "r8_r8_" + token[:20] + "…", token + "_x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Mask(s)
		if len(got) != len(s) || Mask(got) != got {
			t.Errorf("%q: %q, then %q", s, got, Mask(got))
		}
	})
}
