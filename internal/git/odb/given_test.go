package odb

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/budget"
)

// TestGiven: given objects are read under their ids beside those of a pack, and by
// themselves, whatever their size.
func TestGiven(t *testing.T) {
	var list []Given
	for i, size := range []int{0, 1, 15, 16, 5000, 65535, 65536, 200_000} {
		list = append(list, Given{bytes.Repeat([]byte{byte(16 * i), 7}, 10), []Type{Commit, Tree, Blob, Tag}[i%4], []byte(strings.Repeat("x", size))})
	}
	s := OpenFolders(Folders{}, 20, LimitsOf(budget.New(0, 1)))
	AddGiven(s, list[:3])
	if s.Len() != 3 {
		t.Fatalf("%d objects", s.Len())
	}
	s = OpenFolders(Folders{}, 20, LimitsOf(budget.New(0, 1)))
	AddGiven(s, list)
	defer s.Close()
	for _, g := range list {
		o, ok := s.Find(g.ID)
		if !ok {
			t.Fatalf("%x is not there", g.ID)
		}
		if typ, data, err := s.Read(o); err != nil || typ != g.Type || !bytes.Equal(data, g.Data) {
			t.Errorf("%x: %s, %d bytes, %v", g.ID, typ, len(data), err)
		}
	}
	seen := &collectIDs{s: s}
	for _, f := range s.Families() {
		if err := (&Walker{Store: s}).Walk(context.Background(), f, seen); err != nil {
			t.Fatal(err)
		}
	}
	if slices.Sort(seen.ids); len(seen.ids) != len(list) {
		t.Errorf("%d objects were visited: %v", len(seen.ids), seen.ids)
	}
}

type collectIDs struct {
	s   *Store
	ids []string
}

func (c *collectIDs) Visit(n *Node) error {
	c.ids = append(c.ids, fmt.Sprint(c.s.Hex(n.Obj), n.Type, n.Size))
	return nil
}
func (c *collectIDs) Failed(o Obj, _ Type, err error) { c.ids = append(c.ids, err.Error(), "failed") }
