package main

import (
	"github.com/spf13/cobra"

	"r8scan/internal/version"
)

var (
	built = version.Read()
	tool  = built.Tool() // this program as results name it
)

func (c command) version() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, and the commit that it was built from",
		Long: `Print the version, the commit that r8scan was built from, its date, and the version
of Go. All of it comes from the build itself: a build outside a clone, and one of
go run, says "unknown commit".

Exit codes:
  0  printed
  2  wrong usage`,
		Example: `  r8scan version
  r8scan version -f json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := textOrJSON(cmd.Name(), format); err != nil {
				return err
			}
			return c.writeAnswer(format, built)
		},
	}
	addAnswerFormat(cmd, &format)
	return cmd
}
