package main

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"r8scan/fleet/ledger"
	"r8scan/fleet/store"
	"r8scan/internal/forge"
)

func (c command) forget() *cobra.Command {
	return &cobra.Command{
		Use:   "forget URL|FOLDER|TOKEN_ID|OWNER",
		Short: "Remove all that is known of a repository, a token or a source",
		Long: `Remove a repository with its findings, and the tokens that stand in no other; or a
token with its places and verdicts; or a source, such as github:ORG, whose repositories
stay. Only that something was forgotten, and when,
stays. A token is found again when a repository that has it changes: forget the
repository too if you do not want that, and the source that lists it.`,
		Args: oneArg("URL, folder, token id or source"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			name := args[0]
			if r, err := named(name); err == nil {
				name = r.name
			}
			return with(ctx, func(s *store.Store) error {
				return s.Tx(ctx, func(tx *sql.Tx) error {
					now, err := s.Now(ctx, tx)
					if err != nil {
						return err
					}
					ok, err := ledger.ForgetRepo(ctx, tx, name, now)
					if err == nil && !ok {
						ok, err = ledger.ForgetToken(ctx, tx, args[0], now)
					}
					if owner, wrong := forge.Parse(args[0]); err == nil && !ok && wrong == nil {
						ok, err = ledger.ForgetSource(ctx, tx, owner.String(), now)
					}
					if err == nil && !ok {
						return errors.New("no repository, token or source has this name: see r8scan-fleet tokens")
					}
					if err == nil {
						fmt.Fprintln(c.out, "forgotten")
					}
					return err
				})
			})
		},
	}
}
