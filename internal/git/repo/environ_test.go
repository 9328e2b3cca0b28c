package repo

import (
	"os"
	"path/filepath"
	"testing"

	"r8scan/internal/git/gittest"
)

// TestFromEnvironment compares FromEnvironment with git rev-parse in the same
// folder with the same variables.
func TestFromEnvironment(t *testing.T) {
	main := gittest.New(t)
	main.Write("sub/a", "a")
	main.Git("add", ".")
	main.Git("commit", "-qm", "one")
	top, err := filepath.EvalSymlinks(main.Dir)
	if err != nil {
		t.Fatal(err)
	}
	linked := filepath.Join(top, "linked")
	main.Git("worktree", "add", "-q", linked)
	bare := filepath.Join(t.TempDir(), "bare.git")
	main.Git("clone", "-q", "--bare", ".", bare)
	through := filepath.Join(t.TempDir(), "through")
	link(t, filepath.Join(top, "sub"), through)
	separate := filepath.Join(t.TempDir(), "separate")
	main.Git("init", "-q", "--separate-git-dir", separate+".git", separate)
	configured := filepath.Join(t.TempDir(), "configured")
	main.Git("init", "-q", configured)
	main.Git("-C", configured, "config", "core.worktree", "../tree")
	put(t, filepath.Join(configured, "tree", "a"), "")
	for _, tt := range []struct {
		name, in string
		env      map[string]string
	}{
		{"none", top, nil},
		{"subfolder", filepath.Join(top, "sub"), nil},
		{"linked", linked, nil},
		{"relative", top, map[string]string{"GIT_DIR": ".git"}},
		{"file", linked, map[string]string{"GIT_DIR": ".git"}},
		{"index", top, map[string]string{"GIT_INDEX_FILE": ".git/next-index-1.lock"}},
		{"hook in a worktree", linked, map[string]string{"GIT_DIR": filepath.Join(top, ".git", "worktrees", "linked"), "GIT_INDEX_FILE": filepath.Join(top, ".git", "worktrees", "linked", "index.lock")}},
		{"elsewhere", t.TempDir(), map[string]string{"GIT_DIR": filepath.Join(top, ".git"), "GIT_WORK_TREE": top}},
		{"common", top, map[string]string{"GIT_DIR": ".git/worktrees/linked", "GIT_COMMON_DIR": ".git", "GIT_WORK_TREE": "linked"}},
		{"bare", bare, map[string]string{"GIT_DIR": "."}},
		{"bare, from below", filepath.Join(bare, "objects"), nil},
		{"bare with a work tree", bare, map[string]string{"GIT_DIR": ".", "GIT_WORK_TREE": top}},
		{"index, from below", filepath.Join(top, "sub"), map[string]string{"GIT_INDEX_FILE": ".git/other-index"}},
		{"index beside", filepath.Join(top, "sub"), map[string]string{"GIT_INDEX_FILE": "other-index", "GIT_DIR": "../.git", "GIT_WORK_TREE": ".."}},
		{"work tree, from below", filepath.Join(top, "sub"), map[string]string{"GIT_DIR": "../.git"}},
		{"only a work tree", top, map[string]string{"GIT_WORK_TREE": "sub"}},
		{"only a work tree, from below", filepath.Join(top, "sub"), map[string]string{"GIT_WORK_TREE": "."}},
		{"only a common directory", linked, map[string]string{"GIT_COMMON_DIR": bare}},
		{"a link", through, nil},
		{"in the git directory", filepath.Join(top, ".git"), nil},
		{"deep in the git directory", filepath.Join(top, ".git", "objects", "info"), nil},
		{"separate", separate, nil},
		{"its git directory", separate + ".git", nil},
		{"a relative core.worktree", filepath.Join(configured, "tree"), nil},
		{"a relative core.worktree, by name", t.TempDir(), map[string]string{"GIT_DIR": filepath.Join(configured, ".git")}},
		{"core.worktree and another", configured, map[string]string{"GIT_DIR": ".git", "GIT_WORK_TREE": "."}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(tt.in)
			r, err := FromEnvironment(mapEnv(tt.env))
			if err != nil {
				t.Fatal(err)
			}
			git := gittest.Repo{T: t, Dir: tt.in, Env: main.Env}
			for name, value := range tt.env {
				git.Env = append(git.Env, name+"="+value)
			}
			same(t, "the git directory", r.Dir, git.Git("rev-parse", "--absolute-git-dir"))
			same(t, "the common directory", r.Common, git.Git("rev-parse", "--path-format=absolute", "--git-common-dir"))
			same(t, "the index", r.IndexFile, git.Git("rev-parse", "--path-format=absolute", "--git-path", "index"))
			tree := ""
			if git.Git("rev-parse", "--is-bare-repository") == "false" {
				tree, _ = git.Try("", "rev-parse", "--show-toplevel") // in a git directory there is none
			}
			same(t, "the work tree", r.WorkTree, tree)
		})
	}
	for _, env := range []map[string]string{
		{"GIT_DIR": "nowhere"},
		{"GIT_DIR": "sub"},
		{"GIT_DIR": ".git/worktrees/linked", "GIT_COMMON_DIR": "sub"},
	} {
		t.Chdir(top)
		if r, err := FromEnvironment(mapEnv(env)); err == nil {
			t.Errorf("%v gives %+v", env, r)
		}
	}
}

// same compares two paths, which may differ by links.
func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	a, err := filepath.EvalSymlinks(got)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	b, err := filepath.EvalSymlinks(filepath.FromSlash(want))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if a != b || a == "" {
		t.Errorf("%s is %s, git says %s", what, got, want)
	}
}
