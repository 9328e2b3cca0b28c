package pool

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
)

// TestRun has jobs that add jobs: all of them run, and each goroutine has one
// worker.
func TestRun(t *testing.T) {
	const goroutines, depth = 4, 12
	var workers, ran atomic.Int64
	p := New(goroutines, func(*Pool[*int]) *int { workers.Add(1); return new(int) })
	var split func(left int) Job[*int]
	split = func(left int) Job[*int] {
		return func(_ context.Context, w *int) error {
			*w++ // the race detector sees a worker that two goroutines have
			ran.Add(1)
			if left > 0 {
				p.Add(split(left - 1))
				if !p.AddIfIdle(split(left - 1)) {
					p.Add(split(left - 1))
				}
			}
			return nil
		}
	}
	if err := p.Run(t.Context(), split(depth)); err != nil {
		t.Fatal(err)
	}
	if ran.Load() != 1<<(depth+1)-1 || workers.Load() != goroutines {
		t.Errorf("%d jobs on %d workers", ran.Load(), workers.Load())
	}
}

// TestRunEnds ends a run by a job's error and by its context.
func TestRunEnds(t *testing.T) {
	newPool := func() *Pool[int] { return New(3, func(*Pool[int]) int { return 0 }) }
	broken := errors.New("broken")
	if err := newPool().Run(t.Context(), func(context.Context, int) error { return broken }, wait); !errors.Is(err, broken) {
		t.Errorf("a job's error: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	if err := newPool().Run(ctx, wait, func(context.Context, int) error { stop(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("the context's end: %v", err)
	}
	if err := newPool().Run(t.Context()); err != nil {
		t.Errorf("no jobs: %v", err)
	}
}

func wait(ctx context.Context, _ int) error {
	<-ctx.Done()
	return ctx.Err()
}
