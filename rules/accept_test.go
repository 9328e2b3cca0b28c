package rules

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// acceptTexts returns texts with one credential each, by rule.
func acceptTexts() map[*Rule][]string {
	texts := map[*Rule][]string{}
	for i, context := range contexts {
		texts[APIToken] = append(texts[APIToken], fmt.Sprintf(context, testToken(uint64(100+i))))
	}
	for rule, cases := range siblingTexts() {
		for _, c := range cases {
			text, _ := filled(rule, c)
			texts[rule] = append(texts[rule], text)
		}
	}
	return texts
}

// filler is text without a credential or a word. It is longer than the context of
// any rule.
var filler = strings.Repeat("nothing to be found here\n", 1+(Behind+Ahead)/25)

// TestAccept checks every rule. Its credentials must be found at the start of a
// text, at its end, in the middle and back to back. Each must be found once, at
// its place, wherever the text is cut into windows.
func TestAccept(t *testing.T) {
	texts := acceptTexts()
	for _, rule := range All() {
		t.Run(rule.Name, func(t *testing.T) {
			if len(texts[rule]) < 10 {
				t.Fatalf("only %d texts", len(texts[rule]))
			}
			for _, text := range texts[rule] {
				accept(t, rule, text)
			}
		})
	}
}

func accept(t *testing.T, rule *Rule, text string) {
	t.Helper()
	alone := findAll(text)
	if len(alone) != 1 || alone[0].Rule != rule {
		t.Fatalf("%s: alone: %s", Redact(text), summary(alone))
	}
	for _, place := range []struct{ name, before, after string }{
		{"at the start", "", "\n" + filler}, {"at the end", filler, ""}, {"in the middle", filler, "\n" + filler},
		{"among bytes", strings.Repeat("\x00\xff\n", Behind), "\n" + strings.Repeat("\xfe\x00", Ahead)},
	} {
		got := findAll(place.before + text + place.after)
		if len(got) != 1 || got[0].Start != alone[0].Start+len(place.before) || !same(got[0], alone[0]) {
			t.Errorf("%s: %s: %s", Redact(text), place.name, summary(got))
		}
	}
	twice := findAll(text + "\n" + text)
	if len(twice) != 2 || twice[1].Start != alone[0].Start+len(text)+1 || !same(twice[0], alone[0]) || !same(twice[1], alone[0]) {
		t.Errorf("%s: back to back: %s", Redact(text), summary(twice))
	}
	whole := []byte(filler + text + "\n" + text + "\n" + filler)
	want := describe(Find(nil, whole, 0, len(whole)))
	for split := len(filler) - 2; split < len(whole)-len(filler)+2; split += 1 + len(text)/50 {
		if got := describe(inTwo(Find, whole, split, Behind, Ahead)); got != want {
			t.Fatalf("%s: cut at %d: found\n%s\nwant\n%s", Redact(text), split, got, want)
		}
	}
}

func same(a, b Match) bool {
	return a.Rule == b.Rule && a.Confidence == b.Confidence && a.Why == b.Why && a.Secret.Reveal() == b.Secret.Reveal() && a.End-a.Start == b.End-b.Start
}

// TestAllRulesInWindows mixes the texts of all rules, at random distances and in
// pieces, so that they are context of each other. It cuts the result anywhere.
func TestAllRulesInWindows(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	var all []string
	for _, rule := range All() {
		all = append(all, acceptTexts()[rule]...)
	}
	rounds, siblings := 30, 0
	if testing.Short() {
		rounds = 15
	}
	for range rounds {
		var text []byte
		for range 60 {
			s := all[r.IntN(len(all))]
			if r.IntN(3) == 0 {
				s = s[r.IntN(len(s)):]
			}
			text = append(append(text, s...), filler[:r.IntN(1+r.IntN(len(filler)/3))]...)
		}
		found := Find(nil, text, 0, len(text))
		want := describe(found)
		for _, m := range found {
			if m.Rule != APIToken {
				siblings++
			}
		}
		for range 40 {
			split := r.IntN(len(text))
			if got := describe(inTwo(Find, text, split, Behind, Ahead)); got != want {
				t.Fatalf("cut at %d: found\n%s\nwant\n%s", split, got, want)
			}
		}
	}
	t.Logf("%d siblings in %d texts", siblings, rounds)
	if siblings < 10*rounds {
		t.Errorf("only %d siblings were found", siblings)
	}
}

// TestHint finds each word at each place, in each case that counts, and nothing
// else.
func TestHint(t *testing.T) {
	for _, word := range words {
		w := word.text
		for at := range 40 {
			text := strings.Repeat(".", at) + strings.ToUpper(w) + strings.Repeat(".", 40-at)
			if word.exact {
				text = strings.ToLower(text)
			}
			if word == wordCogLogin && at > 0 {
				text = text[:at-1] + "c" + text[at:]
			} else if word == wordCogLogin {
				continue
			}
			for _, to := range []int{at, at + 1, len(text)} {
				for from := range at + 2 {
					if got, want := Hint([]byte(text), from, to), from <= at && at < to; got != want {
						t.Fatalf("%q[%d:%d]: %v", text, from, to, got)
					}
				}
			}
			if cut := text[:at+len(w)-1]; Hint([]byte(cut), 0, len(cut)) {
				t.Fatalf("%q has a hint", cut)
			}
		}
	}
}

// BenchmarkHint measures the search for a hint in a text without one. Siblings add
// this time to the search of most texts.
func BenchmarkHint(b *testing.B) {
	text := bytes.Repeat([]byte("static int parse_application_mode(struct repo *r, int flags) /* 0x80 88 */ { return r->len_8; }\n"), 1000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if Hint(text, 0, len(text)) {
			b.Fatal("the text has a hint")
		}
	}
}
