package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/r8scan/r8scan/rules"
)

// version is kept in the source: pre-commit and go install build without tags.
const version = "0.1.0"

const exitCodes = `
Exit codes:
  0  nothing found, and everything was read
  1  tokens found that --fail-on counts (those in git-ignored files do not)
  2  wrong usage, or the run could not start
  3  none found, but something could not be read, or not be told by --fail-on live`

func (c command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "r8scan",
		Short: "Find leaked Replicate API tokens in files and in everything git holds",
		Long: `r8scan finds leaked Replicate API tokens (r8_ and 37 letters or digits) in files
and in everything that git holds: all objects, reachable or not, the index, refs,
reflogs and configuration. It prints no token, and names what it could not read.
` + exitCodes,
		Example: `  r8scan audit              everything in the repository you are in
  r8scan history ~/src/app  all its git objects, and nothing else
  r8scan files dist .env    files and folders
  kubectl logs app | r8scan files -`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w: see %s --help", err, cmd.CommandPath())
	})
	root.AddCommand(c.audit(), c.files(), c.history(), c.rules(), c.verify(), c.doctor(), c.redact(), c.recheck(), c.version())
	return root
}

// noArgs says what is wrong with an unexpected argument in this program's voice.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !cmd.HasParent() {
		return fmt.Errorf("unknown command %q: see r8scan --help", args[0])
	}
	return fmt.Errorf("%s takes no arguments: see %s --help", cmd.CommandPath(), cmd.CommandPath())
}

// atMostOne lets a command take one optional argument.
func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("%s takes one %s at most: see %s --help", cmd.CommandPath(), strings.Trim(strings.TrimPrefix(cmd.Use, cmd.Name()), " []"), cmd.CommandPath())
	}
	return nil
}

func (c command) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(c.out, "r8scan %s\n", version)
			return err
		},
	}
}

func (c command) rules() *cobra.Command {
	return &cobra.Command{
		Use:   "rules",
		Short: "List what is searched for",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			for i, r := range rules.All() {
				if i > 0 {
					fmt.Fprintln(c.out)
				}
				if _, err := fmt.Fprintf(c.out, "%s\n  %s\n  example: %s\n", r.ID, r.Description, r.Example); err != nil {
					return err
				}
			}
			return nil
		},
	}
}
