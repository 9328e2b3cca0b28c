package main

import (
	"errors"

	"github.com/spf13/cobra"

	"r8scan/internal/agent"
)

func (c command) agent() *cobra.Command {
	var strict bool
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "Check what a coding agent is about to do: the agent's hook",
		Long: `Read an event of a coding agent from standard input, and answer in the agent's own
form. r8scan install --agent makes the agent run this command: Claude Code, Cursor,
Codex, Gemini CLI, or Copilot in VS Code.

A prompt with a token is not sent. An edit that would put one into a file that git
tracks or would add is refused; .env may hold one if git ignores it. A call that
carries one is refused. An output that shows one is masked, if the agent allows that.
Edits that switch checks off are refused too. What cannot be read, and events that
are not known, pass with a note on standard error.

Exit codes:
  0  the answer is on standard output, as JSON
  2  refused: with --strict, an event that could not be checked; wrong usage`,
		Example: `  r8scan install --agent claude
  r8scan agent < event.json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			err := agent.Hook{In: c.in, Out: c.out, Err: c.err, Strict: strict}.Run()
			if errors.Is(err, agent.ErrRefused) {
				return exitError(exitUsage)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "refuse events that cannot be checked")
	return cmd
}
