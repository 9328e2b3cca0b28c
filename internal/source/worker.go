package source

import (
	"context"

	"r8scan/internal/budget"
	"r8scan/internal/collect"
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
	meter    *collect.Meter

	matches []rules.Match
	ranges  []odb.Range
	walkers map[*odb.Store]*odb.Walker
	links   links
	named   []uint64 // what a sift has taken lately
}

type job = pool.Job[*worker]

// walker returns the worker's walker of a store.
func (w *worker) walker(s *odb.Store) *odb.Walker {
	v := w.walkers[s]
	if v == nil {
		v = &odb.Walker{Store: s, Memory: w.memory, Done: &w.meter.Done}
		w.walkers[s] = v
	}
	return v
}

// run runs jobs, and the jobs that they add, to the end.
func (e *Env) run(ctx context.Context, jobs ...job) error {
	return pool.New(e.Goroutines, func(p *pool.Pool[*worker]) *worker {
		memory := e.Budget.Account()
		return &worker{pool: p, memory: memory, searcher: search.New(e.Rules, e.Budget, memory), meter: e.Sink.Meter, walkers: map[*odb.Store]*odb.Walker{}}
	}).Run(ctx, jobs...)
}
