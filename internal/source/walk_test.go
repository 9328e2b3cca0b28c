package source

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"r8scan/internal/budget"
	"r8scan/internal/collect"
	"r8scan/internal/git/gittest"
	"r8scan/internal/regular"
)

// walked is what a walk has told.
type walked struct {
	mu            sync.Mutex
	left          map[string]string
	told, reached []string
	read          []int64 // files, up to each that was reached
	files, bytes  int64
	found         []string // places, as shown
	stopAt        string   // the context ends once the walk has reached it
	stop          context.CancelFunc
	ended         bool
	err           error
}

// noLimits are limits that no test reaches.
var noLimits = WalkLimits{Files: math.MaxInt64, Bytes: math.MaxInt64, Entries: 1 << 20, FileTime: time.Hour}

// walk walks with a number of goroutines.
func walk(t *testing.T, goroutines int, s *Walk, stopAt string) *walked {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	got := &walked{left: map[string]string{}, stopAt: stopAt, stop: cancel}
	s.Left = func(path, reason string) {
		got.mu.Lock()
		defer got.mu.Unlock()
		got.left[path] = reason
	}
	s.Told = func(path string) bool {
		got.mu.Lock()
		defer got.mu.Unlock()
		got.told = append(got.told, path)
		return true
	}
	s.Reached = func(path string, files, bytes int64) {
		got.files, got.bytes = got.files+files, got.bytes+bytes
		if path == "" {
			return
		}
		got.read = append(got.read, got.files)
		if got.reached = append(got.reached, path); path >= got.stopAt && got.stopAt != "" {
			got.stop()
		}
	}
	b := budget.New(0, goroutines)
	env := &Env{Sink: collect.NewSink(b), Budget: b, Goroutines: goroutines}
	_, got.err = s.Read(ctx, env)
	hits, _ := env.Sink.Hits()
	for _, h := range hits {
		got.found = append(got.found, h.Path)
	}
	slices.Sort(got.found)
	got.found = slices.Compact(got.found)
	got.ended = s.Ended
	return got
}

// realTemp returns a temporary folder, through no link.
func realTemp(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// tree makes folders with files, some of which have a token, and returns their paths.
func tree(t *testing.T) (dir string, with []string) {
	t.Helper()
	dir = realTemp(t)
	n := 0
	for _, sub := range []string{"", "a", "a/b", "a.c", "b", "z/y/x", "z/z"} {
		for i := range 45 {
			path, text := filepath.Join(dir, filepath.FromSlash(sub), fmt.Sprintf("f%02d", i)), "nothing\n"
			if n++; n%29 == 0 {
				text = gittest.Token(n) + "\n"
				with = append(with, filepath.ToSlash(path))
			}
			put(t, path, text)
		}
	}
	slices.Sort(with)
	return dir, with
}

// TestWalkGoesOn stops a walk after each batch: another one that goes on from there
// finds what is left, and with what the first was told of, everything. Nothing is read
// twice.
func TestWalkGoesOn(t *testing.T) {
	dir, with := tree(t)
	first := func(path string) bool {
		return path == filepath.Join(dir, "z") || path == filepath.Join(dir, "z", "y")
	}
	whole := walk(t, 1, &Walk{Roots: []string{dir}, First: first, Limits: noLimits}, "")
	if whole.err != nil || !slices.Equal(whole.found, with) || whole.files != 7*45 || whole.ended {
		t.Fatalf("%v: %d files, found %v, want %v", whole.err, whole.files, whole.found, with)
	}
	if !strings.HasPrefix(whole.reached[0], filepath.Join(dir, "z", "y")) {
		t.Errorf("the walk begins at %s", whole.reached[0])
	}
	for i, path := range whole.reached {
		for _, goroutines := range []int{1, 3} {
			rest := walk(t, goroutines, &Walk{Roots: []string{dir}, First: first, Limits: noLimits, After: path}, "")
			if rest.err != nil || goroutines == 1 && !slices.IsSortedFunc(rest.reached, func(a, b string) int {
				return slices.Index(whole.reached, a) - slices.Index(whole.reached, b)
			}) {
				t.Fatalf("%v: reached %v", rest.err, rest.reached)
			}
			if before := whole.read[i]; rest.files != whole.files-before {
				t.Errorf("after %s: %d of %d files were read, and then %d", path, before, whole.files, rest.files)
			}
			again := walk(t, goroutines, &Walk{Roots: []string{dir}, First: first, Limits: noLimits, After: path, Again: whole.told}, "")
			if !slices.Equal(again.found, with) || again.files != rest.files {
				t.Errorf("after %s: found %v, want %v; %d files, want %d", path, again.found, with, again.files, rest.files)
			}
		}
	}
}

// TestWalkStops ends a walk from outside at some path: what it was told of and what
// comes after the last path that it has reached are all places.
func TestWalkStops(t *testing.T) {
	dir, with := tree(t)
	for _, at := range []string{"a", "a/b/f30", "b", "z/y"} {
		first := walk(t, 4, &Walk{Roots: []string{dir}, Limits: noLimits}, filepath.Join(dir, filepath.FromSlash(at)))
		if first.err == nil {
			t.Fatalf("%s: it was not stopped", at)
		}
		rest := walk(t, 4, &Walk{Roots: []string{dir}, Limits: noLimits, After: first.reached[len(first.reached)-1], Again: first.told}, "")
		if rest.err != nil || !slices.Equal(rest.found, with) {
			t.Errorf("stopped at %s: found %v, want %v", at, rest.found, with)
		}
	}
}

// TestWalkRoots goes on in the second of three roots, of which one is a file.
func TestWalkRoots(t *testing.T) {
	dir := realTemp(t)
	for _, name := range []string{"one/a", "two/a", "two/b", "three"} {
		put(t, filepath.Join(dir, filepath.FromSlash(name)), gittest.Token(1))
	}
	roots := []string{filepath.Join(dir, "one"), filepath.Join(dir, "two"), filepath.Join(dir, "three"), filepath.Join(dir, "gone")}
	got := walk(t, 2, &Walk{Roots: roots, Limits: noLimits, After: filepath.Join(dir, "two", "a")}, "")
	want := []string{filepath.ToSlash(filepath.Join(dir, "three")), filepath.ToSlash(filepath.Join(dir, "two", "b"))}
	if !slices.Equal(got.found, want) || !slices.Contains(got.told, roots[3]) {
		t.Errorf("found %v, want %v; told of %v", got.found, want, got.told)
	}
	got = walk(t, 2, &Walk{Roots: roots, Limits: noLimits, After: roots[2]}, "")
	if len(got.found) != 0 {
		t.Errorf("after the last: found %v", got.found)
	}
}

// TestWalkLimits ends a walk at each limit, and names what is behind it.
func TestWalkLimits(t *testing.T) {
	dir, with := tree(t)
	for name, change := range map[string]func(*WalkLimits){
		"files":   func(l *WalkLimits) { l.Files = 100 },
		"bytes":   func(l *WalkLimits) { l.Bytes = 1000 },
		"entries": func(l *WalkLimits) { l.Entries = 40 },
		"time":    func(l *WalkLimits) { l.FileTime = time.Nanosecond },
	} {
		limits := noLimits
		change(&limits)
		s := &Walk{Roots: []string{dir}, Limits: limits}
		got := walk(t, 2, s, "")
		if got.err != nil {
			t.Fatal(got.err)
		}
		if wantEnd := name == "files" || name == "bytes"; got.ended != wantEnd {
			t.Errorf("%s: ended is %v", name, got.ended)
		}
		if !got.ended && len(got.told) == 0 {
			t.Errorf("%s: nothing is told", name)
		}
		if name == "entries" && !slices.Contains(got.told, dir) {
			t.Errorf("the folder with too many entries is not told: %v", got.told)
		}
		if !got.ended {
			continue
		}
		var found []string
		for range 20 { // one after the other comes to the end
			found = append(found, got.found...)
			if !got.ended {
				break
			}
			got = walk(t, 2, &Walk{Roots: []string{dir}, Limits: limits, After: got.reached[len(got.reached)-1]}, "")
		}
		slices.Sort(found)
		if found = slices.Compact(found); !slices.Equal(found, with) {
			t.Errorf("%s: found %v, want %v", name, found, with)
		}
	}
}

// TestWalkLeaves has what a walk does not read: a left-out folder, objects of git, a
// refused file, links to outside and in a circle.
func TestWalkLeaves(t *testing.T) {
	dir, outside := realTemp(t), realTemp(t)
	token := gittest.Token(1)
	put(t, filepath.Join(outside, "x"), token)
	put(t, filepath.Join(dir, "mounted", "x"), token)
	put(t, filepath.Join(dir, "cloud"), token+strings.Repeat(" ", 100))
	put(t, filepath.Join(dir, "app", "f"), token)
	for _, name := range []string{"objects/12/34", "refs/heads/main"} {
		put(t, filepath.Join(dir, "app", ".git", filepath.FromSlash(name)), token)
	}
	put(t, filepath.Join(dir, "app", ".git", "HEAD"), "ref: refs/heads/main\n")
	want := map[string]string{filepath.Join(dir, "mounted"): "a mount", filepath.Join(dir, "cloud"): "large", filepath.Join(dir, "app"): LeftObjects}
	if runtime.GOOS != "windows" {
		for name, to := range map[string]string{"out": outside, "in": dir, "self": "self", "dead": "/no/such/file"} {
			if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		want[filepath.Join(dir, "out")] = LeftLink
	}
	got := walk(t, 2, &Walk{
		Roots: []string{dir}, Limits: noLimits,
		Leave: func(path string) string {
			if filepath.Base(path) == "mounted" {
				return "a mount"
			}
			return ""
		},
		Refuse: func(file *regular.File) string {
			if file.Size() > 100 {
				return "large"
			}
			return ""
		},
	}, "")
	if len(got.left) != len(want) {
		t.Errorf("left out are %v, want %v", got.left, want)
	}
	for path, reason := range want {
		if got.left[path] != reason {
			t.Errorf("%s: %q, want %q", path, got.left[path], reason)
		}
	}
	wantFound := []string{filepath.ToSlash(filepath.Join(dir, "app", ".git", "refs", "heads", "main")), filepath.ToSlash(filepath.Join(dir, "app", "f"))}
	if !slices.Equal(got.found, wantFound) {
		t.Errorf("found %v, want %v", got.found, wantFound)
	}
}
