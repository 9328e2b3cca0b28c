package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"r8scan/internal/start"
	"r8scan/internal/terminal"
)

const exitCodes = `
Exit codes:
  0  nothing found, and everything was read
  1  tokens found that --fail-on counts (git-ignored files never count)
  2  wrong usage, or the run could not start
  3  none found, but something could not be read or, with --fail-on live,
     Replicate gave no clear answer`

// Help lists the commands in the order of their use. cobra's switch is global.
func init() { cobra.EnableCommandSorting = false }

func (c command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "r8scan",
		Short: "Find leaked Replicate API tokens in files and in everything git holds",
		Long: `r8scan finds leaked Replicate API tokens (r8_ and 37 letters or digits) in files
and in everything that git holds: all objects, reachable or not, the index, refs,
reflogs and configuration. It never prints a token, and names what it could not
read. To start, run r8scan scan.
` + exitCodes,
		Example: `  r8scan scan               chooses one of these, and says which
  r8scan audit              everything in the repository you are in
  r8scan history ~/src/app  git objects only
  r8scan files dist .env    files and folders
  kubectl logs app | r8scan files -`,
		Version:       tool.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if terminal.Is(c.out) && terminal.Input(c.in) != nil {
				return start.Tell(c.out)
			}
			return cmd.Help()
		},
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetVersionTemplate("r8scan {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.Flags().Bool("version", false, "print the version") // cobra's own would have -v, which means --verbose
	for _, g := range []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{"scan", "Scan:", []*cobra.Command{c.scanAny(), c.audit(), c.history(), c.files()}},
		{"leak", "After a leak:", []*cobra.Command{c.verify(), c.recheck(), c.fix(), c.report(), c.baseline()}},
		{"protect", "Protect:", []*cobra.Command{c.install(), c.uninstall(), c.doctor(), c.redact(), c.lsp()}},
		{"hooks", "Run by git and coding agents:", []*cobra.Command{c.staged(), c.commitMsg(), c.push(), c.receive(), c.agent()}},
		{"other", "Other:", []*cobra.Command{c.rules(), c.version()}},
	} {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, cmd := range g.commands {
			cmd.GroupID = g.id
			root.AddCommand(cmd)
		}
	}
	root.SetHelpCommandGroupID("other")
	root.SetCompletionCommandGroupID("other")
	root.SuggestionsMinimumDistance = 2
	tellUnknownNames(root)
	return root
}

// flagError says what is wrong with a flag and where to read about it.
func flagError(cmd *cobra.Command, err error) error {
	if wrong := (*strconv.NumError)(nil); errors.As(err, &wrong) {
		if wrong.Func == "ParseBool" {
			text, _, _ := strings.Cut(err.Error(), ": strconv.")
			err = errors.New(text + ": use true or false")
		} else { // only one flag takes a number
			err = fmt.Errorf("--jobs takes a whole number, not %q", wrong.Num)
		}
	}
	if !cmd.HasParent() && cmd.Flags().NArg() > 0 { // the wrong command comes first: it has other flags
		return noArgs(cmd, cmd.Flags().Args())
	}
	return fmt.Errorf("%w: %ssee %s --help", err, flagHint(cmd, err), cmd.CommandPath())
}

// flagHint says what to use instead of a flag that a command does not have, as the start
// of an advice, "" if nothing is known.
func flagHint(cmd *cobra.Command, err error) string {
	name, long := strings.CutPrefix(err.Error(), "unknown flag: --")
	letter, short := strings.CutPrefix(err.Error(), "unknown shorthand flag: '")
	if long {
		if hint := start.ForFlag(name, cmd.HasParent()); hint != "" {
			return hint
		}
	}
	switch scan, _, err := cmd.Root().Find([]string{"scan"}); {
	case err != nil || cmd.HasParent():
	case short && letter[0] == 'v':
		return "use --version, or -v after a command that scans; "
	case short && scan.Flags().ShorthandLookup(letter[:1]) != nil:
		return "use r8scan scan -" + letter[:1] + "; "
	case long && scan.Flags().Lookup(name) != nil:
		return "use r8scan scan --" + name + "; "
	}
	return ""
}

// tellUnknownNames makes cobra's own commands fail on an unknown name. By default
// they show help and succeed.
func tellUnknownNames(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			show := cmd.Run
			cmd.RunE = func(cmd *cobra.Command, args []string) error {
				if at, _, err := root.Find(args); err != nil || len(args) > 0 && at == root {
					return fmt.Errorf("there is no help on %q: see r8scan --help", strings.Join(args, " "))
				}
				show(cmd, args)
				return nil
			}
		case "completion":
			cmd.Args = cobra.ArbitraryArgs
			cmd.RunE = func(cmd *cobra.Command, args []string) error {
				return fmt.Errorf("name a shell, bash, zsh, fish or powershell: see %s --help", cmd.CommandPath())
			}
		}
	}
}

// noArgs is cobra.NoArgs with this program's messages.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasParent() {
		return fmt.Errorf("%s takes no arguments: see %s --help", cmd.Name(), cmd.CommandPath())
	}
	if use := start.ForWord(args[0]); use != "" {
		return fmt.Errorf("%s; see r8scan --help", use)
	}
	meant := ""
	if names := cmd.SuggestionsFor(args[0]); len(names) > 0 {
		meant = "did you mean " + strings.Join(names, " or ") + "? "
	}
	return fmt.Errorf("unknown command %q: %ssee r8scan --help", args[0], meant)
}

// atMostOne lets a command take one optional argument.
func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("%s takes one %s at most: see %s --help", cmd.Name(), strings.Trim(strings.TrimPrefix(cmd.Use, cmd.Name()), " []"), cmd.CommandPath())
	}
	return nil
}
