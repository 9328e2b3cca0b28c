package repo

import (
	"fmt"
	"math/rand/v2"
	"os"
	pathpkg "path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

// ignoreFiles are the ignore files of the test's work tree.
var ignoreFiles = map[string]string{
	".gitignore": `# comment
*.log
!keep.log
/anchored
build/
docs/*.txt
**/deep/**/x
a/**
!a/keep
trail\ 
spaces   
\#hash
\!bang
[abc].c
[!x-z].d
q?.e
**/anywhere
mid/**/end
foo/*
!foo/bar/
*.tmp/
\*literal
[[:digit:]]*.num
[]-]x.br
a\b.esc
*/only-second
/**/all-slash
abc/**
noslash**star
**.dstar
!/keepdir/
.env*
!.env.example
name with space
	tab
[a
CRLF.txt` + "\r\n" + `last-without-end`,
	"sub/.gitignore":      "!special.log\n*.sub\n/only-here\nnested/\n",
	"sub/deep/.gitignore": "*\n!.gitignore\n!yes\n",
	"build/.gitignore":    "!taken-back\n",
}

var ignorePaths = `x.log keep.log d/x.log d/keep.log anchored d/anchored anchored/f d/anchored/f build/f d/build/f build/taken-back
docs/a.txt docs/d/a.txt d/docs/a.txt deep/x d/deep/x d/deep/e/f/x deep/e/x/y a/f a/keep a/d/keep a/keep/f #hash !bang a.c d/b.c d.c x.d a.d yy.d
q1.e q12.e q/.e anywhere d/anywhere d/e/anywhere/f mid/end mid/1/end mid/1/2/end x/mid/1/end foo/f foo/bar/f foo/baz/f x.tmp/f d/x.tmp/f x.tmp.f
*literal xliteral 1a.num a1.num ]x.br -x.br ax.br ab.esc a\b.esc d/only-second only-second d/e/only-second all-slash d/all-slash abc/d abc/d/e
noslashXstar noslash/star noslashstar f.dstar d/f.dstar keepdir/x.log .env .env.local .env.example d/.env d/.env.example [a
CRLF.txt last-without-end sub/special.log sub/x.log sub/d/special.log sub/f.sub f.sub sub/only-here sub/d/only-here sub/nested/f sub/d/nested/f
sub/deep/yes sub/deep/no sub/deep/d/yes sub/deep/.gitignore excluded.x d/excluded.x personal.y configured.z plain d/plain/f`

// TestIgnoreAgainstGit compares Ignorer with git check-ignore, with git's own
// files and with a core.excludesFile of the user.
func TestIgnoreAgainstGit(t *testing.T) {
	paths := strings.Fields(ignorePaths)
	paths = append(paths, "trail ", "trail", "spaces", "spaces ", "name with space", "d/name with space", "\ttab", "tab")
	for _, configured := range []string{"", "~/my-ignores", "absolute"} {
		t.Run("core.excludesFile="+configured, func(t *testing.T) {
			r := gittest.New(t)
			for path, text := range ignoreFiles {
				put(t, filepath.Join(r.Dir, path), text)
			}
			home := filepath.Dir(r.Dir)
			put(t, filepath.Join(r.Dir, ".git", "info", "exclude"), "excluded.x\n")
			put(t, filepath.Join(home, "xdg", "git", "ignore"), "personal.y\n!excluded.x\n")
			put(t, filepath.Join(home, "my-ignores"), "configured.z\n")
			if configured == "absolute" {
				configured = filepath.Join(home, "my-ignores")
			}
			if configured != "" {
				r.Git("config", "--global", "core.excludesFile", configured)
			}
			env := map[string]string{}
			for _, e := range r.Env {
				name, value, _ := strings.Cut(e, "=")
				env[name] = value
			}
			g, err := Within(r.Dir).Open(r.Dir)
			if err != nil {
				t.Fatal(err)
			}
			out, _ := r.Try(strings.Join(paths, "\x00")+"\x00", "check-ignore", "-z", "--stdin", "--no-index") // fails if none is ignored
			ignored := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
			if len(ignored) < 50 {
				t.Fatalf("git ignores only %q", ignored)
			}
			ig := g.Ignorer(mapEnv(env))
			for _, path := range paths {
				if got, want := ig.Ignored(path), slices.Contains(ignored, path); got != want {
					t.Errorf("%q: ignored is %v, git says %v", path, got, want)
				}
			}
		})
	}
}

// TestRandomIgnore compares random patterns and paths with git check-ignore,
// with and without core.ignoreCase.
func TestRandomIgnore(t *testing.T) {
	for _, fold := range []string{"false", "true"} {
		t.Run("core.ignoreCase="+fold, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(11, 12))
			random := func(pieces []string, n int) string {
				s := ""
				for range 1 + rng.IntN(n) {
					s += pieces[rng.IntN(len(pieces))]
				}
				return s
			}
			r := gittest.New(t)
			r.Git("config", "core.ignoreCase", fold)
			var paths []string
			for i := range 400 {
				dir := fmt.Sprintf("Dir%d/", i)
				text := ""
				for range 1 + rng.IntN(4) {
					text += random([]string{"a", "b", "A", "*", "*", "**", "/", "/", "**/", "/**", "?", "[ab]", "[!a]", "[^b-z]", "[a", "!", `\a`, `\*`, "#", " ", `\ `, `\`, "[]a]", `[\]a]`, "[[:alpha:]]", "[a-]"}, 6) + "\n"
				}
				put(t, filepath.Join(r.Dir, dir, ".gitignore"), text)
				for range 12 {
					path := random([]string{"a", "b", "ab", "A", "B", "c", "/", "/", "*", "-", "]", " "}, 7)
					if clean := pathpkg.Clean("/" + path)[1:]; clean == path && path != "" {
						paths = append(paths, dir+path)
					}
				}
			}
			g := mustOpen(t, r)
			g.WorkTree = r.Dir
			out, _ := r.Try(strings.Join(paths, "\x00")+"\x00", "check-ignore", "-z", "--stdin", "--no-index")
			ignored := map[string]bool{}
			for _, path := range strings.Split(strings.TrimSuffix(out, "\x00"), "\x00") {
				ignored[path] = true
			}
			if len(paths) < 1000 || len(ignored) < 200 {
				t.Fatalf("git ignores %d of %d paths", len(ignored), len(paths))
			}
			ig := g.Ignorer(noEnv)
			for _, path := range paths {
				if got := ig.Ignored(path); got != ignored[path] {
					dir, _, _ := strings.Cut(path, "/")
					text, _ := os.ReadFile(filepath.Join(r.Dir, dir, ".gitignore"))
					t.Errorf("%q: ignored is %v, git says %v with\n%s", path, got, ignored[path], text)
				}
			}
		})
	}
}
