// Package worker is one process of a fleet: it takes jobs from the queue, scans
// repositories, asks about tokens, and takes over what dead workers leave.
package worker

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"r8scan/fleet/config"
	"r8scan/fleet/ledger"
	"r8scan/fleet/seal"
	"r8scan/fleet/store"
	"r8scan/report"
)

// Config says how a worker works.
type Config struct {
	Does      ledger.Work
	UntilIdle bool            // end when nothing is left to do now
	Jobs      int             // small repositories at a time
	HostRate  int             // requests a minute to one git server, of all workers
	APIRate   int             // tokens a minute that all workers ask about
	APIURL    string          // who is asked; "" for Replicate
	Sweep     time.Duration   // after which a repository is visited again
	SealTo    *seal.PublicKey // nil: no token is kept
	Keys      seal.Keys       // that open sealed tokens
	Operator  *config.Config  // what is done about tokens, who is told, and what is served; nil for nothing
	Serve     bool            // what Operator says is served
	Metrics   string          // address of health and metrics; "" for none
	Log       io.Writer
	Tool      report.Tool
}

// Worker is one process. It holds the row of its id until it ends.
type Worker struct {
	store *store.Store
	cfg   Config
	id    string
	clock clock
	log   *slog.Logger
	queue *Inserter
	lacks sync.Map // ids of keys that the log has named as missing
}

const (
	lease = 10 * time.Second // a worker that is not renewed as long is dead
	renew = 2 * time.Second
)

// ErrDead says that the worker could not renew itself in time.
var ErrDead = errors.New("this worker could not reach the database in time, and others take over: start it again")

// Run works until ctx ends, drain is called or, with UntilIdle, nothing is left.
func Run(ctx context.Context, s *store.Store, cfg Config) error {
	cfg.Does.Act = cfg.Does.Act && cfg.Operator != nil // else others do
	host, _ := os.Hostname()                           // only for people
	id := fmt.Sprintf("%.40s-%d-%s", host, os.Getpid(), strings.ToLower(rand.Text()[:8]))
	clock, err := newClock(ctx, s)
	if err != nil {
		return err
	}
	w := &Worker{store: s, cfg: cfg, id: id, clock: clock, log: slog.New(slog.NewJSONHandler(cfg.Log, nil)).With("worker", id)}
	client, err := w.client()
	if err != nil {
		return err
	}
	w.queue = &Inserter{client}
	now, err := s.Now(ctx, s.DB)
	if err != nil {
		return err
	}
	if err := ledger.Register(ctx, s.DB, id, now, now+lease.Milliseconds()); err != nil {
		return err
	}
	stop, err := w.begin(ctx, client)
	defer stop()
	if err != nil {
		_ = ledger.Unregister(ctx, s.DB, id) // it is dead in ten seconds anyway
		return err
	}
	w.log.Info("started", "database", s.Name)
	err = w.live(ctx)
	w.end(ctx, client, err)
	return err
}

// begin starts what the worker serves and works on. Call stop in any case.
func (w *Worker) begin(ctx context.Context, client *river.Client[*sql.Tx]) (stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, s := range stops {
			s()
		}
	}
	metrics, err := w.serve(ctx)
	if err != nil {
		return stop, err
	}
	stops = append(stops, metrics)
	if w.cfg.Serve {
		answers, err := w.answer()
		if err != nil {
			return stop, err
		}
		stops = append(stops, answers)
	}
	if !w.works() {
		return stop, nil
	}
	return stop, client.Start(context.WithoutCancel(ctx))
}

// works reports whether the worker takes jobs. One that only serves has no queue.
func (w *Worker) works() bool { return w.cfg.Does != ledger.Work{} }

// client returns the queue's client, with a queue for each kind of work.
func (w *Worker) client() (*river.Client[*sql.Tx], error) {
	workers, queues := river.NewWorkers(), map[string]river.QueueConfig{}
	if w.cfg.Does.Discover {
		river.AddWorker(workers, &discoverWorker{Worker: w})
		queues[discoverQueue] = river.QueueConfig{MaxWorkers: 1}
	}
	if w.cfg.Does.Scan {
		river.AddWorker(workers, &scanWorker{Worker: w})
		queues[scanQueue(ledger.Small)] = river.QueueConfig{MaxWorkers: w.cfg.Jobs}
		queues[scanQueue(ledger.Medium)] = river.QueueConfig{MaxWorkers: max(1, w.cfg.Jobs/4)}
		queues[scanQueue(ledger.Large)] = river.QueueConfig{MaxWorkers: 1}
	}
	if w.cfg.Does.Verify {
		verify, err := newVerifyWorker(w)
		if err != nil {
			return nil, err
		}
		river.AddWorker(workers, verify)
		queues[verifyQueue] = river.QueueConfig{MaxWorkers: 1} // a kill costs one question at most
	}
	if w.cfg.Does.Act {
		act, err := newActWorker(w)
		if err != nil {
			return nil, err
		}
		river.AddWorker(workers, act)
		queues[disableQueue] = river.QueueConfig{MaxWorkers: 1}
		queues[tellQueue] = river.QueueConfig{MaxWorkers: 1}
	}
	poll := 500 * time.Millisecond
	if w.store.Postgres {
		poll = 5 * time.Second // it tells of new jobs, and each look costs
	}
	return river.NewClient(w.store.River, &river.Config{
		ID: w.id, Queues: queues, Workers: workers, Logger: silent(), FetchPollInterval: poll,
		ErrorHandler: &failures{w.log}, SkipUnknownJobCheck: true, // a worker that only scans queues questions too
		Test:                        river.TestConfig{Time: w.clock},    // its name aside, it is for any other clock
		RescueStuckJobsAfter:        limit(ledger.Large) + 24*time.Hour, // reap is earlier, and clocks may be hours wrong
		CompletedJobRetentionPeriod: time.Hour, CancelledJobRetentionPeriod: time.Hour,
	})
}

// silent drops the queue's own log: the worker logs what it does, and knows what may
// be said.
func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

// failures logs why jobs failed, which are then tried again.
type failures struct{ log *slog.Logger }

// HandleError logs an error.
func (f *failures) HandleError(_ context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	f.log.Error("job failed", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "error", err.Error())
	return nil
}

// HandlePanic logs a panic, and not its value, which may be anything.
func (f *failures) HandlePanic(_ context.Context, job *rivertype.JobRow, _ any, _ string) *river.ErrorHandlerResult {
	f.log.Error("job failed inside r8scan-fleet: its row in the queue says where", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt)
	return nil
}

// live renews the worker and does the chores, until it is to end.
func (w *Worker) live(ctx context.Context) error {
	tick := time.NewTicker(renew)
	defer tick.Stop()
	last, idle := time.Now(), 0
	var why error // the last try to renew has failed
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		begun := time.Now()
		now, draining, err := w.renewed(ctx)
		switch {
		case errors.Is(err, ledger.ErrLost) && why != nil: // it was too late because of that
			return dead(why)
		case errors.Is(err, ledger.ErrLost), errors.Is(err, store.ErrNewer), err != nil && time.Since(last) > lease-renew:
			return dead(err)
		case err != nil:
			why = err
			w.log.Warn("cannot renew", "error", err.Error())
			continue
		case draining:
			return nil
		}
		last, why = begun, nil
		if err := w.chores(ctx, now); err != nil && ctx.Err() == nil {
			w.log.Warn("chores failed", "error", err.Error())
			continue
		}
		if !w.cfg.UntilIdle {
			continue
		}
		if ok, err := ledger.Idle(ctx, w.store.DB, w.cfg.Does, now); err != nil || !ok {
			idle = 0
		} else if idle++; idle == 2 { // a visit that just ended may have queued a question
			return nil
		}
	}
}

// dead is ErrDead with its cause, in one line.
func dead(why error) error {
	return fmt.Errorf("%w (%s)", ErrDead, strings.Join(strings.Fields(why.Error()), " "))
}

// renewed renews the worker, within the time that is left for it.
func (w *Worker) renewed(ctx context.Context) (now int64, draining bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, lease/2)
	defer cancel()
	if now, err = w.store.Now(ctx, w.store.DB); err != nil {
		return 0, false, err
	}
	if draining, err = ledger.Renew(ctx, w.store.DB, w.id, now, now+lease.Milliseconds()); err != nil {
		return 0, false, err
	}
	return now, draining, w.store.Check(ctx)
}

// endTime is how long an interrupted worker waits for its jobs.
const endTime = 5 * time.Second

// end stops the queue's client: softly after drain, else its jobs are cancelled. A dead
// worker waits for nothing.
func (w *Worker) end(ctx context.Context, client *river.Client[*sql.Tx], why error) {
	ctx = context.WithoutCancel(ctx)
	switch {
	case !w.works():
	case why == nil:
		done := make(chan struct{})
		go func() { // what still runs must not be taken over
			for {
				select {
				case <-done:
					return
				case <-time.After(renew):
					_, _, _ = w.renewed(ctx)
				}
			}
		}()
		_ = client.Stop(ctx) // without a limit there is no error
		close(done)
	default:
		limited, cancel := context.WithTimeout(ctx, endTime)
		_ = client.StopAndCancel(limited) // what is left is reaped
		cancel()
	}
	if !errors.Is(why, ErrDead) {
		_ = ledger.Unregister(ctx, w.store.DB, w.id) // it is dead in ten seconds anyway
	}
	w.log.Info("ended")
}
