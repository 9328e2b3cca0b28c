package source

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"r8scan/internal/regular"
)

// batchLen is how many entries a worker takes at a time.
const batchLen = 32

// walker goes through the folders of a Walk. It lists a folder when a worker needs more
// to read, so that little is held.
type walker struct {
	files
	walk  *Walk
	bytes atomic.Int64 // of the files that were opened

	mu       sync.Mutex
	starts   []start  // what is still to be read, in order
	stack    []*frame // the folders that the walk is in
	held     int      // their entries
	entries  int64    // that were given to workers, without folders
	batches  int64
	building *batch // the next one
	ended    bool   // by a limit

	done     sync.Mutex
	finished map[int64]*batch // that come after one that is not finished
	reached  int64            // how many batches are finished, without a gap
	sticks   bool             // see batch
}

// start is where a part of a walk begins.
type start struct {
	path  string
	again bool     // it is read again: the walk gets no further with it
	after []string // names that lead to the path behind which the walk goes on; nil to read all
}

// frame is a folder with what is left of its entries.
type frame struct {
	folder
	again   bool
	entries []entry
	after   []string // as in start, for the first entry
}

// entry is an entry of a folder.
type entry struct {
	name string
	mode fs.FileMode // type bits
}

// item is something to read.
type item struct {
	folder
	mode  fs.FileMode
	again bool
}

// batch is what a worker reads at a time.
type batch struct {
	number       int64
	items        []item
	last         string // how far the walk is with it; "" for what is read again
	files, bytes int64  // that were read, without what was read again
	sticks       bool   // no other walk may go on behind it: something in it could not be kept
}

func newWalker(s *Walk, r files) *walker {
	w := &walker{files: r, walk: s, finished: map[int64]*batch{}}
	for _, path := range s.Again {
		w.starts = append(w.starts, start{path: path, again: true})
	}
	first := len(w.starts)
	for _, root := range s.Roots {
		next := start{path: root}
		if rel, err := filepath.Rel(root, s.After); s.After != "" && err == nil && filepath.IsLocal(rel) {
			w.starts = w.starts[:first] // the roots before it were read
			next.after = strings.Split(rel, string(filepath.Separator))
		}
		w.starts = append(w.starts, next)
	}
	return w
}

// next returns the next batch, nil if there is none.
func (w *walker) next() *batch {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := &batch{number: w.batches}
	w.building = b
	for len(b.items) < batchLen && !w.ended {
		it, ok := w.step()
		if !ok {
			break
		}
		b.items = append(b.items, it)
		if !it.again {
			b.last = it.path
		}
	}
	if len(b.items) == 0 {
		return nil
	}
	w.batches++
	return b
}

// step returns the next thing to read, and lists it if it is a folder.
func (w *walker) step() (item, bool) {
	for {
		if len(w.stack) == 0 {
			if len(w.starts) == 0 {
				return item{}, false
			}
			s := w.starts[0]
			w.starts = w.starts[1:]
			if it, ok := w.begin(s); ok {
				return it, true
			}
			continue
		}
		top := w.stack[len(w.stack)-1]
		if len(top.entries) == 0 {
			w.stack = w.stack[:len(w.stack)-1]
			continue
		}
		e, after := top.entries[0], top.after
		it := item{top.child(e.name), e.mode, top.again}
		if !e.mode.IsDir() && w.over(it) {
			return item{}, false
		}
		top.entries, top.after = top.entries[1:], nil
		w.held--
		if !e.mode.IsDir() {
			return it, true
		}
		w.enter(it, after)
		if after == nil {
			return it, true
		} // else its name was searched before
	}
}

// begin begins with a root, or with something that is to be read again. It returns
// false if there is nothing to read but what is in the folder.
func (w *walker) begin(s start) (item, bool) {
	info, err := os.Lstat(s.path)
	if err != nil {
		if !s.again { // else it is gone
			w.tell(w.building, s.path)
			w.env.Sink.Unread(filepath.ToSlash(s.path), regular.Reason(err))
		}
		return item{}, false
	}
	it := item{rootFolder(s.path, info.IsDir()), info.Mode(), s.again}
	if info.IsDir() {
		w.enter(it, s.after)
	} else if s.after != nil {
		return item{}, false
	}
	return it, s.after == nil
}

// enter lists a folder and leaves out what comes before the path after it.
func (w *walker) enter(it item, after []string) {
	f := &frame{folder: it.folder, again: it.again, entries: w.list(it.folder)}
	if len(after) > 0 {
		f.entries, f.after = w.skip(it.path, f.entries, after)
	}
	w.held += len(f.entries)
	w.stack = append(w.stack, f)
}

// skip returns the entries that are still to be read, and what is left of after for
// the first one.
func (w *walker) skip(dir string, entries []entry, after []string) ([]entry, []string) {
	isFirst := w.firstIn(dir)
	passed := isFirst(after[0])
	for i, e := range entries {
		switch first := isFirst(e.name); {
		case first && !passed, first == passed && e.name < after[0]:
			continue
		case e.name != after[0]:
			return entries[i:], nil
		case e.mode.IsDir():
			return entries[i:], after[1:]
		default:
			return entries[i+1:], nil
		}
	}
	return nil, nil
}

// over reports whether a limit is reached, and names what is not read.
func (w *walker) over(next item) bool {
	limits := w.walk.Limits
	switch {
	case w.entries >= limits.Files:
		w.env.Sink.Unread(next.name, fmt.Sprintf(overReason, limits.Files, "files"))
	case w.bytes.Load() >= limits.Bytes:
		w.env.Sink.Unread(next.name, fmt.Sprintf(overReason, limits.Bytes, "bytes"))
	default:
		w.entries++
		return false
	}
	w.ended, w.walk.Ended = true, true
	return true
}

// overReason says what is not read when a limit is reached.
const overReason = "nor was what comes after it: the limit of %d %s is reached; search again to go on from here"

// tell tells of a path in a batch that another walk has to read again.
func (w *walker) tell(b *batch, path string) {
	if !w.walk.Told(path) {
		b.sticks = true
	}
}

// finish notes that a batch was read, and tells how far the walk is now.
func (w *walker) finish(b *batch) {
	w.done.Lock()
	defer w.done.Unlock()
	b.items = nil
	w.finished[b.number] = b
	for {
		b := w.finished[w.reached]
		if b == nil {
			return
		}
		delete(w.finished, w.reached)
		w.reached++
		if w.sticks = w.sticks || b.sticks; w.sticks {
			b.last = ""
		}
		w.walk.Reached(b.last, b.files, b.bytes)
	}
}
