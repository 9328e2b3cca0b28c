package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"r8scan/fleet/ledger"
	"r8scan/fleet/store"
	"r8scan/internal/version"
	"r8scan/report"
	"r8scan/result"
)

func (c command) report() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write what was found as one of r8scan's reports",
		Long: `Write the tokens of all repositories as one result of r8scan: json can be read by
r8scan report, and the others go to people and services. A path begins with the
host and the name of its repository. What could not be read is named in it.`,
		Example: `  r8scan-fleet report -f html > leaks.html
  r8scan-fleet report -f sarif > leaks.sarif`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			render, err := report.ByName(format)
			if err != nil {
				return fmt.Errorf("--format: %w", err)
			}
			return with(cmd.Context(), func(s *store.Store) error { return c.runReport(cmd.Context(), s, render) })
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "text", "`name` of the format: "+strings.Join(report.Formats(), ", "))
	return cmd
}

func (c command) runReport(ctx context.Context, s *store.Store, render report.Renderer) error {
	tokens, err := ledger.Tokens(ctx, s.DB)
	if err != nil {
		return err
	}
	unread, err := unreadable(ctx, s)
	if err != nil {
		return err
	}
	res := result.Result{Target: result.Target{Kind: "repositories", Path: "the fleet", Bare: true}, Coverage: result.Coverage{Unread: unread}}
	doc := report.New(res, version.Read().Tool(), time.Now(), 0)
	doc.AskWith("r8scan-fleet run")
	for _, t := range tokens {
		if f, ok := merged(t); ok {
			doc.Findings = append(doc.Findings, f)
		}
	}
	if err := render(c.out, doc, report.Options{}); err != nil {
		return err
	}
	if err := report.Summary(c.err, doc, report.Options{}); err != nil {
		return err
	}
	switch {
	case len(doc.Findings) > 0:
		return exitError(exitFound)
	case !doc.Complete:
		return exitError(exitIncomplete)
	}
	return nil
}

// merged returns one finding with the places and the stories of a token in all
// repositories. It is false for a token that stands nowhere.
func merged(t ledger.Token) (f report.Finding, ok bool) {
	if len(t.Places) == 0 {
		return f, false
	}
	f = t.Places[0].Finding
	locations, stories := []result.Location{}, []result.History{}
	for _, p := range t.Places {
		for _, l := range p.Finding.Locations {
			l.Repository = p.URL
			locations = append(locations, l)
		}
		if h := p.Finding.History; h != nil {
			h.Repository = p.URL
			stories = append(stories, *h)
		}
	}
	f.History, f.Elsewhere = result.Oldest(stories)
	result.SortFrom(f.History, locations)
	f.Locations = locations
	f.Verification = report.Verification{Status: t.Status, Reason: t.Reason, Account: t.Account}
	if t.Checked > 0 {
		f.Verification.CheckedAt = time.UnixMilli(t.Checked).UTC().Truncate(time.Second)
	}
	return f, true
}

// unreadable returns what the fleet could not read, or has not read yet.
func unreadable(ctx context.Context, s *store.Store) ([]result.Unread, error) {
	problems, err := ledger.Problems(ctx, s.DB)
	if err != nil {
		return nil, err
	}
	sources, err := ledger.SourceProblems(ctx, s.DB)
	if err != nil {
		return nil, err
	}
	unread := []result.Unread{}
	for _, p := range append(sources, problems...) {
		p.Error = strings.TrimPrefix(p.Error, p.URL+": ")
		switch p.State {
		case ledger.Done:
		case ledger.Aside:
			unread = append(unread, result.Unread{What: p.URL, Reason: p.Error + ": it was put aside, and r8scan-fleet add tries it again"})
		default:
			unread = append(unread, result.Unread{What: p.URL, Reason: cmp.Or(p.Error, "it was not visited yet: r8scan-fleet run does")})
		}
		for _, u := range p.Unread {
			unread = append(unread, result.Unread{What: p.URL + ": " + u.What, Reason: u.Reason})
		}
	}
	return unread, nil
}
