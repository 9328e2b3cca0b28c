package worker

import (
	"context"
	"database/sql"
	"time"

	"github.com/riverqueue/river"

	"r8scan/fleet/crash"
	"r8scan/fleet/ledger"
	"r8scan/internal/door"
	"r8scan/internal/forge"
	"r8scan/internal/git/fetch"
	"r8scan/result"
)

// discoverWorker lists sources of repositories, a page a job.
type discoverWorker struct {
	river.WorkerDefaults[discoverArgs]
	*Worker
}

// listTime is how long one page may take.
const listTime = 5 * time.Minute

// Timeout leaves time to write what came of it.
func (w *discoverWorker) Timeout(*river.Job[discoverArgs]) time.Duration { return listTime + writeTime }

// Work lists one page. The repositories in it, their visits and the next page are one
// transaction.
func (w *discoverWorker) Work(ctx context.Context, job *river.Job[discoverArgs]) error {
	l := ledger.Listing{Source: job.Args.Source, Epoch: job.Args.Epoch}
	name, cursor, err := ledger.ClaimSource(ctx, w.store.DB, l, w.id)
	if err != nil {
		return over(err)
	}
	limited, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	page, err := w.page(limited, name, cursor)
	if again := postponed(ctx, err); again != nil {
		return again
	}
	if err != nil {
		w.log.Warn("listing failed", "source", name, "error", err.Error())
		return over(w.notListed(ctx, job, l, err))
	}
	crash.At(crash.Scanned)
	if err := w.listed(ctx, job, l, page); err != nil {
		return over(err)
	}
	w.log.Info("listed", "source", name, "repositories", len(page.Repositories), "more", page.Next != "")
	return nil
}

// page asks for a page of a source.
func (w *discoverWorker) page(ctx context.Context, name, cursor string) (forge.Page, error) {
	owner, err := forge.Parse(name)
	if err != nil {
		return forge.Page{}, err
	}
	if err := w.reserve(ctx, "api "+owner.Site.Hostname(), w.cfg.HostRate); err != nil {
		return forge.Page{}, err
	}
	lister, err := forge.New(w.git(), owner, "", nil)
	if err != nil {
		return forge.Page{}, err
	}
	return lister.Page(ctx, cursor)
}

// listed writes a page.
func (w *discoverWorker) listed(ctx context.Context, job *river.Job[discoverArgs], l ledger.Listing, page forge.Page) error {
	return w.store.Tx(ctx, func(tx *sql.Tx) error {
		now, err := w.store.Now(ctx, tx)
		if err != nil {
			return err
		}
		unread := page.Refused
		var visits []ledger.Visit
		for _, r := range page.Repositories {
			at, err := fetch.Parse(r.URL)
			if err != nil {
				unread = append(unread, result.Unread{What: r.Name, Reason: err.Error()})
				continue
			}
			v, err := ledger.Insert(ctx, tx, at.String(), at.Hostname(), ledger.SizeOf(r.Size))
			if err != nil {
				return err
			}
			if v != nil {
				visits = append(visits, *v)
			} else if !r.Changed.IsZero() {
				if err := ledger.Touch(ctx, tx, at.String(), r.Changed.UnixMilli()); err != nil {
					return err
				}
			}
		}
		done := ledger.Listed{Repositories: len(page.Repositories), Next: page.Next, Unread: shortened(door.Text(unread)), Due: now + w.cfg.Sweep.Milliseconds()}
		next, err := ledger.CommitSource(ctx, tx, l, w.id, done)
		if err != nil {
			return err
		}
		if next != nil {
			err = w.queue.Listings(ctx, tx, time.Time{}, *next)
		}
		if err != nil {
			return err
		}
		if err := w.queue.Visits(ctx, tx, time.Time{}, visits...); err != nil {
			return err
		}
		crash.At(crash.Commit)
		return complete(ctx, w.store, tx, job)
	})
}

// notListed writes a page that could not be listed.
func (w *discoverWorker) notListed(ctx context.Context, job *river.Job[discoverArgs], l ledger.Listing, why error) error {
	return w.store.Tx(ctx, func(tx *sql.Tx) error {
		now, err := w.store.Now(ctx, tx)
		if err != nil {
			return err
		}
		next, failures, err := ledger.FailSource(ctx, tx, l, w.id, door.Printable(why.Error()), now+w.cfg.Sweep.Milliseconds())
		if err != nil {
			return err
		}
		if next != nil {
			wait, _ := fetch.Busy(why) // longer, if the service asks for that
			if err := w.queue.Listings(ctx, tx, after(now, max(wait, retryAfter<<(2*(failures-1)))), *next); err != nil {
				return err
			}
		}
		return complete(ctx, w.store, tx, job)
	})
}
