package ledger

import (
	"context"
	"database/sql"

	"r8scan/fleet/store"
)

// Sealed is a token that is encrypted to a key.
type Sealed struct {
	Token, Rule string
	Key         string // the key's id
	Body        []byte
}

// Wants reports whether a token is to be sealed to a key: it is asked about, and not
// sealed to it yet.
func Wants(ctx context.Context, q store.Querier, token, key string) (bool, error) {
	var n int64
	err := q.QueryRowContext(ctx, `select count(*) from token where id = $1 and open = 1 and sealed_to <> $2`, token, key).Scan(&n)
	return n > 0, err
}

// Seal keeps a sealed token in the place of one that was sealed to another key, unless it
// is dead by now.
func Seal(ctx context.Context, tx *sql.Tx, s Sealed) error {
	_, err := tx.ExecContext(ctx, `update token set sealed = $1, sealed_to = $2 where id = $3 and open = 1`, s.Body, s.Key, s.Token)
	return err
}

// Unseal returns a sealed token. Its body is nil if it is not sealed.
func Unseal(ctx context.Context, q store.Querier, token string) (Sealed, error) {
	s := Sealed{Token: token}
	err := q.QueryRowContext(ctx, `select rule, sealed_to, sealed from token where id = $1`, token).Scan(&s.Rule, &s.Key, &s.Body)
	return s, lost(err)
}

// Erase removes a sealed token that is damaged, unless another has taken its place: once
// it is found again, it is sealed again.
func Erase(ctx context.Context, q store.Querier, s Sealed) error {
	_, err := q.ExecContext(ctx, `update token set sealed = null, sealed_to = '' where id = $1 and sealed = $2`, s.Token, s.Body)
	return err
}

// SealedElse returns tokens after one with an id that are sealed to another key, limit at
// most, in the order of ids.
func SealedElse(ctx context.Context, q store.Querier, key, after string, limit int) ([]Sealed, error) {
	return all(ctx, q, func(rows *sql.Rows) (s Sealed, err error) {
		return s, rows.Scan(&s.Token, &s.Rule, &s.Key, &s.Body)
	}, `select id, rule, sealed_to, sealed from token where sealed_to not in ('', $1) and id > $2 order by id limit $3`, key, after, limit)
}
