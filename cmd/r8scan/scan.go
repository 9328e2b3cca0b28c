package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"r8scan/internal/door"
	"r8scan/internal/output"
	"r8scan/internal/progress"
	"r8scan/internal/terminal"
	"r8scan/report"
	"r8scan/scanner"
)

// scanFlags are the flags that every scan has.
type scanFlags struct {
	format, output   string
	include, exclude []string
	confidence       string
	jobs             int
	memory           memorySize
	quiet, verbose   bool
	noProgress       bool
	noCache          bool
	config, baseline string
	asking           askFlags
}

func (f *scanFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVarP(&f.format, "format", "f", "text", "`name` of the format: "+strings.Join(report.Formats(), ", "))
	fs.StringVarP(&f.output, "output", "o", "", "write the result to this `file`, whole or not at all")
	f.addReading(cmd)
	f.asking.add(cmd)
}

// addReading adds the flags that say what is read and what is left alone.
func (f *scanFlags) addReading(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringArrayVar(&f.include, "include", nil, "scan only paths that match this `glob` (repeatable)")
	fs.StringArrayVar(&f.exclude, "exclude", nil, "leave out paths that match this `glob` (repeatable)")
	fs.StringVar(&f.baseline, "baseline", "", "count the tokens whose ids this `file` has, and report the others")
	fs.StringVar(&f.config, "config", "", "read this configuration `file`, not the "+scanner.OwnConfig+" of what is scanned")
	fs.StringVar(&f.confidence, "min-confidence", "medium", "report tokens of this `level` and above: high, medium or low")
	fs.IntVarP(&f.jobs, "jobs", "j", 0, "`number` of workers (default: one a core)")
	f.memory.add(cmd)
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "no summary, notes or unread things on standard error")
	fs.BoolVarP(&f.verbose, "verbose", "v", false, "name every location, ref and unread thing, and what was left out")
	fs.BoolVar(&f.noCache, "no-cache", false, "read packs again that an earlier scan has read")
	fs.BoolVar(&f.noProgress, "no-progress", false, "no progress bar on a terminal")
}

// cacheDir returns the folder in the user's cache where what was found in packs
// is remembered, "" for none.
func (f *scanFlags) cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil || f.noCache {
		return ""
	}
	return filepath.Join(dir, "r8scan", "packs")
}

// scanFunc is one of the scanner's scans of what the arguments name.
type scanFunc func(ctx context.Context, args []string, opts scanner.Options) (*scanner.Result, error)

// addCheckIDs adds the flag of the scans that read all objects.
func addCheckIDs(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("check-ids", false, "compare every git object with its id, as git fsck does, and use no cache")
}

func onlyArg(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}

// scan gives cmd the shared flags and makes it run the scan.
func (c command) scan(cmd *cobra.Command, scan scanFunc) *cobra.Command {
	var f scanFlags
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.runScan(cmd.Context(), f, args, scan, "")
	}
	return cmd
}

// runScan scans, writes the report and says by its error how it went. hook is
// the git hook that the scan is for, "" for none.
func (c command) runScan(ctx context.Context, f scanFlags, args []string, scan scanFunc, hook report.HookKind) error {
	render, err := report.ByName(f.format)
	if err != nil {
		return fmt.Errorf("--format: %w", err)
	}
	opts, err := f.options()
	if err != nil {
		return err
	}
	asker, err := f.asking.asker()
	if err != nil {
		return err
	}
	bar, show := c.progress(f)
	opts.Progress = show
	started := time.Now()
	res, err := scan(ctx, args, opts)
	bar.Clear()
	if err != nil {
		return err
	}
	doc := report.New(*res, report.Tool{Name: "r8scan", Version: version}, started, time.Since(started))
	if err := c.ask(ctx, asker, doc, res.Findings, f.quiet); err != nil {
		return err
	}
	if hook != "" && f.format == "text" && f.output == "" && !f.verbose {
		return c.tellHook(hook, doc, res, f)
	}
	out := report.Options{Verbose: f.verbose, Root: res.Root, Color: f.output == "" && terminal.Colors(c.out), Links: f.output == "" && terminal.Colors(c.out)}
	if err := c.write(ctx, f.output, func(w io.Writer) error { return render(w, doc, out) }); err != nil {
		return err
	}
	if !f.quiet {
		if err := c.summarize(doc, res, f); err != nil {
			return err
		}
	}
	return verdict(doc, f.asking.failOn)
}

// maxJobs is far above what helps. Each worker holds a window of a file.
const maxJobs = 1024

// options checks the flags, before a scan that would end in vain, and limits the
// memory of the process.
func (f *scanFlags) options() (scanner.Options, error) {
	opts := scanner.Options{Cache: f.cacheDir(), Jobs: f.jobs, MaxMemory: int64(f.memory), Include: f.include, Exclude: f.exclude,
		Config: f.config, Baseline: f.baseline}
	if f.jobs < 0 || f.jobs > maxJobs {
		return opts, fmt.Errorf("--jobs %d: use 1 to %d, or 0 for one a core", f.jobs, maxJobs)
	}
	if err := opts.MinConfidence.UnmarshalText([]byte(f.confidence)); err != nil {
		return opts, fmt.Errorf("--min-confidence: %w", err)
	}
	if f.output != "" {
		if _, err := os.Stat(filepath.Dir(f.output)); errors.Is(err, fs.ErrNotExist) {
			return opts, fmt.Errorf("--output %s: its folder does not exist: create it first", f.output)
		}
	}
	f.memory.limit()
	return opts, nil
}

// write writes a report, to standard output if path is empty.
func (c command) write(ctx context.Context, path string, render func(io.Writer) error) error {
	if path == "" {
		return render(c.out)
	}
	return output.WriteFile(ctx, path, func(w io.Writer) error { return render(door.NewWriter(w)) })
}

// summarize tells on standard error how the run went.
func (c command) summarize(doc *report.Document, res *scanner.Result, f scanFlags) error {
	c.tellNotes(res)
	return report.Summary(c.err, doc, report.Options{Verbose: f.verbose, Color: terminal.Colors(c.err)})
}

func (c command) tellNotes(res *scanner.Result) {
	for _, note := range res.Notes {
		fmt.Fprintf(c.err, "note: %s\n", door.Printable(note))
	}
}

// progress shows on standard error how far a scan is. The bar is nil, and so
// nothing is called, if nobody would see it.
func (c command) progress(f scanFlags) (bar *progress.Bar, show func(scanner.Progress)) {
	if f.noProgress || f.quiet {
		return nil, nil
	}
	if bar = progress.New(c.err); bar == nil {
		return nil, nil
	}
	return bar, func(p scanner.Progress) { bar.Set(p.Objects, p.Total, p.Files, p.Bytes) }
}
