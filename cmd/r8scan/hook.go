package main

import (
	"fmt"

	"r8scan/internal/terminal"
	"r8scan/report"
	"r8scan/result"
)

// gitHook is the hook that a scan is for. Its zero value is for none.
type gitHook struct {
	kind       report.HookKind
	regardless string // how to go on where nothing could be scanned
}

// unscanned says of an error that keeps a hook from scanning how to go on.
func (h gitHook) unscanned(err error) error {
	if err == nil || h.regardless == "" {
		return err
	}
	return fmt.Errorf("nothing was scanned: %w (%s)", err, h.regardless)
}

// tellHook tells the one who is stopped by a hook why, on one screen. Where
// there is nothing to tell, the summary does; a push, which shows the output of
// two machines, goes on in silence. Git push has results of its own for standard
// output, so that they do not stand among this.
func (c command) tellHook(hook gitHook, doc *report.Document, res *result.Result, f scanFlags) error {
	code := verdict(doc, f.asking.failOn)
	stops := code != nil
	if len(doc.Findings) == 0 && !stops {
		if hook.kind == report.Staged {
			return c.summarize(doc, res, f)
		}
		if !f.quiet {
			c.tellNotes(res)
		}
		return nil
	}
	out := c.out
	if hook.kind != report.Staged {
		out = c.err
	}
	opts := report.HookOptions{Kind: hook.kind, Stops: stops, Color: terminal.Colors(out), Notes: res.Notes}
	if err := report.Hook(out, doc, opts); err != nil {
		return err
	}
	return code
}
