package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"r8scan/internal/ask"
	"r8scan/internal/budget"
	"r8scan/internal/output"
	"r8scan/internal/progress"
	"r8scan/report"
	"r8scan/result"
	"r8scan/scanner"
	"r8scan/verifier"
)

// scanFlags are the flags that every scan has.
type scanFlags struct {
	format, output   string
	include, exclude []string
	confidence       string
	work             workFlags
	quiet, verbose   bool
	noProgress       bool
	noCache          bool
	config, baseline string
	asking           askFlags
}

func (f *scanFlags) add(cmd *cobra.Command) {
	addFormat(cmd, &f.format)
	addOutput(cmd, &f.output)
	f.addReading(cmd)
	f.asking.add(cmd)
}

// addReading adds the flags that say what is read and what is reported.
func (f *scanFlags) addReading(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringArrayVar(&f.include, "include", nil, "scan only paths that match this `glob` (repeatable)")
	fs.StringArrayVar(&f.exclude, "exclude", nil, "leave out paths that match this `glob` (repeatable)")
	fs.StringVar(&f.baseline, "baseline", "", "report only tokens that this `file` does not list")
	fs.StringVar(&f.config, "config", "", "use this configuration `file` instead of the scanned tree's "+result.AllowedByOwn)
	fs.StringVar(&f.confidence, "min-confidence", "medium", "report tokens of this `level` and above: high, medium or low")
	f.work.add(cmd)
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "no summary, notes or unread things on standard error")
	fs.BoolVarP(&f.verbose, "verbose", "v", false, "name every location, ref and unread thing, and what was left out")
	fs.BoolVar(&f.noCache, "no-cache", false, "read all again, also what an earlier scan has read, and remember nothing")
	fs.BoolVar(&f.noProgress, "no-progress", false, "no progress line on a terminal")
}

// options checks the flags before the scan.
func (f *scanFlags) options() (scanner.Options, error) {
	opts, err := f.work.options()
	if err != nil {
		return opts, err
	}
	opts.Include, opts.Exclude, opts.Config, opts.Baseline = f.include, f.exclude, f.config, f.baseline
	opts.Visits, opts.NeedSecrets = scanner.VisitsIn(cacheFolder("visits")), f.asking.verify
	if f.noCache {
		opts.Cache, opts.Visits = "", nil
	}
	if err := opts.MinConfidence.UnmarshalText([]byte(f.confidence)); err != nil {
		return opts, fmt.Errorf("--min-confidence: %w", err)
	}
	if err := output.Check(f.output); err != nil {
		return opts, fmt.Errorf("--output %w", err)
	}
	return opts, nil
}

// watch begins to tell on w how far the scan is.
func (f *scanFlags) watch(ctx context.Context, w io.Writer) *progress.Display {
	return progress.Watch(ctx, w, !f.noProgress, f.quiet)
}

// workFlags say how many workers and how much memory a scan uses.
type workFlags struct {
	jobs   int
	memory int64 // bytes; 0 if it is not given
}

func (f *workFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.IntVarP(&f.jobs, "jobs", "j", 0, "`number` of workers (default: one a core)")
	fs.Func("max-memory", "use at most this `SIZE` of memory for what is read and found, such as 512MiB (default 1GiB)", func(text string) (err error) {
		f.memory, err = budget.ParseSize(text)
		return err
	})
}

// maxJobs is far above what helps. Each worker holds a window of a file.
const maxJobs = 1024

// options returns the options of the flags, with the cache of packs in the user's
// cache folder. It limits the memory of the process.
func (f *workFlags) options() (scanner.Options, error) {
	opts := scanner.Options{Jobs: f.jobs, MaxMemory: f.memory}
	if f.jobs < 0 || f.jobs > maxJobs {
		return opts, fmt.Errorf("--jobs %d: use 1 to %d, or 0 for one a core", f.jobs, maxJobs)
	}
	opts.Cache = cacheFolder("packs")
	budget.LimitProcess(f.memory)
	return opts, nil
}

// addCheckIDs adds the flag of the scans that read all objects.
func addCheckIDs(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("check-ids", false, "compare every git object with its id, as git fsck does, and use no cache")
}

// addFormat adds the flag for the format of a report.
func addFormat(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVarP(format, "format", "f", report.Auto, "`name` of the format: "+strings.Join(report.Formats(), ", ")+"; auto goes by the name of the --output file, else text")
}

// addOutput adds the flag for the file that a result goes to.
func addOutput(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVarP(path, "output", "o", "", "write the result to this `file`, completely or not at all")
}

// addAnswer adds the flags of a command that asks Replicate and writes the answer
// as text or JSON.
func addAnswer(cmd *cobra.Command, format, url *string) {
	addAnswerFormat(cmd, format)
	addAPIURL(cmd, url)
}

// addAnswerFormat adds the flag for the format of an answer.
func addAnswerFormat(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVarP(format, "format", "f", "text", "`format` of the answer: text or json")
}

// textOrJSON checks the format of such a command. The error does not repeat it: it
// may be a token.
func textOrJSON(cmd, format string) error {
	if format != "text" && format != "json" {
		return errors.New("unknown format: " + cmd + " writes text or json")
	}
	return nil
}

// addAPIURL adds the flag that says where tokens are sent.
func addAPIURL(cmd *cobra.Command, url *string) {
	cmd.Flags().StringVar(url, "api-url", "", "ask this `URL` instead of "+verifier.DefaultBaseURL+" and r8.im: https, or http on localhost (or set "+ask.URLVariable+")")
}

// What --fail-on counts.
const (
	failOnAny  = "any"
	failOnLive = "live"
	failOnNone = "none"
)

// askFlags are the flags of a scan that concern Replicate's answer.
type askFlags struct {
	verify, onlyLive bool
	failOn, apiURL   string
}

func (f *askFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVar(&f.verify, "verify", false, "ask Replicate whether the tokens are live: sends them there")
	fs.StringVar(&f.failOn, "fail-on", failOnAny, "which `tokens` make the exit code 1: any, live (with --verify) or none")
	fs.BoolVar(&f.onlyLive, "only-live", false, "list only live tokens, and count the others (with --verify)")
	addAPIURL(cmd, &f.apiURL)
}

// verifier returns what asks Replicate, nil if no token is to be sent.
func (f askFlags) verifier(shown *progress.Display) (*ask.Replicate, error) {
	switch {
	case !slices.Contains([]string{failOnAny, failOnLive, failOnNone}, f.failOn):
		return nil, fmt.Errorf("--fail-on %q: use any, live or none", f.failOn)
	case f.verify:
		return ask.NewReplicate(f.apiURL, tool.Version, verifier.Config{Asked: shown.Asked})
	case f.failOn == failOnLive || f.onlyLive:
		return nil, errors.New("--fail-on live or --only-live needs --verify: only Replicate knows which tokens are live")
	}
	return nil, nil
}

// onlyArg returns the argument, or the current folder.
func onlyArg(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}
