package main

import (
	"fmt"

	"r8scan/internal/hooks"
	"r8scan/internal/terminal"
	"r8scan/report"
	"r8scan/result"
)

// gitHook is the hook that a scan is for. Its zero value is for none.
type gitHook struct {
	kind       report.HookKind
	regardless string // how to continue if nothing could be scanned
}

// unscanned adds to an error that stops a hook's scan how to continue.
func (h gitHook) unscanned(err error) error {
	if err == nil || h.regardless == "" {
		return err
	}
	return fmt.Errorf("nothing was scanned: %w (%s)", err, h.regardless)
}

// tellHook prints, on one screen, why a hook stops something. With nothing to
// report, a hook prints nothing, because git does not tell it to be quiet; staged run
// by hand prints the summary. Hooks of a push print to standard error: standard
// output is for what git push prints.
func (c command) tellHook(hook gitHook, doc *report.Document, res *result.Result, f scanFlags) error {
	code := verdict(doc, f.asking.failOn)
	stops := code != nil
	if len(doc.Findings) == 0 && !stops {
		if hook.kind == report.Staged && (len(doc.Allowed) > 0 || !hooks.RunByCommit()) {
			return c.summarize(doc, res, f)
		}
		if !f.quiet {
			c.tellNotes(res)
		}
		return nil
	}
	out := c.out
	if hook.kind == report.Push || hook.kind == report.Receive {
		out = c.err
	}
	opts := report.HookOptions{Kind: hook.kind, Stops: stops, Color: terminal.Colors(out), Notes: res.Notes}
	if err := report.Hook(out, doc, opts); err != nil {
		return err
	}
	return code
}
