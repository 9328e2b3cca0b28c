package odb

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// hasher checks that the content of each object matches its id.
type hasher struct {
	t      testing.TB
	s      *Store
	new    func() hash.Hash
	lies   bool // ids need not match: the store is damaged on purpose
	seen   map[Obj]bool
	failed map[Obj]string
}

func (h *hasher) Visit(n *Node) error {
	sum := h.new()
	fmt.Fprintf(sum, "%s %d\x00", n.Type, n.Size)
	if n.Stream != nil {
		if _, err := io.Copy(sum, n.Stream); err != nil {
			h.Failed(n.Obj, n.Type, err)
			return nil
		}
	} else {
		sum.Write(n.Data)
	}
	if !h.lies && !bytes.Equal(sum.Sum(nil), h.s.ID(n.Obj)) {
		h.t.Errorf("%s %s: what was read has another hash", n.Type, h.s.Hex(n.Obj))
	}
	if !n.Again {
		if h.seen[n.Obj] {
			h.t.Errorf("%s was reported twice", h.s.Hex(n.Obj))
		}
		h.seen[n.Obj] = true
	}
	return nil
}

func (h *hasher) Failed(o Obj, _ Type, why error) {
	if before, twice := h.failed[o]; twice {
		h.t.Errorf("%s failed twice: %s, %s", h.s.Hex(o), before, why)
	}
	h.failed[o] = why.Error()
}

// exactlyOnce checks that each object was either read or reported as unread.
func (h *hasher) exactlyOnce() {
	h.t.Helper()
	for o := range Obj(h.s.Len()) {
		switch _, failed := h.failed[o]; {
		case failed && h.seen[o]:
			h.t.Errorf("%s was read and failed: %s", h.s.Hex(o), h.failed[o])
		case !failed && !h.seen[o]:
			h.t.Errorf("%s was neither read nor named as unread", h.s.Hex(o))
		}
	}
}

// walkAll reads every object of the store and checks its id.
func walkAll(t testing.TB, s *Store) *hasher {
	t.Helper()
	h := walkWith(t, s, false)
	h.exactlyOnce()
	return h
}

// walkWith is walkAll for stores with false ids.
func walkWith(t testing.TB, s *Store, lies bool) *hasher {
	t.Helper()
	h := &hasher{t: t, s: s, new: sha1.New, lies: lies, seen: map[Obj]bool{}, failed: map[Obj]string{}}
	if s.HashLen() == sha256.Size {
		h.new = sha256.New
	}
	w := &Walker{Store: s}
	for _, f := range s.Families() {
		if err := w.Walk(context.Background(), f, h); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// TestRealRepository reads a whole repository, whose git directory
// R8SCAN_TEST_REPO names. Every id must match the content. Run it on any real
// repository.
func TestRealRepository(t *testing.T) {
	dir := os.Getenv("R8SCAN_TEST_REPO")
	if dir == "" {
		t.Skip("R8SCAN_TEST_REPO names no git directory")
	}
	s := openOwn([]string{filepath.Join(dir, "objects")}, sha1.Size, defaultLimits())
	defer s.Close()
	h := walkAll(t, s)
	for o, why := range h.failed {
		t.Errorf("%s: %s", s.Hex(o), why)
	}
	for _, p := range s.Problems() {
		t.Errorf("%s: %s", p.What, p.Reason)
	}
	if len(h.seen) != s.Len() {
		t.Errorf("read %d of %d objects", len(h.seen), s.Len())
	}
	t.Logf("read %d objects", len(h.seen))
}
