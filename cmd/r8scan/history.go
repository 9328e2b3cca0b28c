package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"r8scan/internal/hooks"
	"r8scan/result"
	"r8scan/scanner"
)

func (c command) history() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "history [REPO]",
		Short: "Scan git objects only: all of them, or what a range of commits adds",
		Long: `Scan every git object of REPO, or of the repository that you are in: blobs, commit
and tag messages, file names, notes and stashes, reachable or not. For each token
it says which commit added it, which one removed it, and which refs reach it.

With a URL (https, ssh or git@host:owner/name), scan what the server's refs reach,
pull requests included, without cloning it.

With --range, scan what the commits of a range add, merges included, and nothing
that was there before. --github-event takes the range from the push, pull request
or merge group that a GitHub workflow runs for.

A range cannot switch its own check off: .r8scan.yaml, and a baseline or configuration
in the repository, count as they are where the range begins. Tokens that its commits
allow by id or by r8scan:allow count as allowed, each with a warning. --trust-change
none reports these too; all makes everything count that the commits add.
` + exitCodes,
		Example: `  r8scan history
  r8scan history ~/src/app -f json
  r8scan history https://github.com/owner/name
  r8scan history --range origin/main..HEAD`,
		Args: atMostOne,
	}
	var span string
	var event bool
	cmd.Flags().StringVar(&span, "range", "", "only what these `commits` add: A..B, A...B, B or \"^A B\"")
	cmd.Flags().BoolVar(&event, "github-event", false, "only what the commits of this GitHub workflow's event add")
	trust := string(scanner.TrustIDs)
	cmd.Flags().StringVar(&trust, "trust-change", trust, "what the `commits` of a range may allow of their own: none, ids or all")
	checked, most := addCheckIDs(cmd), addMaxSize(cmd)
	return c.scan(cmd, func(ctx context.Context, args []string, opts scanner.Options) (*result.Result, error) {
		opts.CheckIDs, opts.MaxSize, opts.TrustChange = *checked, *most, scanner.Trust(trust)
		if !slices.Contains([]scanner.Trust{scanner.TrustNone, scanner.TrustIDs, scanner.TrustAll}, opts.TrustChange) {
			return nil, fmt.Errorf("--trust-change %q: use none, ids or all", trust)
		}
		if event && span != "" {
			return nil, errors.New("--range and --github-event both name the commits: use one of them")
		}
		if event {
			return hooks.ScanEvent(ctx, onlyArg(args), opts)
		}
		return scanner.Range(ctx, onlyArg(args), span, opts)
	})
}
