package worker

import (
	"context"
	"database/sql"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"r8scan/fleet/ledger"
	"r8scan/fleet/store"
)

// scanArgs is a visit. A queue's page shows arguments, so they name nobody: the
// repository's id is random.
type scanArgs struct {
	Repo  string `json:"repo"`
	Epoch int64  `json:"epoch"`
}

// Kind names the jobs in the queue.
func (scanArgs) Kind() string { return "scan" }

// verifyArgs is a question about a token.
type verifyArgs struct {
	Token      string `json:"token"`
	Generation int64  `json:"generation"`
}

// Kind names the jobs in the queue.
func (verifyArgs) Kind() string { return "verify" }

// discoverArgs is a page of a listing.
type discoverArgs struct {
	Source string `json:"source"`
	Epoch  int64  `json:"epoch"`
}

// Kind names the jobs in the queue.
func (discoverArgs) Kind() string { return "discover" }

// actArgs is an attempt at a notice.
type actArgs struct {
	Notice string `json:"notice"`
	Epoch  int64  `json:"epoch"`
}

// Kind names the jobs in the queue.
func (actArgs) Kind() string { return "act" }

// The queues: one for each size of repositories, one for questions, one for listings. A
// mail server that hangs does not hold up what disables tokens.
const (
	verifyQueue   = "verify"
	discoverQueue = "discover"
	disableQueue  = "act_disable"
	tellQueue     = "act_tell"
)

func scanQueue(s ledger.Size) string { return "scan_" + string(s) }

// limit is how long the scan of a repository may take.
func limit(s ledger.Size) time.Duration {
	switch s {
	case ledger.Small:
		return 2 * time.Minute
	case ledger.Medium:
		return 15 * time.Minute
	}
	return 2 * time.Hour
}

// larger returns the next size, the same for the last one.
func larger(s ledger.Size) ledger.Size {
	if s == ledger.Small {
		return ledger.Medium
	}
	return ledger.Large
}

// Inserter puts jobs into the queue, in a transaction of its caller.
type Inserter struct{ client *river.Client[*sql.Tx] }

// NewInserter returns an Inserter for a process that works on no job.
func NewInserter(ctx context.Context, s *store.Store) (*Inserter, error) {
	clock, err := newClock(ctx, s)
	if err != nil {
		return nil, err
	}
	client, err := river.NewClient(s.River, &river.Config{Logger: silent(), SkipUnknownJobCheck: true, Test: river.TestConfig{Time: clock}})
	return &Inserter{client}, err
}

// Visits queues visits, for the time given or, if that is zero, for now.
func (i *Inserter) Visits(ctx context.Context, tx *sql.Tx, at time.Time, visits ...ledger.Visit) error {
	jobs := make([]river.InsertManyParams, 0, len(visits))
	for _, v := range visits {
		jobs = append(jobs, river.InsertManyParams{Args: scanArgs{v.Repo, v.Epoch}, InsertOpts: &river.InsertOpts{Queue: scanQueue(v.Size), ScheduledAt: at}})
	}
	return i.insert(ctx, tx, jobs)
}

// Questions queues questions, likewise.
func (i *Inserter) Questions(ctx context.Context, tx *sql.Tx, at time.Time, questions ...ledger.Question) error {
	jobs := make([]river.InsertManyParams, 0, len(questions))
	for _, q := range questions {
		jobs = append(jobs, river.InsertManyParams{Args: verifyArgs{q.Token, q.Generation}, InsertOpts: &river.InsertOpts{Queue: verifyQueue, ScheduledAt: at}})
	}
	return i.insert(ctx, tx, jobs)
}

// Listings queues pages of listings, likewise.
func (i *Inserter) Listings(ctx context.Context, tx *sql.Tx, at time.Time, listings ...ledger.Listing) error {
	jobs := make([]river.InsertManyParams, 0, len(listings))
	for _, l := range listings {
		jobs = append(jobs, river.InsertManyParams{Args: discoverArgs{l.Source, l.Epoch}, InsertOpts: &river.InsertOpts{Queue: discoverQueue, ScheduledAt: at}})
	}
	return i.insert(ctx, tx, jobs)
}

// Acts queues attempts at notices, likewise.
func (i *Inserter) Acts(ctx context.Context, tx *sql.Tx, at time.Time, acts ...ledger.Act) error {
	jobs := make([]river.InsertManyParams, 0, len(acts))
	for _, a := range acts {
		queue := tellQueue
		if a.Channel == ledger.Disable {
			queue = disableQueue
		}
		jobs = append(jobs, river.InsertManyParams{Args: actArgs{a.Notice, a.Epoch}, InsertOpts: &river.InsertOpts{Queue: queue, ScheduledAt: at}})
	}
	return i.insert(ctx, tx, jobs)
}

func (i *Inserter) insert(ctx context.Context, tx *sql.Tx, jobs []river.InsertManyParams) error {
	if len(jobs) == 0 {
		return nil
	}
	_, err := i.client.InsertManyTx(ctx, tx, jobs)
	return err
}

// complete ends a job in the transaction that holds its effects.
func complete[A river.JobArgs](ctx context.Context, s *store.Store, tx *sql.Tx, job *river.Job[A]) (err error) {
	if s.Postgres {
		_, err = river.JobCompleteTx[*riverdatabasesql.Driver](ctx, tx, job)
	} else {
		_, err = river.JobCompleteTx[*riversqlite.Driver](ctx, tx, job)
	}
	return err
}

// after returns a time of the database's clock, as jobs have it.
func after(now int64, wait time.Duration) time.Time { return time.UnixMilli(now).Add(wait) }
