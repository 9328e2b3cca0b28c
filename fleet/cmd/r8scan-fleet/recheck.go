package main

import (
	"database/sql"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"r8scan/fleet/ledger"
	"r8scan/fleet/store"
	"r8scan/fleet/worker"
)

func (c command) recheck() *cobra.Command {
	return &cobra.Command{
		Use:   "recheck",
		Short: "Ask about all tokens again now that were not refused twice",
		Long: `Queue a question about each token that Replicate has not refused twice. A process of
r8scan-fleet run asks it.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return with(ctx, func(s *store.Store) error {
				queue, err := worker.NewInserter(ctx, s)
				if err != nil {
					return err
				}
				return s.Tx(ctx, func(tx *sql.Tx) error {
					now, err := s.Now(ctx, tx)
					if err != nil {
						return err
					}
					questions, err := ledger.Reask(ctx, tx, ledger.Question{}, now)
					if err != nil {
						return err
					}
					fmt.Fprintf(c.out, "%d tokens queued\n", len(questions))
					return queue.Questions(ctx, tx, time.Time{}, questions...)
				})
			})
		},
	}
}
