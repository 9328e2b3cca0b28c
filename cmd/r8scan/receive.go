package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"r8scan/internal/hooks"
	"r8scan/report"
	"r8scan/result"
	"r8scan/scanner"
)

// receiveTimeout is the default of --timeout. A push waits that long.
const receiveTimeout = time.Minute

func (c command) receive() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "receive",
		Short: "Scan what a push adds to a server: the pre-receive hook",
		Long: `Scan what a push adds to this repository: what each new commit adds, annotated tags,
and the names of new refs. As a pre-receive hook it reads git's lines from standard
input, reads the pushed objects before git accepts them, and tells the pusher why it
refuses. It also refuses what it cannot read, or cannot read in time.

It ignores .r8scan.yaml, and reads the configuration that --config names.
` + exitCodes,
		Example: `  exec r8scan receive             in hooks/pre-receive on the server
  exec r8scan receive --timeout 5s --baseline /etc/r8scan-baseline`,
		Args: noArgs,
	}
	var f scanFlags
	f.add(cmd)
	var limit time.Duration
	cmd.Flags().DurationVar(&limit, "timeout", receiveTimeout, "refuse what is not read within this `time`")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if limit <= 0 {
			return fmt.Errorf("--timeout %s: use a time above 0, such as 30s", limit)
		}
		err := hooks.InTime(cmd.Context(), limit, func(ctx context.Context) error {
			return c.runScan(ctx, f, args, func(ctx context.Context, _ []string, opts scanner.Options) (*result.Result, error) {
				return hooks.ScanReceive(ctx, c.in, opts)
			}, gitHook{report.Receive, "ask the server's administrator to fix it"})
		})
		if errors.Is(err, hooks.ErrLate) {
			fmt.Fprintf(c.err, "r8scan: this push was not read within %s, so it was stopped\n"+
				"Push fewer commits at once, or ask the server's administrator for\n"+
				"a longer --timeout in the hook. --no-verify does not help.\n", limit)
			return exitError(exitIncomplete)
		}
		return err
	}
	return cmd
}
