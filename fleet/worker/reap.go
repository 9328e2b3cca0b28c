package worker

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"r8scan/fleet/ledger"
)

// sweepMost is how many visits one sweep queues.
const sweepMost = 1000

// chores does what each worker does for all of them: it takes over what dead workers
// leave, and queues visits that are due. Two at once do no harm: each row has one epoch.
func (w *Worker) chores(ctx context.Context, now int64) error {
	if err := w.reap(ctx, now); err != nil {
		return err
	}
	if err := w.plan(ctx, now); err != nil {
		return err
	}
	return w.store.Tx(ctx, func(tx *sql.Tx) error {
		listings, err := ledger.SweepSources(ctx, tx, now)
		if err != nil {
			return err
		}
		if err := w.queue.Listings(ctx, tx, time.Time{}, listings...); err != nil {
			return err
		}
		visits, err := ledger.Sweep(ctx, tx, now, sweepMost)
		if err != nil {
			return err
		}
		return w.queue.Visits(ctx, tx, time.Time{}, visits...)
	})
}

// jobsMost is how many running jobs one look at the queue returns.
const jobsMost = 1000

// reap takes over the jobs of dead workers.
func (w *Worker) reap(ctx context.Context, now int64) error {
	params := river.NewJobListParams().Kinds(discoverArgs{}.Kind(), scanArgs{}.Kind(), verifyArgs{}.Kind(), actArgs{}.Kind()).States(rivertype.JobStateRunning).First(jobsMost)
	for {
		list, err := w.queue.client.JobList(ctx, params)
		if err != nil {
			return err
		}
		live, err := ledger.Live(ctx, w.store.DB, now) // after the list: a worker is registered before it takes a job
		if err != nil {
			return err
		}
		for _, job := range list.Jobs {
			if len(job.AttemptedBy) == 0 || slices.Contains(live, job.AttemptedBy[len(job.AttemptedBy)-1]) ||
				strings.Contains(string(job.Metadata), "cancel_attempted_at") { // it was reaped, and waits for the queue's own cleaner
				continue
			}
			if err := w.takeOver(ctx, job, now); err != nil {
				return err
			}
		}
		if len(list.Jobs) < jobsMost {
			return ledger.Bury(ctx, w.store.DB, now-24*time.Hour.Milliseconds())
		}
		params = params.After(list.LastCursor)
	}
}

// takeOver cancels a dead worker's job and queues its successor. The new epoch keeps
// the dead one from writing, should it come back.
func (w *Worker) takeOver(ctx context.Context, job *rivertype.JobRow, now int64) error {
	w.log.Info("took over", "kind", job.Kind, "job", job.ID)
	return w.store.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := w.queue.client.JobCancelTx(ctx, tx, job.ID); err != nil {
			return err
		}
		switch job.Kind {
		case verifyArgs{}.Kind():
			return w.askAgain(ctx, tx, job, now)
		case discoverArgs{}.Kind():
			return w.listAgain(ctx, tx, job)
		case actArgs{}.Kind():
			return w.actAgain(ctx, tx, job)
		}
		return w.visitAgain(ctx, tx, job)
	})
}

func (w *Worker) askAgain(ctx context.Context, tx *sql.Tx, job *rivertype.JobRow, now int64) error {
	var args verifyArgs
	if err := json.Unmarshal(job.EncodedArgs, &args); err != nil {
		return err
	}
	questions, err := ledger.Reask(ctx, tx, ledger.Question{Token: args.Token, Generation: args.Generation}, now)
	if err != nil {
		return err
	}
	return w.queue.Questions(ctx, tx, time.Time{}, questions...)
}

func (w *Worker) listAgain(ctx context.Context, tx *sql.Tx, job *rivertype.JobRow) error {
	var args discoverArgs
	if err := json.Unmarshal(job.EncodedArgs, &args); err != nil {
		return err
	}
	next, err := ledger.OrphanSource(ctx, tx, ledger.Listing{Source: args.Source, Epoch: args.Epoch})
	if err != nil || next == nil {
		return err
	}
	return w.queue.Listings(ctx, tx, time.Time{}, *next)
}

// actAgain queues a notice again that was not begun. One that was is Abandoned.
func (w *Worker) actAgain(ctx context.Context, tx *sql.Tx, job *rivertype.JobRow) error {
	var args actArgs
	if err := json.Unmarshal(job.EncodedArgs, &args); err != nil {
		return err
	}
	acts, err := ledger.OrphanAct(ctx, tx, ledger.Act{Notice: args.Notice, Epoch: args.Epoch})
	if err != nil {
		return err
	}
	return w.queue.Acts(ctx, tx, time.Time{}, acts...)
}

func (w *Worker) visitAgain(ctx context.Context, tx *sql.Tx, job *rivertype.JobRow) error {
	var args scanArgs
	if err := json.Unmarshal(job.EncodedArgs, &args); err != nil {
		return err
	}
	next, err := ledger.Orphan(ctx, tx, ledger.Visit{Repo: args.Repo, Epoch: args.Epoch, Size: sizeOf(job.Queue)})
	if err != nil || next == nil {
		return err
	}
	return w.queue.Visits(ctx, tx, time.Time{}, *next)
}
