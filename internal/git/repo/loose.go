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
	within []string // real paths of the folders around, behind links to folders
	ending bool     // a limit was passed
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
	w.within = []string{root}
	w.folder(root, "refs", 0)
}

// folder reads the refs in a folder, whose own name is that of a ref up to a
// slash. Like git it passes by what begins with a dot.
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
		case strings.HasPrefix(e.Name(), "."), strings.HasSuffix(ref, ".lock"): // git was or is writing the one, and passes by the other
		case e.IsDir():
			w.folder(below, ref, depth+1)
		case e.Type()&fs.ModeSymlink != 0:
			w.link(below, ref, depth)
		case e.Type()&fs.ModeSocket != 0: // it holds nothing
		default:
			w.file(below, ref, regular.Read)
		}
	}
}

// link reads a ref that is a link, or those in a folder that one leads to. Old
// versions of git made symbolic refs links. One that leads nowhere is no ref.
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
			return // it leads in a circle
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
	const entry = 100 // roughly what one takes in a map besides its text
	w.left.kept -= len(ref) + len(value) + entry
	w.raw[ref] = value
}

// refValue returns what the file of a ref says: an id, behind which there may be
// anything, or the name of another ref.
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

// linkedRef returns the ref to which the link at path leads by name, if it does.
func linkedRef(path string) (string, bool) {
	to, err := os.Readlink(path)
	to = filepath.ToSlash(to)
	return to, err == nil && isRef(to)
}
