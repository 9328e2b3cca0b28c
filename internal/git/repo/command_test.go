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

// checkCommand compares the settings in the environment with git config --list.
func checkCommand(t *testing.T, r *gittest.Repo, vars map[string]string) {
	t.Helper()
	for name, value := range vars {
		if strings.ContainsRune(name+value, 0) {
			t.Skip("no variable of the environment has a NUL")
		}
	}
	git := *r
	git.T, git.Env = t, nil
	lookup := map[string]string{}
	for _, kv := range r.Env {
		name, value, _ := strings.Cut(kv, "=")
		if _, has := vars[name]; !has {
			lookup[name] = value
			git.Env = append(git.Env, kv)
		}
	}
	for name, value := range vars {
		lookup[name] = value
		git.Env = append(git.Env, name+"="+value)
	}
	out, wantErr := git.Try("", "config", "--list", "-z")
	err := CheckEnvironment(mapEnv(lookup))
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%q: %v, and git says %v", vars, err, wantErr)
	}
	g, openErr := Within(r.Dir).Open(r.Dir)
	if openErr != nil {
		t.Fatal(openErr)
	}
	got := listAll(g, mapEnv(lookup)) // must not panic on any value
	if wantErr != nil {
		return
	}
	var want []string
	for entry := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		want = append(want, strings.Replace(entry, "\n", "=", 1))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\ngot  %q\nwant %q", vars, got, want)
	}
}

// parameters are values of GIT_CONFIG_PARAMETERS: in both of git's formats, and
// invalid ones.
var parameters = []string{
	"", " ", "'a.b'='c'", "'a.b'=", "'a.b=c'", "'a.b'", "'a.b' ", "'a.b'='c' 'd.e=f' 'g.h'=", "'a.b'='c'\t'd.e'='f'\n",
	"'a.B c.D'='e f'", "'A.b.C'='d'", "'a.b.c.d=e.f'", "'a.=.b=c'", "'a.b'=''", "'a.b='", " 'a.b'='c'", "'a.b'='c''d.e'='f'", "'a.b'='c'x",
	"'a.b'=c", "a.b=c", "'a.b", "'a.b'='c", "'a'='c'", "'.b'='c'", "'a.'='c'", "''='c'", "''", "'a.1b'='c'", "'a_.b'='c'", "'a.b_'='c'", "'1.b'='c'", "'-.b'='c'",
	"'a.b'='it'\\''s'", "'a.b'='no'\\!'t'", "'a.b'='x'\\x'y'", "'a.b'='x'\\'", "'a.b'='x'\\''", "'a.b=it'\\''s'", "'a.x\ny.b'='c'", "'a.b'='x\ny'", "' a.b = c '", "'a b.c'='d'",
	"'a..b'='c'", "'a...b'='c'", "'a.\xff.b'='\xff'", "'include.path'='/nowhere'", "'include.path'='beside'", "'include.path'='~/none'", "'include.path'=", "'include.x.path'='beside'", "'user.name'",
}

// TestCommand compares settings of git's command line with git config --list.
func TestCommand(t *testing.T) {
	r := gittest.New(t)
	for _, text := range parameters {
		checkCommand(t, r, map[string]string{"GIT_CONFIG_PARAMETERS": text})
	}
	for _, vars := range []map[string]string{
		{"GIT_CONFIG_COUNT": "0"}, {"GIT_CONFIG_COUNT": ""}, {"GIT_CONFIG_COUNT": " 0"}, {"GIT_CONFIG_COUNT": "+0"}, {"GIT_CONFIG_COUNT": "x"}, {"GIT_CONFIG_COUNT": "1x"}, {"GIT_CONFIG_COUNT": "0 "},
		{"GIT_CONFIG_COUNT": "-1"}, {"GIT_CONFIG_COUNT": "99999999999999999999999"}, {"GIT_CONFIG_COUNT": "2147483648"}, {"GIT_CONFIG_COUNT": "2147483647"}, {"GIT_CONFIG_COUNT": "1"},
		{"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b"}, {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_VALUE_0": "a.b"},
		{"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_VALUE_0": "x", "GIT_CONFIG_KEY_1": "a.c", "GIT_CONFIG_VALUE_1": "y"},
		{"GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "a.B.c", "GIT_CONFIG_VALUE_0": "x", "GIT_CONFIG_KEY_1": "a.c", "GIT_CONFIG_VALUE_1": ""},
		{"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a", "GIT_CONFIG_VALUE_0": "x"}, {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "", "GIT_CONFIG_VALUE_0": "x"},
		{"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b=c", "GIT_CONFIG_VALUE_0": "x"},
		{"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_VALUE_0": "x", "GIT_CONFIG_PARAMETERS": "'a.b'='y'"},
	} {
		checkCommand(t, r, vars)
	}
}

// TestCommandFromGit reads the variable that git itself sets for a command.
func TestCommandFromGit(t *testing.T) {
	r := gittest.New(t)
	put(t, filepath.Join(r.Dir, "more"), "[a]\n\tb = included\n")
	for _, args := range [][]string{
		{"-c", "a.b=c"}, {"-c", "a.b"}, {"-c", "a.b="}, {"-c", "a.B!'\".c=it's !\n"}, {"-c", "a.b=1", "-c", "a.b=2"},
		{"-c", "include.path=" + filepath.Join(r.Dir, "more")}, {"-c", "includeIf.gitdir:**.path=" + filepath.Join(r.Dir, "more")},
		{"-c", "includeIf.gitdir:nowhere.path=" + filepath.Join(r.Dir, "more"), "-c", "x.y=z"},
	} {
		passed := r.Git(append(slices.Clone(args), "-c", "alias.pass=!printf %s \"$GIT_CONFIG_PARAMETERS\"", "pass")...)
		checkCommand(t, r, map[string]string{"GIT_CONFIG_PARAMETERS": passed})
	}
}

// TestConfigVariables compares the configurations that variables select with
// git config --list.
func TestConfigVariables(t *testing.T) {
	r := gittest.New(t)
	home := filepath.Dir(r.Dir)
	for _, path := range []string{"global", "system", ".gitconfig", "xdg/git/config", "repo/inside"} {
		put(t, filepath.Join(home, path), fmt.Sprintf("[from]\n\tfile = %s\n", path))
	}
	global, system := filepath.Join(home, "global"), filepath.Join(home, "system")
	for _, vars := range []map[string]string{
		{}, {"GIT_CONFIG_GLOBAL": global}, {"GIT_CONFIG_GLOBAL": ""}, {"GIT_CONFIG_GLOBAL": "inside"}, {"GIT_CONFIG_GLOBAL": "nowhere"}, {"GIT_CONFIG_GLOBAL": os.DevNull}, {"GIT_CONFIG_GLOBAL": "~/global"},
		{"GIT_CONFIG_NOSYSTEM": "0", "GIT_CONFIG_SYSTEM": system}, {"GIT_CONFIG_NOSYSTEM": "", "GIT_CONFIG_SYSTEM": system}, {"GIT_CONFIG_NOSYSTEM": "yes", "GIT_CONFIG_SYSTEM": system},
		{"GIT_CONFIG_NOSYSTEM": "false", "GIT_CONFIG_SYSTEM": ""}, {"GIT_CONFIG_NOSYSTEM": "no", "GIT_CONFIG_SYSTEM": "inside"}, {"XDG_CONFIG_HOME": ""}, {"XDG_CONFIG_HOME": home + "/xdg", "HOME": ""},
		{"GIT_CONFIG_NOSYSTEM": "off", "GIT_CONFIG_SYSTEM": system, "GIT_CONFIG_GLOBAL": global, "GIT_CONFIG_PARAMETERS": "'a.b'='c'"},
	} {
		checkCommand(t, r, vars)
	}
}

// FuzzCommand compares the parser of GIT_CONFIG_PARAMETERS with git's.
func FuzzCommand(f *testing.F) {
	for _, text := range parameters {
		f.Add(text)
	}
	r := gittest.New(f)
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(strings.ToLower(text), "include") {
			t.Skip("files on this machine")
		}
		checkCommand(t, r, map[string]string{"GIT_CONFIG_PARAMETERS": text})
	})
}

// TestCeilings compares the repository that Discover finds below ceilings with
// git rev-parse.
func TestCeilings(t *testing.T) {
	r := gittest.New(t)
	top, err := filepath.EvalSymlinks(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	deep := filepath.Join(top, "a", "b")
	r.Write("a/b/c", "")
	link(t, top, filepath.Join(filepath.Dir(top), "link"))
	linked := filepath.Join(filepath.Dir(top), "link")
	list := func(parts ...string) string { return strings.Join(parts, string(filepath.ListSeparator)) }
	sep := string(filepath.Separator)
	for _, ceilings := range []string{
		"", sep, top, filepath.Dir(top), filepath.Join(top, "a"), deep, filepath.Join(deep, "c"), top + sep, top + sep + sep, filepath.Join(top, "a") + sep + "." + sep,
		linked, list("", linked), list("", top), list("", filepath.Join(linked, "a")), list("", top+sep), list(linked, ""), list(filepath.Join(linked, "a"), "", top), "relative", "a", ".", list("relative", filepath.Join(top, "a")),
		list(filepath.Join(top, "a"), sep), list(sep, filepath.Join(top, "a")), list(filepath.Dir(top), filepath.Join(top, "a")), top + "x", filepath.Join(top, "a") + "x", top[:len(top)-1], list(top, filepath.Dir(top)), filepath.Join(top, "nowhere", "deeper"), list("", "", top),
		filepath.Join(top, "a", "..", "a"), list("", filepath.Join(top, "a")+sep+".."+sep+"a"), "~", strings.Repeat(sep, 3),
	} {
		for _, in := range []string{top, filepath.Join(top, "a"), deep, filepath.Join(top, ".git"), filepath.Join(top, ".git", "objects"), filepath.Dir(top)} {
			git := *r
			git.T, git.Dir = t, in
			git.Env = append(slices.Clone(r.Env), "GIT_CEILING_DIRECTORIES="+ceilings)
			want, wantErr := git.Try("", "rev-parse", "--absolute-git-dir")
			g, err := Discover(in, mapEnv(map[string]string{"GIT_CEILING_DIRECTORIES": ceilings}))
			if (err == nil) != (wantErr == nil) || err == nil && g.Dir != filepath.FromSlash(want) {
				t.Errorf("%q in %s: %v, and git says %q, %v", ceilings, in, err, want, wantErr)
			}
		}
	}
}
