package ledger

import (
	"context"
	"database/sql"

	"r8scan/fleet/store"
)

// Counts are the fleet's numbers.
type Counts struct {
	Sources  map[string]int64 `json:"sources"`      // by state
	Repos    map[string]int64 `json:"repositories"` // by state
	Tokens   map[string]int64 `json:"tokens"`       // by status
	Sealed   map[string]int64 `json:"sealed"`       // tokens by the id of the key that they are sealed to
	Workers  int64            `json:"workers"`      // that are alive
	Visits   int64            `json:"visits"`       // that were committed
	Scans    int64            `json:"scans"`        // those of them that fetched a pack
	Partly   int64            `json:"partly_read"`  // repositories of which something could not be read
	Overdue  int64            `json:"overdue_ms"`   // how long the oldest due visit waits
	Deferred int64            `json:"unanswered"`   // open tokens whose last question had no clear answer
	Notices  map[string]int64 `json:"notices"`      // by state
}

// Count returns the numbers as they are now.
func Count(ctx context.Context, q store.Querier, now int64) (*Counts, error) {
	c := &Counts{}
	var err error
	if c.Sources, err = by(ctx, q, `select state, count(*) from source group by state`); err != nil {
		return nil, err
	}
	if c.Repos, err = by(ctx, q, `select state, count(*) from repo group by state`); err != nil {
		return nil, err
	}
	if c.Tokens, err = by(ctx, q, `select status, count(*) from token group by status`); err != nil {
		return nil, err
	}
	if c.Sealed, err = by(ctx, q, `select sealed_to, count(*) from token where sealed_to <> '' group by sealed_to`); err != nil {
		return nil, err
	}
	if c.Notices, err = by(ctx, q, `select state, count(*) from notice group by state`); err != nil {
		return nil, err
	}
	err = q.QueryRowContext(ctx, `select
		(select count(*) from worker where until >= $1),
		(select cast(coalesce(sum(commits), 0) as bigint) from repo),
		(select cast(coalesce(sum(scans), 0) as bigint) from repo),
		(select count(*) from repo where unread <> '[]'),
		(select coalesce(min(due), $2) from repo where state in ('done', 'failed')),
		(select count(*) from token where open = 1 and tries > 0)`, now, now).
		Scan(&c.Workers, &c.Visits, &c.Scans, &c.Partly, &c.Overdue, &c.Deferred)
	c.Overdue = max(0, now-c.Overdue)
	return c, err
}

func by(ctx context.Context, q store.Querier, query string) (map[string]int64, error) {
	counts := map[string]int64{}
	_, err := all(ctx, q, func(rows *sql.Rows) (none struct{}, err error) {
		var name string
		var n int64
		err = rows.Scan(&name, &n)
		counts[name] = n
		return none, err
	}, query)
	return counts, err
}

// patience is how many tries in a row without a clear answer Idle waits for.
const patience = 3

// patienceTime is how far ahead a notice is at most, in milliseconds, that Idle waits for.
const patienceTime = 60_000

// putOff is how far ahead the next request to a host is, at least, if it has asked for a
// wait: its repositories are not left to do now, and no question if it is an issuer.
const putOff = 20_000

// Issuer begins the name of a host that is asked about tokens, where rates are kept.
const Issuer = "issuer "

// Work is what a worker does, or what is left to do.
type Work struct{ Discover, Scan, Verify, Act bool }

// Idle reports whether nothing of what a worker does is left to do now: what is left waits
// for a later sweep or recheck.
func Idle(ctx context.Context, q store.Querier, does Work, now int64) (bool, error) {
	var left Work
	err := q.QueryRowContext(ctx, `select exists(select 1 from source where state in ('queued', 'listing')),
		exists(select 1 from repo where state in ('queued', 'scanning')
			and not exists(select 1 from budget where budget.host = repo.host and budget.free > $1)),
		exists(select 1 from token where open = 1 and (due <= $2 or tries between 1 and $3)
			and not exists(select 1 from budget where budget.host like $4 and budget.free > $5)),
		exists(select 1 from notice where state = 'sending' or state = 'due' and tries < $6 and due <= $7)`,
		(now+putOff)*1000, now, patience, Issuer+"%", (now+putOff)*1000, patience, now+patienceTime).Scan(&left.Discover, &left.Scan, &left.Verify, &left.Act)
	return !(does.Discover && left.Discover) && !(does.Scan && left.Scan) && !(does.Verify && left.Verify) && !(does.Act && left.Act), err
}

// ForgetRepo removes all of a repository, by id or URL, and the tokens that stand
// nowhere else. It reports whether there was one.
func ForgetRepo(ctx context.Context, tx *sql.Tx, name string, now int64) (bool, error) {
	n, err := changed(ctx, tx, `delete from repo where id = $1 or url = $2`, name, name)
	if err != nil || n == 0 {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, `delete from token where not exists (select 1 from finding where finding.token = token.id)
		and not exists (select 1 from told where told.token = token.id)`); err != nil {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `insert into forgotten(kind, at) values('repository', $1)`, now)
	return true, err
}

// ForgetToken removes all of a token. It reports whether there was one.
func ForgetToken(ctx context.Context, tx *sql.Tx, id string, now int64) (bool, error) {
	if _, err := tx.ExecContext(ctx, `delete from memory where repo in (select repo from finding where token = $1)`, id); err != nil {
		return false, err
	}
	n, err := changed(ctx, tx, `delete from token where id = $1`, id)
	if err != nil || n == 0 {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `insert into forgotten(kind, at) values('token', $1)`, now)
	return true, err
}
