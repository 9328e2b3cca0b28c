package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"r8scan/internal/hooks"
	"r8scan/internal/terminal"
	"r8scan/report"
	"r8scan/result"
	"r8scan/scanner"
)

func (c command) staged() *cobra.Command {
	return c.hook(&cobra.Command{
		Use:   "staged [REPO]",
		Short: "Scan what the next commit would add: the pre-commit hook",
		Long: `Scan what the next commit would add, as it stands in the index and whatever the
work tree has: in the repository that holds the current folder, that git runs a
hook for, or REPO. A token that HEAD has at the same path is not new: audit finds
that one. Nothing is sent anywhere without --verify. In the pre-push stage of the
pre-commit framework, which has one command for all stages, it does what push does.
` + exitCodes,
		Example: `  r8scan staged
  printf '#!/bin/sh\nexec r8scan staged\n' > .git/hooks/pre-commit
  chmod +x .git/hooks/pre-commit`,
		Args: atMostOne,
	}, report.Staged, scanner.Staged, "to commit all the same: git commit --no-verify")
}

// hookScan is a scan that git hooks run. path is "" if the user named no
// repository.
type hookScan func(ctx context.Context, path string, opts scanner.Options) (*result.Result, error)

// hook gives cmd the shared flags and makes it run a hook's scan. If that fails,
// regardless says how to go on.
func (c command) hook(cmd *cobra.Command, kind report.HookKind, scan hookScan, regardless string) *cobra.Command {
	var f scanFlags
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if kind == report.Staged && len(args) == 0 && hooks.PreCommitPushes() {
			return c.runPush(cmd.Context(), f, nil)
		}
		return c.runScan(cmd.Context(), f, args, func(ctx context.Context, args []string, opts scanner.Options) (*result.Result, error) {
			path := ""
			if len(args) > 0 {
				path = args[0]
			}
			res, err := scan(ctx, path, opts)
			return res, unscanned(err, regardless)
		}, kind)
	}
	return cmd
}

// unscanned says of an error that keeps a hook from scanning how to go on, if
// there is anything that would.
func unscanned(err error, regardless string) error {
	if err == nil || regardless == "" {
		return err
	}
	return fmt.Errorf("nothing was scanned: %w (%s)", err, regardless)
}

// tellHook tells the one who is stopped by a hook why, on one screen. Where
// there is nothing to tell, the summary does; a push, which shows the output of
// two machines, goes on in silence. Git push has results of its own for standard
// output, so that they do not stand among this.
func (c command) tellHook(kind report.HookKind, doc *report.Document, res *result.Result, f scanFlags) error {
	result := verdict(doc, f.asking.failOn)
	var exit exitError
	stops := errors.As(result, &exit)
	if len(doc.Findings) == 0 && !stops {
		switch {
		case f.quiet:
		case kind == report.Staged:
			return c.summarize(doc, res, f)
		default:
			c.tellNotes(res)
		}
		return nil
	}
	out := c.out
	if kind != report.Staged {
		out = c.err
	}
	opts := report.HookOptions{Kind: kind, Stops: stops, Color: terminal.Colors(out), Notes: res.Notes}
	if err := report.Hook(out, doc, opts); err != nil {
		return err
	}
	return result
}
