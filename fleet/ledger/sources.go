package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"strings"

	"r8scan/fleet/store"
	"r8scan/result"
)

// Listing is one page of one listing of a source, as jobs name it.
type Listing struct {
	Source string
	Epoch  int64
}

// ListingNow is the state of a source that a worker lists. The others are Queued, Done
// and Failed.
const ListingNow = "listing"

// AddSource adds a source of repositories, such as github:acme. Unless it is being listed
// already, it returns the listing to queue.
func AddSource(ctx context.Context, tx *sql.Tx, name string) (*Listing, error) {
	l := Listing{Source: strings.ToLower(rand.Text()[:16]), Epoch: 1}
	n, err := changed(ctx, tx, `insert into source(id, name) values($1, $2) on conflict(name) do nothing`, l.Source, name)
	if err != nil || n == 1 {
		return &l, err
	}
	err = tx.QueryRowContext(ctx, `update source set state = 'queued', epoch = epoch + 1, page = '', listed = 0, failures = 0
		where name = $1 and state in ('done', 'failed') returning id, epoch`, name).Scan(&l.Source, &l.Epoch)
	if lost(err) == ErrLost {
		return nil, nil
	}
	return &l, err
}

// ClaimSource makes the worker the owner of a listing, and returns the source's name and
// the cursor of the page. ErrLost says that the listing is over.
func ClaimSource(ctx context.Context, q store.Querier, l Listing, worker string) (name, page string, err error) {
	err = q.QueryRowContext(ctx, `update source set state = 'listing', owner = $1
		where id = $2 and epoch = $3 and state in ('queued', 'listing') returning name, page`, worker, l.Source, l.Epoch).Scan(&name, &page)
	return name, page, lost(err)
}

// Listed is what a page that was listed leaves.
type Listed struct {
	Repositories int
	Next         string          // the cursor of the next page, "" after the last one
	Unread       []result.Unread // what is not followed
	Due          int64           // when the source is listed again
}

// CommitSource ends a page, and returns the next one; nil after the last one. ErrLost
// says that it is another's by now.
func CommitSource(ctx context.Context, tx *sql.Tx, l Listing, worker string, p Listed) (*Listing, error) {
	if p.Unread == nil {
		p.Unread = []result.Unread{}
	}
	unread, err := json.Marshal(p.Unread)
	if err != nil {
		return nil, err
	}
	// What an earlier page has that is not followed is kept only if this one has nothing.
	err = tx.QueryRowContext(ctx, `update source set epoch = epoch + 1, owner = null, failures = 0, error = '', listed = listed + $1, due = $2,
		unread = case when $3 = '[]' and page <> '' then unread else $4 end,
		state = case when $5 = '' then 'done' else 'queued' end, page = $6
		where id = $7 and epoch = $8 and owner = $9 and state = 'listing' returning epoch`,
		p.Repositories, p.Due, string(unread), string(unread), p.Next, p.Next, l.Source, l.Epoch, worker).Scan(&l.Epoch)
	if err != nil || p.Next == "" {
		return nil, lost(err)
	}
	return &l, nil
}

// FailSource ends a page that failed, and returns the next try; nil if it waits for the
// sweep. ErrLost is as in CommitSource.
func FailSource(ctx context.Context, tx *sql.Tx, l Listing, worker, reason string, due int64) (next *Listing, failures int64, err error) {
	var state string
	err = tx.QueryRowContext(ctx, `update source set epoch = epoch + 1, owner = null, error = $1, due = $2, failures = failures + 1,
		state = case when failures + 1 >= $3 then 'failed' else 'queued' end
		where id = $4 and epoch = $5 and owner = $6 and state = 'listing' returning epoch, state, failures`,
		reason, due, MaxFailures, l.Source, l.Epoch, worker).Scan(&l.Epoch, &state, &failures)
	if err != nil || state != Queued {
		return nil, failures, lost(err)
	}
	return &l, failures, nil
}

// OrphanSource ends a listing whose worker is dead, and returns the next one; nil if it
// was over.
func OrphanSource(ctx context.Context, tx *sql.Tx, l Listing) (*Listing, error) {
	err := tx.QueryRowContext(ctx, `update source set epoch = epoch + 1, owner = null, state = 'queued'
		where id = $1 and epoch = $2 and state in ('queued', 'listing') returning epoch`, l.Source, l.Epoch).Scan(&l.Epoch)
	if lost(err) == ErrLost {
		return nil, nil
	}
	return &l, err
}

// SweepSources returns listings of sources that are due.
func SweepSources(ctx context.Context, tx *sql.Tx, now int64) ([]Listing, error) {
	return all(ctx, tx, func(rows *sql.Rows) (l Listing, err error) { return l, rows.Scan(&l.Source, &l.Epoch) },
		`update source set state = 'queued', epoch = epoch + 1, failures = 0, page = '', listed = 0
		where state in ('done', 'failed') and due <= $1 returning id, epoch`, now)
}

// ForgetSource removes a source. The repositories that it has brought stay. It reports
// whether there was one.
func ForgetSource(ctx context.Context, tx *sql.Tx, name string, now int64) (bool, error) {
	n, err := changed(ctx, tx, `delete from source where name = $1`, name)
	if err != nil || n == 0 {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `insert into forgotten(kind, at) values('source', $1)`, now)
	return true, err
}

// SourceProblems returns the sources that were not listed completely, by name.
func SourceProblems(ctx context.Context, q store.Querier) ([]Problem, error) {
	return problems(ctx, q, `select name, state, error, unread from source where state <> 'done' or unread <> '[]' order by name`)
}
