package repo

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

// checkRefs compares Refs.Read, without stash entries, with git.
func checkRefs(t *testing.T, r *gittest.Repo, g *Repo) []Ref {
	t.Helper()
	refs, head := g.Refs.Read()
	var got []string
	for _, ref := range refs {
		if !strings.HasPrefix(ref.Name, "stash@") {
			got = append(got, ref.ID+" "+ref.Name)
		}
	}
	want := gittest.Lines(r.Git("for-each-ref", "--sort=refname", "--format=%(objectname) %(refname)"))
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if id, _ := r.Try("", "rev-parse", "-q", "--verify", "HEAD"); id != head {
		t.Errorf("HEAD is %q, want %q", head, id)
	}
	_, err := r.Try("", "symbolic-ref", "-q", "HEAD")
	if g.Refs.Detached() != (err != nil) {
		t.Errorf("detached is %v", g.Refs.Detached())
	}
	return refs
}

func TestRefsAgainstGit(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			r := gittest.New(t, "--object-format="+format)
			checkRefs(t, r, mustOpen(t, r)) // an unborn HEAD
			var m gittest.Import
			a := m.Commit("refs/heads/main", "a", nil, gittest.File{Path: "x", Mark: m.Blob("x")})
			b := m.Commit("refs/heads/side/branch", "b", []int{a})
			m.Tag("v1", "v1", b)
			m.Reset("refs/remotes/origin/main", a)
			m.Run(r)
			r.Git("pack-refs", "--all")
			r.Git("update-ref", "refs/heads/main", "refs/heads/side/branch") // loose over packed
			r.Git("update-ref", "-d", "refs/heads/side/branch")
			r.Git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
			r.Git("symbolic-ref", "refs/remotes/gone/HEAD", "refs/remotes/gone/main")
			put(t, filepath.Join(r.GitDir(), "refs", "heads", "left.lock"), "half a")
			g := mustOpen(t, r)
			checkRefs(t, r, g)
			if len(g.Problems) > 0 {
				t.Error(g.Problems)
			}
			r.Git("checkout", "-qf", "--detach")
			checkRefs(t, r, mustOpen(t, r))
			for i := range 3 {
				r.Write("x", fmt.Sprint(i))
				r.Git("stash", "-q")
			}
			refs := checkRefs(t, r, mustOpen(t, r))
			for n := 1; n < 3; n++ {
				want := Ref{fmt.Sprintf("stash@{%d}", n), r.Git("rev-parse", fmt.Sprintf("stash@{%d}", n))}
				if !slices.Contains(refs, want) {
					t.Errorf("%v is not among %v", want, refs)
				}
			}
		})
	}
}

// TestLinkedRepository has a work tree whose git directory consists of links,
// and a HEAD that is a link, as old versions of git made it.
func TestLinkedRepository(t *testing.T) {
	r := gittest.New(t)
	var m gittest.Import
	m.Commit("refs/heads/main", "a", nil, gittest.File{Path: "x", Mark: m.Blob("x")})
	m.Run(r)
	second := filepath.Join(t.TempDir(), "second")
	for _, name := range []string{"objects", "refs", "config"} {
		if err := os.MkdirAll(filepath.Join(second, ".git"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(r.GitDir(), name), filepath.Join(second, ".git", name)); err != nil {
			t.Skip("links cannot be made here")
		}
	}
	if err := os.Symlink("refs/heads/main", filepath.Join(second, ".git", "HEAD")); err != nil {
		t.Fatal(err)
	}
	linked := filepath.Join(filepath.Dir(second), "linked")
	if err := os.MkdirAll(linked, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(second, ".git"), filepath.Join(linked, ".git")); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{second, linked} {
		if g, err := Discover(dir, noEnv); err == nil && len(g.ObjectDirs(nil).Dirs) > 0 {
			t.Errorf("%s: a link out of it is followed", dir)
		}
		t.Chdir(dir) // a hook's repository counts as named by the user
		g, err := FromEnvironment(mapEnv(map[string]string{"GIT_EXEC_PATH": "x"}))
		if err != nil {
			t.Fatal(err)
		}
		there := *r
		there.Dir = dir
		checkRefs(t, &there, g)
		if len(g.Problems) > 0 {
			t.Error(g.Problems)
		}
	}
}

func FuzzPackedRefs(f *testing.F) {
	id := strings.Repeat("ab", 20)
	f.Add("# pack-refs with: peeled fully-peeled sorted \n" + id + " refs/heads/main\n" + id + " refs/tags/v1\n^" + id + "\n")
	f.Add("no ref\r\n\n" + id)
	f.Fuzz(func(t *testing.T, text string) {
		parsePacked(text, func(name, id string) {
			if !strings.Contains(text, id+" "+name) {
				t.Errorf("%q %q is not in %q", id, name, text)
			}
		})
	})
}

func FuzzReflogLine(f *testing.F) {
	id := strings.Repeat("ab", 20)
	f.Add(id + " " + id + " Ada <ada@example.org> 1700000000 +0100\tcommit: x")
	f.Add(id)
	f.Fuzz(func(t *testing.T, line string) {
		for _, width := range []int{40, 64} {
			old, new, ok := reflogIDs(line, width)
			if ok && (len(old) != width || !strings.HasPrefix(line, old+" "+new+" ")) {
				t.Errorf("%q: %q and %q", line, old, new)
			}
		}
	})
}
