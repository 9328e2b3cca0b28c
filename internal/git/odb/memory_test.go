package odb

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"r8scan/internal/budget"
)

// TestSharedMemory walks families that exceed the share of a worker, and others
// that exceed the limit, with workers that share one budget and split families.
// With any number of workers the same objects must be read, and all memory must
// be returned.
func TestSharedMemory(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	b := newBuilder()
	for range 5 {
		grow(b, r)
	}
	dir := t.TempDir()
	b.write(t, dir, "pack-1")
	var want map[string]string
	for _, workers := range []int{1, 2, 8} {
		memory := budget.New(budget.Min, workers)
		s := openOwn([]string{dir}, 20, LimitsOf(memory))
		got := walkTogether(t, s, memory, workers)
		s.Close()
		if want == nil {
			want = got
			if n := count(want, "limit passed"); n == 0 || n == len(want) {
				t.Fatalf("%d of %d objects pass a limit", n, len(want))
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%d workers read other objects than one", workers)
		}
	}
}

// grow adds a base and deltas on it, of up to 26 MB each.
func grow(b *builder, r *rand.Rand) {
	_, at := b.object(Blob, fmt.Sprintf("%065536d", len(b.entries)))
	bases, sizes := []uint64{at}, []int{1 << 16}
	for range 10 {
		on := r.IntN(len(bases))
		var d []byte
		size := (1 + r.IntN(400)) << 16
		d = binary.AppendUvarint(d, uint64(sizes[on]))
		d = binary.AppendUvarint(d, uint64(size))
		for range size >> 16 {
			d = append(d, 0x80) // copies 65536 bytes from the start
		}
		bases = append(bases, b.ofs(fakeID(len(b.entries)), bases[on], d))
		sizes = append(sizes, size)
	}
}

func count(in map[string]string, what string) (n int) {
	for _, why := range in {
		if strings.Contains(why, what) {
			n++
		}
	}
	return n
}

// outcomes is a visitor that records the size of each object, or why it failed.
type outcomes struct {
	s   *Store
	mu  sync.Mutex
	out map[string]string
}

func (v *outcomes) Visit(n *Node) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.out[v.s.Hex(n.Obj)] = fmt.Sprint(n.Size, n.Held())
	return nil
}

func (v *outcomes) Failed(o Obj, _ Type, why error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.out[v.s.Hex(o)] = why.Error()
}

// walkTogether walks all families with a number of workers.
func walkTogether(t *testing.T, s *Store, memory *budget.Budget, workers int) map[string]string {
	t.Helper()
	v := &outcomes{s: s, out: map[string]string{}}
	queue := make(chan Family, 1000)
	var open, running sync.WaitGroup
	for _, f := range s.Families() {
		open.Add(1)
		queue <- f
	}
	for range workers {
		running.Go(func() {
			w := &Walker{Store: s, Memory: memory.Account(), Share: func(f Family) bool {
				open.Add(1)
				select {
				case queue <- f:
					return true
				default:
					open.Done()
					return false
				}
			}}
			for f := range queue {
				if err := w.Walk(context.Background(), f, v); err != nil {
					t.Error(err)
				}
				if w.Memory.Held() != 0 {
					t.Errorf("%d bytes are held after a walk", w.Memory.Held())
				}
				open.Done()
			}
		})
	}
	open.Wait()
	close(queue)
	running.Wait()
	return v.out
}

// TestManyCopies has a delta with more copies than can be listed. Its result is
// treated as a whole object.
func TestManyCopies(t *testing.T) {
	b := newBuilder()
	_, at := b.object(Blob, strings.Repeat("ab", 50))
	n := maxCopies + 10
	d := binary.AppendUvarint([]byte{100}, uint64(n))
	for i := range n {
		d = append(d, 0x91, byte(i*7%100), 1)
	}
	b.ofs(fakeID(1), at, d)
	dir := t.TempDir()
	b.write(t, dir, "pack-1")
	s := openOwn([]string{dir}, 20, defaultLimits())
	defer s.Close()
	h := walkWith(t, s, true)
	h.exactlyOnce()
	w := &Walker{Store: s, Sparse: true}
	whole := 0
	for _, f := range s.Families() {
		if err := w.Walk(context.Background(), f, visitFunc(func(n *Node) {
			if n.Base == nil && !n.gaps && len(n.copies) == 0 {
				whole++
			}
		})); err != nil {
			t.Fatal(err)
		}
	}
	if whole != 2 {
		t.Errorf("%d objects were handed on whole, want 2", whole)
	}
}

type visitFunc func(*Node)

func (f visitFunc) Visit(n *Node) error { f(n); return nil }

func (f visitFunc) Failed(Obj, Type, error) {}
