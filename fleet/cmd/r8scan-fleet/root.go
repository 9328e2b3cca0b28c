package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"r8scan/fleet/store"
	"r8scan/internal/version"
)

func (c command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "r8scan-fleet",
		Short: "Scan many repositories on servers for leaked Replicate API tokens",
		Long: `r8scan-fleet visits repositories on servers, scans those that have changed, asks
Replicate whether the tokens that it finds work, and asks again until they are
disabled. With a configuration, it has them disabled and tells their owners. Any number
of processes on any number of machines share the work.

What it knows is in a database: a SQLite file in your data folder or, if
` + store.Variable + ` is set, that file or PostgreSQL (postgres://user@host/name).
No token is stored, unless you seal them: see r8scan-fleet key.

Exit codes:
  0    done, and no token found
  1    tokens found (tokens and report)
  2    wrong usage, or it could not start or go on
  3    something could not be read, or Replicate gave no clear answer
  130  interrupted`,
		Example: `  r8scan-fleet add file:repos.txt
  r8scan-fleet run --until-idle
  r8scan-fleet tokens
  r8scan-fleet report -f html > leaks.html`,
		Version:       version.Read().Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q: see r8scan-fleet --help", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w: see %s --help", err, cmd.CommandPath())
	})
	root.AddCommand(c.add(), c.work(), c.status(), c.tokens(), c.report(), c.recheck(), c.forget(), c.acts(), c.settle(), c.drain(), c.key(), c.reseal())
	return root
}

// with opens the database for f.
func with(ctx context.Context, f func(*store.Store) error) error {
	s, err := store.Open(ctx, os.Getenv(store.Variable))
	if err != nil {
		return err
	}
	defer s.Close()
	return f(s)
}

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments: see %s --help", cmd.Name(), cmd.CommandPath())
	}
	return nil
}

// oneArg wants one argument, which what describes.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("%s takes one %s: see %s --help", cmd.Name(), what, cmd.CommandPath())
		}
		return nil
	}
}
