package fix

import (
	"bytes"
	"testing"

	"r8scan/rules"
)

// FuzzRevise fixes any text under any name: what was fixed is gone, all other bytes
// around the edits stay, and fixing again changes nothing.
func FuzzRevise(f *testing.F) {
	for _, e := range corpus(f) {
		f.Add(e.name, filled(e.before))
	}
	f.Add("a.js", "`${`${`${\"")
	f.Add("a.rb", "%w[ <<~A \n")
	f.Add("Dockerfile", filled("FROM \nARG {{TOKEN}}\xe8\nENV {{TOKEN}}=x {{TOKEN}}"))
	f.Fuzz(func(t *testing.T, name, before string) {
		r := revised(name, before)
		for _, target := range r.targets {
			if target.why == "" && len(target.edits) == 0 {
				t.Fatalf("%s: nothing is done, and nothing is said", name)
			}
		}
		left := map[string]int{}
		for _, target := range r.targets {
			if target.why != "" {
				left[target.Secret.Reveal()]++
			}
		}
		for _, target := range r.targets {
			if token := target.Secret.Reveal(); left[token] == 0 && len(target.Encoding) == 0 && target.Rule == rules.APIToken && bytes.Contains(r.text, []byte(token)) && target.Why == "" && lowered(before, token) == 0 {
				t.Fatalf("%s: a token is still there:\n%q", name, emptied(string(r.text)))
			}
		}
		again := revised(name, string(r.text))
		for _, target := range again.targets {
			if target.why == "" && left[target.Secret.Reveal()] == 0 {
				t.Fatalf("%s: fixed again, %q becomes %q", name, emptied(string(r.text)), emptied(string(again.text)))
			}
		}
	})
}

// lowered returns how many of a token's places in a text are no sure matches: they
// are not touched.
func lowered(text, token string) int {
	return bytes.Count([]byte(text), []byte(token)) - func() (n int) {
		for _, m := range find(nil, []byte(text), rules.Medium) {
			if m.Secret.Reveal() == token {
				n++
			}
		}
		return n
	}()
}

// FuzzLex: spans lie in the text, in the order of their ends, and inner ones before
// those that hold them.
func FuzzLex(f *testing.F) {
	for _, e := range corpus(f) {
		f.Add(filled(e.before))
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, lang := range []*language{python(), javascript(), golang(), ruby(), php(), java(), kotlin(), groovy(), csharp(), rust(), powershell(), terraform(), elixir()} {
			l := lex(lang, []byte(text))
			if l == nil {
				continue
			}
			if len(l.code) != len(text) {
				t.Fatal("the code has another length")
			}
			end := 0
			for _, s := range l.spans {
				if s.from < 0 || s.in < s.from || s.out < s.in || s.to < s.out || s.to > len(text) || s.to < end || s.bracket >= len(l.brackets) {
					t.Fatalf("the span %+v of %q", s, text)
				}
				end = s.to
			}
		}
	})
}
