package scanner

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"r8scan/internal/budget"
	"r8scan/internal/git/odb"
	"r8scan/rules"
)

// job is one piece of work: a folder, a file, a family of objects. It may add
// further jobs through its worker. An error ends the whole scan, so a job
// returns one only when the context is done.
type job func(ctx context.Context, w *worker) error

// pool runs jobs side by side. The newest job runs first: jobs add jobs, and
// depth first keeps the queue short. All goroutines of a scan are its workers.
type pool struct {
	mu      sync.Mutex
	changed sync.Cond
	budget  *budget.Budget // of the workers' memory
	queue   []job
	running int
	idle    int
}

// worker is what one goroutine of a pool keeps from job to job.
type worker struct {
	windows []*window // to use again
	content contents
	matches []rules.Match
	ranges  []odb.Range
	walkers map[*odb.Store]*odb.Walker
	memory  *budget.Account

	references references
}

// walker returns the worker's walker of a store.
func (w *worker) walker(s *odb.Store) *odb.Walker {
	v := w.walkers[s]
	if v == nil {
		v = &odb.Walker{Store: s, Memory: w.memory}
		w.walkers[s] = v
	}
	return v
}

// run runs jobs, and those that they add, on n workers and returns when all
// are done or one has failed.
func (p *pool) run(ctx context.Context, n int, jobs ...job) error {
	p.changed.L = &p.mu
	p.queue = jobs
	g, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() { // wake those who wait
		p.mu.Lock()
		defer p.mu.Unlock()
		p.changed.Broadcast()
	})
	defer stop()
	for range n {
		g.Go(func() error {
			w := &worker{walkers: map[*odb.Store]*odb.Walker{}, memory: p.budget.Account()}
			for {
				j, ok := p.take(ctx)
				if !ok {
					return ctx.Err()
				}
				err := j(ctx, w)
				p.finish()
				if err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
}

// take waits for a job. It returns false when there will be none.
func (p *pool) take(ctx context.Context) (job, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle++
	defer func() { p.idle-- }()
	for {
		if ctx.Err() != nil {
			return nil, false
		}
		if n := len(p.queue); n > 0 {
			j := p.queue[n-1]
			p.queue[n-1] = nil
			p.queue = p.queue[:n-1]
			p.running++
			return j, true
		}
		if p.running == 0 {
			p.changed.Broadcast()
			return nil, false
		}
		p.changed.Wait()
	}
}

func (p *pool) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running--; p.running == 0 {
		p.changed.Broadcast()
	}
}

// add puts jobs on the queue; the last one runs first.
func (p *pool) add(jobs ...job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, jobs...)
	p.changed.Broadcast()
}

// addIfIdle puts a job on the queue if a worker waits for one.
func (p *pool) addIfIdle(j job) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.idle <= len(p.queue) {
		return false
	}
	p.queue = append(p.queue, j)
	p.changed.Signal()
	return true
}
