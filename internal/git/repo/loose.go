package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"r8scan/internal/regular"
)

// refLimits bound the walk through a folder of refs.
type refLimits struct {
	entries int // files and folders
	depth   int // of folders in each other
	kept    int // bytes of memory, about
}

func defaultRefLimits() refLimits {
	return refLimits{entries: 5_000_000, depth: 500, kept: 256 << 20}
}

// looseRefs is a walk through the files that are refs.
type looseRefs struct {
	place  *Place
	raw    map[string]string // name → what the file says
	left   refLimits
	ending bool // a limit was passed
}

// readLoose adds the refs that are files in dir's refs folder to raw.
func readLoose(p *Place, raw map[string]string, dir string, limits refLimits) {
	root := filepath.Join(dir, "refs")
	if err := p.Reach(root); err != nil {
		p.problem(root, err.Error()+": its refs are unknown")
		return
	}
	if real, err := filepath.EvalSymlinks(root); err == nil {
		root = real // a second work tree may be made of links: git-new-workdir
	}
	w := looseRefs{place: p, raw: raw, left: limits}
	w.folder(root, "refs", 0)
}

// folder reads the refs in a folder, whose own name is that of a ref up to a
// slash. Folders that are links are not entered: they could lead in circles.
func (w *looseRefs) folder(path, name string, depth int) {
	if depth > w.left.depth {
		w.place.problem(path, fmt.Sprintf("it is in more than %d folders of refs: those in it are unknown", w.left.depth))
		return
	}
	entries, err := regular.List(path, w.left.entries)
	if err != nil && (depth > 0 || !errors.Is(err, fs.ErrNotExist)) {
		w.place.problem(path, why(err))
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
		case e.IsDir():
			w.folder(below, ref, depth+1)
		case strings.HasSuffix(ref, ".lock"): // git was or is writing it
		default:
			w.file(below, ref, e)
		}
	}
}

// file reads one ref. Old versions of git made symbolic refs links.
func (w *looseRefs) file(path, ref string, e fs.DirEntry) {
	read := regular.Read
	if e.Type()&fs.ModeSymlink != 0 {
		if to, ok := linkedRef(path); ok {
			w.add(ref, "ref: "+to)
			return
		}
		read = w.place.read
	}
	text, err := read(path, refMax)
	if err != nil {
		w.place.problem(path, why(err))
		return
	}
	w.add(ref, firstLine(text))
}

func (w *looseRefs) add(ref, value string) {
	const entry = 100 // roughly what one takes in a map besides its text
	w.left.kept -= len(ref) + len(value) + entry
	w.raw[ref] = value
}

// linkedRef returns the ref to which the link at path leads by name, if it does.
func linkedRef(path string) (string, bool) {
	to, err := os.Readlink(path)
	to = filepath.ToSlash(to)
	return to, err == nil && isRef(to)
}
