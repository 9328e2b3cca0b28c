package ask

import (
	"strings"
	"testing"
	"time"

	"r8scan/verifier"
)

func TestLatencyNumbers(t *testing.T) {
	ds := []time.Duration{1, 2, 3, 10}
	if got := median(ds); got != 2 {
		t.Errorf("median %d", got)
	}
	if got := median(ds[:3]); got != 2 {
		t.Errorf("median of three %d", got)
	}
	for n, want := range map[int]int{1: 0, 2: 1, 10: 9, 20: 18, 100: 94} {
		if got := rank(95, n); got != want {
			t.Errorf("95th percentile of %d: index %d, want %d", n, got, want)
		}
	}
	var b strings.Builder
	l := latency{runs: make([]verifier.Timing, 2), failed: 1, parts: []part{{"connect", 1e6, 1e6, 2e6}, {"total", 3e6, 4e6, 200e6}}}
	l.write(&b, true)
	if got := b.String(); strings.Count(got, "█") != 8+barWidth || !strings.Contains(got, "(1 more failed)") || !strings.Contains(got, "200 ms") {
		t.Errorf("table:\n%s", got)
	}
}
