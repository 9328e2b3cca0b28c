package scanner

import (
	"errors"

	"r8scan/internal/archive"
	"r8scan/internal/git/odb"
)

var (
	errContent = errors.New("its content is not what its id says, which is lost or elsewhere: git fsck; what is there was searched")
	errCopy    = errors.New("a further copy of it holds something else than its id says; that was searched too")
)

// checkID compares an object with its id where that costs little: one in a file
// of its own, and one that will be reported; with Options.CheckIDs, each. It
// returns false, and has named it, if they do not belong together.
func (s *search) checkID(n *odb.Node, f archive.Format) bool {
	if outside(n) || !n.Loose && !s.run.opts.CheckIDs && len(s.w.matches) == 0 && !n.Matched() && !(n.Extra && f != archive.None) {
		return true
	}
	if s.repo.store.CheckID(n) {
		return true
	}
	s.mismatch(n)
	return false
}

// mismatch names an object whose content is not what its id says.
func (s *search) mismatch(n *odb.Node) {
	if n.Extra {
		s.Failed(n.Obj, n.Type, errCopy)
	} else {
		s.Failed(n.Obj, n.Type, errContent)
	}
}

// outside reports whether an object is handed over only since a delta builds on
// it: the place where it stands reports it.
func outside(n *odb.Node) bool { return n.Again && !n.Extra }
