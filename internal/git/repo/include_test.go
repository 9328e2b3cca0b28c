package repo

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

// listAll returns all variables in a repository's configurations in the form of
// git config --list.
func listAll(g *Repo, getenv Lookup) []string {
	var out []string
	g.Config.every(getenv, func(v *variable) {
		name := v.section
		if v.hasSub {
			name += "." + v.sub
		}
		name += "." + v.key
		if !v.noValue {
			name += "=" + string(v.value)
		}
		out = append(out, name)
	})
	return out
}

// included is a repository whose user's and own configurations include files.
type included struct {
	*gittest.Repo
	home string
}

func newIncluded(t *testing.T) *included {
	r := &included{Repo: gittest.New(t)}
	r.home = filepath.Dir(r.Dir)
	r.Git("commit", "-q", "--allow-empty", "-m", "one")
	r.Git("switch", "-q", "-c", "feature/x")
	r.Git("remote", "add", "origin", "https://example.com/team/project")
	return r
}

// check compares the variables with git config --list.
func (r *included) check(t *testing.T) {
	t.Helper()
	r.checkIn(t, func() (*Repo, error) { return Within(r.Dir).Open(r.Dir) })
}

// checkIn is check for a repository that open opens.
func (r *included) checkIn(t *testing.T, open func() (*Repo, error)) {
	t.Helper()
	out, err := r.Try("", "config", "--list", "--includes", "-z")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, entry := range strings.Split(strings.TrimSuffix(out, "\x00"), "\x00") {
		name, value, has := strings.Cut(entry, "\n")
		if has {
			name += "=" + value
		}
		want = append(want, name)
	}
	g, err := open()
	if err != nil {
		t.Fatal(err)
	}
	if got := listAll(g, env(r.Repo)); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// conditions returns conditions for includes: true ones and false ones.
func (r *included) conditions() []string {
	return []string{
		"gitdir:~/", "gitdir:~/repo/", "gitdir:~/other/", "gitdir:~/repo/.git", "gitdir:repo/.git", "gitdir:repo/", "gitdir:REPO/", "gitdir/i:REPO/",
		"gitdir:./", "gitdir:./repo/", "gitdir:./.git", "gitdir:" + filepath.ToSlash(r.Dir) + "/", "gitdir:" + filepath.ToSlash(r.home) + "/*/.git",
		"gitdir:" + filepath.ToSlash(r.home) + "/**", "gitdir:*", "gitdir:", "gitdir:~", "gitdir:**/.git", "gitdir:~nobody-at-all/", "gitdir/i:~/RE?O/**", "gitdir:~/link/",
		"onbranch:feature/x", "onbranch:feature/", "onbranch:*", "onbranch:**", "onbranch:main", "onbranch:f*/x",
		"hasconfig:remote.*.url:https://example.com/**", "hasconfig:remote.*.url:https://example.com/", "hasconfig:remote.*.url:*", "hasconfig:remote.*.url:https://*/team/project", "hasconfig:remote.origin.url:**",
		"unknown:x", "",
	}
}

// TestIncludes compares includes of the user's configuration with git's, for each
// condition alone.
func TestIncludes(t *testing.T) {
	r := newIncluded(t)
	link(t, "repo", filepath.Join(r.home, "link"))
	put(t, filepath.Join(r.home, "more"), "[a]\n\tb = included\n[include]\n\tpath = sub/deeper\n")
	put(t, filepath.Join(r.home, "sub", "deeper"), "[a]\n\tc = deeper\n[include]\n\tpath = beside\n\tpath = ~/none\n")
	put(t, filepath.Join(r.home, "sub", "beside"), "[a] d = beside\n")
	for _, condition := range r.conditions() {
		text := "[x]\n\ty = 1\n[includeIf \"" + condition + "\"]\n\tpath = more\n\tother = more\n[include \"sub\"]\n\tpath = more\n[x]\n\ty = 2\n"
		for _, path := range []string{".gitconfig", "xdg/git/config"} {
			put(t, filepath.Join(r.home, ".gitconfig"), "")
			put(t, filepath.Join(r.home, "xdg", "git", "config"), "")
			put(t, filepath.Join(r.home, "xdg", "git", "more"), "[a]\n\tb = other\n")
			put(t, filepath.Join(r.home, path), text)
			r.check(t)
		}
		if t.Failed() {
			t.Fatal(condition)
		}
	}
}

// TestIncludesElsewhere compares conditions with git's in a linked worktree and in
// a bare repository.
func TestIncludesElsewhere(t *testing.T) {
	r := newIncluded(t)
	r.Git("worktree", "add", "-q", "-b", "other", "../linked")
	r.Git("clone", "-q", "--bare", ".", "../bare.git")
	put(t, filepath.Join(r.home, "more"), "[a]\n\tb = included\n")
	conditions := append(r.conditions(), "gitdir:~/linked/", "gitdir:**/worktrees/*", "gitdir:~/repo/.git/worktrees/linked", "gitdir:~/bare.git", "gitdir:bare.git", "gitdir:bare.git/", "onbranch:other")
	for _, condition := range conditions {
		put(t, filepath.Join(r.home, ".gitconfig"), "[includeIf \""+condition+"\"]\n\tpath = more\n")
		for _, dir := range []string{"linked", "bare.git"} {
			in := *r.Repo
			in.Dir = filepath.Join(r.home, dir)
			(&included{&in, r.home}).checkIn(t, func() (*Repo, error) {
				return discoverIn(in.Dir, noEnv, func(string) *Bounds { return nil })
			})
			if t.Failed() {
				t.Fatal(dir, condition)
			}
		}
	}
}

// TestRandomIncludes compares configurations of the user, the repository and the
// worktree that include each other, whatever the conditions.
func TestRandomIncludes(t *testing.T) {
	r := newIncluded(t)
	r.Git("config", "core.repositoryFormatVersion", "1")
	r.Git("config", "extensions.worktreeConfig", "true")
	own, err := os.ReadFile(filepath.Join(r.Dir, ".git", "config"))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 9))
	conditions := r.conditions()
	random := func(paths ...string) string {
		var b strings.Builder
		for i := range rng.IntN(6) {
			path := paths[rng.IntN(len(paths))]
			switch rng.IntN(3) {
			case 0:
				fmt.Fprintf(&b, "[include]\n\tpath = %s\n", path)
			case 1:
				fmt.Fprintf(&b, "[includeIf \"%s\"]\n\tpath = \"%s\"\n", conditions[rng.IntN(len(conditions))], path)
			default:
				fmt.Fprintf(&b, "[v \"%s\"]\n\tn%d = %d\n", path, i, rng.IntN(100))
			}
		}
		return b.String()
	}
	for range 150 {
		put(t, filepath.Join(r.home, ".gitconfig"), random("one", "~/two", "~/sub/three", "none"))
		put(t, filepath.Join(r.home, "one"), random("two", "sub/three"))
		put(t, filepath.Join(r.home, "two"), random("sub/three", "~/none", "sub/../sub/three"))
		put(t, filepath.Join(r.home, "sub", "three"), random("none"))
		put(t, filepath.Join(r.Dir, ".git", "config"), string(own)+random("own", "../tree", "none", "~/repo/tree"))
		put(t, filepath.Join(r.Dir, ".git", "own"), random("../sub/tree", "../tree"))
		put(t, filepath.Join(r.Dir, ".git", "config.worktree"), random("own", "../tree"))
		put(t, filepath.Join(r.Dir, "tree"), random("sub/tree"))
		put(t, filepath.Join(r.Dir, "sub", "tree"), random("none"))
		if r.check(t); t.Failed() {
			return
		}
	}
}

// TestIncludesOutside checks that includes of a repository's own configuration
// are not followed out of it. They get a note, and nothing is unread.
func TestIncludesOutside(t *testing.T) {
	r := newIncluded(t)
	outside := filepath.Join(r.home, "outside")
	put(t, outside, "[a]\n\tsecret = x\n")
	link(t, outside, filepath.Join(r.Dir, "link"))
	if err := os.Mkdir(filepath.Join(r.Dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, notes := range map[string]int{
		"~/outside": 1, outside: 1, "../../outside": 1, "../link": 1, "../folder": 1, "~/missing": 0, "missing": 0, "../inside": 0,
	} {
		put(t, filepath.Join(r.Dir, "inside"), "[a]\n\tknown = x\n")
		put(t, filepath.Join(r.Dir, ".git", "config"), "[core]\n\tbare = false\n[include]\n\tpath = "+filepath.ToSlash(path)+"\n")
		g, err := Within(r.Dir).Open(r.Dir)
		if err != nil {
			t.Fatal(err)
		}
		g.Config.NoteIncludes(env(r.Repo))
		all := listAll(g, env(r.Repo))
		if len(g.Notes) != notes || len(g.Problems) > 0 || slices.Contains(all, "a.secret=x") || slices.Contains(all, "a.known=x") != (path == "../inside") {
			t.Errorf("%s: notes %v, problems %v, %q", path, g.Notes, g.Problems, all)
		}
		if g, err = (*Bounds)(nil).Open(r.Dir); err != nil { // what git itself has named
			t.Fatal(err)
		}
		if all := listAll(g, env(r.Repo)); slices.Contains(all, "a.secret=x") != (strings.Contains(path, "outside") || path == "../link") {
			t.Errorf("%s in a hook: %q", path, all)
		}
	}
}

// TestIncludeLimits must end where files include each other endlessly.
func TestIncludeLimits(t *testing.T) {
	r := bare(t)
	for name, text := range map[string]string{
		"itself": "[include]\n\tpath = config\n",
		"many":   strings.Repeat("[include]\n\tpath = config\n", 100),
		"gone":   strings.Repeat("[include]\n\tpath = none\n", 10_000),
		"globs":  strings.Repeat("[includeIf \"gitdir:"+strings.Repeat("*?", 200)+"\"]\n\tpath = config\n", 2000),
		"heads":  strings.Repeat("[includeIf \"onbranch:x\"]\n\tpath = config\n", 10_000),
	} {
		t.Run(name, func(t *testing.T) {
			put(t, filepath.Join(r.Dir, "config"), text)
			g, err := Within(r.Dir).OpenDir(r.Dir)
			if err != nil {
				t.Fatal(err)
			}
			g.Config.NoteIncludes(noEnv)
			if loops := name == "itself" || name == "many"; (len(g.Notes) > 0) != loops || len(g.Notes) > maxNotes {
				t.Errorf("%d notes", len(g.Notes))
			}
		})
	}
}

// TestExcludesFile compares with git for different files and paths in
// core.excludesFile.
func TestExcludesFile(t *testing.T) {
	for name, c := range map[string]struct{ user, own, included string }{
		"user":           {user: "[core]\n\texcludesFile = ~/list\n"},
		"include":        {user: "[include]\n\tpath = more\n", included: "[core]\n\texcludesFile = ~/list\n"},
		"condition":      {user: "[includeIf \"gitdir:~/repo/\"]\n\tpath = more\n", included: "[core]\n\texcludesFile = ~/list\n"},
		"other":          {user: "[includeIf \"gitdir:~/other/\"]\n\tpath = more\n", included: "[core]\n\texcludesFile = ~/list\n"},
		"relative":       {user: "[core]\n\texcludesFile = in-tree\n"},
		"empty":          {user: "[core]\n\texcludesFile = ~/list\n\texcludesFile =\n"},
		"own":            {own: "[core]\n\texcludesFile = in-tree\n"},
		"own, absolute":  {own: "[core]\n\texcludesFile = ~/repo/in-tree\n"},
		"own, over":      {user: "[core]\n\texcludesFile = ~/list\n", own: "[core]\n\texcludesFile = in-tree\n"},
		"own, included":  {own: "[include]\n\tpath = ../more-in-tree\n"},
		"missing":        {user: "[core]\n\texcludesFile = ~/none\n"},
		"ignoreCase":     {user: "[core]\n\tignoreCase = true\n\texcludesFile = ~/list\n"},
		"broken":         {user: "[core]\n\texcludesFile = ~/list\n[include]\n\tpath\n"},
		"default":        {},
		"after a folder": {user: "[core]\n\texcludesFile = ~\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r := gittest.New(t)
			home := filepath.Dir(r.Dir)
			put(t, filepath.Join(home, ".gitconfig"), c.user)
			put(t, filepath.Join(home, "more"), c.included)
			put(t, filepath.Join(home, "list"), "*.user\n")
			put(t, filepath.Join(home, "xdg", "git", "ignore"), "*.default\n")
			r.Write("in-tree", "*.tree\n")
			r.Write("more-in-tree", "[core]\n\texcludesFile = in-tree\n")
			own, err := os.ReadFile(filepath.Join(r.Dir, ".git", "config"))
			if err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(r.Dir, ".git", "config"), string(own)+c.own)
			g, err := Within(r.Dir).Open(r.Dir)
			if err != nil {
				t.Fatal(err)
			}
			ig := g.Ignorer(env(r))
			for _, path := range []string{"a.user", "a.USER", "a.default", "a.tree", "d/a.tree"} {
				out, err := r.Try("", "check-ignore", path)
				if err != nil && strings.Contains(err.Error(), "fatal") {
					t.Skip(err) // git does not work then
				}
				if got := ig.Ignored(path); got != (out != "") {
					t.Errorf("%s: ignored is %v, git says %q", path, got, out)
				}
			}
			if len(g.Problems)+len(g.Notes) > 0 && name != "after a folder" {
				t.Errorf("problems %v, notes %v", g.Problems, g.Notes)
			}
		})
	}
}
