package repo

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// FuzzHead compares Refs.Read with Head, which reads no more than it must: where
// Head knows what HEAD is, it is the same. Nothing that stands in these files
// leads a reader out of the repository, or into a circle.
func FuzzHead(f *testing.F) {
	id := strings.Repeat("ab", 20)
	f.Add("ref: refs/heads/main\n", "", id+" refs/heads/main\n", "")
	f.Add("ref: refs/heads/a\n", "ref: refs/heads/a\n", "", "commondir")
	f.Add(id+"\n", id+"\n", "# pack-refs\n^"+id+"\n", "../outside")
	f.Add("ref: ../../../etc/passwd\n", "ref: refs/heads/main\n", id+" refs/heads/main", "gitdir: .git")
	f.Fuzz(func(t *testing.T, head, loose, packed, pointer string) {
		dir := t.TempDir()
		git := filepath.Join(dir, ".git")
		for name, text := range map[string]string{"HEAD": head, "refs/heads/a": loose, "packed-refs": packed, "objects/info/alternates": pointer,
			"shallow": pointer, "MERGE_HEAD": pointer, "worktrees/w/HEAD": head, "worktrees/w/gitdir": pointer, "logs/refs/stash": loose} {
			put(t, filepath.Join(git, filepath.FromSlash(name)), text)
		}
		r, err := Discover(dir, noEnv)
		if err != nil {
			t.Fatal(err)
		}
		_, all := r.Refs.Read()
		one, err := r.Refs.Head()
		if err == nil && one != all {
			t.Errorf("Head says %q, Read %q", one, all)
		}
		for range r.Worktrees() {
			r.Shallow()
		}
		if ids, err := r.Refs.Merging(nil); err == nil && len(ids) != len(strings.Fields(pointer)) {
			t.Errorf("%d ids are merged of %q", len(ids), pointer)
		}
		if dirs := r.ObjectDirs(nil).Dirs; len(dirs) == 0 || dirs[0] != filepath.Join(git, "objects") {
			t.Errorf("objects are in %v", dirs)
		}
	})
}

// FuzzGitFile takes anything as a .git file, and as what its folder says of
// the repository that it belongs to.
func FuzzGitFile(f *testing.F) {
	f.Add("gitdir: there\n", "..\n", "HEAD")
	f.Add("gitdir: .\n", "", "../.git")
	f.Add("gitdir: \x00", ".", "/")
	f.Fuzz(func(t *testing.T, file, common, back string) {
		dir := t.TempDir()
		put(t, filepath.Join(dir, ".git"), file)
		put(t, filepath.Join(dir, "there", "HEAD"), "ref: refs/heads/main\n")
		put(t, filepath.Join(dir, "there", "commondir"), common)
		put(t, filepath.Join(dir, "there", "gitdir"), back)
		r, err := Within(dir).Open(dir)
		if err != nil {
			return
		}
		if r.WorkTree != dir || r.IndexFile != filepath.Join(r.Dir, "index") || r.Hash != 20 {
			t.Errorf("%+v", r)
		}
	})
}

// FuzzConfigValue writes a value as git quotes it, behind anything else that parses:
// it is read back as it was.
func FuzzConfigValue(f *testing.F) {
	f.Add("[core]\n\tbare = false\n", "a b;c#d\"e\\f")
	f.Add("[a \"b\"]\n\tc = d \\\n e # x\n\tk\n", " spaces ")
	f.Add("\ufeff[core] bare = true", "")
	f.Fuzz(func(t *testing.T, text, value string) {
		if err := eachVariable([]byte(text), func(*variable) {}); err != nil || strings.ContainsAny(value, "\x00\r\n\t\b") || text != "" && !strings.HasSuffix(text, "\n") {
			return
		}
		whole := text + "[fuzz \"x\"]\n\tvalue = \"" + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + "\"\n"
		got, there := "", false
		err := eachVariable([]byte(whole), func(v *variable) {
			if v.section == "fuzz" && v.sub == "x" && v.key == "value" {
				got, there = string(v.value), true
			}
		})
		if err == nil && there && got != value { // the text may end within something that goes on in ours
			t.Errorf("%q is read as %q", value, got)
		}
	})
}

// FuzzWildmatch makes a glob of a path, by quoting and by putting wildcards in
// place of what they match: it matches. Any other glob only has to end.
func FuzzWildmatch(f *testing.F) {
	f.Add("a/b.c", "**/*.c", []byte{0, 1, 2, 3, 4})
	f.Add("dir/sub/[x]*", "[[:alpha:]]**?\\", []byte{5, 2, 2, 2, 1})
	f.Add("x", "[a-", []byte{3})
	f.Fuzz(func(t *testing.T, path, other string, how []byte) {
		match := func(glob, path string) bool {
			work := 1 << 30
			return wildmatch(glob, path, &work)
		}
		match(other, path)
		if quoted := quoteGlob(path); !match(quoted, path) || match(quoted, path+"x") || match(quoted+"x", path) {
			t.Errorf("%q does not match %q alone", quoted, path)
		}
		if glob := globOf(path, how); !match(glob, path) {
			t.Errorf("%q does not match %q", glob, path)
		}
	})
}

func quoteGlob(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.Write([]byte{'\\', c})
	}
	return b.String()
}

// globOf puts something that matches in place of each byte of a path, as how
// says.
func globOf(path string, how []byte) string {
	var b strings.Builder
	for i, c := range []byte(path) {
		n := byte(0)
		if len(how) > 0 {
			n = how[i%len(how)] % 6
		}
		starts := b.Len() == 0 || strings.HasSuffix(b.String(), "/")
		switch {
		case n == 1 && c != '/' && !strings.HasSuffix(b.String(), "*"):
			b.WriteString("*")
		case n == 2 && c != '/':
			b.WriteString("?")
		case n == 3 && c != '/':
			b.WriteString(`[\` + string([]byte{c}) + "]")
		case n == 4 && starts && c != '/':
			b.WriteString(`**/\` + string([]byte{c}))
		case n == 5 && c != '/':
			b.WriteString("[!/]")
		case c == '/':
			b.WriteByte(c)
		default:
			b.Write([]byte{'\\', c})
		}
	}
	return b.String()
}

// FuzzSplitPaths joins paths as git does in its environment: they are split
// again.
func FuzzSplitPaths(f *testing.F) {
	f.Add("/a/objects", "b c")
	f.Add(`"quoted"`, "with:colon;")
	f.Add(`"`, "\x00\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		splitPaths(a)
		if a == "" || b == "" {
			return
		}
		joined := strconv.Quote(a) + string(filepath.ListSeparator) + strconv.Quote(b)
		if got := splitPaths(joined); !slices.Equal(got, []string{a, b}) {
			t.Errorf("%s is split into %q", joined, got)
		}
	})
}
