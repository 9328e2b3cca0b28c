package scanner

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/budget"
	"r8scan/internal/git/gittest"
	"r8scan/result"
)

var manyTokens = flag.Int("tokens", 70_000, "how many tokens TestManyTokens finds in one scan")

// bytesPerToken is the memory budget that is enough for each token: 3 GiB for a million.
const bytesPerToken = 3 << 30 / 1_000_000

// TestManyTokens makes sure that only the memory budget limits how many tokens a result
// has: half of them are in one file, the others in a commit.
func TestManyTokens(t *testing.T) {
	r := gittest.New(t)
	half := *manyTokens / 2
	var file, blob strings.Builder
	for i := range *manyTokens {
		to := &file
		if i >= half {
			to = &blob
		}
		fmt.Fprintln(to, "key =", gittest.Token(i))
	}
	var m gittest.Import
	m.Commit("refs/heads/main", "tokens", nil, gittest.File{Path: "committed", Mark: m.Blob(blob.String())})
	m.Run(r)
	if err := os.WriteFile(filepath.Join(r.Dir, "untracked"), []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	res, err := Audit(t.Context(), r.Dir, Options{MaxMemory: max(budget.Min, int64(*manyTokens)*bytesPerToken)})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Findings) != *manyTokens || !res.Coverage.Complete() {
		t.Errorf("%d findings of %d, unread %v", len(res.Findings), *manyTokens, res.Coverage.Unread)
	}
	committed := 0
	for _, f := range res.Findings {
		if len(f.Locations) != 1 {
			t.Fatalf("%s has %d places", f.Secret.ID(), len(f.Locations))
		}
		if f.Exposure == result.ExposureHistory {
			committed++
		}
	}
	if want := *manyTokens - half; committed != want {
		t.Errorf("%d are committed, want %d", committed, want)
	}
}
