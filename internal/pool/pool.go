// Package pool runs jobs in parallel. A job may add more jobs.
package pool

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Job is one piece of work, such as a folder, a file or a family of objects. It
// may add more jobs to its pool. An error ends the whole run, so a job returns
// an error only if the context is done.
type Job[W any] func(ctx context.Context, w W) error

// Pool runs jobs on goroutines, each with its own worker. The newest job runs
// first: jobs add jobs, so depth first keeps the queue short.
type Pool[W any] struct {
	size   int
	worker func() W

	mu      sync.Mutex
	changed sync.Cond
	queue   []Job[W]
	running int
	idle    int
}

// New returns a pool of size goroutines. worker makes the state that one
// goroutine keeps from job to job.
func New[W any](size int, worker func(*Pool[W]) W) *Pool[W] {
	p := &Pool[W]{size: size}
	p.worker = func() W { return worker(p) }
	p.changed.L = &p.mu
	return p
}

// Run runs jobs and all jobs that they add. It returns when all are done, or
// after the first error.
func (p *Pool[W]) Run(ctx context.Context, jobs ...Job[W]) error {
	p.queue = jobs
	g, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() { // wake up waiting goroutines
		p.mu.Lock()
		defer p.mu.Unlock()
		p.changed.Broadcast()
	})
	defer stop()
	for range p.size {
		g.Go(func() error {
			w := p.worker()
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

// take waits for a job. It returns false if there will be none.
func (p *Pool[W]) take(ctx context.Context) (Job[W], bool) {
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

func (p *Pool[W]) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running--; p.running == 0 {
		p.changed.Broadcast()
	}
}

// Add adds jobs to the queue. The last one runs first.
func (p *Pool[W]) Add(jobs ...Job[W]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, jobs...)
	p.changed.Broadcast()
}

// AddIfIdle adds a job to the queue if a worker is waiting for one. It reports
// whether it did.
func (p *Pool[W]) AddIfIdle(j Job[W]) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.idle <= len(p.queue) {
		return false
	}
	p.queue = append(p.queue, j)
	p.changed.Signal()
	return true
}
