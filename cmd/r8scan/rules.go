package main

import (
	"github.com/spf13/cobra"

	"r8scan/report"
	"r8scan/rules"
)

func (c command) rules() *cobra.Command {
	return &cobra.Command{
		Use:   "rules",
		Short: "List what is searched for",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			return report.Rules(c.out, rules.Default())
		},
	}
}
