package history

import (
	"context"
	"sync/atomic"

	"r8scan/internal/budget"
	"r8scan/internal/git/odb"
	"r8scan/internal/pool"
)

// reader is the state of one goroutine that reads a store.
type reader struct {
	pool    *pool.Pool[*reader]
	walker  *odb.Walker
	visitor odb.Visitor
}

// Read returns the part of a store's history that leads to hits; without hits,
// the graph of all commits. It uses a number of goroutines and the memory of b, and
// counts on done, which may be nil, how much of the store is read. It returns an
// error only if ctx is done.
func Read(ctx context.Context, store *odb.Store, hits []Hit, b *budget.Budget, goroutines int, done *atomic.Int64) (*Graph, error) {
	g := NewGraph(store, hits)
	p := pool.New(goroutines, func(p *pool.Pool[*reader]) *reader {
		w := &odb.Walker{Store: store, Memory: b.Account(), Want: g.Want, Done: done}
		return &reader{p, w, g.Visitor()}
	})
	var jobs []pool.Job[*reader]
	for _, f := range store.Families() {
		jobs = append(jobs, family(f))
	}
	if err := p.Run(ctx, jobs...); err != nil {
		return nil, err
	}
	g.Finish()
	return g, nil
}

// family returns the job of walking a family of objects.
func family(f odb.Family) pool.Job[*reader] {
	return func(ctx context.Context, r *reader) error {
		r.walker.Share = func(part odb.Family) bool { return r.pool.AddIfIdle(family(part)) }
		return r.walker.Walk(ctx, f, r.visitor)
	}
}
