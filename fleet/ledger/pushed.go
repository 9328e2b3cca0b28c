package ledger

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"r8scan/fleet/store"
)

// heardFor is how long messages are known, so that a replay changes nothing.
const heardFor = 30 * day

// Hear records a message by its digest. It returns false if it came before.
func Hear(ctx context.Context, tx *sql.Tx, digest string, now int64) (bool, error) {
	if _, err := tx.ExecContext(ctx, `delete from heard where at < $1`, now-heardFor); err != nil {
		return false, err
	}
	n, err := changed(ctx, tx, `insert into heard(digest, at) values($1, $2) on conflict(digest) do nothing`, digest, now)
	return n == 1, err
}

// Push is what a push says.
type Push struct {
	URLs    []string // of the repository; at least one
	Dropped string   // the id of a commit that it may have dropped, "" if it drops none
}

// Pushed returns visits for the repositories of a push. One that is visited already, and
// may have listed its refs before the push, is visited again by the sweep. known is how
// many there are.
func Pushed(ctx context.Context, tx *sql.Tx, p Push, now int64) (visits []Visit, known int64, err error) {
	list, args := places(p.URLs)
	if known, err = changed(ctx, tx, `update repo set pushed = 1 where url in (`+list+`)`, args...); err != nil || known == 0 {
		return nil, known, err
	}
	if p.Dropped != "" {
		if err := want(ctx, tx, p, now); err != nil {
			return nil, 0, err
		}
	}
	visits, err = all(ctx, tx, func(rows *sql.Rows) (v Visit, err error) {
		return v, rows.Scan(&v.Repo, &v.Epoch, &v.Size)
	}, `update repo set state = 'queued', epoch = epoch + 1, failures = 0 where state in ('done', 'failed') and url in (`+list+`)
		returning id, epoch, size`, args...)
	return visits, known, err
}

// The bounds of what is wanted beside refs.
const (
	wantsMost = 20 // of one repository: the newest
	wantedFor = 30 * day
)

// want keeps the id of a commit that a push has dropped.
func want(ctx context.Context, tx *sql.Tx, p Push, now int64) error {
	list, args := places(append([]string{p.Dropped}, p.URLs...))
	first, list, _ := strings.Cut(list, ", ")
	_, err := tx.ExecContext(ctx, `insert into want(repo, id, at) select id, cast(`+first+` as text), `+strconv.FormatInt(now, 10)+` from repo where url in (`+list+`)
		on conflict(repo, id) do nothing`, args...)
	if err == nil {
		_, err = tx.ExecContext(ctx, `delete from want where at < $1`, now-wantedFor)
	}
	return err
}

// Dropped returns ids of commits of a repository that pushes have dropped, sorted.
func Dropped(ctx context.Context, q store.Querier, repo string) ([]string, error) {
	ids, err := all(ctx, q, func(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id) },
		`select id from want where repo = $1 order by at desc, id limit $2`, repo, wantsMost)
	slices.Sort(ids)
	return ids, err
}

// HasSource reports whether there is a source with one of these names, of which there is
// at least one.
func HasSource(ctx context.Context, q store.Querier, names []string) (bool, error) {
	list, args := places(names)
	var n int64
	err := q.QueryRowContext(ctx, `select count(*) from source where name in (`+list+`)`, args...).Scan(&n)
	return n > 0, err
}
