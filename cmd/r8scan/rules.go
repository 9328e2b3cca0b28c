package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"r8scan/rules"
)

func (c command) rules() *cobra.Command {
	return &cobra.Command{
		Use:   "rules",
		Short: "List what is searched for",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			return listRules(c.out, rules.Default())
		},
	}
}

// listRules writes a block for each rule of set, with an empty line between two.
func listRules(w io.Writer, set *rules.Set) error {
	for i, r := range set.All() {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if _, err := fmt.Fprintf(w, "%s\n  %s\n  example: %s\n", r.ID, r.Description, r.Example); err != nil {
			return err
		}
	}
	return nil
}
