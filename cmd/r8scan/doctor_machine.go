package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"r8scan/internal/ask"
	"r8scan/internal/budget"
	"r8scan/internal/machine"
	"r8scan/internal/progress"
	"r8scan/rules"
	"r8scan/scanner"
	"r8scan/verifier"
)

// machineFlags are the flags of doctor --machine.
type machineFlags struct {
	machine, noCache, noProgress bool
}

func (f *machineFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVar(&f.machine, "machine", false, "search this machine for tokens: your home folder")
	fs.BoolVar(&f.noCache, "no-cache", false, "with --machine: do not go on where a search was stopped")
	fs.BoolVar(&f.noProgress, "no-progress", false, "with --machine: no progress line on a terminal")
}

// check refuses flags without --machine.
func (f *machineFlags) check() error {
	if !f.machine && (f.noCache || f.noProgress) {
		return errors.New("--no-cache and --no-progress are for --machine: add it")
	}
	return nil
}

// runMachine searches this machine, and says where tokens stand.
func (c command) runMachine(ctx context.Context, f doctorFlags) error {
	shown := progress.Watch(ctx, c.err, !f.noProgress, false)
	defer shown.Stop()
	var from *ask.Replicate
	if f.verify {
		var err error
		if from, err = ask.NewReplicate(f.apiURL, tool.Version, verifier.Config{Asked: shown.Asked}); err != nil {
			return err
		}
	}
	opts := machine.Options{Cache: cacheFolder("machine"), Scan: scanner.Options{MinConfidence: rules.Medium, Progress: &shown.Scan}, Anew: f.noCache,
		Limits: machine.DefaultLimits(), Env: os.Getenv, System: machine.SystemFiles()}
	budget.LimitProcess(0)
	found, err := machine.Search(ctx, opts)
	if err != nil {
		shown.Stop()
		if ctx.Err() != nil {
			fmt.Fprintln(c.err, machine.Next(err))
		}
		return err
	}
	if from != nil {
		if err := found.Verify(ctx, from); err != nil {
			return err
		}
	}
	shown.Stop()
	if err := c.writeAnswer(f.format, found); err != nil {
		return err
	}
	switch {
	case found.Failed():
		return exitError(exitFound)
	case !found.Complete:
		return exitError(exitIncomplete)
	}
	return nil
}
