package search

import (
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/rules"
)

// TestName searches names. Only rules for names apply, and positions count within
// the name. Name must say when the quota admits no more hits.
func TestName(t *testing.T) {
	token := gittest.Token(1)
	for _, c := range []struct {
		name    string
		columns []int
	}{
		{"", nil},
		{"notes.txt", nil},
		{token, []int{1}},
		{"é-" + token + ".txt", []int{3}},
		{token + " " + gittest.Token(2), []int{1, 42}},
		{"REPLICATE_WEBHOOK_SECRET=whsec_" + "q5Zt8Qw1LpXc7Vb2NmKj9Hg5Fd3Sa6Po", nil},
	} {
		q := NewQuota(1<<20, nil)
		hits, all := Name(nil, nil, c.name, "member", &q)
		if len(hits) != len(c.columns) || !all {
			t.Errorf("%q: %d hits, all %v", c.name, len(hits), all)
			continue
		}
		for i, h := range hits {
			if h.From != (Position{1, c.columns[i]}) || h.To != (Position{1, c.columns[i] + 40}) || h.Member != "member" {
				t.Errorf("%q: %+v to %+v in %q", c.name, h.From, h.To, h.Member)
			}
		}
	}
	q := NewQuota(2<<8, nil) // enough for two hits
	before := []Hit{{Member: "other"}}
	hits, all := Name(before, rules.Default(), strings.Join([]string{token, gittest.Token(2), gittest.Token(3)}, " "), "", &q)
	if len(hits) != 3 || all || hits[0].Member != "other" {
		t.Errorf("%d hits, all %v", len(hits), all)
	}
}
