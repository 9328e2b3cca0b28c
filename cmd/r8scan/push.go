package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"r8scan/internal/hooks"
	"r8scan/internal/terminal"
	"r8scan/report"
	"r8scan/scanner"
)

func (c command) push() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "push [REMOTE [URL]]",
		Short: "Scan what a push brings: for a pre-push hook, or by hand before a push",
		Long: `Scan what a push is to bring and the remote does not have: what each commit adds
that is pushed, not only the last one, annotated tags and the names of new refs.

As a pre-push hook it takes from standard input the lines that git gives one; with
no line nothing is pushed. Under the pre-commit framework PRE_COMMIT_FROM_REF,
PRE_COMMIT_TO_REF and their like say what is pushed. In a terminal, and without
both, it scans what the current branch has and REMOTE has not (by default the
remote that git push takes).

What the remote has is what git says of the refs that are pushed, as far as it is
here, and what refs/remotes/REMOTE had after the last fetch or push.
` + exitCodes,
		Example: `  r8scan push                     what git push would bring
  exec r8scan push "$@"           in .git/hooks/pre-push`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 2 {
				return fmt.Errorf("push takes a remote and its URL at most: see %s --help", cmd.CommandPath())
			}
			return nil
		},
	}
	var f scanFlags
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return c.runPush(cmd.Context(), f, args) }
	return cmd
}

// runPush scans what is to be pushed to the remote that args name.
func (c command) runPush(ctx context.Context, f scanFlags, args []string) error {
	kind, regardless := report.Push, "to push all the same: git push --no-verify"
	if terminal.Input(c.in) != nil { // by hand: nothing is being pushed
		kind, regardless = "", ""
	}
	return c.runScan(ctx, f, args, func(ctx context.Context, args []string, opts scanner.Options) (*scanner.Result, error) {
		what, err := c.pushed(args)
		if err != nil {
			return nil, unscanned(err, regardless)
		}
		res, err := scanner.Push(ctx, "", what, opts)
		return res, unscanned(err, regardless)
	}, kind)
}

// preCommitPushes reports whether the pre-commit framework has started this
// process in its pre-push stage, or for a range of commits. It has one command
// for all stages, so that staged has to do what push does.
func preCommitPushes() bool {
	return os.Getenv("PRE_COMMIT") != "" && (os.Getenv("PRE_COMMIT_TO_REF") != "" || os.Getenv("PRE_COMMIT_REMOTE_NAME") != "")
}

// pushed finds out what is to be pushed, and where.
func (c command) pushed(args []string) (scanner.Pushed, error) {
	var p scanner.Pushed
	if len(args) > 0 {
		p.Remote, p.URL = args[0], args[len(args)-1]
	}
	byHand := terminal.Input(c.in) != nil
	if !byHand {
		var err error
		if p.Updates, err = hooks.PushLines(c.in); err != nil {
			return p, err
		}
	}
	switch {
	case len(p.Updates) > 0:
	case os.Getenv("PRE_COMMIT") != "" || os.Getenv("PRE_COMMIT_TO_REF") != "": // it has read the lines itself
		p.Remote = cmp.Or(p.Remote, os.Getenv("PRE_COMMIT_REMOTE_NAME"))
		p.URL = cmp.Or(p.URL, os.Getenv("PRE_COMMIT_REMOTE_URL"))
		p.From, p.To = os.Getenv("PRE_COMMIT_FROM_REF"), os.Getenv("PRE_COMMIT_TO_REF")
		p.To = cmp.Or(p.To, os.Getenv("PRE_COMMIT_LOCAL_BRANCH"), "HEAD") // a first push has no refs
		p.Ref = os.Getenv("PRE_COMMIT_REMOTE_BRANCH")
	case byHand || len(args) == 0:
		p.Current = true
	}
	return p, nil
}

// receiveTimeout is the default for --timeout: a push waits for so long.
const receiveTimeout = time.Minute

func (c command) receive() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "receive",
		Short: "Scan what a push brings to a server: for a pre-receive hook",
		Long: `Scan what a push brings to this repository and no ref of it reaches: what each
commit adds, annotated tags, and the names of new refs. As a pre-receive hook it
takes from standard input the lines that git gives one, reads the pushed objects
where git keeps them until they are accepted, and says to the pusher why they are
not. It refuses what it could not read, or not in time.

Only a configuration that --config names counts.
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
		return c.inTime(cmd.Context(), limit, func(ctx context.Context) error {
			return c.runScan(ctx, f, args, func(ctx context.Context, _ []string, opts scanner.Options) (*scanner.Result, error) {
				const regardless = "who runs this server can mend it"
				updates, err := hooks.ReceiveLines(c.in)
				if err != nil {
					return nil, unscanned(err, regardless)
				}
				res, err := scanner.Receive(ctx, "", updates, opts)
				return res, unscanned(err, regardless)
			}, report.Receive)
		})
	}
	return cmd
}

// inTime runs a hook's scan and fails if it takes longer than limit. A scan
// that does not stop when it is told to goes on until the process ends.
func (c command) inTime(ctx context.Context, limit time.Duration, scan func(context.Context) error) error {
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- scan(timed) }()
	var err error
	select {
	case err = <-done:
	case <-timed.Done():
		err = timed.Err()
	}
	if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	fmt.Fprintf(c.err, "r8scan: this push was not read within %s, so it was stopped\n"+
		"Push fewer commits at once, or ask who runs this server for\n"+
		"a longer --timeout in its hook. --no-verify does not help.\n", limit)
	return exitError(exitIncomplete)
}
