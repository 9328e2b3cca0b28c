package budget

import (
	"sync"
	"sync/atomic"
	"testing"
)

// TestTogether has workers that all grow step by step beyond their shares: they
// come to an end, and never hold more than the budget together.
func TestTogether(t *testing.T) {
	const workers, steps = 8, 200
	b := New(1<<20, workers)
	step := b.Work / steps
	var held, most atomic.Int64
	var g sync.WaitGroup
	for range workers {
		g.Go(func() {
			a := b.Account()
			for range 20 {
				for range steps {
					a.Take(step)
					now := held.Add(step)
					for was := most.Load(); now > was && !most.CompareAndSwap(was, now); was = most.Load() {
					}
				}
				for range steps {
					held.Add(-step)
					a.Give(step)
				}
			}
			if a.held != 0 || a.alone {
				t.Errorf("%d bytes are held at the end, alone %v", a.held, a.alone)
			}
		})
	}
	g.Wait()
	if got := most.Load(); got > b.Total-b.Found {
		t.Errorf("%d bytes were held together, of a budget of %d", got, b.Total)
	}
}

func TestNil(t *testing.T) {
	var b *Budget
	a := b.Account()
	a.Take(1 << 60)
	if !a.Shares(1 << 60) {
		t.Error("the nil account has a limit")
	}
	a.Give(1 << 60)
}
