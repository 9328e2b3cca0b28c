package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"r8scan/internal/doctor"
	"r8scan/verifier"
)

// modelFlags are the flags of doctor --model.
type modelFlags struct {
	model string
	asks  bool // perhaps about nothing, which is a mistake
}

func (f *modelFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.model, "model", "", "ask Replicate which inputs of `OWNER/NAME[:VERSION]` are secret: sends the token there")
}

// checkModel refuses flags that are not for a model.
func (f doctorFlags) checkModel() error {
	if f.asks && (f.verify || f.offline || f.machine) {
		return errors.New("--model asks Replicate about a model and nothing else: leave out --verify, --offline and --machine")
	}
	return nil
}

// examine looks at one model, or at all that a client here would use.
func (f doctorFlags) examine(ctx context.Context, api *verifier.Verifier) (doctor.Checks, error) {
	if !f.asks {
		return doctor.Examine(ctx, api, f.verify)
	}
	model, err := verifier.ParseModel(f.model)
	if err != nil {
		return nil, fmt.Errorf("--model: %w", err)
	}
	return doctor.ExamineModel(ctx, api, model)
}
