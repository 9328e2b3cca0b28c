package repo

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

// dotGits are contents of .git, or with the name "." of the folder itself. {id}
// is an existing id.
var dotGits = map[string]map[string]string{
	"nothing":            {},
	"empty":              {".git/": ""},
	"config only":        {".git/config": "[core]\n"},
	"HEAD only":          {".git/HEAD": "ref: refs/heads/main\n"},
	"no refs":            {".git/HEAD": "ref: refs/heads/main\n", ".git/objects/": ""},
	"no objects":         {".git/HEAD": "ref: refs/heads/main\n", ".git/refs/": ""},
	"all":                {".git/HEAD": "ref: refs/heads/main\n", ".git/refs/": "", ".git/objects/": ""},
	"HEAD with an id":    {".git/HEAD": "{id}\n", ".git/refs/": "", ".git/objects/": ""},
	"HEAD in capitals":   {".git/HEAD": "{ID}\n", ".git/refs/": "", ".git/objects/": ""},
	"HEAD, then more":    {".git/HEAD": "{id}trailing", ".git/refs/": "", ".git/objects/": ""},
	"HEAD without space": {".git/HEAD": "ref:refs/x", ".git/refs/": "", ".git/objects/": ""},
	"HEAD, many spaces":  {".git/HEAD": "ref: \t\n refs/x", ".git/refs/": "", ".git/objects/": ""},
	"HEAD elsewhere":     {".git/HEAD": "ref: heads/main\n", ".git/refs/": "", ".git/objects/": ""},
	"empty HEAD":         {".git/HEAD": "", ".git/refs/": "", ".git/objects/": ""},
	"text in HEAD":       {".git/HEAD": "release 12\n", ".git/refs/": "", ".git/objects/": ""},
	"HEAD is a folder":   {".git/HEAD/": "", ".git/refs/": "", ".git/objects/": ""},
	"linked HEAD":        {".git/HEAD": "-> refs/heads/main", ".git/refs/": "", ".git/objects/": ""},
	"HEAD linked away":   {".git/HEAD": "-> kept", ".git/kept": "ref: refs/heads/main\n", ".git/refs/": "", ".git/objects/": ""},
	"commondir":          {".git/HEAD": "ref: refs/heads/main\n", ".git/commondir": "../../.git\n"},
	"commondir nowhere":  {".git/HEAD": "ref: refs/heads/main\n", ".git/commondir": "nowhere\n"},
	"bare":               {"HEAD": "ref: refs/heads/main\n", "refs/": "", "objects/": ""},
	"bare without refs":  {"HEAD": "ref: refs/heads/main\n", "objects/": ""},
	"assets":             {"HEAD": "ref: refs/heads/main\n", "objects/chair.obj": "v 1 2 3\n"},
	"objects are a file": {"HEAD": "ref: refs/heads/main\n", "objects": "x", "refs": "x"},
	"bare, .git is none": {".git/x": "x", "HEAD": "{id}\n", "refs/": "", "objects/": ""},
	"link to nowhere":    {".git": "-> nowhere"},
	"link in a circle":   {".git": "-> .git"},
	"link to a folder":   {".git": "-> other", "other/HEAD": "{id}\n", "other/refs/": "", "other/objects/": ""},
	"link to none":       {".git": "-> other", "other/x": "x"},
	"file":               {".git": "gitdir: other\n", "other/HEAD": "{id}\n", "other/refs/": "", "other/objects/": ""},
	"file to none":       {".git": "gitdir: other\n", "other/x": "x"},
	"file to nowhere":    {".git": "gitdir: nowhere\n"},
	"no gitfile":         {".git": "text\n"},
	"empty file":         {".git": ""},
}

// make makes files, folders and links in dir.
func (r dotGit) make(t *testing.T, dir, id string) {
	t.Helper()
	for path, text := range r {
		full := filepath.Join(dir, filepath.FromSlash(path))
		to, isLink := strings.CutPrefix(text, "-> ")
		switch {
		case isLink:
			symlink(t, to, full)
		case strings.HasSuffix(path, "/"):
			if err := os.MkdirAll(full, 0o755); err != nil {
				t.Fatal(err)
			}
		default:
			put(t, full, strings.NewReplacer("{id}", id, "{ID}", strings.ToUpper(id)).Replace(text))
		}
	}
}

type dotGit map[string]string

// TestDiscoverAsGit compares Discover with git for each kind of .git.
func TestDiscoverAsGit(t *testing.T) {
	for name, files := range dotGits {
		t.Run(name, func(t *testing.T) {
			r := gittest.New(t)
			r.Git("commit", "-q", "--allow-empty", "-m", "one")
			dir := filepath.Join(r.Dir, "sub")
			dotGit(files).make(t, dir, r.Git("rev-parse", "HEAD"))
			if err := os.MkdirAll(filepath.Join(dir, "deep"), 0o755); err != nil {
				t.Fatal(err)
			}
			in := *r
			in.Dir = filepath.Join(dir, "deep")
			want, gitErr := in.Try("", "rev-parse", "--absolute-git-dir")
			g, err := discoverIn(in.Dir, noEnv, func(string) *Bounds { return nil })
			switch {
			case gitErr != nil:
				if err == nil {
					t.Errorf("found %s, git says %v", g.Dir, gitErr)
				}
			case err != nil:
				t.Errorf("%v, git finds %s", err, want)
			case !sameFile(g.Dir, want):
				t.Errorf("found %s, git finds %s", g.Dir, want)
			}
			// In the walk of a folder, a .git that git ignores is no error.
			if _, err := Within(r.Dir).Open(dir); err != nil && gitErr == nil && !errors.Is(err, ErrNone) && name != "commondir nowhere" { // a worktree whose store is gone
				t.Errorf("from above: %v", err)
			}
		})
	}
}

// TestDiscoverDamaged opens a damaged repository if there is no other.
func TestDiscoverDamaged(t *testing.T) {
	for _, lost := range []string{"refs", "HEAD"} {
		r := gittest.New(t)
		r.Git("commit", "-q", "--allow-empty", "-m", "one")
		path := filepath.Join(r.Dir, ".git", lost)
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if lost == "HEAD" {
			put(t, path, "")
		}
		if g, err := Discover(r.Dir, noEnv); err != nil || g.WorkTree != r.Dir {
			t.Errorf("without %s: %v", lost, err)
		}
		if err := os.RemoveAll(filepath.Join(r.Dir, ".git", "objects")); err != nil {
			t.Fatal(err)
		}
		if _, err := Discover(r.Dir, noEnv); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), "is not a git directory") {
			t.Errorf("without %s and objects: %v", lost, err)
		}
	}
}

// TestOddRefs compares refs with git's where files have invalid names and
// values, and links lead to files and folders.
func TestOddRefs(t *testing.T) {
	r := gittest.New(t)
	r.Git("commit", "-q", "--allow-empty", "-m", "one")
	id := r.Git("rev-parse", "HEAD")
	refs := filepath.Join(r.GitDir(), "refs")
	for path, text := range map[string]string{
		"heads/.DS_Store": "\x00\x00\x00\x01Bud1", "heads/._main": id, ".hidden/x": id, "heads/.x/y": id, "heads/x.lock": "nonsense",
		"heads/words": id + " and more\n", "heads/tab": id + "\tx", "heads/lines": id + "\nmore", "heads/sym": "ref:  refs/heads/main  \n\n",
		"heads/real/one": id + "\n", "tags/v1": id,
	} {
		put(t, filepath.Join(refs, filepath.FromSlash(path)), text)
	}
	for path, to := range map[string]string{
		"heads/to-file": "main", "heads/to-folder": "real", "heads/nowhere": "gone", "heads/circle": "circle", "heads/real/two": "one",
		"heads/to-tags": "../tags", "remotes/link": "../heads/real",
	} {
		symlink(t, to, filepath.Join(refs, filepath.FromSlash(path)))
	}
	put(t, filepath.Join(r.GitDir(), "logs", "refs", "heads", ".DS_Store"), "no log")
	put(t, filepath.Join(r.GitDir(), "logs", ".cache", "x"), "no log")
	g := mustOpen(t, r)
	got, _ := g.Refs.Read()
	var lines []string
	for _, ref := range got {
		lines = append(lines, ref.ID+" "+ref.Name)
	}
	if want := r.Git("for-each-ref", "--format=%(objectname) %(refname)"); strings.Join(lines, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), want)
	}
	problems := append(g.Problems, g.Roots(func(Root) {})...)
	if len(problems) > 0 {
		t.Errorf("problems %v", problems)
	}
}

// TestRefsInCircles must end where links among refs lead upwards.
func TestRefsInCircles(t *testing.T) {
	r := gittest.New(t)
	r.Git("commit", "-q", "--allow-empty", "-m", "one")
	heads := filepath.Join(r.GitDir(), "refs", "heads")
	for path, to := range map[string]string{"up": "..", "self": ".", "a/b": "../c", "c/d": "../a", "c/e": "../../heads"} {
		symlink(t, to, filepath.Join(heads, filepath.FromSlash(path)))
	}
	g := mustOpen(t, r)
	refs, head := g.Refs.Read()
	if head == "" || len(refs) == 0 || len(refs) > 100 || len(g.Problems) > 0 {
		t.Errorf("%d refs, problems %v", len(refs), g.Problems)
	}
	outside := t.TempDir()
	put(t, filepath.Join(outside, "x"), head+"\n")
	symlink(t, outside, filepath.Join(heads, "out"))
	if g = mustOpen(t, r); len(g.Problems) > 0 {
		t.Fatal(g.Problems)
	}
	if refs, _ := g.Refs.Read(); len(g.Problems) == 0 || !strings.Contains(g.Problems[0].Reason, elsewhere) || strings.Contains(refs[len(refs)-1].Name, "out/x") {
		t.Errorf("problems %v", g.Problems)
	}
}
