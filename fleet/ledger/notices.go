package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"

	"r8scan/fleet/store"
)

// The states of a notice.
const (
	Planned   = "planned"   // it would be sent, if the operator's configuration said act: true
	Due       = "due"       // it is to be sent
	Sending   = "sending"   // a worker is about to send it, or has
	Sent      = "sent"      // it has arrived
	Refused   = "refused"   // it cannot be sent: a person may say what is to be done
	Uncertain = "uncertain" // it may have arrived: a person has to say
)

// The channels that are no webhooks.
const (
	Disable = "disable"
	Mail    = "mail"
)

// Notice is one effect outside: a token disabled, or somebody told of it.
type Notice struct {
	ID      string `json:"id"`
	Token   string `json:"token_id"`
	Channel string `json:"channel"`
	State   string `json:"state"`
	Error   string `json:"error,omitempty"`
	Tries   int64  `json:"tries,omitempty"` // attempts in a row that reached nobody
	Made    int64  `json:"made"`            // milliseconds since 1970
	Since   int64  `json:"since"`           // of the state, likewise
	Due     int64  `json:"due,omitempty"`   // likewise, if the state is due
}

const noticeColumns = `id, token, channel, state, error, tries, made, since, case when state = 'due' then due else 0 end`

func scanNotice(rows *sql.Rows) (n Notice, err error) {
	return n, rows.Scan(&n.ID, &n.Token, &n.Channel, &n.State, &n.Error, &n.Tries, &n.Made, &n.Since, &n.Due)
}

// Notices returns all notices, those that are the longest in their state first.
func Notices(ctx context.Context, q store.Querier) ([]Notice, error) {
	return all(ctx, q, scanNotice, `select `+noticeColumns+` from notice order by since, id`)
}

// NoticesOf returns the notices about a token, likewise.
func NoticesOf(ctx context.Context, q store.Querier, token string) ([]Notice, error) {
	return all(ctx, q, scanNotice, `select `+noticeColumns+` from notice where token = $1 order by since, id`, token)
}

// Act is one attempt at a notice, as jobs name it.
type Act struct {
	Notice  string
	Epoch   int64
	Channel string
}

func scanAct(rows *sql.Rows) (a Act, err error) { return a, rows.Scan(&a.Notice, &a.Epoch, &a.Channel) }

// planMost is how many notices one look plans, for each channel.
const planMost = 200

// exposed is a condition: a token is live, and stands where everybody can read it.
const exposed = `t.status = 'live' and t.open = 1 and (exists(select 1 from told where told.token = t.id)
	or exists(select 1 from finding f join repo r on r.id = f.repo where f.token = t.id and r.public = 1))`

// Plan makes a notice for each channel and each token that is live and public, and has
// none. Without act they are only planned, else it returns the acts to queue.
func Plan(ctx context.Context, tx *sql.Tx, channels []string, act bool, now int64) ([]Act, error) {
	if _, err := tx.ExecContext(ctx, `delete from notice where state = 'planned' and token in (select id from token where status <> 'live' or open = 0)`); err != nil {
		return nil, err
	}
	var acts []Act
	for _, channel := range channels {
		tokens, err := all(ctx, tx, func(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id) },
			`select t.id from token t where `+exposed+` and not exists(select 1 from notice n where n.token = t.id and n.channel = $1) order by t.id limit $2`, channel, planMost)
		if err != nil {
			return nil, err
		}
		for _, token := range tokens {
			_, err := tx.ExecContext(ctx, `insert into notice(id, token, channel, state, made, since, due) values($1, $2, $3, 'planned', $4, $5, $6) on conflict(token, channel) do nothing`,
				rand.Text(), token, channel, now, now, now)
			if err != nil {
				return nil, err
			}
		}
		if !act {
			continue
		}
		due, err := all(ctx, tx, scanAct, `update notice set state = 'due', since = $1, due = $2
			where state = 'planned' and channel = $3 returning id, epoch, channel`, now, now, channel)
		if err != nil {
			return nil, err
		}
		acts = append(acts, due...)
	}
	return acts, nil
}

// DueNotice returns the notice of an act. ErrLost says that it is not due any more.
func DueNotice(ctx context.Context, q store.Querier, a Act) (Notice, error) {
	return oneNotice(q.QueryRowContext(ctx, `select `+noticeColumns+` from notice where id = $1 and epoch = $2 and state = 'due'`, a.Notice, a.Epoch))
}

func oneNotice(row *sql.Row) (n Notice, err error) {
	err = row.Scan(&n.ID, &n.Token, &n.Channel, &n.State, &n.Error, &n.Tries, &n.Made, &n.Since, &n.Due)
	return n, lost(err)
}

// ClaimNotice marks a notice as being sent by the worker. ErrLost says that it is not
// due any more.
func ClaimNotice(ctx context.Context, q store.Querier, a Act, worker string, now int64) error {
	return one(ctx, q, `update notice set state = 'sending', owner = $1, since = $2, lead = '' where id = $3 and epoch = $4 and state = 'due'`,
		worker, now, a.Notice, a.Epoch)
}

// Result is what became of an attempt.
type Result struct {
	State string // Due, Sent, Refused or Uncertain
	Why   string // if it is not Sent
	Due   int64  // when to try again, if State is Due
	Count bool   // the attempt counts as one that reached nobody
}

// Record ends an attempt, and those that went with it. It returns the acts to queue, at
// r.Due. ErrLost says that the worker was too late: others hold it for dead.
func Record(ctx context.Context, tx *sql.Tx, a Act, worker string, r Result, now int64) ([]Act, error) {
	count := 0
	if r.Count {
		count = 1
	}
	if err := one(ctx, tx, `update notice set state = state where id = $1 and epoch = $2 and owner = $3 and state = 'sending'`, a.Notice, a.Epoch, worker); err != nil {
		return nil, err
	}
	acts, err := all(ctx, tx, scanAct, `update notice set state = $1, error = $2, since = $3, due = $4, epoch = epoch + 1, owner = null,
		tries = case when cast($5 as bigint) = 1 then tries + 1 else tries end
		where (id = $6 or lead = $7) and owner = $8 and state = 'sending' returning id, epoch, channel`,
		r.State, r.Why, now, r.Due, count, a.Notice, a.Notice, worker)
	if err != nil {
		return nil, err
	}
	for _, done := range acts {
		if r.State == Due && !r.Count { // nothing was tried
			break
		}
		if err := logNotice(ctx, tx, done.Notice, worker, r.State, r.Why, now); err != nil {
			return nil, err
		}
	}
	if r.State != Due {
		acts = nil
	}
	return acts, nil
}

// Withdraw removes a notice that is not needed any more, such as one to disable a token
// that is dead.
func Withdraw(ctx context.Context, tx *sql.Tx, a Act, worker, why string, now int64) error {
	if err := logNotice(ctx, tx, a.Notice, worker, "withdrawn", why, now); err != nil {
		return err
	}
	return one(ctx, tx, `delete from notice where id = $1 and epoch = $2 and owner = $3 and state = 'sending'`, a.Notice, a.Epoch, worker)
}

// interrupted is what becomes of a notice whose worker has died while it sent it. What
// has a key that keeps the receiver from acting twice is sent again; of what else, nobody
// knows whether it has arrived.
const interrupted = `update notice set state = case when channel = 'disable' then 'due' else 'uncertain' end, epoch = epoch + 1, owner = null, lead = '', since = $1, due = $2,
	error = case when channel = 'disable' then '' else 'the process that sent it ended before it had an answer' end
	where state = 'sending' and `

// Abandoned takes over the notices of workers that are dead. It returns the acts to queue.
func Abandoned(ctx context.Context, tx *sql.Tx, worker string, now int64) ([]Act, error) {
	return takeNotices(ctx, tx, worker, now, interrupted+`owner not in (select id from worker where until >= $3)`, now, now, now)
}

// Interrupted ends an attempt of the worker itself whose result it could not record.
func Interrupted(ctx context.Context, tx *sql.Tx, a Act, worker string, now int64) ([]Act, error) {
	return takeNotices(ctx, tx, worker, now, interrupted+`owner = $3 and (id = $4 and epoch = $5 or lead = $6)`, now, now, worker, a.Notice, a.Epoch, a.Notice)
}

func takeNotices(ctx context.Context, tx *sql.Tx, worker string, now int64, query string, args ...any) ([]Act, error) {
	taken, err := all(ctx, tx, func(rows *sql.Rows) (n Notice, err error) { // its epoch is in Due
		return n, rows.Scan(&n.ID, &n.Due, &n.Channel, &n.State, &n.Error)
	}, query+` returning id, epoch, channel, state, error`, args...)
	if err != nil {
		return nil, err
	}
	var acts []Act
	for _, n := range taken {
		if err := logNotice(ctx, tx, n.ID, worker, n.State, n.Error, now); err != nil {
			return nil, err
		}
		if n.State == Due {
			acts = append(acts, Act{n.ID, n.Due, n.Channel})
		}
	}
	return acts, nil
}

// OrphanAct gives a notice that a dead worker has not begun to send to another.
func OrphanAct(ctx context.Context, tx *sql.Tx, a Act) ([]Act, error) {
	return all(ctx, tx, scanAct, `update notice set epoch = epoch + 1 where id = $1 and epoch = $2 and state = 'due' returning id, epoch, channel`, a.Notice, a.Epoch)
}

// Settle records what a person says of a notice that is uncertain or refused: it has
// arrived, or is to be sent again; then it returns the act to queue. ErrLost says that it
// is neither uncertain nor refused.
func Settle(ctx context.Context, tx *sql.Tx, notice string, sent bool, who, why string, now int64) (*Act, error) {
	state := Due
	if sent {
		state = Sent
	}
	var a Act
	err := tx.QueryRowContext(ctx, `update notice set state = $1, error = '', tries = 0, since = $2, due = $3, epoch = epoch + 1
		where id = $4 and state in ('uncertain', 'refused') returning id, epoch, channel`, state, now, now, notice).Scan(&a.Notice, &a.Epoch, &a.Channel)
	if err != nil {
		return nil, lost(err)
	}
	if err := logNotice(ctx, tx, notice, who, "settled as "+state, why, now); err != nil || sent {
		return nil, err
	}
	return &a, nil
}
