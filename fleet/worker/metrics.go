package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"time"

	"r8scan/fleet/ledger"
)

// serve serves /healthz and /metrics until stop is called.
func (w *Worker) serve(ctx context.Context) (stop func(), err error) {
	if w.cfg.Metrics == "" {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", w.cfg.Metrics)
	if err != nil {
		return nil, fmt.Errorf("--metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(out http.ResponseWriter, r *http.Request) {
		if _, err := w.counted(r.Context()); err != nil {
			http.Error(out, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(out, "ok")
	})
	mux.HandleFunc("GET /metrics", func(out http.ResponseWriter, r *http.Request) {
		c, err := w.counted(r.Context())
		if err != nil {
			http.Error(out, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		out.Header().Set("Content-Type", "text/plain; version=0.0.4")
		writeMetrics(out, c)
	})
	server := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			w.log.Warn("metrics ended", "error", err.Error())
		}
	}()
	w.log.Info("metrics", "address", listener.Addr().String())
	return func() { server.Close() }, nil
}

func (w *Worker) counted(ctx context.Context) (*ledger.Counts, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	now, err := w.store.Now(ctx, w.store.DB)
	if err != nil {
		return nil, err
	}
	return ledger.Count(ctx, w.store.DB, now)
}

// writeMetrics writes the fleet's numbers in Prometheus's text format.
func writeMetrics(out io.Writer, c *ledger.Counts) {
	labelled := func(name, label string, counts map[string]int64) {
		fmt.Fprintf(out, "# TYPE %s gauge\n", name)
		for _, value := range slices.Sorted(maps.Keys(counts)) {
			fmt.Fprintf(out, "%s{%s=%q} %d\n", name, label, value, counts[value])
		}
	}
	labelled("r8scan_fleet_sources", "state", c.Sources)
	labelled("r8scan_fleet_repositories", "state", c.Repos)
	labelled("r8scan_fleet_tokens", "status", c.Tokens)
	labelled("r8scan_fleet_notices", "state", c.Notices)
	for _, m := range []struct {
		name, kind string
		value      float64
	}{
		{"workers", "gauge", float64(c.Workers)},
		{"visits_total", "counter", float64(c.Visits)},
		{"scans_total", "counter", float64(c.Scans)},
		{"partly_read_repositories", "gauge", float64(c.Partly)},
		{"unanswered_tokens", "gauge", float64(c.Deferred)},
		{"overdue_seconds", "gauge", float64(c.Overdue) / 1000},
	} {
		fmt.Fprintf(out, "# TYPE r8scan_fleet_%s %s\nr8scan_fleet_%s %g\n", m.name, m.kind, m.name, m.value)
	}
}
