package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"r8scan/fleet/ledger"
	"r8scan/fleet/store"
	"r8scan/internal/door"
)

func (c command) tokens() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "tokens",
		Short: "List the tokens with their places, owners and verdicts",
		Long: `List the tokens that the fleet has found, each once, with its id, its mask, what
Replicate said last, whose it is, and which repositories have it, or where others say that
it is. -f json has when each was first seen, and all verdicts too.`,
		Example: `  r8scan-fleet tokens
  r8scan-fleet tokens -f json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := textOrJSON(format); err != nil {
				return err
			}
			return with(cmd.Context(), func(s *store.Store) error { return c.runTokens(cmd.Context(), s, format) })
		},
	}
	addAnswerFormat(cmd, &format)
	return cmd
}

func (c command) runTokens(ctx context.Context, s *store.Store, format string) error {
	tokens, err := ledger.Tokens(ctx, s.DB)
	if err != nil {
		return err
	}
	if format == "json" {
		if tokens == nil {
			tokens = []ledger.Token{}
		}
		if err := door.EncodeJSON(c.out, tokens); err != nil {
			return err
		}
	} else {
		for _, t := range tokens {
			owner := ""
			if t.Account != nil {
				owner = " of " + t.Account.Username
			}
			fmt.Fprintf(c.out, "%s %s %s%s\n", t.ID, t.Mask, t.Status, door.Printable(owner))
			for _, p := range t.Places {
				gone := ""
				if p.Gone > 0 {
					gone = " (no longer there)"
				}
				fmt.Fprintf(c.out, "  %s%s\n", door.Printable(p.URL), gone)
			}
			for _, p := range t.Told {
				fmt.Fprintf(c.out, "  %s (told by %s)\n", cmp.Or(p.URL, p.Kind), p.Source)
			}
		}
	}
	if len(tokens) > 0 {
		return exitError(exitFound)
	}
	return nil
}

// addAnswerFormat adds the flag for the format of an answer.
func addAnswerFormat(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVarP(format, "format", "f", "text", "`format` of the answer: text or json")
}

// textOrJSON checks it.
func textOrJSON(format string) error {
	if format != "text" && format != "json" {
		return errors.New("--format: use text or json")
	}
	return nil
}
