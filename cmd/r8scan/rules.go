package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"r8scan/rules"
)

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
