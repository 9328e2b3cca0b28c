package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"r8scan/report"
	"r8scan/rules"
	"r8scan/scanner"
	"r8scan/verifier"
)

// The states of a recorded token, worst first.
const (
	stateLive     = "live"      // it is there and works
	stateUnknown  = "unknown"   // it is there; no clear answer
	stateNotFound = "not found" // its places could not be read, so nobody was asked
	stateGone     = "gone"      // its places were read and no longer hold it, so nobody was asked
	stateRevoked  = "revoked"   // nobody can use it any more
)

type recheckFlags struct {
	format, output, dir, apiURL string
	jobs                        int
	memory                      memorySize
}

func (c command) recheck() *cobra.Command {
	var f recheckFlags
	cmd := &cobra.Command{
		Use:   "recheck RESULT.json",
		Short: "Ask again about the tokens of a saved result: what still has to be disabled",
		Long: `Read a result of -f json (- is standard input), find its tokens again where they
stood (old commits and other git objects included), and ask Replicate whether they
still work. A result holds no tokens, only their ids: what is found is known by those.

A token that is gone from its places cannot be asked about. It may work all the same,
unless it was said to be revoked before: look for it in the account by its mask.

Exit codes:
  0  every token is revoked
  1  a token is live
  2  wrong usage, or the result or its target could not be read
  3  none is known to be live, but of some it is not known`,
		Example: `  r8scan audit --verify -f json -o leak.json
  r8scan recheck leak.json
  r8scan recheck leak.json --dir ~/src/app -f json -o after.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("recheck takes one result, a file of -f json or - for standard input: see r8scan recheck --help")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.runRecheck(cmd.Context(), f, args[0]) },
	}
	fs := cmd.Flags()
	fs.StringVarP(&f.format, "format", "f", "text", "text or json")
	fs.StringVarP(&f.output, "output", "o", "", "write the result to this `file`, whole or not at all")
	fs.StringVar(&f.dir, "dir", ".", "the `folder` that the scan ran in, if it was not this one")
	fs.IntVarP(&f.jobs, "jobs", "j", 0, "workers (default: one a core)")
	f.memory.add(cmd)
	addAPIURL(cmd, &f.apiURL)
	return cmd
}

// rechecked is one recorded token and what became of it.
type rechecked struct {
	report.Finding                     // as recorded, with the new verification if it was asked about
	was            report.Verification // the recorded one
	state          string
	places         int // where it was found now
}

// recheckResult is what recheck tells.
type recheckResult struct {
	at     time.Time
	asked  report.Asked
	of     report.Run
	unread []scanner.Unread
	tokens []rechecked
}

func (c command) runRecheck(ctx context.Context, f recheckFlags, path string) error {
	if f.format != "text" && f.format != "json" {
		return fmt.Errorf("unknown format %q: recheck writes text or json", f.format)
	}
	if f.jobs < 0 {
		return fmt.Errorf("--jobs %d: name how many workers, 1 or more", f.jobs)
	}
	v, err := newVerifier(f.apiURL, verifier.Config{})
	if err != nil {
		return err
	}
	doc, err := c.readResult(path)
	if err != nil {
		return err
	}
	found, unread, err := findAgain(ctx, doc, f)
	if err != nil {
		return err
	}
	res := askAgain(ctx, v, doc, found, unread)
	if err := ctx.Err(); err != nil {
		return err
	}
	render := func(w io.Writer) error { return writeRecheckText(w, res, f.output == "" && colors(c.out)) }
	if f.format == "json" {
		render = func(w io.Writer) error { return writeRecheckJSON(w, res) }
	}
	if err := c.write(ctx, f.output, render); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	fmt.Fprintln(c.err, res.summary())
	return res.exit()
}

func (c command) readResult(path string) (*report.Document, error) {
	if path == "-" {
		return report.Read(c.in)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: name a file that r8scan -f json wrote", err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	return report.Read(f)
}

// findAgain scans what the result is of and returns what it finds, by token
// id, and what could not be read.
func findAgain(ctx context.Context, doc *report.Document, f recheckFlags) (map[string]scanner.Finding, []scanner.Unread, error) {
	f.memory.limit()
	opts := scanner.Options{Cache: (&scanFlags{}).cacheDir(), Jobs: f.jobs, MaxMemory: int64(f.memory), MinConfidence: rules.Low, Unjudged: true}
	var res *scanner.Result
	var err error
	missing := []scanner.Unread{}
	switch {
	case len(doc.Findings) == 0:
		return nil, nil, nil
	case doc.Target.Kind == "repository", doc.Target.Kind == "staged":
		res, err = scanner.Audit(ctx, below(f.dir, doc.Target.Path), opts)
	case doc.Target.Kind == "stdin":
		return nil, []scanner.Unread{{What: "standard input", Reason: "what was read there is not kept"}}, nil
	default:
		var paths []string
		paths, missing = recordedFiles(doc, f.dir)
		if len(paths) == 0 {
			return nil, missing, nil
		}
		res, err = scanner.Files(ctx, paths, nil, opts)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("find the tokens again: %w (--dir says where the scan ran)", err)
	}
	found := map[string]scanner.Finding{}
	for _, finding := range res.Findings {
		found[finding.Secret.ID()] = finding
	}
	return found, slices.Concat(missing, res.Coverage.Unread), nil
}

// recordedFiles returns the files that the result names and that are there;
// one that is not there any more has been read, as it were. What cannot be
// looked at is the second result.
func recordedFiles(doc *report.Document, dir string) (paths []string, unread []scanner.Unread) {
	seen := map[string]bool{}
	for _, finding := range doc.Findings {
		for _, l := range finding.Locations {
			if seen[l.Path] {
				continue
			}
			seen[l.Path] = true
			path := below(dir, filepath.FromSlash(l.Path))
			switch _, err := os.Stat(path); {
			case rules.Redact(l.Path) != l.Path || masked(l.Path):
				unread = append(unread, scanner.Unread{What: l.Path, Reason: "its name holds a token, which the result does not keep"})
			case err == nil:
				paths = append(paths, path)
			case !errors.Is(err, os.ErrNotExist):
				unread = append(unread, scanner.Unread{What: l.Path, Reason: "it cannot be looked at"})
			}
		}
	}
	return paths, unread
}

func below(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// askAgain asks about what was found and puts the tokens in order: what has to
// be done first comes first, else they stay as they were recorded.
func askAgain(ctx context.Context, v *verifier.Verifier, doc *report.Document, found map[string]scanner.Finding, unread []scanner.Unread) recheckResult {
	res := recheckResult{at: time.Now().UTC().Truncate(time.Second), of: doc.Run, unread: unread,
		asked: report.Asked{Host: v.Host(), Handling: report.Handling}}
	var secrets []rules.Secret
	var places []int
	for i, f := range doc.Findings {
		t := rechecked{Finding: f, was: f.Verification, state: stateGone}
		again, ok := found[f.TokenID]
		switch {
		case ok:
			t.state, t.places = stateUnknown, len(again.Locations)
			t.Verification = report.Verification{Status: report.StatusUnknown, Reason: "Replicate's API does not know this kind of credential"}
			if f.Rule == rules.APIToken.ID {
				secrets, places = append(secrets, again.Secret), append(places, i)
			}
		case f.Verification.Status == report.StatusRevoked: // that cannot be undone
			t.state = stateRevoked
		case len(unread) > 0:
			t.state = stateNotFound
		}
		res.tokens = append(res.tokens, t)
	}
	for i, verdict := range v.Verify(ctx, secrets) {
		t := &res.tokens[places[i]]
		t.Verification, t.state = verification(verdict), string(verdict.Status)
		count(&res.asked, verdict.Status)
	}
	order := []string{stateLive, stateUnknown, stateNotFound, stateGone, stateRevoked}
	slices.SortStableFunc(res.tokens, func(a, b rechecked) int {
		return slices.Index(order, a.state) - slices.Index(order, b.state)
	})
	return res
}

func (r recheckResult) exit() error {
	code := exitClean
	for _, t := range r.tokens {
		switch t.state {
		case stateLive:
			return exitError(exitFound)
		case stateRevoked:
		default:
			code = exitIncomplete
		}
	}
	if code == exitClean {
		return nil
	}
	return exitError(code)
}
