package repo

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"

	"r8scan/internal/git/odb"
	"r8scan/internal/git/wire"
)

// IndexReader goes through the entries of an index in their order. It takes no
// memory for those that are passed by.
type IndexReader struct {
	Tree *CacheTree // of the root; nil if the index has none, or a damaged one

	parser entryParser
	count  int    // entries in all
	left   int    // of them, those that are not passed by
	all    []byte // entries and what is behind them
	rest   []byte // of all, from the next entry on, or behind that if it is parsed
	marks  []int  // where in all each markEvery-th entry begins; none in version 4
	next   Entry
	parsed bool // next is set
	wasted int  // entries passed by for what a cache tree told, and was not so
	err    error

	merged []Entry // of a split index, those that are not passed by; all is nil then
}

// use is Repo.UseIndex.
func (f *indexFile) use(use func(x *IndexReader)) error {
	data, unmap, err := f.open(f.path)
	if err != nil {
		return err
	}
	defer func() { _ = unmap() }() // a read-only map loses nothing
	sum := make(chan error, 1)
	go func() { sum <- odb.CatchFault(func() error { return checkSum(data, f.hash) }) }()
	err = odb.CatchFault(func() error {
		x, err := f.reader(data)
		if err != nil {
			return err
		}
		use(x)
		return x.err
	})
	return cmp.Or(<-sum, err) // damage explains the rest
}

// reader returns what reads the index in data, after a look at all of it.
func (f *indexFile) reader(data []byte) (*IndexReader, error) {
	x, split, err := newIndexReader(data, f.hash)
	if err != nil || !split {
		return x, err
	}
	whole, err := parseIndex(data, f.hash)
	if err == nil {
		err = f.merge(whole)
	}
	if err != nil {
		return nil, err
	}
	n := len(whole.Entries)
	return &IndexReader{Tree: whole.Tree, count: n, left: n, merged: whole.Entries}, nil
}

// newIndexReader returns what reads the entries in data, and whether there are
// more of them elsewhere.
func newIndexReader(data []byte, hash int) (x *IndexReader, split bool, err error) {
	p, n, rest, err := indexHeader(data, hash)
	if err != nil {
		return nil, false, err
	}
	behind, all := rest, p
	x = &IndexReader{parser: p, count: n, left: n, all: rest, rest: rest}
	for i := range n {
		if i%markEvery == 0 && p.version < 4 {
			x.marks = append(x.marks, len(rest)-len(behind))
		}
		if behind, err = all.next(behind, nil); err != nil {
			return nil, false, err
		}
	}
	var more Index
	if err := more.extensions(behind, hash); err != nil {
		return nil, false, err
	}
	x.Tree = more.Tree
	return x, more.link != nil, nil
}

// markEvery is how many entries are passed by one by one at most, but for those
// of version 4, which build on each other.
const markEvery = 64

var errSum = errors.New("it does not have the checksum that it ends with: it is damaged")

// checkSum compares an index with the checksum at its end. Zeros there say
// that there is none: index.skipHash.
func checkSum(text []byte, hash int) error {
	if len(text) < hash {
		return errIndexShort
	}
	body, want := text[:len(text)-hash], text[len(text)-hash:]
	if bytes.Equal(want, make([]byte, hash)) {
		return nil
	}
	sum := wire.NewHash(hash)
	sum.Write(body)
	if !bytes.Equal(sum.Sum(nil), want) {
		return errSum
	}
	return nil
}

// Peek returns the next entry, nil at the end. It is valid until Pass.
func (x *IndexReader) Peek() *Entry {
	switch {
	case x.left == 0:
		return nil
	case x.all == nil:
		return &x.merged[0]
	case !x.parsed:
		x.rest, x.err = x.parser.next(x.rest, &x.next)
		if x.err != nil { // it was none when the reader was made: the file has changed
			x.left = 0
			return nil
		}
		x.parsed = true
	}
	return &x.next
}

// Pass passes the next n entries by.
func (x *IndexReader) Pass(n int) {
	n = min(n, x.left)
	x.left -= n
	if x.all == nil {
		x.merged = x.merged[n:]
		return
	}
	if x.parsed && n > 0 {
		x.parsed = false
		n--
	}
	if to := x.count - x.left; n >= markEvery && len(x.marks) > 0 && to < x.count {
		x.rest, n = x.all[x.marks[to/markEvery]:], to%markEvery
	}
	for ; n > 0; n-- {
		if x.rest, x.err = x.parser.next(x.rest, nil); x.err != nil {
			x.left = 0
			return
		}
	}
}

// PassFolder passes all entries by whose paths begin with prefix, of which there
// is one next, if t tells how many there are. It reports whether it did: where t
// tells something that is not so, it does not. To find out takes time, so where
// much is not so, nothing is believed.
func (x *IndexReader) PassFolder(prefix string, t *CacheTree) bool {
	if x.wasted > maxWasted*x.count || t == nil || t.count < 1 || t.count > x.left {
		return false
	}
	was := *x
	was.parser.path = slices.Clone(x.parser.path)
	in := func() bool {
		e := x.Peek()
		return e != nil && strings.HasPrefix(e.Path, prefix)
	}
	x.Pass(t.count - 1)
	if in() {
		if x.Pass(1); x.left == 0 || !in() {
			return true
		}
	}
	*x = was
	x.wasted += t.count
	return false
}

// maxWasted is how many times all entries may be passed by in vain.
const maxWasted = 16
