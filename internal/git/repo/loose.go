package repo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/regular"
)

// refLimits limit the walk through a folder of refs.
type refLimits struct {
	entries int // files and folders
	depth   int // of nested folders
	kept    int // approximate bytes of memory
}

func defaultRefLimits() refLimits {
	return refLimits{entries: 5_000_000, depth: 500, kept: 256 << 20}
}

// looseRefs walks through the files of loose refs.
type looseRefs struct {
	place  *Place
	raw    map[string]string // name → content of the file
	left   refLimits
	within []string // real paths of the outer folders, to detect circles of links
	ending bool     // a limit was passed
}

// readLoose adds the loose refs in the refs folder of dir to raw.
func readLoose(p *Place, raw map[string]string, dir string, limits refLimits) {
	root := filepath.Join(dir, "refs")
	if err := p.Reach(root); err != nil {
		p.problem(root, err.Error()+": its refs are unknown")
		return
	}
	if real, err := filepath.EvalSymlinks(root); err == nil {
		root = real // git-new-workdir makes work trees whose refs folder is a link
	}
	w := looseRefs{place: p, raw: raw, left: limits}
	w.within = []string{root}
	w.folder(root, "refs", 0)
}

// folder reads the refs in a folder. name is the prefix of their names, with a
// slash. Like git it ignores names that start with a dot.
func (w *looseRefs) folder(path, name string, depth int) {
	if depth > w.left.depth {
		w.place.problem(path, fmt.Sprintf("it is in more than %d folders of refs: those in it are unknown", w.left.depth))
		return
	}
	entries, err := regular.List(path, w.left.entries)
	if err != nil && (depth > 0 || !errors.Is(err, fs.ErrNotExist)) {
		w.place.problem(path, regular.Cause(err))
	}
	for _, e := range entries {
		if w.ending {
			return
		}
		if w.left.entries--; w.left.entries < 0 || w.left.kept < 0 {
			w.ending = true
			w.place.problem(path, "there are more refs than can be held: this one's and those behind it are unknown")
			return
		}
		below, ref := filepath.Join(path, e.Name()), name+"/"+e.Name()
		switch {
		case strings.HasPrefix(e.Name(), "."), strings.HasSuffix(ref, ".lock"): // git ignores both: a .lock file is being written
		case e.IsDir():
			w.folder(below, ref, depth+1)
		case e.Type()&fs.ModeSymlink != 0:
			w.link(below, ref, depth)
		case e.Type()&fs.ModeSocket != 0: // a socket has no content
		default:
			w.file(below, ref, regular.Read)
		}
	}
}

// link reads a ref that is a link, or the refs in a folder that a link leads
// to. Old versions of git wrote symbolic refs as links. A link that leads
// nowhere is no ref.
func (w *looseRefs) link(path, ref string, depth int) {
	if to, ok := linkedRef(path); ok {
		w.add(ref, "ref: "+to)
		return
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
	case !info.IsDir():
		w.file(path, ref, w.place.read)
	case w.place.Reach(path) != nil:
		w.place.problem(path, w.place.Reach(path).Error())
	default:
		real := realPath(path)
		if slices.ContainsFunc(w.within, func(dir string) bool { return isBelow(real, dir) }) {
			return // the links form a circle
		}
		w.within = append(w.within, real)
		w.folder(real, ref, depth+1)
		w.within = w.within[:len(w.within)-1]
	}
}

// file reads one ref with a function that reads files.
func (w *looseRefs) file(path, ref string, read func(path string, limit int64) ([]byte, error)) {
	text, err := read(path, refMax)
	if err != nil {
		w.place.problem(path, regular.Cause(err))
		return
	}
	w.add(ref, refValue(text))
}

func (w *looseRefs) add(ref, value string) {
	const entry = 100 // approximate bytes of a map entry besides its text
	w.left.kept -= len(ref) + len(value) + entry
	w.raw[ref] = value
}

// refValue returns the content of a ref file: an id, after which anything may
// follow, or the name of another ref.
func refValue(text []byte) string {
	if bytes.HasPrefix(text, []byte("ref:")) {
		return firstLine(text)
	}
	word, _, _ := bytes.Cut(text, []byte("\n"))
	if i := bytes.IndexAny(word, " \t\v\f\r"); i >= 0 {
		word = word[:i]
	}
	return string(word)
}

// linkedRef returns the ref that the link at path names, if it names one.
func linkedRef(path string) (string, bool) {
	to, err := os.Readlink(path)
	to = filepath.ToSlash(to)
	return to, err == nil && isRef(to)
}
