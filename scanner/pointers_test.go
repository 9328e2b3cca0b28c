package scanner

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/result"
)

// pointerPlaces are a repository that is audited and a canary: another repository, with a
// token in each part that must not be found.
type pointerPlaces struct {
	t      *testing.T
	top    string // holds both
	named  string // the repository that is audited
	canary string
	token  string
	spell  string // how paths are written: one of spellings
}

// spellings are the ways to write a pointer's target.
var spellings = []string{"absolute", "relative", "link", "two links"}

func (p *pointerPlaces) in(path ...string) string {
	return filepath.Join(append([]string{p.named}, path...)...)
}

func (p *pointerPlaces) out(path ...string) string {
	return filepath.Join(append([]string{p.canary}, path...)...)
}

func (p *pointerPlaces) ok(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *pointerPlaces) write(path, text string) {
	p.t.Helper()
	p.ok(os.MkdirAll(filepath.Dir(path), 0o755))
	p.ok(os.WriteFile(path, []byte(text), 0o644))
}

func (p *pointerPlaces) append(path, text string) {
	p.t.Helper()
	old, err := os.ReadFile(path)
	p.ok(err)
	p.write(path, string(old)+text)
}

// to returns the path to a target for a file in dir, as spell says.
func (p *pointerPlaces) to(dir, target string) string {
	p.t.Helper()
	switch p.spell {
	case "relative":
		rel, err := filepath.Rel(dir, target)
		p.ok(err)
		return filepath.ToSlash(rel)
	case "link", "two links":
		target = p.alias(target, "one")
		if p.spell == "two links" {
			target = p.alias(target, "two")
		}
	}
	return target
}

// alias makes a link, in the named folder, to a target's folder. It returns the target's
// path through the link.
func (p *pointerPlaces) alias(target, name string) string {
	p.t.Helper()
	link := p.in("alias-" + name)
	p.ok(os.Symlink(filepath.Dir(target), link))
	return filepath.Join(link, filepath.Base(target))
}

// link replaces path by a link.
func (p *pointerPlaces) link(path, target string) {
	p.t.Helper()
	p.ok(os.RemoveAll(path))
	p.ok(os.MkdirAll(filepath.Dir(path), 0o755))
	p.ok(os.Symlink(p.to(filepath.Dir(path), target), path))
}

// pointerTemplate makes the two repositories. The audited one has a git directory of each
// kind: its own, a nested one, a bare one and a submodule's.
func pointerTemplate(t *testing.T, token string) string {
	t.Helper()
	top := t.TempDir()
	r := gittest.New(t)
	git := func(dir string, args ...string) {
		t.Helper()
		r.Git(append([]string{"-C", dir, "-c", "init.defaultBranch=main"}, args...)...)
	}
	named, canary := filepath.Join(top, "named"), filepath.Join(top, "canary")
	p := &pointerPlaces{t: t}
	for _, dir := range []string{named, filepath.Join(named, "nested"), filepath.Join(named, "sub"), canary} {
		p.ok(os.MkdirAll(dir, 0o755))
		git(dir, "init", "-q", "--template=")
		p.write(filepath.Join(dir, "a.txt"), "a\n")
		git(dir, "add", "a.txt")
		git(dir, "commit", "-qm", "one")
	}
	git(named, "clone", "-q", "--template=", "--bare", canary, "bare.git") // still empty
	p.ok(os.Mkdir(filepath.Join(named, ".git", "modules"), 0o755))
	git(filepath.Join(named, "sub"), "init", "-q", "--template=", "--separate-git-dir", filepath.Join(named, ".git", "modules", "sub"))
	git(filepath.Join(named, "sub"), "config", "core.worktree", "../../../sub")
	p.write(filepath.Join(named, "sub", ".git"), "gitdir: ../.git/modules/sub\n")

	p.write(filepath.Join(canary, "secret.txt"), token)
	p.write(filepath.Join(canary, "folder-"+token, "x"), "x")
	git(canary, "add", ".")
	git(canary, "commit", "-qm", "for "+token)
	git(canary, "branch", token)
	git(canary, "gc", "-q")
	git(canary, "branch", "again-"+token)
	p.write(filepath.Join(canary, "loose.txt"), "loose "+token)
	git(canary, "add", "loose.txt")
	git(canary, "worktree", "add", "-q", filepath.Join(top, "linked"))
	g := filepath.Join(canary, ".git")
	p.append(filepath.Join(g, "config"), "[x]\n\ty = "+token+"\n")
	for _, name := range []string{"objects/info/note", "objects/pack/note.keep", "info/note", "hooks/note", "logs/note", "worktrees/linked/note"} {
		p.write(filepath.Join(g, name), token)
	}
	p.ok(os.CopyFS(filepath.Join(g, "modules", "m"), os.DirFS(filepath.Join(named, "nested", ".git"))))
	p.write(filepath.Join(g, "modules", "m", "description"), token)
	return top
}

// pointer is a way out of a git directory. It returns the path that must be named, or ""
// if nothing that git would read is unread.
type pointer struct {
	name  string
	point func(p *pointerPlaces, git string) string
}

// linkedPart is a pointer that replaces a part of the git directory by a link.
func linkedPart(part, target string) pointer {
	return pointer{"link " + part, func(p *pointerPlaces, git string) string {
		path := filepath.Join(git, filepath.FromSlash(part))
		p.link(path, p.out(".git", filepath.FromSlash(target)))
		return path
	}}
}

func pointers() []pointer {
	all := []pointer{
		{"commondir", func(p *pointerPlaces, git string) string {
			path := filepath.Join(git, "commondir")
			p.write(path, p.to(git, p.out(".git"))+"\n")
			return path
		}},
		{"commondir of a worktree", func(p *pointerPlaces, git string) string {
			x := filepath.Join(git, "worktrees", "x")
			p.write(filepath.Join(x, "HEAD"), "ref: refs/heads/main\n")
			p.write(filepath.Join(x, "gitdir"), p.in("gone", ".git")+"\n")
			p.write(filepath.Join(x, "commondir"), p.to(x, p.out(".git"))+"\n")
			return filepath.Join(x, "commondir")
		}},
		{"gitdir", func(p *pointerPlaces, git string) string {
			x := filepath.Join(git, "worktrees", "x")
			p.write(filepath.Join(x, "HEAD"), "ref: refs/heads/main\n")
			p.write(filepath.Join(x, "commondir"), "../..\n")
			p.write(filepath.Join(x, "gitdir"), p.to(x, p.out(".git"))+"\n")
			return filepath.Join(x, "gitdir")
		}},
		{"link gitdir", func(p *pointerPlaces, git string) string {
			x := filepath.Join(git, "worktrees", "x")
			p.write(filepath.Join(x, "HEAD"), "ref: refs/heads/main\n")
			p.write(filepath.Join(x, "commondir"), "../..\n")
			p.link(filepath.Join(x, "gitdir"), p.out(".git", "worktrees", "linked", "gitdir"))
			return filepath.Join(x, "gitdir")
		}},
		{"core.worktree", func(p *pointerPlaces, git string) string {
			p.append(filepath.Join(git, "config"), "[core]\n\tbare = false\n\tworktree = "+p.to(git, p.canary)+"\n")
			return filepath.Join(git, "config")
		}},
		{"core.worktree of its own", func(p *pointerPlaces, git string) string {
			p.append(filepath.Join(git, "config"), "[core]\n\tbare = false\n[extensions]\n\tworktreeConfig = true\n")
			p.write(filepath.Join(git, "config.worktree"), "[core]\n\tworktree = "+p.to(git, p.canary)+"\n")
			return filepath.Join(git, "config.worktree")
		}},
		{"alternates that are no objects", func(p *pointerPlaces, git string) string {
			p.write(filepath.Join(git, "objects", "info", "alternates"), p.to(filepath.Join(git, "objects"), p.canary)+"\n")
			return ""
		}},
		{"texts beside alternates", func(p *pointerPlaces, git string) string {
			other := filepath.Join(p.top, "texts")
			for _, name := range []string{"x", "info/x", "pack/x.keep", "ab/x"} {
				p.write(filepath.Join(other, name), p.token)
			}
			p.write(filepath.Join(git, "objects", "info", "alternates"), p.to(filepath.Join(git, "objects"), other)+"\n")
			return ""
		}},
		linkedPart("objects/info/alternates", "config"),
		linkedPart("modules/m", ""),
		linkedPart("worktrees/linked", "worktrees/linked"),
		linkedPart("objects/zz", "info"),
		linkedPart("refs/heads/other", "HEAD"),
		linkedPart("index", "index"),
		linkedPart("config.worktree", "config"),
	}
	for _, part := range []string{"modules", "worktrees", "objects", "objects/pack", "objects/info", "refs", "refs/heads", "logs", "logs/HEAD", "packed-refs", "config", "info", "hooks", "HEAD"} {
		all = append(all, linkedPart(part, part))
	}
	return append(all, pointer{"link loose folder", func(p *pointerPlaces, git string) string {
		dirs, err := filepath.Glob(p.out(".git", "objects", "[0-9a-f][0-9a-f]"))
		p.ok(err)
		path := filepath.Join(git, "objects", filepath.Base(dirs[0]))
		p.link(path, dirs[0])
		return path
	}}, pointer{"link packs", func(p *pointerPlaces, git string) string {
		files, err := filepath.Glob(p.out(".git", "objects", "pack", "*"))
		p.ok(err)
		for _, file := range files {
			path := filepath.Join(git, "objects", "pack", filepath.Base(file))
			p.ok(os.MkdirAll(filepath.Dir(path), 0o755))
			p.ok(os.Symlink(file, path))
		}
		return filepath.Join(git, "objects", "pack", "pack-")
	}})
}

// TestPointersThatLeadOut makes sure that none of git's pointers is followed out of the
// audited folder, from each kind of git directory and in different spellings.
func TestPointersThatLeadOut(t *testing.T) {
	token := gittest.Token(1)
	template := pointerTemplate(t, token)
	for i, git := range []string{".git", "nested/.git", "bare.git", ".git/modules/sub"} {
		for j, ptr := range pointers() {
			spell := spellings[(i+j)%len(spellings)]
			t.Run(strings.Join([]string{git, ptr.name, spell}, "/"), func(t *testing.T) {
				p := copyPlaces(t, template, token, spell)
				p.check(p.named, ptr.point(p, p.in(filepath.FromSlash(git))))
			})
		}
	}
}

// copyPlaces copies the template. Absolute paths in it are the canary's own.
func copyPlaces(t *testing.T, template, token, spell string) *pointerPlaces {
	t.Helper()
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(top, os.DirFS(template)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("x", filepath.Join(top, "probe")); err != nil {
		t.Skip("this system does not allow links")
	}
	return &pointerPlaces{t: t, top: top, named: filepath.Join(top, "named"), canary: filepath.Join(top, "canary"), token: token, spell: spell}
}

// check audits a folder. Nothing of the canary may be found. Unless it is "", the path
// what must be named, with the command that scans its target.
func (p *pointerPlaces) check(dir, what string) {
	p.t.Helper()
	res, err := Audit(context.Background(), dir, Options{Jobs: 2})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, f := range res.Findings {
		p.t.Errorf("a token of %s is found: %+v", f.Rule, f.Locations)
	}
	if what == "" {
		return
	}
	rel, err := filepath.Rel(dir, what)
	p.ok(err)
	if !slices.ContainsFunc(res.Coverage.Unread, func(u result.Unread) bool {
		named := strings.HasPrefix(u.What, filepath.ToSlash(rel)) || filepath.Base(rel) == "index" && strings.HasSuffix(u.What, "the index")
		return named && strings.Contains(u.Reason, "elsewhere, which is not followed: ") && strings.Contains(u.Reason, ": r8scan ")
	}) {
		p.t.Errorf("%s is not named: %q", rel, res.Coverage.Unread)
	}
}

// TestDotGitThatLeadsOut makes sure that no .git, file or link, is followed to a
// repository that does not lead back: of the named folder, or of one in it.
func TestDotGitThatLeadsOut(t *testing.T) {
	token := gittest.Token(1)
	template := pointerTemplate(t, token)
	for i, target := range []string{"canary/.git", "canary/.git/worktrees/linked", "canary/.git/modules/m"} {
		for j, dir := range []string{"", "new", "nested"} {
			for k, kind := range []string{"file", "link"} {
				spell := spellings[(i+j+k)%len(spellings)]
				t.Run(strings.Join([]string{target, "in " + dir, kind, spell}, "/"), func(t *testing.T) {
					p := copyPlaces(t, template, token, spell)
					at, to := p.in(dir, ".git"), filepath.Join(p.top, filepath.FromSlash(target))
					p.ok(os.RemoveAll(at))
					if kind == "file" {
						p.write(at, "gitdir: "+p.to(filepath.Dir(at), to)+"\n")
					} else {
						p.link(at, to)
					}
					if dir == "" { // the named folder itself: there is no repository
						checkNamed(p)
					} else {
						p.check(p.named, at)
					}
				})
			}
		}
	}
}

// checkNamed scans a folder whose own .git leads out. An audit reads the files, and other
// scans do not start.
func checkNamed(p *pointerPlaces) {
	p.t.Helper()
	res, err := Audit(context.Background(), p.named, Options{})
	if err != nil {
		p.t.Fatal(err)
	}
	if len(res.Findings) > 0 || res.Coverage.Files == 0 || len(res.Coverage.Unread) == 0 || !strings.Contains(res.Coverage.Unread[0].Reason, "a repository elsewhere, which is not followed: audit that one by itself: r8scan audit ") {
		p.t.Errorf("findings %v, %d files, unread %q", res.Findings, res.Coverage.Files, res.Coverage.Unread)
	}
	for name, scan := range map[string]func(context.Context, string, Options) (*result.Result, error){"history": History, "staged": Staged} {
		if _, err := scan(context.Background(), p.named, Options{}); err == nil || !strings.Contains(err.Error(), "which is not followed: audit that one by itself: r8scan audit ") {
			p.t.Errorf("%s: %v", name, err)
		}
	}
}
