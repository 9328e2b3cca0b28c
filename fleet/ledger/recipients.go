package ledger

import (
	"context"
	"database/sql"
	"encoding/json"

	"r8scan/fleet/store"
	"r8scan/report"
)

// ReserveRecipient takes the one mail a day of a recipient, who is known by a digest of the
// address. If there was one, it returns when the next may go, in milliseconds; else 0.
func ReserveRecipient(ctx context.Context, tx *sql.Tx, digest string, now int64) (next int64, err error) {
	n, err := changed(ctx, tx, `insert into recipient(digest, mailed) values($1, $2)
		on conflict(digest) do update set mailed = excluded.mailed where recipient.mailed <= $3`, digest, now, now-day)
	if err != nil || n == 1 {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, `select mailed from recipient where digest = $1`, digest).Scan(&next)
	return next + day, err
}

// ReleaseRecipient gives it back, because nothing was sent.
func ReleaseRecipient(ctx context.Context, q store.Querier, digest string) error {
	_, err := q.ExecContext(ctx, `delete from recipient where digest = $1`, digest)
	return err
}

// mailMost is how many tokens one mail tells of, at most.
const mailMost = 100

// JoinMail makes the due mails about other tokens of the same account go along with one
// that the worker sends. It returns the tokens that they are about.
func JoinMail(ctx context.Context, tx *sql.Tx, a Act, account *report.Account, worker string, now int64) ([]string, error) {
	body, err := json.Marshal(account)
	if err != nil {
		return nil, err
	}
	return all(ctx, tx, func(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id) },
		`update notice set state = 'sending', owner = $1, since = $2, lead = $3, epoch = epoch + 1 where id in (
			select n.id from notice n join token t on t.id = n.token where n.channel = 'mail' and n.state = 'due' and t.account = $4 order by n.id limit $5)
		and state = 'due' returning token`, worker, now, a.Notice, string(body), mailMost)
}
