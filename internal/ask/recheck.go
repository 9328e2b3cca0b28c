package ask

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"r8scan/internal/door"
	"r8scan/report"
	"r8scan/result"
	"r8scan/rules"
	"r8scan/scanner"
	"r8scan/verifier"
)

// Recheck finds the tokens of doc again where they stood, as seen from the folder
// dir, asks about them, and returns the result of that, which tool made. Of opts,
// Cache, Jobs, MaxMemory and Progress count.
func Recheck(ctx context.Context, from *Replicate, doc *report.Document, dir string, opts scanner.Options, tool report.Tool) (*report.Document, error) {
	started := time.Now()
	found, err := findAgain(ctx, doc, dir, opts)
	if err != nil {
		return nil, err
	}
	again := report.New(*found, tool, started, 0)
	again.Target, again.Allowed, again.LeftOut = doc.Target, doc.Allowed, doc.LeftOut
	again.Rechecked = &report.Rechecked{ScannedAt: doc.StartedAt, ScannedBy: doc.Tool, ScanComplete: doc.Complete}
	if before := doc.Rechecked; before != nil {
		again.Rechecked.ScannedAt, again.Rechecked.ScannedBy, again.Rechecked.ScanComplete = before.ScannedAt, before.ScannedBy, before.ScanComplete
	}
	again.Findings = slices.Clone(doc.Findings)
	askAgain(ctx, from, again, found.Findings)
	again.DurationMS = time.Since(started).Milliseconds()
	return again, ctx.Err()
}

// findAgain scans what the result is of and returns what it finds.
func findAgain(ctx context.Context, doc *report.Document, dir string, opts scanner.Options) (res *result.Result, err error) {
	opts.MinConfidence, opts.ReportAllowed = rules.Low, true
	var missing []result.Unread
	switch {
	case len(doc.Findings) == 0:
		return &result.Result{}, nil
	case slices.Contains([]string{"repository", "staged", "message", "push"}, doc.Target.Kind):
		opts.Texts = hasTexts(doc)
		res, err = scanner.Audit(ctx, below(dir, doc.Target.Path), opts)
		if err == nil && res.Target.Kind != "repository" {
			missing = []result.Unread{{What: "the repository", Reason: "there is none any more where it was"}}
		}
	case doc.Target.Kind == "repositories":
		opts.Texts = hasTexts(doc)
		res, err = scanner.Many(ctx, "@-", strings.NewReader(strings.Join(recordedRepositories(doc), "\n")), scanner.Listed{}, opts)
	case doc.Target.Kind == "stdin":
		res, missing = &result.Result{}, []result.Unread{{What: "standard input", Reason: "what was read there is not kept"}}
	default:
		var paths []string
		if paths, missing, err = recordedFiles(doc, dir); err == nil && len(paths) > 0 {
			res, err = scanner.Files(ctx, paths, nil, opts)
		} else {
			res = &result.Result{}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("find the tokens again: %w", err)
	}
	res.Coverage.Unread = append(missing, res.Coverage.Unread...)
	return res, nil
}

// hasTexts reports whether a token of the result stands in a text beside the repository.
func hasTexts(doc *report.Document) bool {
	return slices.ContainsFunc(doc.Findings, func(f report.Finding) bool {
		return slices.ContainsFunc(f.Locations, func(l result.Location) bool { return result.IsPosted(l.Kind) })
	})
}

// recordedRepositories returns those of many repositories and images that have a token.
func recordedRepositories(doc *report.Document) []string {
	has := map[string]bool{}
	for _, f := range doc.Findings {
		for _, l := range f.Locations {
			has[cmp.Or(l.Repository, l.Path)] = true // of an image the path is its name
		}
	}
	return slices.Sorted(maps.Keys(has))
}

// recordedFiles returns the files of the result that still exist, and as unread
// those that cannot be inspected. A deleted file counts as read.
func recordedFiles(doc *report.Document, dir string) (paths []string, unread []result.Unread, err error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, nil, err
	}
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
	return paths, unread, nil
}

// masked reports whether a recorded path holds a mask in a token's place, or in
// that of what a cut has left of one.
func masked(path string) bool { return strings.Contains(path, strings.Repeat("*", 7)) }

func below(dir, path string) string {
	if filepath.IsAbs(path) || strings.Contains(path, "://") {
		return path
	}
	return filepath.Join(dir, path)
}

// askAgain asks about the findings of doc that were found again, and notes what
// became of each.
func askAgain(ctx context.Context, from *Replicate, doc *report.Document, found []result.Finding) {
	byID := map[string]result.Finding{}
	for _, f := range found {
		byID[f.Secret.ID()] = f
	}
	recorded := slices.Clone(doc.Findings)
	var b batches
	for i := range doc.Findings {
		f := &doc.Findings[i]
		f.Recheck = &report.Recheck{State: report.RecheckThere}
		again, ok := byID[f.TokenID]
		switch {
		case ok:
			f.Recheck.Places = len(again.Locations)
			if !b.add(again, func(v verifier.Verdict) { f.Verification = Verification(v) }) {
				f.Verification = unknown("Replicate cannot be asked about this kind of credential")
			}
		case doc.Complete:
			f.Recheck.State = report.RecheckGone
		default:
			f.Recheck.State = report.RecheckUnread
		}
	}
	doc.Asked = b.ask(ctx, from)
	for i := range doc.Findings {
		settle(&doc.Findings[i], recorded[i], doc.Rechecked)
	}
}

// settle says of a finding that was not found again what is known of it all the
// same, counts it, and notes what was known before.
func settle(f *report.Finding, recorded report.Finding, of *report.Rechecked) {
	revoked := recorded.Verification.Status == report.StatusRevoked // that cannot be undone
	switch f.Recheck.State {
	case report.RecheckGone:
		of.Gone++
		if !revoked {
			f.Verification = unknown("it is gone from its places, so nobody was asked about it: it may still work")
		}
	case report.RecheckUnread:
		of.Unread++
		if !revoked {
			f.Verification = unknown("its places could not be read, so nobody was asked about it: it may still work")
		}
	}
	f.Recheck.Before = report.Before(recorded, f.Verification.Status)
}

func unknown(reason string) report.Verification {
	return report.Verification{Status: report.StatusUnknown, Reason: reason}
}

// Worst returns the worst status of a token: live if one is, revoked if all are,
// and unknown if of some it is not known.
func Worst(doc *report.Document) report.Status {
	worst := report.StatusRevoked
	for _, f := range doc.Findings {
		switch f.Verification.Status {
		case report.StatusLive:
			return report.StatusLive
		case report.StatusRevoked:
		default:
			worst = report.StatusUnknown
		}
	}
	return worst
}
