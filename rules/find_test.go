package rules

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// randomToken makes a token from r. Tests make tokens at run time, so that the
// repository contains none.
func randomToken(r *rand.Rand) string {
	body := make([]byte, bodyLen)
	for i := range body {
		body[i] = alphabet[r.IntN(len(alphabet))]
	}
	return prefix + string(body)
}

func testToken(seed uint64) string { return randomToken(rand.New(rand.NewPCG(seed, 8))) }

func findAll(text string) []Match { return Find(nil, []byte(text), 0, len(text)) }

// TestMillionTokens finds random tokens with high confidence: no heuristic may
// lose a real token.
func TestMillionTokens(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 20_000
	}
	r := rand.New(rand.NewPCG(1, 2))
	var matches []Match
	for range n {
		token := randomToken(r)
		text := []byte("token = " + token + "\n")
		matches = Find(matches[:0], text, 0, len(text))
		if len(matches) != 1 || matches[0].Confidence != High || matches[0].Secret.Reveal() != token {
			t.Fatalf("a token is lost: %d matches, why %q", len(matches), why(matches))
		}
	}
	t.Logf("all of %d random tokens have high confidence", n)
}

func why(ms []Match) string {
	if len(ms) == 0 {
		return "not found"
	}
	return ms[0].Why
}

// contexts are texts around a token, %s, in which its confidence is that of a token
// on a line of its own. Some scanner misses each of the first group.
var contexts = []string{
	`{"log":"first\n%s\nnext"}`, `{"log":"a\t%s\tb"}`, `{"log":"a\r\n%s\r\n"}`, `Authorization: Bearer%%20%s&x=1`, `?token%%3D%s%%26a`,
	`{"a":"\u0022%s\u0022"}`, `'\x22%s\x22'`, "\x1b[31m%s\x1b[0m", `\u001b[1;38;5;196m%s\u001b[0m`, `\033[0m%s`, `key_%s`,
	"%s", "%s\n", "\n%s", `"%s"`, `'%s'`, "`%s`", "(%s)", "[%s]", "{%s}", "<%s>", "%s,", "%s.", "%s;", "%s:", "%s&x", "%s|", "%s@host", "%s<br>",
	`REPLICATE_API_TOKEN=%s`, `export REPLICATE_API_TOKEN="%s"`, `set REPLICATE_API_TOKEN=%s` + "\r\n", `Client("%s")`, `Authorization: Token %s`,
	`https://user:%s@api.replicate.com/v1`, `https://x.test/?t=%s#f`, `-H"Authorization: Bearer %s"`, `{"api_token":"%s","b":1}`, `a=1&t=%s&b=2`,
	`var e=1,t="%s",n=function(){return t}`, "\x00%s\x00", "\xff%s\xff", "é%s é", "\\\"%s\\\"", `\\n%s\\n`, `=3D%s=`, `%%2520%s`, `\075%s`, `&quot;%s&quot;`, "--token=%s --x",
	"$%s", "/%s/", "#%s", "*%s*", "~%s", "+%s+", "\u00a0%s\u00a0", "“%s”",
}

// TestContexts finds random tokens with high confidence in each context.
func TestContexts(t *testing.T) {
	per := 1_000_000 / len(contexts)
	if testing.Short() {
		per = 1_000
	}
	r := rand.New(rand.NewPCG(3, 4))
	var matches []Match
	found := 0
	for _, context := range contexts {
		for range per {
			token := randomToken(r)
			text := fmt.Appendf(nil, context, token)
			matches = Find(matches[:0], text, 0, len(text))
			if len(matches) != 1 || matches[0].Confidence != High || matches[0].Secret.Reveal() != token {
				t.Fatalf("%q: lost (%s)", context, why(matches))
			}
			found++
		}
	}
	t.Logf("%d of %d tokens found in %d contexts", found, per*len(contexts), len(contexts))
}

// TestLowConfidence gives low confidence, and the reason, to what is probably no
// token.
func TestLowConfidence(t *testing.T) {
	token := testToken(2)
	body := token[len(prefix):]
	for _, c := range []struct{ text, why string }{
		{token + "x", "part of a longer word"},
		{"x" + token, "part of a longer word"},
		{"9" + token, "part of a longer word"},
		{`\\xz` + token, "part of a longer word"},
		{"m" + token, "part of a longer word"},
		{"%2" + token, "part of a longer word"},
		{token + "_x", "_ or - right behind"},
		{token + "__init__", "_ or - right behind"},
		{token + "-é", "_ or - right behind"},
		{token + "-x", "_ or - right behind"},
		{prefix + "-" + body[1:], "_ or - in the body"},
		{prefix + body[:20] + "_" + body[21:], "_ or - in the body"},
		{prefix + strings.Repeat("x", bodyLen), "placeholder"},
		{prefix + strings.Repeat("0", bodyLen), "placeholder"},
		{prefix + "1234567890" + body[10:], "placeholder"},
		{prefix + "abcdefghij" + body[10:], "placeholder"},
		{prefix + body[:20] + "EXAMPLE" + body[27:], "placeholder"},
		{prefix + "your" + strings.ToLower(body[4:]), "placeholder"},
		{prefix + "YourReplicateApiTokenGoesHere" + body[29:], "placeholder"},
		{prefix + strings.Repeat("ab12", 9) + "a", "placeholder"},
		{prefix + body[:15] + "xxxxxxx" + body[22:], "placeholder"},
	} {
		ms := findAll(c.text)
		if len(ms) != 1 || ms[0].Confidence != Low || ms[0].Why != c.why {
			t.Errorf("%s: %d matches, want one of low confidence, reason %q, got reason %q", Redact(c.text), len(ms), c.why, why(ms))
		}
	}
}

// TestNoMatch finds nothing in texts that only look like a token.
func TestNoMatch(t *testing.T) {
	body := testToken(3)[len(prefix):]
	for _, text := range []string{
		"", "r", "r8", "r8_", "8", "_8_", prefix + body[:36], prefix + body[:36] + " ", prefix + body[:20] + "." + body[20:],
		"R8_" + body, "r9_" + body, "r8-" + body, prefix + strings.Repeat("*", bodyLen), prefix + body[:36] + "\xc3\xa9",
	} {
		if ms := findAll(text); len(ms) != 0 {
			t.Errorf("%s: %d matches", Redact(text), len(ms))
		}
	}
}

// TestAdjacentTokens finds tokens next to each other, and next to a prefix.
func TestAdjacentTokens(t *testing.T) {
	a, b := testToken(4), testToken(5)
	for text, want := range map[string][]string{
		a + " " + b:        {a, b},
		a + "\\n" + b:      {a, b},
		prefix + a:         {a},
		"r8_r8_" + a + ".": {a},
		a + a:              {a, a}, // with low confidence: it may be one long word
		"r8_abc_" + a:      {a},
	} {
		var got []string
		for _, m := range findAll(text) {
			got = append(got, m.Secret.Reveal())
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %d matches, want %d", Redact(text), len(got), len(want))
		}
	}
}

// TestTokensInWindows cuts a text into two windows at every place. They overlap by
// TokenBehind and TokenAhead, which must be enough.
func TestTokensInWindows(t *testing.T) {
	var text []byte
	r := rand.New(rand.NewPCG(6, 7))
	for _, context := range contexts {
		text = fmt.Appendf(text, context, randomToken(r))
		text = append(text, "r8_r8_ab-"[:r.IntN(10)]...)
	}
	for _, c := range encodedCases {
		text = append(append(text, c.hide(randomToken(r), r)...), "\n"[:r.IntN(2)]...)
	}
	want := standard.FindTokens(nil, text, 0, len(text))
	if len(want) < len(contexts) {
		t.Fatalf("only %d matches", len(want))
	}
	for split := 0; split <= len(text); split++ {
		got := inTwo(standard.FindTokens, text, split, TokenBehind, TokenAhead)
		if g, w := describe(got), describe(want); g != w {
			t.Fatalf("split at %d: found\n%s\nwant\n%s", split, g, w)
		}
	}
}

// inTwo searches a text in two windows that overlap.
func inTwo(find func([]Match, []byte, int, int) []Match, text []byte, split, behind, ahead int) []Match {
	skip := max(0, split-behind)
	got := find(nil, text[:min(len(text), split+ahead)], 0, split)
	for _, m := range find(nil, text[skip:], split-skip, len(text)-skip) {
		m.Start, m.End = m.Start+skip, m.End+skip
		got = append(got, m)
	}
	return got
}

func describe(ms []Match) string {
	var b strings.Builder
	for _, m := range ms {
		fmt.Fprintln(&b, m.Rule.ID, m.Start, m.End, m.Confidence, m.Why, tokenID("a text too long to be guessed "+m.Secret.Reveal()))
	}
	return b.String()
}

// TestRedact masks all tokens in a text, and keeps its length.
func TestRedact(t *testing.T) {
	token := testToken(9)
	text := "a/" + token + "/x" + token + "/" + token + "_"
	got := Redact(text)
	assertHidden(t, got, token)
	if len(got) != len(text) || !strings.HasPrefix(got, "a/r8_") {
		t.Errorf("redacted to %q", got)
	}
	if Redact("plain r8_") != "plain r8_" {
		t.Error("a text without a token was changed")
	}
}

// FuzzFind searches any text, whole and in two windows. Both must find the same.
// Matches must be in order and within the text.
func FuzzFind(f *testing.F) {
	f.Add([]byte(testToken(10)), uint16(3))
	f.Add([]byte("r8_r8_"+testToken(11)+"-"), uint16(40))
	r := rand.New(rand.NewPCG(12, 8))
	for _, c := range encodedCases {
		f.Add([]byte(c.hide(randomToken(r), r)), uint16(70))
	}
	for rule, cases := range siblingTexts() {
		for _, c := range cases {
			text, _ := filled(rule, c)
			f.Add([]byte(text), uint16(len(text)/2))
			f.Add([]byte(strings.Repeat(text+" far", 40)), uint16(2000))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, split uint16) {
		whole := Find(nil, text, 0, len(text))
		at := min(int(split), len(text))
		if parts := inTwo(Find, text, at, Behind, Ahead); describe(whole) != describe(parts) {
			t.Fatalf("whole:\n%sin parts:\n%s", describe(whole), describe(parts))
		}
		if tokens := inTwo(standard.FindTokens, text, at, TokenBehind, TokenAhead); describe(standard.FindTokens(nil, text, 0, len(text))) != describe(tokens) {
			t.Fatalf("tokens in parts:\n%s", describe(tokens))
		}
		last := 0
		for _, m := range whole {
			if m.Start < last || m.End > len(text) || m.End <= m.Start {
				t.Fatalf("match %d-%d is out of order or not in the text", m.Start, m.End)
			}
			last = m.Start
			if m.Encoding == nil && (m.Secret.Reveal() != string(text[m.Start:m.End]) || m.Rule == APIToken && m.Why != whyCapital && m.Why != whyLong && !bytes.HasPrefix(text[m.Start:], []byte(prefix))) {
				t.Fatalf("match %d-%d is not in the text", m.Start, m.End)
			}
			if m.Rule != APIToken && !Hint(text, 0, len(text)) {
				t.Fatal("a sibling without a hint")
			}
		}
	})
}

// BenchmarkFind measures Find on source code without a credential.
func BenchmarkFind(b *testing.B) {
	text := bytes.Repeat([]byte("static int parse_r8_mode(struct repo *r, int flags) /* 0x80 88 */ { return r->len_8; }\n"), 1000)
	b.SetBytes(int64(len(text)))
	var ms []Match
	for b.Loop() {
		ms = Find(ms[:0], text, 0, len(text))
	}
}
