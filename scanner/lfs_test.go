package scanner

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"r8scan/internal/git/gittest"
	"r8scan/result"
)

// lfsPointer returns an LFS pointer to a content, and where a store has that.
func lfsPointer(content string) (text, at string) {
	id := fmt.Sprintf("%x", sha256.Sum256([]byte(content)))
	return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", id, len(content)), filepath.Join("objects", id[:2], id[2:4], id)
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestLFSStorage says by lfs.storage where the store is. The user may lead
// anywhere, and a repository into itself.
func TestLFSStorage(t *testing.T) {
	for _, c := range []struct {
		name     string
		own      bool   // the repository's own configuration says it, not the user's
		store    string // below the folder that holds the repository
		setting  string // %s is that folder
		found    bool
		leadsOut bool
	}{
		{"default", true, "repo/.git/lfs", "", true, false},
		{"user, absolute", false, "far", "%s/far", true, false},
		{"user, relative to the git directory", false, "repo/.git/media", "media", true, false},
		{"user, relative and outside", false, "far", "../../far", true, false},
		{"own, relative", true, "repo/.git/media", "media", true, false},
		{"own, absolute in the root", true, "repo/.media", "%s/repo/.media", true, false},
		{"own, outside", true, "far", "%s/far", false, true},
		{"own, relative and outside", true, "far", "../../far", false, true},
		{"own, elsewhere, and the default one has it", true, "repo/.git/lfs", "%s/far", true, false},
		{"empty", true, "repo/.git/lfs", " ", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			repo := gittest.New(t)
			top := filepath.Dir(repo.Dir)
			content := "a key " + gittest.Token(1) + "\n"
			text, at := lfsPointer(content)
			repo.Write("a.bin", text)
			repo.Write(".gitignore", ".media\n")
			repo.Git("add", ".")
			repo.Git("commit", "-qm", "one")
			put(t, filepath.Join(top, filepath.FromSlash(c.store), at), content)
			setting := strings.ReplaceAll(c.setting, "%s", filepath.ToSlash(top))
			global := filepath.Join(top, "global")
			put(t, global, "")
			t.Setenv("GIT_CONFIG_GLOBAL", global)
			if setting != "" {
				file := global
				if c.own {
					file = filepath.Join(repo.Dir, ".git", "config")
				}
				repo.Git("config", "--file", file, "lfs.storage", setting)
			}
			put(t, filepath.Join(top, "far", "objects", "other"), "")
			for how, res := range lfsScans(t, repo) {
				if got := len(tokensOf(res)) == 1; got != c.found {
					t.Errorf("%s found %v; notes %q, unread %v", how, tokensOf(res), res.Notes, res.Coverage.Unread)
				}
				isMissing := slices.ContainsFunc(res.Coverage.Unread, func(u result.Unread) bool { return u.What == "1 file of Git LFS" })
				if isMissing == c.found || res.Coverage.Complete() != c.found {
					t.Errorf("%s: unread %v", how, res.Coverage.Unread)
				}
				isNoted := slices.ContainsFunc(res.Notes, func(note string) bool { return strings.Contains(note, "lfs.storage") })
				if c.leadsOut && !isNoted {
					t.Errorf("%s: notes %q", how, res.Notes)
				}
			}
		})
	}
}

// lfsScans scans a repository in each way that names what is not here as unread.
func lfsScans(t *testing.T, repo *gittest.Repo) map[string]*result.Result {
	t.Helper()
	scans := map[string]*result.Result{}
	for how, scan := range map[string]func() (*result.Result, error){
		"audit":      func() (*result.Result, error) { return Audit(t.Context(), repo.Dir, Options{}) },
		"history":    func() (*result.Result, error) { return History(t.Context(), repo.Dir, Options{}) },
		"range":      func() (*result.Result, error) { return Range(t.Context(), repo.Dir, "HEAD", Options{}) },
		"long range": func() (*result.Result, error) { return Range(t.Context(), repo.Dir, "HEAD", Options{longRanges: true}) },
		"a work tree": func() (*result.Result, error) {
			return Files(t.Context(), []string{filepath.Join(repo.Dir, "a.bin")}, nil, Options{})
		},
	} {
		res, err := scan()
		if err != nil {
			t.Fatal(how, err)
		}
		scans[how] = res
	}
	return scans
}

// TestLFSRange names, however it is read, only the files whose pointers the range
// adds.
func TestLFSRange(t *testing.T) {
	repo := gittest.New(t)
	for i := range 4 {
		text, at := lfsPointer(fmt.Sprint(gittest.Token(i)))
		repo.Write(fmt.Sprintf("%d.bin", i), text)
		if i%2 == 0 {
			put(t, filepath.Join(repo.Dir, ".git", "lfs", at), fmt.Sprint(gittest.Token(i)))
		}
		repo.Git("add", ".")
		repo.Git("commit", "-qm", "one")
	}
	for _, long := range []bool{false, true} {
		for span, want := range map[string]struct {
			tokens  int
			missing string
		}{
			"HEAD": {2, "2 files of Git LFS"}, "HEAD~1..HEAD": {0, "1 file of Git LFS"}, "HEAD~2..HEAD~1": {1, ""}, "HEAD~2..HEAD": {1, "1 file of Git LFS"}, "HEAD..HEAD": {0, ""},
		} {
			res, err := Range(t.Context(), repo.Dir, span, Options{longRanges: long})
			if err != nil {
				t.Fatal(err)
			}
			missing := ""
			if len(res.Coverage.Unread) > 0 {
				missing = res.Coverage.Unread[0].What
			}
			if len(res.Coverage.Unread) > 1 || missing != want.missing || len(tokensOf(res)) != want.tokens {
				t.Errorf("%s, long %v: found %v, unread %v", span, long, tokensOf(res), res.Coverage.Unread)
			}
		}
	}
}

// TestLFSRemembered reads a pack that is remembered after files have come and
// gone.
func TestLFSRemembered(t *testing.T) {
	repo := gittest.New(t)
	text, at := lfsPointer(gittest.Token(1))
	repo.Write("a.bin", text)
	repo.Git("add", ".")
	repo.Git("commit", "-qm", "one")
	repo.Git("gc", "-q")
	opts := Options{Cache: t.TempDir()}
	file := filepath.Join(repo.Dir, ".git", "lfs", at)
	for i, here := range []bool{true, false, true} {
		if here {
			put(t, file, gittest.Token(1))
		} else if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		for how, scan := range map[string]func() (*result.Result, error){
			"audit":   func() (*result.Result, error) { return Audit(t.Context(), repo.Dir, opts) },
			"history": func() (*result.Result, error) { return History(t.Context(), repo.Dir, opts) },
		} {
			res, err := scan()
			if err != nil {
				t.Fatal(err)
			}
			if (len(tokensOf(res)) == 1) != here || res.Coverage.Complete() != here {
				t.Errorf("%d, %s: found %v, unread %v", i, how, tokensOf(res), res.Coverage.Unread)
			}
		}
	}
}

// TestLFSLink does not follow a store that is a link out of the repository.
func TestLFSLink(t *testing.T) {
	repo := gittest.New(t)
	text, at := lfsPointer(gittest.Token(1))
	repo.Write("a.bin", text)
	repo.Git("add", ".")
	repo.Git("commit", "-qm", "one")
	far := filepath.Join(filepath.Dir(repo.Dir), "far")
	put(t, filepath.Join(far, at), gittest.Token(1))
	for _, link := range []string{"lfs", "lfs/objects", "lfs/" + filepath.ToSlash(filepath.Dir(at)), "lfs/" + filepath.ToSlash(at)} {
		from := filepath.Join(repo.Dir, ".git", filepath.FromSlash(link))
		if err := os.MkdirAll(filepath.Dir(from), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(far, filepath.FromSlash(strings.TrimPrefix(strings.TrimPrefix(link, "lfs"), "/"))), from); err != nil {
			t.Skip(err)
		}
		for how, res := range lfsScans(t, repo) {
			if len(tokensOf(res)) > 0 || res.Coverage.Complete() {
				t.Errorf("%s, %s: found %v, unread %v", link, how, tokensOf(res), res.Coverage.Unread)
			}
		}
		if err := os.RemoveAll(filepath.Join(repo.Dir, ".git", "lfs")); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLFSName reads a file whose kind only the pointer's name tells.
func TestLFSName(t *testing.T) {
	repo := gittest.New(t)
	var content strings.Builder
	w := brotli.NewWriter(&content)
	fmt.Fprintln(w, gittest.Token(1))
	w.Close()
	text, at := lfsPointer(content.String())
	repo.Write("a.br", text)
	repo.Git("add", ".")
	put(t, filepath.Join(repo.Dir, ".git", "lfs", at), content.String())
	check := func(how string, res *result.Result, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if len(tokensOf(res)) != 1 || !res.Coverage.Complete() {
			t.Errorf("%s: found %v, unread %v", how, tokensOf(res), res.Coverage.Unread)
		}
	}
	res, err := Staged(t.Context(), repo.Dir, Options{})
	check("staged", res, err)
	res, err = Files(t.Context(), []string{filepath.Join(repo.Dir, "a.br")}, nil, Options{})
	check("files", res, err)
	repo.Git("commit", "-qm", "one")
	res, err = History(t.Context(), repo.Dir, Options{})
	check("history", res, err)
	res, err = Range(t.Context(), repo.Dir, "HEAD", Options{})
	check("range", res, err)
	res, err = Audit(t.Context(), repo.Dir, Options{})
	check("audit", res, err)
}
