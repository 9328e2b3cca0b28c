package worker

import (
	"context"
	"time"

	"r8scan/fleet/store"
)

// clock is the database's, for the queue, which would else go by this machine's: jobs of
// a machine whose clock is hours wrong came hours late. It is read once and goes on
// steadily, whatever is done to this machine's clock.
type clock struct {
	read  time.Time     // by this machine
	ahead time.Duration // of the database's
}

func newClock(ctx context.Context, s *store.Store) (clock, error) {
	now, err := s.Now(ctx, s.DB)
	read := time.Now()
	return clock{read, time.UnixMilli(now).Sub(read)}, err
}

// Now returns the time. Differences of two are exact.
func (c clock) Now() time.Time { return c.read.Add(c.ahead + time.Since(c.read)) }

// NowOrNil returns the time: for nil, the queue's driver takes this machine's.
func (c clock) NowOrNil() *time.Time {
	now := c.Now()
	return &now
}
