package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"r8scan/internal/fix"
	"r8scan/internal/terminal"
)

func (c command) fix() *cobra.Command {
	var f scanFlags
	var o fix.Options
	var from string
	cmd := &cobra.Command{
		Use:   "fix [PATH...]",
		Short: "Replace hard-coded tokens by look-ups of environment variables",
		Long: `Find the tokens in files and folders, by default the current folder, and show as a
diff what to write in their place: a look-up in the language of the file, and its
import. --write writes it, if git can give back what the file was, or with --force.

What cannot be right is left alone and named, with what to do: code that goes to
users, two tokens in one expression, encoded tokens, and git's history.

Exit codes:
  0  no token remains
  1  something remains: to be written, left alone, or in git
  2  wrong usage, or the run could not start
  3  nothing is known to remain, but something could not be read`,
		Example: `  r8scan fix app.py
  r8scan fix --write --env-file --ignore-env-file
  r8scan fix --from leak.json`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.Paths = args; from != "" {
				if o.From, err = c.readResult(from); err != nil {
					return err
				}
			}
			return c.runFix(cmd.Context(), f, o)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&o.Write, "write", "w", false, "write the changes instead of showing them")
	fs.BoolVar(&o.Force, "force", false, "with --write, change files that git cannot give back too")
	fs.StringVar(&o.Env, "env-file", "", "with --write, put the variables into this `file` of mode 0600 (.env without a name)")
	fs.Lookup("env-file").NoOptDefVal = ".env"
	fs.BoolVar(&o.Ignore, "ignore-env-file", false, "with --env-file, add the file to .gitignore if git does not ignore it")
	fs.StringVar(&from, "from", "", "fix the tokens of this saved `result` instead of scanning (- is standard input)")
	fs.StringVar(&o.Dir, "dir", ".", "with --from, the `folder` that the scan ran in, if it was not this one")
	f.addReading(cmd)
	return cmd
}

func (c command) runFix(ctx context.Context, f scanFlags, o fix.Options) (err error) {
	if o.Scan, err = f.options(); err != nil {
		return err
	}
	shown := f.watch(ctx, c.err)
	defer shown.Stop()
	o.Tool, o.Scan.Progress = tool, &shown.Scan
	out, err := fix.Run(ctx, o)
	if err != nil {
		return err
	}
	shown.Stop()
	if err := out.WriteText(c.out, o.Scan.Rules, terminal.Colors(c.out)); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	if !f.quiet {
		out.Summary(c.err)
	}
	switch {
	case out.Remains():
		return exitError(exitFound)
	case !out.Complete():
		return exitError(exitIncomplete)
	}
	return nil
}
