package ask

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"r8scan/internal/door"
	"r8scan/report"
	"r8scan/result"
	"r8scan/rules"
	"r8scan/scanner"
	"r8scan/verifier"
)

// The states of a recorded token, worst first.
const (
	Live     = "live"      // found, and it works
	Unknown  = "unknown"   // found, but no clear answer
	NotFound = "not found" // its places could not be read, so Replicate was not asked
	Gone     = "gone"      // its places no longer have it, so Replicate was not asked
	Revoked  = "revoked"   // it no longer works
)

// states are all states, worst first.
var states = []string{Live, Unknown, NotFound, Gone, Revoked}

// rechecked is one recorded token and its state now.
type rechecked struct {
	report.Finding                     // as recorded, with the new verification if there is one
	was            report.Verification // the recorded one
	state          string
	places         int // how many were found now
}

// Rechecked is the state of the tokens of a saved result.
type Rechecked struct {
	at     time.Time
	asked  report.Asked
	of     report.Run
	unread []result.Unread
	tokens []rechecked
}

// Recheck finds the tokens of doc again in their places, relative to dir, and asks
// about them. Of opts it uses Cache, Jobs and MaxMemory.
func Recheck(ctx context.Context, v *verifier.Verifier, doc *report.Document, dir string, opts scanner.Options) (*Rechecked, error) {
	found, unread, err := findAgain(ctx, doc, dir, opts)
	if err != nil {
		return nil, err
	}
	return askAgain(ctx, v, doc, found, unread), nil
}

// findAgain repeats the scan of the result. It returns the findings by token id,
// and what could not be read.
func findAgain(ctx context.Context, doc *report.Document, dir string, opts scanner.Options) (map[string]result.Finding, []result.Unread, error) {
	opts.MinConfidence, opts.ReportAllowed = rules.Low, true
	var res *result.Result
	var err error
	missing := []result.Unread{}
	switch {
	case len(doc.Findings) == 0:
		return nil, nil, nil
	case slices.Contains([]string{"repository", "staged", "push"}, doc.Target.Kind):
		res, err = scanner.Audit(ctx, below(dir, doc.Target.Path), opts)
	case doc.Target.Kind == "stdin":
		return nil, []result.Unread{{What: "standard input", Reason: "a result does not keep what was read there"}}, nil
	default:
		var paths []string
		paths, missing = recordedFiles(doc, dir)
		if len(paths) == 0 {
			return nil, missing, nil
		}
		res, err = scanner.Files(ctx, paths, nil, opts)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("find the tokens again: %w", err)
	}
	found := map[string]result.Finding{}
	for _, finding := range res.Findings {
		found[finding.Secret.ID()] = finding
	}
	return found, slices.Concat(missing, res.Coverage.Unread), nil
}

// recordedFiles returns the files of the result that still exist, and as unread
// those that cannot be inspected. A deleted file counts as read.
func recordedFiles(doc *report.Document, dir string) (paths []string, unread []result.Unread) {
	seen := map[string]bool{}
	for _, finding := range doc.Findings {
		for _, l := range finding.Locations {
			if seen[l.Path] {
				continue
			}
			seen[l.Path] = true
			path := below(dir, filepath.FromSlash(l.Path))
			switch _, err := os.Stat(path); {
			case door.Mask(l.Path) != l.Path || masked(l.Path):
				unread = append(unread, result.Unread{What: l.Path, Reason: "its name has a token, which a result does not keep"})
			case err == nil:
				paths = append(paths, path)
			case !errors.Is(err, os.ErrNotExist):
				unread = append(unread, result.Unread{What: l.Path, Reason: "it cannot be inspected"})
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

// askAgain asks about the tokens that were found. It sorts all tokens, worst state
// first, and otherwise keeps the recorded order.
func askAgain(ctx context.Context, v *verifier.Verifier, doc *report.Document, found map[string]result.Finding, unread []result.Unread) *Rechecked {
	res := &Rechecked{at: time.Now().UTC().Truncate(time.Second), of: doc.Run, unread: unread, tokens: make([]rechecked, len(doc.Findings))}
	var b batch
	for i, f := range doc.Findings {
		t := &res.tokens[i]
		*t = rechecked{Finding: f, was: f.Verification, state: Gone}
		again, ok := found[f.TokenID]
		switch {
		case ok:
			t.state, t.places = Unknown, len(again.Locations)
			t.Verification = report.Verification{Status: report.StatusUnknown, Reason: "Replicate's API does not know this kind of credential"}
			if askable(again) {
				b.add(again.Secret, func(v verifier.Verdict) { t.Verification, t.state = Verification(v), string(v.Status) })
			}
		case f.Verification.Status == report.StatusRevoked: // a revoked token stays revoked
			t.state = Revoked
		case len(unread) > 0:
			t.state = NotFound
		}
	}
	res.asked = *b.ask(ctx, v)
	slices.SortStableFunc(res.tokens, func(a, b rechecked) int {
		return slices.Index(states, a.state) - slices.Index(states, b.state)
	})
	return res
}

// Worst returns the worst state of all tokens, Revoked if there are none.
func (r *Rechecked) Worst() string {
	worst := Revoked
	for _, t := range r.tokens {
		if slices.Index(states, t.state) < slices.Index(states, worst) {
			worst = t.state
		}
	}
	return worst
}
