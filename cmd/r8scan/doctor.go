package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"r8scan/internal/ask"
	"r8scan/verifier"
)

type doctorFlags struct {
	format, apiURL  string
	verify, offline bool
	modelFlags
	machineFlags
}

func (c command) doctor() *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out why a Replicate client says AuthenticationError",
		Long: `Check what a Replicate client in this folder would use: REPLICATE_API_TOKEN and
similar names, .env files, what compose, systemd, shells, editors, MCP servers and CI
give to programs, the configuration of Replicate's own tools, clients and their
versions, the git hooks, the proxy, the clock and the API. For each problem it says what
it means and how to fix it. It changes nothing, shows no token, and runs nothing but git,
which it asks where hooks are.

It sends a fake token to the API, and yours only with --verify or --model.

With --model it looks at one model instead: it asks the API which inputs are secret,
says whether the environment has them, and which others look secret. In a folder with a
cog.yaml it always says which inputs of the model should be typed Secret.

With --machine it searches your home folder instead: shell histories, transcripts of
coding agents, editors, clipboard managers, credential stores, .env files and all other
files. For each token it says where it is, who else can get at it, and what to do. It
sends nothing unless you add --verify. When it is stopped, the next one goes on.

Exit codes:
  0  no error (there may be warnings)
  1  an error: a client here will fail, or a token is exposed
  2  wrong usage
  3  with --machine: no error, but not everything was read`,
		Example: `  r8scan doctor
  r8scan doctor --verify              also asks whether the token is live
  r8scan doctor --offline             sends nothing
  r8scan doctor --model OWNER/NAME    which secrets does this model take?
  r8scan doctor --machine             where do tokens stand on this machine?`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.asks = cmd.Flags().Changed("model")
			return c.runDoctor(cmd.Context(), f)
		},
	}
	addAnswer(cmd, &f.format, &f.apiURL)
	fs := cmd.Flags()
	fs.BoolVar(&f.verify, "verify", false, "ask Replicate whether the token is live: sends it there")
	fs.BoolVar(&f.offline, "offline", false, "send nothing")
	f.modelFlags.add(cmd)
	f.machineFlags.add(cmd)
	return cmd
}

func (c command) runDoctor(ctx context.Context, f doctorFlags) error {
	if err := textOrJSON("doctor", f.format); err != nil {
		return err
	}
	if f.verify && f.offline {
		return errors.New("--verify asks Replicate, and --offline sends nothing: leave one out")
	}
	if err := cmp.Or(f.checkModel(), f.machineFlags.check()); err != nil {
		return err
	}
	if f.machine {
		return c.runMachine(ctx, f)
	}
	var api *verifier.Verifier
	if !f.offline { // one retry, because a person waits
		var err error
		if api, err = ask.APITokens.NewVerifier(f.apiURL, tool.Version, verifier.Config{Retries: 1, TotalTimeout: 30 * time.Second, AnswerTimeout: 10 * time.Second}); err != nil {
			return err
		}
	}
	found, err := f.examine(ctx, api)
	if err != nil {
		return err
	}
	if err := c.writeAnswer(f.format, found); err != nil {
		return err
	}
	if found.Failed() {
		return exitError(exitFound)
	}
	return nil
}
