package worker

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"r8scan/fleet/crash"
	"r8scan/fleet/ledger"
	"r8scan/internal/door"
	"r8scan/report"
	"r8scan/result"
	"r8scan/rules"
)

// scanWorker visits repositories.
type scanWorker struct {
	river.WorkerDefaults[scanArgs]
	*Worker
}

// Timeout leaves time to write what came of it.
func (w *scanWorker) Timeout(job *river.Job[scanArgs]) time.Duration {
	return limit(sizeOf(job.Queue)) + writeTime
}

// writeTime is how long it may take to write what came of a job.
const writeTime = 30 * time.Second

func sizeOf(queue string) ledger.Size { return ledger.Size(strings.TrimPrefix(queue, "scan_")) }

// Work visits one repository. All that comes of it is one transaction, which fails if
// another worker has taken over.
func (w *scanWorker) Work(ctx context.Context, job *river.Job[scanArgs]) error {
	crash.At(crash.Fetched)
	v := ledger.Visit{Repo: job.Args.Repo, Epoch: job.Args.Epoch, Size: sizeOf(job.Queue)}
	claimed, err := ledger.Claim(ctx, w.store.DB, v, w.id)
	if err != nil {
		return over(err)
	}
	limited, cancel := context.WithTimeout(ctx, limit(v.Size))
	defer cancel()
	started := time.Now()
	kept := &memory{worker: w.Worker, ctx: limited, repo: v.Repo}
	came, err := w.visit(limited, claimed, kept)
	if again := postponed(ctx, err); again != nil {
		return again
	}
	res := came.res
	switch {
	case limited.Err() != nil && v.Size != ledger.Large:
		err = w.store.Tx(ctx, func(tx *sql.Tx) error {
			next, err := ledger.Grow(ctx, tx, v, w.id, larger(v.Size))
			return w.followed(ctx, tx, job, next, time.Time{}, err)
		})
		return over(err)
	case err != nil:
		w.log.Warn("visit failed", "repository", claimed.URL, "error", err.Error())
		return over(w.failed(ctx, job, v, claimed, err))
	}
	crash.At(crash.Scanned)
	if err := w.commit(ctx, job, v, claimed, came, kept.saved); err != nil {
		return over(err)
	}
	findings := 0
	if res != nil {
		findings = len(res.Findings)
	}
	w.log.Info("visited", "repository", claimed.URL, "fetched", res != nil, "findings", findings, "ms", time.Since(started).Milliseconds())
	return nil
}

// seen is what a visit has brought.
type seen struct {
	refs   string // a digest
	public bool
	res    *result.Result // nil if the refs are those of the last visit
}

// visit lists the refs of a repository and, if they are not those of the last visit, or a
// push has dropped something since, scans it.
func (w *scanWorker) visit(ctx context.Context, c ledger.Claimed, kept *memory) (s seen, err error) {
	dropped, err := ledger.Dropped(ctx, w.store.DB, kept.repo)
	if err != nil {
		return s, err
	}
	s.refs, s.public, err = w.listRefs(ctx, c.URL, c.Host, dropped)
	if err != nil || s.refs != "" && s.refs == c.Refs {
		return s, err
	}
	s.res, err = w.scan(ctx, c.URL, c.Host, dropped, kept)
	return s, err
}

// commit writes a visit that went well: what was found, the questions about new
// tokens, and the end of the visit and of the job.
func (w *scanWorker) commit(ctx context.Context, job *river.Job[scanArgs], v ledger.Visit, c ledger.Claimed, s seen, kept *ledger.Memory) error {
	now, res := w.clock.Now().UnixMilli(), s.res
	return w.store.Tx(ctx, func(tx *sql.Tx) error {
		done := ledger.Scanned{Refs: s.refs, Fetched: res != nil, Now: now, Due: now + w.cfg.Sweep.Milliseconds(), Memory: kept}
		if res != nil {
			done.Unread = shortened(door.Text(res.Coverage.Unread))
		}
		if err := ledger.Commit(ctx, tx, v, w.id, done); err != nil {
			return err
		}
		if s.public != c.Public {
			if err := ledger.MarkPublic(ctx, tx, v.Repo, s.public); err != nil {
				return err
			}
		}
		if res != nil {
			if err := w.found(ctx, tx, v.Repo, res, now); err != nil {
				return err
			}
		}
		crash.At(crash.Commit)
		return complete(ctx, w.store, tx, job)
	})
}

// found records what a scan found, and queues the questions about new tokens.
func (w *scanWorker) found(ctx context.Context, tx *sql.Tx, repo string, res *result.Result, now int64) error {
	if err := ledger.Gone(ctx, tx, repo, now); err != nil {
		return err
	}
	var questions []ledger.Question
	for _, f := range stored(res) {
		rule := rules.ByID(f.Rule)
		q, err := ledger.Found(ctx, tx, repo, f, rule != nil && rule.Askable, now)
		if err != nil {
			return err
		}
		if q != nil {
			questions = append(questions, *q)
		}
	}
	for _, f := range res.Findings {
		if err := w.seal(ctx, tx, f.Rule, f.Secret); err != nil {
			return err
		}
	}
	return w.queue.Questions(ctx, tx, time.Time{}, questions...)
}

// stored returns the findings as they are kept: masked, and without the addresses of
// authors, which nobody needs to disable a token. They are in an order that is the
// same for all workers, so that two transactions never wait for each other.
func stored(res *result.Result) []report.Finding {
	doc := door.Text(report.New(*res, report.Tool{}, time.Time{}, 0))
	for i := range doc.Findings {
		if h := doc.Findings[i].History; h != nil {
			h.Introduced, h.Removed = anonymous(h.Introduced), anonymous(h.Removed)
		}
	}
	sortByID(doc.Findings)
	return doc.Findings
}

// anonymous returns an event without its author's address.
func anonymous(e *result.Event) *result.Event {
	if e == nil {
		return nil
	}
	named := *e
	named.Author, _, _ = strings.Cut(named.Author, " <")
	return &named
}

// maxUnread is how many unread things of one repository are kept.
const maxUnread = 20

func shortened(unread []result.Unread) []result.Unread {
	if len(unread) <= maxUnread {
		return unread
	}
	return append(unread[:maxUnread:maxUnread], result.Unread{What: "more", Reason: "there is more that could not be read: scan it with r8scan history"})
}

// failed writes a visit that failed.
func (w *scanWorker) failed(ctx context.Context, job *river.Job[scanArgs], v ledger.Visit, c ledger.Claimed, why error) error {
	return w.store.Tx(ctx, func(tx *sql.Tx) error {
		now, err := w.store.Now(ctx, tx)
		if err != nil {
			return err
		}
		wait := retryAfter << (2 * c.Failures)
		next, err := ledger.Fail(ctx, tx, v, w.id, door.Printable(why.Error()), now+w.cfg.Sweep.Milliseconds())
		return w.followed(ctx, tx, job, next, after(now, wait), err)
	})
}

// retryAfter is how long a visit waits after the first failure in a row; four times as
// long after each other.
const retryAfter = 2 * time.Second

// followed queues the next visit, if there is one, and ends the job.
func (w *scanWorker) followed(ctx context.Context, tx *sql.Tx, job *river.Job[scanArgs], next *ledger.Visit, at time.Time, err error) error {
	if err != nil {
		return err
	}
	if next != nil {
		if err := w.queue.Visits(ctx, tx, at, *next); err != nil {
			return err
		}
	}
	return complete(ctx, w.store, tx, job)
}

// over turns ErrLost into the end of a job: another worker does the work.
func over(err error) error {
	if errors.Is(err, ledger.ErrLost) {
		return river.JobCancel(ledger.ErrLost)
	}
	return err
}
