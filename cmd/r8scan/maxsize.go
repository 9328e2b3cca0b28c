package main

import (
	"github.com/spf13/cobra"

	"r8scan/internal/budget"
)

// addMaxSize adds the flag of the scans that take a URL.
func addMaxSize(cmd *cobra.Command) *int64 {
	most := new(int64)
	cmd.Flags().Func("max-size", "read at most this `SIZE` of what a server sends, such as 5GiB (default 20GiB)", func(text string) (err error) {
		*most, err = budget.ParseBytes(text)
		return err
	})
	return most
}
