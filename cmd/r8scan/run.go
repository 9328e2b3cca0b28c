package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"r8scan/internal/ask"
	"r8scan/internal/door"
	"r8scan/internal/excerpt"
	"r8scan/internal/output"
	"r8scan/internal/progress"
	"r8scan/internal/terminal"
	"r8scan/report"
	"r8scan/result"
	"r8scan/scanner"
)

// scanFunc is one of the scanner's scans of what the arguments name.
type scanFunc func(ctx context.Context, args []string, opts scanner.Options) (*result.Result, error)

// scan gives cmd the shared flags and makes it run the scan.
func (c command) scan(cmd *cobra.Command, scan scanFunc) *cobra.Command {
	var f scanFlags
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.runScan(cmd.Context(), f, args, scan, gitHook{})
	}
	return cmd
}

// runScan scans and writes the report. Its error is the exit code.
func (c command) runScan(ctx context.Context, f scanFlags, args []string, scan scanFunc, hook gitHook) error {
	render, err := report.For(f.format, f.output)
	if err != nil {
		return fmt.Errorf("--format: %w", err)
	}
	shown := f.watch(ctx, c.err)
	defer shown.Stop()
	v, err := f.asking.verifier(shown)
	if err != nil {
		return err
	}
	doc, res, err := c.collect(ctx, f, shown, args, func(ctx context.Context, args []string, opts scanner.Options) (*result.Result, error) {
		res, err := scan(ctx, args, opts)
		return res, hook.unscanned(err)
	})
	if err != nil {
		return err
	}
	if v != nil {
		if err := ask.Findings(ctx, v, doc, res.Findings); err != nil {
			return err
		}
	}
	shown.Stop()
	if hook.kind != "" && (f.format == report.Auto || f.format == "text") && f.output == "" && !f.verbose {
		return c.tellHook(hook, doc, res, f)
	}
	opts := c.look(f.output, res.Root, f.verbose, f.asking.onlyLive)
	if err := c.write(ctx, f.output, func(w io.Writer) error { return render(w, doc, opts) }); err != nil {
		return err
	}
	if err := c.summarize(doc, res, f); err != nil {
		return err
	}
	return verdict(doc, f.asking.failOn)
}

// collect scans, which shown tells of, and makes a document of the result.
func (c command) collect(ctx context.Context, f scanFlags, shown *progress.Display, args []string, scan scanFunc) (*report.Document, *result.Result, error) {
	opts, err := f.options()
	if err != nil {
		return nil, nil, err
	}
	opts.Progress = &shown.Scan
	started := time.Now()
	res, err := scan(ctx, args, opts)
	if err != nil {
		return nil, nil, err
	}
	return report.New(*res, tool, started, time.Since(started)), res, nil
}

// verdict is the exit code of a scan. Tokens in files that git ignores do not count,
// unless an image takes them along: a token may be there. A token without a clear
// answer may be one that --fail-on live counts, so the run is not clean.
func verdict(doc *report.Document, failOn string) error {
	complete := doc.Complete
	for _, f := range doc.Findings {
		switch {
		case f.MayStay() || failOn == failOnNone:
		case failOn == failOnAny || f.Verification.Status == report.StatusLive:
			return exitError(exitFound)
		case f.Verification.Status == report.StatusUnknown:
			complete = false
		}
	}
	if !complete {
		return exitError(exitIncomplete)
	}
	return nil
}

// summarize prints notes and the summary to standard error, unless it is quiet.
func (c command) summarize(doc *report.Document, res *result.Result, f scanFlags) error {
	if f.quiet {
		return nil
	}
	c.tellNotes(res)
	return report.Summary(c.err, doc, report.Options{Verbose: f.verbose, Color: terminal.Colors(c.err)})
}

func (c command) tellNotes(res *result.Result) {
	for _, note := range res.Notes {
		fmt.Fprintf(c.err, "note: %s\n", door.Printable(note))
	}
}

// look returns how a report looks that goes to path, or to standard output. root is
// what its paths are relative to.
func (c command) look(path, root string, verbose, onlyLive bool) report.Options {
	opts := report.Options{Root: root, Verbose: verbose, OnlyLive: onlyLive}
	if path == "" && terminal.Is(c.out) {
		opts.Width, opts.Code = terminal.Width(c.out), excerpt.New(root).Line
		opts.Color, opts.Links = terminal.Colors(c.out), terminal.Colors(c.out)
	}
	return opts
}

// write writes a report, to standard output if path is empty.
func (c command) write(ctx context.Context, path string, render func(io.Writer) error) error {
	if path == "" {
		return render(c.out)
	}
	return output.WriteFile(ctx, path, func(w io.Writer) error { return render(door.NewWriter(w)) })
}

// answer is a result that is no report of a scan.
type answer interface {
	WriteText(w io.Writer, color bool) error
	WriteJSON(w io.Writer, tool report.Tool) error
}

// writeAnswer writes an answer as text or as JSON.
func (c command) writeAnswer(format string, a answer) error {
	var err error
	if format == "json" {
		err = a.WriteJSON(c.out, tool)
	} else {
		err = a.WriteText(c.out, terminal.Colors(c.out))
	}
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// readResult reads a saved result, from standard input if path is -.
func (c command) readResult(path string) (*report.Document, error) {
	if path == "-" {
		return report.Read(c.in)
	}
	return report.ReadFile(path)
}

// cacheFolder returns a folder of r8scan's in the user's cache folder, "" if there is
// none.
func cacheFolder(name string) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "r8scan", name)
}
