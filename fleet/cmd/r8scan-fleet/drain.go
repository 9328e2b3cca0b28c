package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"r8scan/fleet/ledger"
	"r8scan/fleet/store"
)

func (c command) drain() *cobra.Command {
	return &cobra.Command{
		Use:   "drain",
		Short: "End all processes of r8scan-fleet run when they have done what they do",
		Long: `Ask all processes to take no more jobs and to end, and wait until they have. What is
queued stays queued.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), func(s *store.Store) error { return c.runDrain(cmd.Context(), s) })
		},
	}
}

// drainPoll is how often drain looks who is left.
const drainPoll = 500 * time.Millisecond

func (c command) runDrain(ctx context.Context, s *store.Store) error {
	if err := ledger.Drain(ctx, s.DB); err != nil {
		return err
	}
	for {
		now, err := s.Now(ctx, s.DB)
		if err != nil {
			return err
		}
		live, err := ledger.Live(ctx, s.DB, now)
		if err != nil {
			return err
		}
		if len(live) == 0 {
			fmt.Fprintln(c.out, "no process is left")
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(drainPoll):
		}
	}
}
