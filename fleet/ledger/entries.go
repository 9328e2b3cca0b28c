package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"

	"r8scan/fleet/store"
)

// Entry is a line of the log of acts: lines are added and never changed. Forgetting a
// token removes its lines.
type Entry struct {
	At      int64  `json:"at"`  // milliseconds since 1970
	Who     string `json:"who"` // a worker, or a person
	Act     string `json:"act"`
	Token   string `json:"token_id,omitempty"`
	Channel string `json:"channel,omitempty"`
	Why     string `json:"why,omitempty"`
}

// Log adds an entry.
func Log(ctx context.Context, tx *sql.Tx, e Entry) error {
	_, err := tx.ExecContext(ctx, `insert into entry(id, at, who, act, token, channel, why) values($1, $2, $3, $4, nullif($5, ''), $6, $7)`,
		rand.Text(), e.At, e.Who, e.Act, e.Token, e.Channel, e.Why)
	return err
}

// logNotice adds an entry about a notice.
func logNotice(ctx context.Context, tx *sql.Tx, notice, who, act, why string, now int64) error {
	_, err := tx.ExecContext(ctx, `insert into entry(id, at, who, act, token, channel, why) select $1, $2, $3, $4, token, channel, $5 from notice where id = $6`,
		rand.Text(), now, who, act, why, notice)
	return err
}

// Entries returns the last entries, of a token or, if that is "", of all, the newest
// first.
func Entries(ctx context.Context, q store.Querier, token string, limit int) ([]Entry, error) {
	return all(ctx, q, func(rows *sql.Rows) (e Entry, err error) {
		return e, rows.Scan(&e.At, &e.Who, &e.Act, &e.Token, &e.Channel, &e.Why)
	}, `select at, who, act, coalesce(token, ''), channel, why from entry where cast($1 as text) = '' or token = $2 order by at desc, id limit $3`, token, token, limit)
}
