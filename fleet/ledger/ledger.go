// Package ledger keeps what the fleet knows: repositories, tokens, workers and rates,
// each in one row. Every function is one statement or belongs into a transaction of its
// caller. Times are milliseconds of the database's clock.
package ledger

import (
	"context"
	"database/sql"
	"errors"

	"r8scan/fleet/store"
)

// ErrLost says that a row is no longer its caller's: another worker has taken over, or
// a person has removed it. Nothing may be written then.
var ErrLost = errors.New("another worker has taken this over")

// one runs a statement that must change exactly one row.
func one(ctx context.Context, q store.Querier, query string, args ...any) error {
	n, err := changed(ctx, q, query, args...)
	if err == nil && n != 1 {
		return ErrLost
	}
	return err
}

// changed runs a statement and returns how many rows it has changed.
func changed(ctx context.Context, q store.Querier, query string, args ...any) (int64, error) {
	r, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// all returns the rows of a query. scan reads one.
func all[T any](ctx context.Context, q store.Querier, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// lost turns an answer without rows into ErrLost.
func lost(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrLost
	}
	return err
}
