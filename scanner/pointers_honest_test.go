package scanner

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/internal/git/repo"
)

// honest is a layout that git supports, in its own folder.
type honest struct {
	*gittest.Repo
	top    string
	tokens int
}

func newHonest(t *testing.T) *honest {
	r := gittest.New(t)
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r.Dir = top
	return &honest{Repo: r, top: top}
}

func (h *honest) in(path string) string { return filepath.Join(h.top, filepath.FromSlash(path)) }

// git runs git in a folder.
func (h *honest) git(dir string, args ...string) string {
	h.T.Helper()
	return h.Git(append([]string{"-C", h.in(dir), "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always"}, args...)...)
}

// repository makes a repository with a token that only its history has.
func (h *honest) repository(dir string, opts ...string) {
	h.T.Helper()
	if err := os.MkdirAll(h.in(dir), 0o755); err != nil {
		h.T.Fatal(err)
	}
	h.git(dir, append([]string{"init", "-q", "--template="}, opts...)...)
	h.Write(dir+"/a.txt", "a\n")
	h.history(dir)
}

// history commits a token and removes it again.
func (h *honest) history(dir string) {
	h.T.Helper()
	h.token(dir + "/gone.txt")
	h.git(dir, "add", ".")
	h.git(dir, "commit", "-qm", "one")
	h.git(dir, "rm", "-q", "gone.txt")
	h.git(dir, "commit", "-qm", "two")
}

// token writes a file with a new token.
func (h *honest) token(path string) {
	h.T.Helper()
	h.tokens++
	h.Write(path, gittest.Token(h.tokens))
}

// honestLayouts each return the folder to audit. All their tokens must be found, and
// nothing may be unread.
var honestLayouts = map[string]func(h *honest) (dir string){
	"a worktree outside": func(h *honest) string {
		h.repository("main")
		h.git("main", "worktree", "add", "-q", h.in("outside"))
		h.token("outside/new.txt")
		return "main"
	},
	"a worktree outside, by relative paths": func(h *honest) string {
		h.repository("main")
		h.git("main", "worktree", "add", "-q", h.in("outside"))
		h.Write("main/.git/worktrees/outside/gitdir", "../../../../outside/.git\n")
		h.Write("outside/.git", "gitdir: ../main/.git/worktrees/outside\n")
		h.git("outside", "status")
		h.token("outside/new.txt")
		return "main"
	},
	"from a worktree outside": func(h *honest) string {
		h.repository("main")
		h.git("main", "worktree", "add", "-q", h.in("outside"))
		h.git("main", "worktree", "add", "-q", h.in("other"))
		h.token("other/new.txt")
		h.token("main/new.txt")
		return "outside"
	},
	"a folder in a worktree": func(h *honest) string {
		h.repository("main")
		h.git("main", "worktree", "add", "-q", h.in("outside"))
		h.token("outside/sub/new.txt")
		return "outside/sub"
	},
	"a nested clone in a worktree outside": func(h *honest) string {
		h.repository("main")
		h.git("main", "worktree", "add", "-q", h.in("outside"))
		h.repository("outside/nested")
		return "main"
	},
	"a worktree that is gone": func(h *honest) string {
		h.repository("main")
		h.git("main", "worktree", "add", "-q", h.in("outside"))
		if err := os.RemoveAll(h.in("outside")); err != nil {
			h.T.Fatal(err)
		}
		return "main"
	},
	"a bare store beside its worktrees": func(h *honest) string {
		h.repository("first")
		h.git("", "clone", "-q", "--bare", h.in("first"), "project/.bare")
		h.Write("project/.git", "gitdir: ./.bare\n")
		h.git("project", "worktree", "add", "-q", "side")
		h.token("project/side/new.txt")
		return "project"
	},
	"a worktree of a bare store": func(h *honest) string {
		h.repository("first")
		h.git("", "clone", "-q", "--bare", h.in("first"), "store.git")
		h.git("store.git", "worktree", "add", "-q", h.in("side"))
		h.token("side/new.txt")
		return "side"
	},
	"a worktree of another repository": func(h *honest) string {
		h.repository("main")
		h.repository("other")
		h.git("other", "worktree", "add", "-q", h.in("main/of-other"))
		h.token("main/of-other/new.txt")
		return "main"
	},
	"a nested clone with a worktree outside": func(h *honest) string {
		h.repository("main")
		h.repository("main/nested")
		h.git("main/nested", "worktree", "add", "-q", h.in("outside"))
		h.token("outside/new.txt")
		return "main"
	},
	"a submodule": func(h *honest) string {
		h.submodule()
		return "super"
	},
	"from a submodule": func(h *honest) string {
		h.submodule()
		h.token("super/lib/new.txt")
		return "super/lib"
	},
	"from a submodule with a configuration of its work tree": func(h *honest) string {
		h.submodule()
		h.git("super/lib", "sparse-checkout", "set", "--cone")
		return "super/lib"
	},
	"from a submodule's store": func(h *honest) string {
		h.submodule()
		h.token("super/lib/new.txt")
		return "super/.git/modules/lib"
	},
	"a submodule of a worktree": func(h *honest) string {
		h.submodule()
		h.git("super", "worktree", "add", "-q", h.in("outside"))
		h.git("outside", "submodule", "--quiet", "update", "--init")
		h.token("outside/lib/new.txt")
		return "outside"
	},
	"from a submodule of a worktree": func(h *honest) string {
		h.submodule()
		h.git("super", "worktree", "add", "-q", h.in("outside"))
		h.git("outside", "submodule", "--quiet", "update", "--init")
		h.token("outside/lib/new.txt")
		return "outside/lib"
	},
	"a worktree of a submodule": func(h *honest) string {
		h.submodule()
		h.git("super/lib", "worktree", "add", "-q", h.in("outside"))
		h.token("outside/new.txt")
		return "super"
	},
	"from a worktree of a submodule": func(h *honest) string {
		h.submodule()
		h.git("super/lib", "worktree", "add", "-q", h.in("outside"))
		h.token("outside/new.txt")
		return "outside"
	},
	"a submodule with a folder .git": func(h *honest) string {
		h.repository("super")
		h.repository("super/lib")
		h.git("super", "submodule", "--quiet", "add", "./lib")
		return "super"
	},
	"a git directory": func(h *honest) string {
		h.repository("main")
		return "main/.git"
	},
	"a git directory elsewhere that knows its work tree": func(h *honest) string {
		h.repository("main", "--separate-git-dir", h.in("store"))
		h.git("main", "config", "core.worktree", h.in("main"))
		h.token("main/new.txt")
		return "main"
	},
	"alternates in a chain": func(h *honest) string {
		h.repository("first")
		h.git("", "clone", "-q", "--template=", "--shared", h.in("first"), "second")
		h.git("", "clone", "-q", "--template=", "--shared", h.in("second"), "third")
		h.Write("first/.git/objects/info/note", gittest.Token(100))
		h.Write("second/.git/objects/pack/x.keep", gittest.Token(100))
		return "third"
	},
	"links in the folder": func(h *honest) string {
		h.repository("main")
		h.submoduleIn("main")
		for _, part := range []string{"objects", "refs", "logs", "modules", "config"} {
			if err := os.Rename(h.in("main/.git/"+part), h.in("main/moved-"+part)); err != nil {
				h.T.Fatal(err)
			}
			if err := os.Symlink("../moved-"+part, h.in("main/.git/"+part)); err != nil {
				h.T.Skip("this system does not allow links")
			}
		}
		h.Write("main/moved-modules/lib/config", "[core]\n\trepositoryformatversion = 0\n\tworktree = ../../lib\n")
		return "main"
	},
}

// submodule makes the repository super with the submodule lib.
func (h *honest) submodule() {
	h.T.Helper()
	h.repository("super")
	h.submoduleIn("super")
}

func (h *honest) submoduleIn(dir string) {
	h.T.Helper()
	h.repository("lib-source")
	h.git(dir, "submodule", "--quiet", "add", h.in("lib-source"), "lib")
	h.git(dir, "commit", "-qm", "with a submodule")
}

// TestHonestLayouts audits repositories whose parts are in several places. Where not all
// parts lead back to the audited folder, some tokens are not found.
func TestHonestLayouts(t *testing.T) {
	missing := map[string][]string{ // outside the audited folder
		"from a submodule": {gittest.Token(1)}, "from a submodule with a configuration of its work tree": {gittest.Token(1)},
		"from a submodule's store": {gittest.Token(1)}, "from a submodule of a worktree": {gittest.Token(1)},
		"from a worktree of a submodule": {gittest.Token(1)},
	}
	for name, make := range honestLayouts {
		t.Run(name, func(t *testing.T) {
			h := newHonest(t)
			dir := h.in(make(h))
			res, err := Audit(context.Background(), dir, Options{Jobs: 2})
			if err != nil {
				t.Fatal(err)
			}
			g, err := repo.Discover(dir, os.LookupEnv)
			if err != nil {
				t.Fatal(err)
			}
			common, err := filepath.EvalSymlinks(g.Common)
			if want := h.git("", "-C", dir, "rev-parse", "--path-format=absolute", "--git-common-dir"); err != nil || common != filepath.FromSlash(want) {
				t.Errorf("the git directory is %s, git says %s: %v", common, want, err)
			}
			if !res.Coverage.Complete() {
				t.Errorf("unread: %q", res.Coverage.Unread)
			}
			var got, want []string
			for _, f := range res.Findings {
				got = append(got, f.Secret.Reveal())
			}
			for n := range h.tokens {
				if token := gittest.Token(n + 1); !slices.Contains(missing[name], token) {
					want = append(want, token)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%d tokens are found, want %d", len(got), len(want))
			}
		})
	}
}
