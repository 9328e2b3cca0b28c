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

// Size is how long a repository's scan takes. Each size has a queue of its own.
type Size string

// The sizes. A repository is small until its scan takes too long.
const (
	Small  Size = "small"
	Medium Size = "medium"
	Large  Size = "large"
)

// Sizes are all of them, smallest first.
func Sizes() []Size { return []Size{Small, Medium, Large} }

// Visit is one scan of one repository, as jobs name it.
type Visit struct {
	Repo  string
	Epoch int64
	Size  Size
}

// The states of a repository.
const (
	Queued   = "queued"
	Scanning = "scanning"
	Done     = "done"
	Failed   = "failed" // the sweep tries it again
	Aside    = "aside"  // workers died of it: only a person tries it again
)

// MaxDeaths is how many workers in a row may die of a repository.
const MaxDeaths = 3

// MaxFailures is how many visits in a row may fail before the next one waits for the
// sweep.
const MaxFailures = 3

// From how many bytes on, as a server tells them, a repository is medium or large.
const (
	mediumBytes = 100 << 20
	largeBytes  = 1 << 30
)

// SizeOf returns the size of a repository with so many bytes on its server.
func SizeOf(bytes int64) Size {
	switch {
	case bytes >= largeBytes:
		return Large
	case bytes >= mediumBytes:
		return Medium
	}
	return Small
}

// Insert adds a repository. If it is new, it returns the visit to queue.
func Insert(ctx context.Context, tx *sql.Tx, url, host string, size Size) (*Visit, error) {
	v := Visit{Repo: strings.ToLower(rand.Text()[:16]), Epoch: 1, Size: size}
	n, err := changed(ctx, tx, `insert into repo(id, url, host, size) values($1, $2, $3, $4) on conflict(url) do nothing`, v.Repo, url, host, string(size))
	if err != nil || n == 0 {
		return nil, err
	}
	return &v, nil
}

// Add is Insert for a person: a repository that has failed or was put aside is visited
// again too.
func Add(ctx context.Context, tx *sql.Tx, url, host string) (*Visit, error) {
	v, err := Insert(ctx, tx, url, host, Small)
	if v != nil || err != nil {
		return v, err
	}
	v = &Visit{}
	err = tx.QueryRowContext(ctx, `update repo set state = 'queued', epoch = epoch + 1, deaths = 0, failures = 0
		where url = $1 and state in ('failed', 'aside') returning id, epoch, size`, url).Scan(&v.Repo, &v.Epoch, &v.Size)
	if lost(err) == ErrLost {
		return nil, nil
	}
	return v, err
}

// Touch makes a repository due that has changed at a time, by another clock, since it was
// visited. The visit finds out whether that is so.
func Touch(ctx context.Context, q store.Querier, url string, changed int64) error {
	_, err := q.ExecContext(ctx, `update repo set due = 0 where url = $1 and state in ('done', 'failed') and scanned < $2`, url, changed+clocks)
	return err
}

// clocks is how far two clocks may be apart.
const clocks = 5 * 60 * 1000

// Claimed is a repository that a worker may scan.
type Claimed struct {
	URL, Host, Refs string
	Public          bool // its server showed it without credentials last time
	Failures        int64
}

// Claim makes the worker the owner of a visit. ErrLost says that the visit is over.
func Claim(ctx context.Context, q store.Querier, v Visit, worker string) (c Claimed, err error) {
	err = q.QueryRowContext(ctx, `update repo set state = 'scanning', owner = $1, pushed = 0
		where id = $2 and epoch = $3 and state in ('queued', 'scanning') returning url, host, refs, public = 1, failures`,
		worker, v.Repo, v.Epoch).Scan(&c.URL, &c.Host, &c.Refs, &c.Public, &c.Failures)
	return c, lost(err)
}

// Scanned is what a visit that went well leaves.
type Scanned struct {
	Refs    string
	Fetched bool            // a pack came; else the refs are those of last time
	Unread  []result.Unread // only if a pack came
	Now     int64
	Due     int64
	Memory  *Memory // what the next scan need not read again; nil to keep what is there
}

// Memory is what a scan of a repository leaves for the next one.
type Memory struct{ Name, Body []byte }

// Recall returns what the last scan of a repository has left, nil if it is nothing.
func Recall(ctx context.Context, q store.Querier, repo string) (*Memory, error) {
	m := &Memory{}
	err := q.QueryRowContext(ctx, `select name, body from memory where repo = $1`, repo).Scan(&m.Name, &m.Body)
	if lost(err) == ErrLost {
		return nil, nil
	}
	return m, err
}

// Commit ends a visit that went well. ErrLost says that it is another's by now.
func Commit(ctx context.Context, tx *sql.Tx, v Visit, worker string, s Scanned) error {
	const ending = `update repo set state = 'done', owner = null, commits = commits + 1, failures = 0, deaths = 0, error = '',
		refs = $1, scanned = $2, due = case when pushed = 1 then 0 else cast($3 as bigint) end`
	const ours = ` where id = $4 and epoch = $5 and owner = $6 and state = 'scanning'`
	if !s.Fetched {
		return one(ctx, tx, ending+ours, s.Refs, s.Now, s.Due, v.Repo, v.Epoch, worker)
	}
	if s.Unread == nil {
		s.Unread = []result.Unread{}
	}
	unread, err := json.Marshal(s.Unread)
	if err != nil {
		return err
	}
	err = one(ctx, tx, ending+`, scans = scans + 1, unread = $7`+ours, s.Refs, s.Now, s.Due, v.Repo, v.Epoch, worker, string(unread))
	if err != nil || s.Memory == nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `insert into memory(repo, name, body) values($1, $2, $3)
		on conflict(repo) do update set name = excluded.name, body = excluded.body`, v.Repo, s.Memory.Name, s.Memory.Body)
	return err
}

// MarkPublic records whether a repository's server shows it without credentials.
func MarkPublic(ctx context.Context, q store.Querier, repo string, public bool) error {
	n := 0
	if public {
		n = 1
	}
	_, err := q.ExecContext(ctx, `update repo set public = $1 where id = $2`, n, repo)
	return err
}

// Fail ends a visit that failed, and returns the next one; nil if it waits for the
// sweep. ErrLost is as in Commit.
func Fail(ctx context.Context, tx *sql.Tx, v Visit, worker, reason string, due int64) (*Visit, error) {
	return again(ctx, tx, v, `update repo set epoch = epoch + 1, owner = null, error = $1, due = $2, failures = failures + 1,
		state = case when failures + 1 >= $3 then 'failed' else 'queued' end
		where id = $4 and epoch = $5 and owner = $6 and state = 'scanning' returning epoch, size, state`,
		reason, due, MaxFailures, v.Repo, v.Epoch, worker)
}

// Grow ends a visit that took too long, and returns one with more time. ErrLost is as
// in Commit.
func Grow(ctx context.Context, tx *sql.Tx, v Visit, worker string, size Size) (*Visit, error) {
	return again(ctx, tx, v, `update repo set epoch = epoch + 1, owner = null, size = $1, state = 'queued'
		where id = $2 and epoch = $3 and owner = $4 and state = 'scanning' returning epoch, size, state`,
		string(size), v.Repo, v.Epoch, worker)
}

// Orphan ends a visit whose worker is dead, and returns the next one; nil if too many
// have died of it, or if the visit was over.
func Orphan(ctx context.Context, tx *sql.Tx, v Visit) (*Visit, error) {
	next, err := again(ctx, tx, v, `update repo set epoch = epoch + 1, owner = null, deaths = deaths + 1,
		error = case when deaths + 1 >= $1 then 'its workers died, one after the other' else error end,
		state = case when deaths + 1 >= $2 then 'aside' else 'queued' end
		where id = $3 and epoch = $4 and state in ('queued', 'scanning') returning epoch, size, state`,
		MaxDeaths, MaxDeaths, v.Repo, v.Epoch)
	if err == ErrLost {
		return nil, nil
	}
	return next, err
}

func again(ctx context.Context, tx *sql.Tx, v Visit, query string, args ...any) (*Visit, error) {
	var state string
	if err := tx.QueryRowContext(ctx, query, args...).Scan(&v.Epoch, &v.Size, &state); err != nil {
		return nil, lost(err)
	}
	if state != Queued {
		return nil, nil
	}
	return &v, nil
}

// Sweep returns visits for repositories that are due, limit at most.
func Sweep(ctx context.Context, tx *sql.Tx, now int64, limit int) ([]Visit, error) {
	return all(ctx, tx, func(rows *sql.Rows) (v Visit, err error) {
		return v, rows.Scan(&v.Repo, &v.Epoch, &v.Size)
	}, `update repo set state = 'queued', epoch = epoch + 1, failures = 0
		where id in (select id from repo where state in ('done', 'failed') and due <= $1 order by due limit $2)
		and state in ('done', 'failed') returning id, epoch, size`, now, limit)
}

// DueNow makes all repositories due that a sweep may visit.
func DueNow(ctx context.Context, q store.Querier) error {
	_, err := q.ExecContext(ctx, `update repo set due = 0 where state in ('done', 'failed')`)
	return err
}

// Problem is a repository or a source that was not read, or not all of it.
type Problem struct {
	URL, State, Error string
	Unread            []result.Unread
}

// Problems returns the repositories that were not read completely, by URL.
func Problems(ctx context.Context, q store.Querier) ([]Problem, error) {
	return problems(ctx, q, `select url, state, error, unread from repo where state <> 'done' or unread <> '[]' order by url`)
}

func problems(ctx context.Context, q store.Querier, query string) ([]Problem, error) {
	return all(ctx, q, func(rows *sql.Rows) (p Problem, err error) {
		var unread string
		if err := rows.Scan(&p.URL, &p.State, &p.Error, &unread); err != nil {
			return p, err
		}
		return p, json.Unmarshal([]byte(unread), &p.Unread)
	}, query)
}
