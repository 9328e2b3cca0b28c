package lsp

import (
	"context"
	"fmt"
	"slices"

	"r8scan/internal/door"
	"r8scan/internal/policy"
	"r8scan/internal/search"
	"r8scan/report"
	"r8scan/result"
	"r8scan/rules"
	"r8scan/scanner"
)

// mark is a credential in a document.
type mark struct {
	report.Mark
	rules.Match
}

// found is what a scan of a document found.
type found struct {
	marks   []mark
	matches []rules.Match // also the allowed ones
	trouble string        // why the user's configuration does not count; "" if it does
}

const (
	maxMarks  = 1000      // of a document: a text with more is data
	scanPiece = 256 << 10 // bytes between two looks at whether a scan is still wanted
)

// scan finds the credentials of a document that nobody allows. It ends early, with an
// error, if ctx ends.
func scan(ctx context.Context, d *document, at place, opts Options) (found, error) {
	var f found
	var all []rules.Match
	for from := 0; from < len(d.text) && len(all) < maxMarks; from += scanPiece {
		if err := ctx.Err(); err != nil {
			return f, err
		}
		all = opts.Rules.Find(all, d.text, from, min(from+scanPiece, len(d.text)))
	}
	all = all[:min(len(all), maxMarks)]
	search.Mark(d.text, all)
	f.matches = all
	if !slices.ContainsFunc(all, func(m rules.Match) bool { return m.Confidence >= opts.MinConfidence && !m.Allowed }) {
		return f, nil
	}
	judged, err := judge(at, opts)
	if err != nil {
		f.trouble = err.Error()
	}
	var exposure result.Exposure
	if at.path != "" {
		exposure = scanner.Exposure(at.path)
	}
	for _, m := range all {
		if err := ctx.Err(); err != nil {
			return f, err
		}
		if m.Confidence < opts.MinConfidence || m.Allowed {
			continue
		}
		from := d.position(m.Start)
		finding := result.Finding{Rule: m.Rule.ID, Secret: m.Secret, Confidence: m.Confidence, Exposure: exposure,
			Locations: []result.Location{{Kind: result.KindFile, Path: at.name, Line: from.Line + 1, Column: from.Character + 1, Variable: m.Variable}}}
		if _, ok := judged.Allows(&finding); !ok {
			f.marks = append(f.marks, mark{report.MarkOf(finding, opts.Rules), m})
		}
	}
	return f, nil
}

// judge reads what the user allows. If the workspace's own configuration cannot be
// read, it allows nothing.
func judge(at place, opts Options) (*policy.Policy, error) {
	judged, err := policy.Load(opts.Baseline, opts.Config, opts.Rules)
	if err == nil {
		if _, err = judged.ReadOwn(at.root, ""); err == nil {
			return judged, nil
		}
	}
	strict, _ := policy.Load("", "", opts.Rules) // reads no file, so it cannot fail
	return strict, err
}

// severities of the levels of annotations.
var severities = map[string]int{"error": severityError, "warning": severityWarning, "notice": severityInformation}

// diagnostics returns the marks as the protocol has them.
func (f found) diagnostics(d *document) []diagnostic {
	all := make([]diagnostic, 0, len(f.marks)+1)
	if d.long {
		return append(all, diagnostic{Severity: severityInformation, Source: "r8scan",
			Message: fmt.Sprintf("r8scan lsp does not read texts of more than %d MB: run r8scan files on the file.", maxText>>20)})
	}
	for _, m := range f.marks {
		all = append(all, m.diagnostic(d))
	}
	return all
}

func (m mark) diagnostic(d *document) diagnostic {
	return diagnostic{Range: d.span(m.Start, m.End), Severity: severities[m.Level], Code: m.Rule.ID, Source: "r8scan", Message: door.Printable(m.Text)}
}
