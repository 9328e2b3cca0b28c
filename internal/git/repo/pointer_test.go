package repo

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

func link(t testing.TB, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Skip("links cannot be made here")
	}
}

// TestBounds checks paths below, beside and above the bounds, through links,
// and missing ones.
func TestBounds(t *testing.T) {
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	in := func(path string) string { return filepath.Join(top, filepath.FromSlash(path)) }
	for _, dir := range []string{"named/sub", "named-not", "other/sub"} {
		if err := os.MkdirAll(in(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	link(t, "../other", in("named/out"))
	link(t, "out", in("named/twice"))
	link(t, "named", in("to-named"))
	link(t, "../nowhere", in("named/nowhere"))
	link(t, "circle", in("named/circle"))
	b := Within(in("to-named"))
	for path, want := range map[string]bool{
		"named": true, "named/sub": true, "named/gone/x": true, "to-named/sub": true, "named/out/../sub": true,
		"named-not": false, "other": false, ".": false, "named/out": false, "named/out/sub": false, "named/out/gone": false,
		"named/twice/sub": false, "other/../named/sub": true,
	} {
		if got := b.Holds(in(path)); got != want {
			t.Errorf("%s: %v", path, got)
		}
		if got := b.reach(in(path)) == nil; got != want && path != "named/out/gone" {
			t.Errorf("%s can be reached: %v", path, got)
		}
	}
	for _, path := range []string{"named/nowhere", "named/circle", "other/gone"} { // reading them finds nothing
		if err := b.reach(in(path)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	wider := b.with(in("other/sub"), "")
	if !wider.Holds(in("named/out/sub")) || wider.Holds(in("other")) || b.Holds(in("other/sub")) {
		t.Error("wider bounds are wrong")
	}
	if none := (*Bounds)(nil); !none.Holds(in("other")) || none.with(in("other")) != nil {
		t.Error("without bounds something is refused")
	}
}

// TestCommands checks that shown commands mean the same in a shell.
func TestCommands(t *testing.T) {
	for path, want := range map[string]string{
		"/a/b-c_1.git":     ": r8scan audit /a/b-c_1.git",
		"/ä/ö":             ": r8scan audit /ä/ö",
		"/a b":             ": r8scan audit '/a b'",
		"/a'; rm -rf ~; '": `: r8scan audit '/a'\''; rm -rf ~; '\'''`,
		"/$(x)`y`":         ": r8scan audit '/$(x)`y`'",
		"/a\nb":            "",
		"/\x1b[31m":        "",
		"/\u202eb":         "",
		"/\xff":            "",
	} {
		if got := commandFor("audit", path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	for path, want := range map[string]string{
		"/x/.git": "/x", "/x/.git/worktrees/w": "/x", "/x/.git/modules/m/objects": "/x", "/x/y.git": "/x/y.git", "/x/.gitmodules": "/x/.gitmodules",
	} {
		if got, _ := storeTop(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// TestModulesInCircles must end where links among modules form circles.
func TestModulesInCircles(t *testing.T) {
	r := bare(t)
	modules := filepath.Join(r.Dir, "modules")
	for _, dir := range []string{"a", "b"} {
		if err := os.MkdirAll(filepath.Join(modules, dir), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, n := range []string{"1", "2"} {
			link(t, "../a", filepath.Join(modules, dir, "a"+n))
			link(t, "../b", filepath.Join(modules, dir, "b"+n))
			link(t, "..", filepath.Join(modules, dir, "up"+n))
		}
	}
	put(t, filepath.Join(modules, "b", "m", "objects", "x"), "")
	if got := r.modules(modules, map[string]bool{}); !slices.ContainsFunc(got, func(m string) bool { return filepath.Base(m) == "m" }) || len(got) > 3 {
		t.Errorf("%q", got)
	}
}

// TestLinkedTables checks that no reftable is read through a link that leads
// out.
func TestLinkedTables(t *testing.T) {
	r := bare(t)
	other := filepath.Join(t.TempDir(), "reftable")
	put(t, filepath.Join(other, "tables.list"), "x.ref\n")
	put(t, filepath.Join(other, "x.ref"), "x")
	own := filepath.Join(r.Dir, "reftable")
	r.Config.storage = inTables
	check := func(at string) {
		t.Helper()
		r.Problems = nil
		r.Refs.Read()
		if len(r.Problems) == 0 || r.Problems[0].What != at || !strings.Contains(r.Problems[0].Reason, "elsewhere, which is not followed") {
			t.Errorf("%q", r.Problems)
		}
		if _, err := r.Refs.Head(); err == nil {
			t.Error("HEAD is known")
		}
	}
	link(t, other, own)
	check(own)
	if err := os.Remove(own); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(own, "tables.list"), "x.ref\n")
	link(t, filepath.Join(other, "x.ref"), filepath.Join(own, "x.ref"))
	check(filepath.Join(own, "x.ref"))
}

// TestLentObjects checks which object directories are lent by alternates.
func TestLentObjects(t *testing.T) {
	r := gittest.New(t)
	r.Write("a", "a")
	r.Git("add", "a")
	r.Git("commit", "-qm", "one")
	g, err := Discover(r.Dir, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(g.Dir, "objects", "info", "alternates"), filepath.ToSlash(t.TempDir())+"\n")
	f := g.ObjectDirs(nil)
	if len(f.Dirs) != 2 || f.Lent[0] || !f.Lent[1] {
		t.Errorf("%+v", f)
	}
}
