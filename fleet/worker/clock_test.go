package worker

import (
	"path/filepath"
	"testing"
	"time"

	"r8scan/fleet/store"
)

// TestClock: the queue's time is the database's, however far this machine's is from it.
func TestClock(t *testing.T) {
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "f.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := newClock(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	const exact = time.Minute // for a machine that is busy
	if c.ahead.Abs() > exact {
		t.Errorf("one machine's clock is %v ahead of itself", c.ahead)
	}
	for _, ahead := range []time.Duration{0, 5 * time.Hour, -5 * time.Hour} {
		c.ahead = ahead
		got := c.NowOrNil() // nil would be this machine's
		if got == nil || (time.Until(*got)-ahead).Abs() > exact {
			t.Errorf("%v ahead: %v", ahead, got)
		}
	}
}
