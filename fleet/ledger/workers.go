package ledger

import (
	"context"
	"database/sql"
	"time"

	"r8scan/fleet/store"
)

// Register adds a worker. It is alive until the time given.
func Register(ctx context.Context, q store.Querier, id string, now, until int64) error {
	_, err := q.ExecContext(ctx, `insert into worker(id, started, until) values($1, $2, $3)`, id, now, until)
	return err
}

// Renew keeps a worker alive. ErrLost says that it was too late: its visits may be
// another's. draining says that it is to end.
func Renew(ctx context.Context, q store.Querier, id string, now, until int64) (draining bool, err error) {
	var drain int64
	err = q.QueryRowContext(ctx, `update worker set until = $1 where id = $2 and until >= $3 returning draining`, until, id, now).Scan(&drain)
	return drain == 1, lost(err)
}

// Unregister removes a worker that has ended.
func Unregister(ctx context.Context, q store.Querier, id string) error {
	_, err := q.ExecContext(ctx, `delete from worker where id = $1`, id)
	return err
}

// Bury removes workers that have been dead for long: nothing of theirs runs any more.
func Bury(ctx context.Context, q store.Querier, before int64) error {
	_, err := q.ExecContext(ctx, `delete from worker where until < $1`, before)
	return err
}

// Live returns the ids of the workers that are alive.
func Live(ctx context.Context, q store.Querier, now int64) ([]string, error) {
	return all(ctx, q, func(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id) },
		`select id from worker where until >= $1 order by id`, now)
}

// Drain asks all workers to end when they have done what they do.
func Drain(ctx context.Context, q store.Querier) error {
	_, err := q.ExecContext(ctx, `update worker set draining = 1`)
	return err
}

// Defer lets no request go to a host for some time: it has asked for that.
func Defer(ctx context.Context, q store.Querier, host string, nowMS int64, wait time.Duration) error {
	free := nowMS*1000 + wait.Microseconds()
	_, err := q.ExecContext(ctx, `insert into budget(host, free) values($1, $2)
		on conflict(host) do update set free = case when budget.free > excluded.free then budget.free else excluded.free end`, host, free)
	return err
}

// Free returns how many microseconds are left until a request to a host may go, if all
// that wait have gone.
func Free(ctx context.Context, q store.Querier, host string, nowMS int64) (wait int64, err error) {
	err = q.QueryRowContext(ctx, `select free from budget where host = $1`, host).Scan(&wait)
	return max(0, wait-nowMS*1000), err
}

// Reserve takes the next place in the row of requests to a host, which are every
// microseconds apart, and returns how many microseconds to wait for it. ErrLost says
// that the row is longer than most microseconds: try again later. It is one statement,
// because each request needs one.
func Reserve(ctx context.Context, s *store.Store, host string, every, most int64) (wait int64, err error) {
	now := s.Clock() + ` * 1000`
	err = s.DB.QueryRowContext(ctx, `insert into budget(host, free) values($1, `+now+` + $2)
		on conflict(host) do update set free = case when budget.free > excluded.free - $3 then budget.free + $4 else excluded.free end
		where budget.free <= excluded.free - $5 returning free - `+now, host, every, every, every, every-most).Scan(&wait)
	return max(0, wait-every), lost(err)
}
