package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/r8scan/r8scan/report"
	"github.com/r8scan/r8scan/scanner"
)

// scanFlags are the flags that every scan has.
type scanFlags struct {
	format, output   string
	include, exclude []string
	confidence       string
	jobs             int
	quiet, verbose   bool
	noProgress       bool
	asking           askFlags
}

func (f *scanFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVarP(&f.format, "format", "f", "text", "text, json, jsonl or sarif")
	fs.StringVarP(&f.output, "output", "o", "", "write the result to this `file`, whole or not at all")
	fs.StringArrayVar(&f.include, "include", nil, "only paths that match this `glob` (repeatable)")
	fs.StringArrayVar(&f.exclude, "exclude", nil, "leave out paths that match this `glob` (repeatable)")
	fs.StringVar(&f.confidence, "min-confidence", "medium", "report high, medium or low and above")
	fs.IntVarP(&f.jobs, "jobs", "j", 0, "workers (default: one a core)")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "no summary and no warnings")
	fs.BoolVarP(&f.verbose, "verbose", "v", false, "every location, ref and unread thing")
	fs.BoolVar(&f.noProgress, "no-progress", false, "no progress bar on a terminal")
	f.asking.add(cmd)
}

// scanFunc is one of the scanner's scans of what the arguments name.
type scanFunc func(ctx context.Context, args []string, opts scanner.Options) (*scanner.Result, error)

func (c command) audit() *cobra.Command {
	return c.scan(&cobra.Command{
		Use:   "audit [REPO]",
		Short: "Scan everything a repository holds: files, index, all git objects, refs, config",
		Long: `Scan the repository that holds the current folder, or REPO: its work trees, the
index, every git object (reachable or not), refs, reflogs and the other texts in
.git, submodules and alternates. Outside a repository audit scans the files.
` + exitCodes,
		Example: `  r8scan audit
  r8scan audit ~/src/app -f sarif -o app.sarif
  r8scan audit --exclude 'testdata/**'`,
		Args: atMostOne,
	}, func(ctx context.Context, args []string, opts scanner.Options) (*scanner.Result, error) {
		return scanner.Audit(ctx, onlyArg(args), opts)
	})
}

func (c command) history() *cobra.Command {
	return c.scan(&cobra.Command{
		Use:   "history [REPO]",
		Short: "Scan all git objects of a repository, and nothing else",
		Long: `Scan every object in the stores of the repository that holds the current folder,
or REPO: blobs, commit and tag messages, file names, notes and stashes, reachable
or not. For each token it tells which commit brought it in, which took it out, and
which refs reach it.
` + exitCodes,
		Example: `  r8scan history
  r8scan history ~/src/app -f json`,
		Args: atMostOne,
	}, func(ctx context.Context, args []string, opts scanner.Options) (*scanner.Result, error) {
		return scanner.Objects(ctx, onlyArg(args), opts)
	})
}

func (c command) files() *cobra.Command {
	return c.scan(&cobra.Command{
		Use:   "files [PATH...]",
		Short: "Scan files and folders; - is standard input",
		Long: `Scan files and folders, the current one if none is named; - is standard input.
What git keeps compressed in .git/objects is left to audit and history.
` + exitCodes,
		Example: `  r8scan files
  r8scan files dist .env
  kubectl logs app | r8scan files -`,
	}, func(ctx context.Context, args []string, opts scanner.Options) (*scanner.Result, error) {
		if len(args) == 0 {
			args = []string{"."}
		}
		return scanner.Files(ctx, args, c.in, opts)
	})
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
		return c.runScan(cmd.Context(), f, args, scan)
	}
	return cmd
}

// runScan scans, writes the report and says by its error how it went.
func (c command) runScan(ctx context.Context, f scanFlags, args []string, scan scanFunc) error {
	render, err := report.ByName(f.format)
	if err != nil {
		return err
	}
	opts := scanner.Options{Jobs: f.jobs, Include: f.include, Exclude: f.exclude}
	if f.jobs < 0 {
		return fmt.Errorf("--jobs %d: name how many workers, 1 or more", f.jobs)
	}
	if err := opts.MinConfidence.UnmarshalText([]byte(f.confidence)); err != nil {
		return fmt.Errorf("--min-confidence: %w", err)
	}
	asker, err := f.asking.asker()
	if err != nil {
		return err
	}
	bar := c.progress(f)
	opts.Progress = bar.callback()
	started := time.Now()
	res, err := scan(ctx, args, opts)
	bar.clear()
	if err != nil {
		return err
	}
	doc := report.New(*res, report.Tool{Name: "r8scan", Version: version}, started, time.Since(started))
	if err := c.ask(ctx, asker, doc, res.Findings, f.quiet); err != nil {
		return err
	}
	out := report.Options{Verbose: f.verbose, Root: res.Root, Color: f.output == "" && colors(c.out), Links: f.output == "" && colors(c.out)}
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

func (c command) write(ctx context.Context, path string, render func(io.Writer) error) error {
	if path == "" {
		return render(c.out)
	}
	return report.WriteFile(ctx, path, render)
}

// summarize tells on standard error how the run went.
func (c command) summarize(doc *report.Document, res *scanner.Result, f scanFlags) error {
	for _, note := range res.Notes {
		fmt.Fprintf(c.err, "note: %s\n", note)
	}
	if f.verbose && res.LeftOut > 0 {
		fmt.Fprintf(c.err, "left out: %d below --min-confidence %s\n", res.LeftOut, f.confidence)
	}
	return report.Summary(c.err, doc, report.Options{Verbose: f.verbose, Color: colors(c.err)})
}

// isTerminal reports whether w is a terminal that a person looks at.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("CI") == "" && os.Getenv("TERM") != "dumb"
}

func colors(w io.Writer) bool { return isTerminal(w) && os.Getenv("NO_COLOR") == "" }
