package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
)

// globsAndPaths are the words that the test and the fuzz test put together.
var globsAndPaths = []struct{ glob, path string }{
	{"*.py", "src/a.py"},
	{"vendor/**", "a/vendor/b/c"},
	{"**/testdata/*.{gold,bin}", "x/testdata/y.bin"},
	{"{a,b/c}/d", "b/c/d"},
	{"a/**/z", "a/z/b/z/c"},
	{"a/**/b/**/c", "a/x/b/b/y/c"},
	{"**", "a"},
	{"**/", "a/b"},
	{"a/**/**", "a"},
	{"a/**/**/**/**/b", "a/b"},
	{"a***", "a"},
	{"a*/**", "a"},
	{"?*/**", "a/b"},
	{"*/**", "a"},
	{"a**", "ab/c"},
	{"a*{,b}", "a"},
	{"*{b,c}*", "ab"},
	{"/tmp/*", "/tmp/x/y"},
	{"/**", "/tmp"},
	{"", "a/b"},
	{"a//b", "a//b"},
	{"a/*", "a/"},
	{"a?c", "a/c"},
	{"a[!b]c", "a/c"},
	{`a\*`, "a*"},
	{"*é", "aé"},
	{"\xff", "\xfe"},
	{"\ufffd", "\xfe"},
	{"*a*b*", "xxabab"},
	{"?*", "a"},
	{"x*x", "x"},
	{"{a,b}/{c,d}/{e,f}/{g,h}/{i,j}/{k,l}", "a/c/e/g/i/k"},
	{strings.Repeat("a/", 70) + "a", strings.Repeat("a/", 70) + "a"},
}

// TestGlobs compares each glob with each path.
func TestGlobs(t *testing.T) {
	for _, a := range globsAndPaths {
		for _, b := range globsAndPaths {
			sameAsDoublestar(t, a.glob, b.path, "")
			sameAsDoublestar(t, a.glob, b.path, "a")
		}
	}
}

// TestGlobsArePlain makes sure that usual globs are compiled.
func TestGlobsArePlain(t *testing.T) {
	usual := compile("*.py", "vendor/", "**/testdata/*.{gold,bin}", "node_modules/**", "a/**/b?.txt", "/abs/*")
	if len(usual.other) > 0 {
		t.Errorf("not compiled: %q", usual.other)
	}
}

// FuzzGlobs makes sure that globs match what doublestar says, which also reads what
// is rare.
func FuzzGlobs(f *testing.F) {
	for _, s := range globsAndPaths {
		f.Add(s.glob, s.path, "")
		f.Add(s.glob, "a/"+s.path, "a")
	}
	f.Fuzz(func(t *testing.T, glob, path, top string) {
		if len(glob)+len(path) > 200 || strings.Count(glob, "{") > 4 || strings.Count(glob, "*") > 12 {
			return // doublestar takes too long
		}
		sameAsDoublestar(t, glob, path, top)
	})
}

// sameAsDoublestar fails if a glob matches otherwise than with doublestar.
func sameAsDoublestar(t *testing.T, glob, path, top string) {
	t.Helper()
	if !doublestar.ValidatePattern(glob) || !doublestar.ValidatePattern(strings.TrimSuffix(glob, "/")) {
		return
	}
	g, trimmed := compile(glob), strings.TrimSuffix(glob, "/")
	one := func(path string) bool {
		return doublestar.MatchUnvalidated(trimmed, path) || doublestar.MatchUnvalidated("**/"+trimmed, path)
	}
	anyOf := one(path)
	for i := len(top) + 1; i < len(path); i++ {
		anyOf = anyOf || path[i] == '/' && one(path[:i])
	}
	if got := g.matchOne(path); got != one(path) {
		t.Errorf("%q matches %q: %v, want %v", glob, path, got, !got)
	}
	if got := g.matchAny(path, top); got != anyOf {
		t.Errorf("%q matches %q or a folder below %q: %v, want %v", glob, path, top, got, !got)
	}
}

// BenchmarkGlobs compares a path with usual globs.
func BenchmarkGlobs(b *testing.B) {
	g := compile("*.min.js", "vendor/**", "**/testdata/*.{gold,bin}", "node_modules")
	path := fmt.Sprintf("%sfile.go", strings.Repeat("some-folder/", 10))
	for b.Loop() {
		g.matchAny(path, "")
	}
}
