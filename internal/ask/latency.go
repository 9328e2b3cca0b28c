package ask

import (
	"context"
	"slices"
	"time"

	"r8scan/rules"
	"r8scan/verifier"
)

// latency is how long requests took, each on a new connection.
type latency struct {
	runs   []verifier.Timing // of the requests with a clear answer, in their order
	failed int               // how many had none
	parts  []part
}

// part is one part of a request's time.
type part struct {
	name                 string
	minimum, median, p95 time.Duration
}

// measure sends n-1 more requests for a token that was asked about once, one after
// the other. It returns nil if the first got no clear answer.
func measure(ctx context.Context, v *verifier.Verifier, first tested, n int) *latency {
	if first.verdict.Status != verifier.Live && first.verdict.Status != verifier.Revoked {
		return nil
	}
	l := &latency{runs: []verifier.Timing{first.verdict.Timing}}
	for range n - 1 {
		verdict := v.Verify(ctx, []rules.Secret{first.Secret})[0]
		if ctx.Err() != nil {
			break
		}
		if verdict.Status == verifier.Unknown {
			l.failed++
			continue
		}
		l.runs = append(l.runs, verdict.Timing)
	}
	for _, p := range []struct {
		name string
		of   func(verifier.Timing) time.Duration
	}{
		{"dns", func(t verifier.Timing) time.Duration { return t.DNS }},
		{"connect", func(t verifier.Timing) time.Duration { return t.Connect }},
		{"tls", func(t verifier.Timing) time.Duration { return t.TLS }},
		{"first byte", func(t verifier.Timing) time.Duration { return t.FirstByte }},
		{"total", func(t verifier.Timing) time.Duration { return t.Total }},
	} {
		ds := make([]time.Duration, len(l.runs))
		for i, t := range l.runs {
			ds[i] = p.of(t)
		}
		slices.Sort(ds)
		l.parts = append(l.parts, part{p.name, ds[0], median(ds), ds[rank(95, len(ds))]})
	}
	return l
}

// median returns the middle of sorted, which is not empty.
func median(sorted []time.Duration) time.Duration {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// rank returns the index of the pth percentile of n values by nearest rank, which
// is a measured value.
func rank(p, n int) int { return max(0, (p*n+99)/100-1) }
