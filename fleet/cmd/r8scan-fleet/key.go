package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"r8scan/fleet/ledger"
	"r8scan/fleet/seal"
	"r8scan/fleet/store"
)

func (c command) key() *cobra.Command {
	return &cobra.Command{
		Use:   "key FILE",
		Short: "Make a key that tokens are sealed to",
		Long: `Write a new private key to FILE, which only you can read, and its public key to
FILE.pub. With ` + seal.PublicVariable + `=FILE.pub, run keeps each token that is asked about in the
database, encrypted to that key. With ` + seal.PrivateVariable + `=FILE it opens them to ask, instead of
finding them again at their places. Give FILE to processes that verify only.`,
		Example: `  r8scan-fleet key fleet.key`,
		Args:    oneArg("path of a file that does not exist yet"),
		RunE: func(_ *cobra.Command, args []string) error {
			key, err := seal.Create(args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "wrote %s and %s.pub: key %s\n", args[0], args[0], key.ID())
			return nil
		},
	}
}

func (c command) reseal() *cobra.Command {
	return &cobra.Command{
		Use:   "reseal",
		Short: "Seal all sealed tokens to the newest key",
		Long: `Open the tokens that are sealed to other keys with those of ` + seal.PrivateVariable + `, and seal
them to the key of ` + seal.PublicVariable + `. After that the old keys can be destroyed: status says
which keys are in use.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			to, keys, err := seal.FromEnvironment()
			if err == nil && (to == nil || len(keys) == 0) {
				err = errors.New("set " + seal.PublicVariable + " to the file of the newest public key, and " + seal.PrivateVariable + " to those of the old private keys")
			}
			if err != nil {
				return err
			}
			return with(cmd.Context(), func(s *store.Store) error { return c.runReseal(cmd.Context(), s, *to, keys) })
		},
	}
}

// resealBatch is how many tokens one transaction seals.
const resealBatch = 100

func (c command) runReseal(ctx context.Context, s *store.Store, to seal.PublicKey, keys seal.Keys) error {
	done, left, after := 0, 0, ""
	for {
		var batch []ledger.Sealed
		var opened int
		err := s.Tx(ctx, func(tx *sql.Tx) (err error) {
			if batch, err = ledger.SealedElse(ctx, tx, to.ID(), after, resealBatch); err == nil {
				opened, err = resealed(ctx, tx, batch, to, keys)
			}
			return err
		})
		if err != nil {
			return err
		}
		if len(batch) == 0 {
			break
		}
		done, left, after = done+opened, left+len(batch)-opened, batch[len(batch)-1].Token
	}
	fmt.Fprintf(c.out, "sealed to %s: %d\n", to.ID(), done)
	if left > 0 {
		fmt.Fprintf(c.out, "not opened: %d, because the key is missing or what is sealed is damaged: run finds these tokens at their places\n", left)
		return exitError(exitIncomplete)
	}
	return nil
}

// resealed seals tokens to a key, and returns how many of them opened.
func resealed(ctx context.Context, tx *sql.Tx, batch []ledger.Sealed, to seal.PublicKey, keys seal.Keys) (opened int, err error) {
	for _, b := range batch {
		secret, err := keys.Open(b.Body, b.Token, b.Rule)
		if err != nil {
			continue
		}
		if b.Body, err = seal.Seal(to, secret, b.Rule); err != nil {
			return opened, err
		}
		b.Key = to.ID()
		if err := ledger.Seal(ctx, tx, b); err != nil {
			return opened, err
		}
		opened++
	}
	return opened, nil
}
