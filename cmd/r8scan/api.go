package main

import (
	"cmp"
	"os"

	"github.com/spf13/cobra"

	"r8scan/internal/ask"
	"r8scan/report"
	"r8scan/verifier"
)

// addAPIURL gives cmd the flag that says where tokens are sent.
func addAPIURL(cmd *cobra.Command, url *string) {
	cmd.Flags().StringVar(url, "api-url", "", "ask this `URL` instead of "+verifier.DefaultBaseURL+": https, or http on localhost (or set "+ask.URLVariable+")")
}

// newVerifier returns a verifier of the server that the user named, by flag or
// variable.
func newVerifier(url string, cfg verifier.Config) (*verifier.Verifier, error) {
	cfg.BaseURL = cmp.Or(url, os.Getenv(ask.URLVariable))
	cfg.UserAgent = "r8scan/" + version
	return verifier.New(cfg)
}

// tool is this program as results name it.
func tool() report.Tool { return report.Tool{Name: "r8scan", Version: version} }
