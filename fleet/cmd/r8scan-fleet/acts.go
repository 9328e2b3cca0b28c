package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"r8scan/fleet/ledger"
	"r8scan/fleet/store"
	"r8scan/fleet/worker"
	"r8scan/internal/door"
)

func (c command) acts() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "acts",
		Short: "List what was done about tokens, or would be",
		Long: `List the notices: for each token that is live and public, whether it was disabled and
who was told. Until the configuration of r8scan-fleet run says act: true, they are
planned only. A person has to say what became of one that is uncertain or refused:
see r8scan-fleet settle.`,
		Example: `  r8scan-fleet acts
  r8scan-fleet acts -f json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := textOrJSON(format); err != nil {
				return err
			}
			return with(cmd.Context(), func(s *store.Store) error { return c.runActs(cmd.Context(), s, format) })
		},
	}
	addAnswerFormat(cmd, &format)
	return cmd
}

func (c command) runActs(ctx context.Context, s *store.Store, format string) error {
	notices, err := ledger.Notices(ctx, s.DB)
	if err != nil {
		return err
	}
	if format == "json" {
		if notices == nil {
			notices = []ledger.Notice{}
		}
		return door.EncodeJSON(c.out, notices)
	}
	for _, n := range notices {
		fmt.Fprintf(c.out, "%s %s %s %s since %s", n.ID, n.Token, n.Channel, n.State, time.UnixMilli(n.Since).UTC().Format(time.RFC3339))
		if n.Error != "" {
			fmt.Fprintf(c.out, ": %s", door.Printable(n.Error))
		}
		fmt.Fprintln(c.out)
	}
	return nil
}

func (c command) settle() *cobra.Command {
	var arrived, again bool
	var why string
	cmd := &cobra.Command{
		Use:   "settle NOTICE",
		Short: "Say what became of a notice that is uncertain or refused",
		Long: `Say what became of a notice that r8scan-fleet acts lists as uncertain or refused: it has
arrived, or it is to be sent again. Who said so, and why, goes into the log of acts.`,
		Example: `  r8scan-fleet settle KJ2Q5ZTB3V --arrived --why 'it is in the mailbox'
  r8scan-fleet settle KJ2Q5ZTB3V --again --why 'the server has no trace of it'`,
		Args: oneArg("notice"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case arrived == again:
				return errors.New("use --arrived or --again")
			case why == "":
				return errors.New("--why is missing: it goes into the log of acts")
			}
			return with(cmd.Context(), func(s *store.Store) error { return c.runSettle(cmd.Context(), s, args[0], arrived, why) })
		},
	}
	cmd.Flags().BoolVar(&arrived, "arrived", false, "it has arrived")
	cmd.Flags().BoolVar(&again, "again", false, "send it again")
	cmd.Flags().StringVar(&why, "why", "", "how you know, for the log of acts")
	return cmd
}

func (c command) runSettle(ctx context.Context, s *store.Store, notice string, arrived bool, why string) error {
	queue, err := worker.NewInserter(ctx, s)
	if err != nil {
		return err
	}
	err = s.Tx(ctx, func(tx *sql.Tx) error {
		now, err := s.Now(ctx, tx)
		if err != nil {
			return err
		}
		act, err := ledger.Settle(ctx, tx, notice, arrived, person(), door.Printable(why), now)
		if err != nil || act == nil {
			return err
		}
		return queue.Acts(ctx, tx, time.Time{}, *act)
	})
	if errors.Is(err, ledger.ErrLost) {
		return fmt.Errorf("no notice %s is uncertain or refused: see r8scan-fleet acts", door.Printable(notice))
	}
	return err
}

// person names who runs the command, for the log of acts.
func person() string {
	u, err := user.Current()
	if err != nil {
		return "command"
	}
	return cmp.Or(u.Username, "command")
}
