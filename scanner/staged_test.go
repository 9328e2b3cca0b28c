package scanner

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

// TestStagedDamage damages every third byte of the index. That must be an error, never a
// result.
func TestStagedDamage(t *testing.T) {
	r := gittest.New(t)
	r.Write("a/b", gittest.Token(1))
	r.Write("c", "c")
	r.Git("add", ".")
	r.Git("write-tree")
	path := filepath.Join(r.GitDir(), "index")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := Staged(context.Background(), r.Dir, Options{}); err != nil || len(res.Findings) != 1 {
		t.Fatalf("before the damage: %v", err)
	}
	for i := 0; i < len(text); i += 3 {
		bad := slices.Clone(text)
		bad[i] ^= 1 << (i % 8)
		for how, data := range map[string][]byte{"flipped": bad, "cut": text[:i]} {
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
			if res, err := Staged(context.Background(), r.Dir, Options{}); err == nil {
				t.Errorf("%s at byte %d: %d findings and no error", how, i, len(res.Findings))
			}
		}
	}
}

// TestStagedReftable makes sure that HEAD is found in reftables, and that a damaged table is
// an error.
func TestStagedReftable(t *testing.T) {
	r := gittest.New(t)
	r.Write("old", gittest.Token(1))
	r.Git("add", ".")
	r.Git("commit", "-qm", "one")
	head := r.Git("rev-parse", "HEAD")
	r.Write("new", gittest.Token(2))
	r.Git("add", ".")
	r.ToReftable()
	res, err := Staged(context.Background(), r.Dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Findings) != 1 || res.Findings[0].Locations[0].Path != "new" || res.Target.Head != head || !res.Coverage.Complete() {
		t.Errorf("HEAD %q, findings %+v, unread %v", res.Target.Head, res.Findings, res.Coverage.Unread)
	}
	tables, err := filepath.Glob(filepath.Join(r.GitDir(), "reftable", "*.ref"))
	if err != nil || len(tables) == 0 {
		t.Fatal("there is no table")
	}
	if err := os.Truncate(tables[0], 30); err != nil {
		t.Fatal(err)
	}
	if _, err := Staged(context.Background(), r.Dir, Options{}); err == nil || !strings.Contains(err.Error(), "what HEAD is, is unknown") {
		t.Errorf("a damaged table gives %v", err)
	}
}
