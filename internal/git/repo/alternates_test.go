package repo

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

// bare makes a folder that counts as a bare repository.
func bare(t testing.TB) *Repo {
	t.Helper()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "HEAD"), "ref: refs/heads/main\n")
	put(t, filepath.Join(dir, "objects", "info", "packs"), "")
	r, err := Within(dir).OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestAlternates follows alternates that are absolute, relative, quoted,
// missing, circular and too many.
func TestAlternates(t *testing.T) {
	r := bare(t)
	own := filepath.Join(r.Dir, "objects")
	dirs := []string{own}
	for i := range 8 {
		dirs = append(dirs, filepath.Join(r.Dir, "alt"+strconv.Itoa(i)))
	}
	put(t, filepath.Join(own, "info", "alternates"), "# a comment\n../alt0\n\n"+strconv.Quote(filepath.ToSlash(dirs[2]))+"\n/no/such/folder\n")
	for i, dir := range dirs[1:] {
		next := own // back to where it began
		if i > 0 && i < 7 {
			next = dirs[i+2]
		}
		put(t, filepath.Join(dir, "info", "alternates"), next+"\n")
	}
	got := r.ObjectDirs(nil).Dirs
	// alt1 is 1 step away, alt5 is 5 and alt6 is one too many
	if want := []string{own, dirs[1], filepath.FromSlash(dirs[2]), dirs[3], dirs[4], dirs[5], dirs[6]}; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	var said []string
	for _, p := range r.Problems {
		said = append(said, p.What)
	}
	slices.Sort(said)
	if want := []string{"/no/such/folder", dirs[7]}; !slices.Equal(said, want) {
		t.Errorf("problems with %q, want %q", said, want)
	}
}

// TestQuarantine reads the object directories that git names for a hook.
func TestQuarantine(t *testing.T) {
	r := bare(t)
	own := filepath.Join(r.Dir, "objects")
	quarantine := filepath.Join(own, "tmp_objdir-incoming-1")
	odd := filepath.Join(r.Dir, "o"+string(filepath.ListSeparator)+"d")
	other := filepath.Join(r.Dir, "other")
	for _, dir := range []string{quarantine, odd, other} {
		put(t, filepath.Join(dir, "info", "packs"), "")
	}
	env := map[string]string{
		"GIT_OBJECT_DIRECTORY":             quarantine,
		"GIT_ALTERNATE_OBJECT_DIRECTORIES": strings.Join([]string{own, strconv.Quote(odd), other}, string(filepath.ListSeparator)),
	}
	got := r.ObjectDirs(mapEnv(env)).Dirs
	if want := []string{quarantine, own, odd, other}; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := r.ObjectDirs(nil).Dirs; !slices.Equal(got, []string{own}) {
		t.Errorf("without the environment: %q", got)
	}
}

// noEnv is an environment without variables.
func noEnv(string) (string, bool) { return "", false }

// mapEnv looks up variables in a map.
func mapEnv(vars map[string]string) Lookup {
	return func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
}

// env returns a Lookup of the variables with which git runs in a test's
// repository.
func env(r *gittest.Repo) Lookup {
	vars := map[string]string{}
	for _, e := range r.Env {
		name, value, _ := strings.Cut(e, "=")
		vars[name] = value
	}
	return mapEnv(vars)
}
