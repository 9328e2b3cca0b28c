package ledger

import (
	"context"
	"database/sql"

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

// Pushed returns visits for the repositories that have one of these URLs, of which there
// is at least one: something was pushed to them. One that is visited already, and may have
// listed its refs before the push, is visited again by the sweep. known is how many there
// are.
func Pushed(ctx context.Context, tx *sql.Tx, urls []string) (visits []Visit, known int64, err error) {
	list, args := places(urls)
	if known, err = changed(ctx, tx, `update repo set pushed = 1 where url in (`+list+`)`, args...); err != nil || known == 0 {
		return nil, known, err
	}
	visits, err = all(ctx, tx, func(rows *sql.Rows) (v Visit, err error) {
		return v, rows.Scan(&v.Repo, &v.Epoch, &v.Size)
	}, `update repo set state = 'queued', epoch = epoch + 1, failures = 0 where state in ('done', 'failed') and url in (`+list+`)
		returning id, epoch, size`, args...)
	return visits, known, err
}

// HasSource reports whether there is a source with one of these names, of which there is
// at least one.
func HasSource(ctx context.Context, q store.Querier, names []string) (bool, error) {
	list, args := places(names)
	var n int64
	err := q.QueryRowContext(ctx, `select count(*) from source where name in (`+list+`)`, args...).Scan(&n)
	return n > 0, err
}
