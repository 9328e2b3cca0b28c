package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"r8scan/fleet/ledger"
	"r8scan/fleet/store"
	"r8scan/internal/door"
)

func (c command) status() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say how far the fleet is, and which repositories it could not read",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := textOrJSON(format); err != nil {
				return err
			}
			return with(cmd.Context(), func(s *store.Store) error { return c.runStatus(cmd.Context(), s, format) })
		},
	}
	addAnswerFormat(cmd, &format)
	return cmd
}

func (c command) runStatus(ctx context.Context, s *store.Store, format string) error {
	counts, err := c.counts(ctx, s)
	if err != nil {
		return err
	}
	problems, err := unreadable(ctx, s)
	if err != nil {
		return err
	}
	if format == "json" {
		return door.EncodeJSON(c.out, struct {
			*ledger.Counts
			Database string `json:"database"`
			Unread   any    `json:"unread"`
		}{counts, s.Name, problems})
	}
	fmt.Fprintf(c.out, "database: %s\n", s.Name)
	writeCounts(c.out, counts)
	for _, u := range problems {
		fmt.Fprintf(c.out, "not read: %s: %s\n", door.Printable(u.What), door.Printable(u.Reason))
	}
	return nil
}

func (c command) counts(ctx context.Context, s *store.Store) (*ledger.Counts, error) {
	now, err := s.Now(ctx, s.DB)
	if err != nil {
		return nil, err
	}
	return ledger.Count(ctx, s.DB, now)
}

// writeCounts writes the fleet's numbers for people.
func writeCounts(w io.Writer, c *ledger.Counts) {
	for _, kind := range []struct {
		name   string
		counts map[string]int64
	}{{"sources", c.Sources}, {"repositories", c.Repos}, {"tokens", c.Tokens}, {"notices", c.Notices}} {
		if (kind.name == "sources" || kind.name == "notices") && len(kind.counts) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s:", kind.name)
		for _, name := range slices.Sorted(maps.Keys(kind.counts)) {
			fmt.Fprintf(w, " %d %s", kind.counts[name], name)
		}
		if len(kind.counts) == 0 {
			fmt.Fprint(w, " none")
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "visits: %d, scans of something new: %d\nworkers alive: %d\n", c.Visits, c.Scans, c.Workers)
	for _, key := range slices.Sorted(maps.Keys(c.Sealed)) {
		fmt.Fprintf(w, "tokens sealed to the key %s: %d\n", key, c.Sealed[key])
	}
	if c.Partly > 0 {
		fmt.Fprintf(w, "repositories with parts that could not be read: %d\n", c.Partly)
	}
	if c.Deferred > 0 {
		fmt.Fprintf(w, "tokens without a clear answer from Replicate: %d\n", c.Deferred)
	}
	if c.Overdue > 0 {
		fmt.Fprintf(w, "the oldest visit that is due waits for %s\n", (time.Duration(c.Overdue) * time.Millisecond).Round(time.Second))
	}
}
