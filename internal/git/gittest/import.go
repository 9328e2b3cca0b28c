package gittest

import (
	"fmt"
	"strings"
)

// Import writes a stream for git fast-import, which makes histories thousands
// of times faster than git commit.
type Import struct {
	b     strings.Builder
	marks int
	clock int64
}

// Blob adds a blob and returns its mark.
func (m *Import) Blob(content string) int {
	m.marks++
	fmt.Fprintf(&m.b, "blob\nmark :%d\ndata %d\n%s\n", m.marks, len(content), content)
	return m.marks
}

// File is a file of a commit: a mark, or -1 to delete the path.
type File struct {
	Path string
	Mark int
	Mode string // "" for 100644
}

// Commit adds a commit on a ref and returns its mark. files change those of the
// first parent; without parents it is a root commit. Each commit is one minute
// newer than the one before.
func (m *Import) Commit(ref, message string, parents []int, files ...File) int {
	m.marks++
	m.clock += 60
	if len(parents) == 0 {
		fmt.Fprintf(&m.b, "reset %s\n", ref)
	}
	fmt.Fprintf(&m.b, "commit %s\nmark :%d\n", ref, m.marks)
	for _, who := range []string{"author", "committer"} {
		fmt.Fprintf(&m.b, "%s Ada <ada@example.org> %d +0100\n", who, 1700000000+m.clock)
	}
	fmt.Fprintf(&m.b, "data %d\n%s\n", len(message), message)
	for i, p := range parents {
		keyword := "merge"
		if i == 0 {
			keyword = "from"
		}
		fmt.Fprintf(&m.b, "%s :%d\n", keyword, p)
	}
	for _, f := range files {
		mode := f.Mode
		if mode == "" {
			mode = "100644"
		}
		if f.Mark < 0 {
			fmt.Fprintf(&m.b, "D %s\n", f.Path)
		} else {
			fmt.Fprintf(&m.b, "M %s :%d %s\n", mode, f.Mark, f.Path)
		}
	}
	m.b.WriteByte('\n')
	return m.marks
}

// Tag adds an annotated tag of a mark and returns its mark.
func (m *Import) Tag(name, message string, of int) int {
	m.marks++
	m.clock += 60
	fmt.Fprintf(&m.b, "tag %s\nmark :%d\nfrom :%d\ntagger Ada <ada@example.org> %d +0100\ndata %d\n%s\n",
		name, m.marks, of, 1700000000+m.clock, len(message), message)
	return m.marks
}

// Reset sets a ref to the object with a mark; 0 deletes the ref.
func (m *Import) Reset(ref string, mark int) {
	fmt.Fprintf(&m.b, "reset %s\n", ref)
	if mark == 0 {
		m.b.WriteString("from 0000000000000000000000000000000000000000\n\n")
		return
	}
	fmt.Fprintf(&m.b, "from :%d\n\n", mark)
}

// Run runs the import and returns the ids, in hex, by mark. args are passed to
// git fast-import.
func (m *Import) Run(r *Repo, args ...string) map[int]string {
	r.T.Helper()
	marks := strings.ReplaceAll(r.T.TempDir(), `\`, "/") + "/marks"
	r.GitInput(m.b.String(), append([]string{"fast-import", "--quiet", "--force", "--export-marks=" + marks}, args...)...)
	ids := map[int]string{}
	for _, line := range Lines(r.readFile(marks)) {
		var n int
		var id string
		if _, err := fmt.Sscanf(line, ":%d %s", &n, &id); err != nil {
			r.T.Fatal(err)
		}
		ids[n] = id
	}
	return ids
}
