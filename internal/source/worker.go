package source

import (
	"context"
	"time"

	"r8scan/internal/budget"
	"r8scan/internal/git/odb"
	"r8scan/internal/pool"
	"r8scan/internal/search"
	"r8scan/rules"
)

// worker is what one goroutine keeps from job to job.
type worker struct {
	pool     *pool.Pool[*worker]
	memory   *budget.Account
	searcher *search.Searcher

	matches []rules.Match
	ranges  []odb.Range
	walkers map[*odb.Store]*odb.Walker
	links   links
}

type job = pool.Job[*worker]

// walker returns the worker's walker of a store.
func (w *worker) walker(s *odb.Store) *odb.Walker {
	v := w.walkers[s]
	if v == nil {
		v = &odb.Walker{Store: s, Memory: w.memory}
		w.walkers[s] = v
	}
	return v
}

// progressEvery is the time between two calls of Env.Progress.
const progressEvery = 100 * time.Millisecond

// run runs jobs, and the jobs that they add, to the end.
func (e *Env) run(ctx context.Context, jobs ...job) error {
	if e.Progress != nil {
		tick := time.NewTicker(progressEvery)
		done, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-tick.C:
					e.Progress(e.Sink)
				case <-done:
					return
				}
			}
		}()
		defer func() { tick.Stop(); close(done); <-stopped }()
	}
	return pool.New(e.Goroutines, func(p *pool.Pool[*worker]) *worker {
		memory := e.Budget.Account()
		return &worker{pool: p, memory: memory, searcher: search.New(e.Rules, e.Budget, memory), walkers: map[*odb.Store]*odb.Walker{}}
	}).Run(ctx, jobs...)
}
