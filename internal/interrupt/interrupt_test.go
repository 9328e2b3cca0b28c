package interrupt

import (
	"context"
	"os"
	"testing"
	"time"
)

// TestUntilSignal ends programs that end by themselves, that heed their context,
// and that are blocked.
func TestUntilSignal(t *testing.T) {
	const code, interrupted = 3, 130
	heeds := func(ctx context.Context) int { <-ctx.Done(); return code }
	blocked := func(context.Context) int { select {} }
	never := func(time.Duration) <-chan time.Time { return nil }
	atOnce := func(time.Duration) <-chan time.Time { c := make(chan time.Time); close(c); return c }
	for _, tt := range []struct {
		name    string
		run     func(context.Context) int
		signals int
		after   func(time.Duration) <-chan time.Time
		want    int
	}{
		{"by itself", func(context.Context) int { return code }, 0, never, code},
		{"heeds it", heeds, 1, never, interrupted},
		{"blocked, in time", blocked, 1, atOnce, interrupted},
		{"blocked, a second signal", blocked, 2, never, interrupted},
	} {
		signals := make(chan os.Signal, 2)
		for range tt.signals {
			signals <- os.Interrupt
		}
		if got := untilSignal(signals, tt.after, tt.run, interrupted); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}
