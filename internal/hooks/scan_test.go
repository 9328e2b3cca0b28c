package hooks

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestInTime has scans that end, that stop at the limit, that ignore it, and one
// that the user stops.
func TestInTime(t *testing.T) {
	other := errors.New("other")
	stopped, stop := context.WithCancel(context.Background())
	stop()
	for name, c := range map[string]struct {
		ctx   context.Context
		limit time.Duration
		scan  func(context.Context) error
		want  error
	}{
		"in time":     {t.Context(), time.Hour, func(context.Context) error { return nil }, nil},
		"an error":    {t.Context(), time.Hour, func(context.Context) error { return other }, other},
		"late":        {t.Context(), time.Nanosecond, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, ErrLate},
		"never":       {t.Context(), time.Nanosecond, func(context.Context) error { select {} }, ErrLate},
		"interrupted": {stopped, time.Hour, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, context.Canceled},
	} {
		if err := InTime(c.ctx, c.limit, c.scan); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
