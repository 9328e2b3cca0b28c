package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// version is in the source because pre-commit and go install build without tags.
const version = "0.1.0"

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
