package main

import (
	"cmp"
	"os"
	"time"

	"github.com/spf13/cobra"

	"r8scan/report"
	"r8scan/verifier"
)

// tokensPage is where the owner of a token disables it and makes a new one.
const tokensPage = "https://replicate.com/account/api-tokens"

// apiURLVariable names another server than Replicate's, like --api-url. Like
// that it comes from the user: no file of a scanned repository is asked.
const apiURLVariable = "R8SCAN_API_URL"

// addAPIURL gives cmd the flag that says where tokens are sent.
func addAPIURL(cmd *cobra.Command, url *string) {
	cmd.Flags().StringVar(url, "api-url", "", "ask this `URL` instead of "+verifier.DefaultBaseURL+": https, or http on localhost (or set "+apiURLVariable+")")
}

// newVerifier returns a verifier of the server that the user named, by flag or
// variable.
func newVerifier(url string, cfg verifier.Config) (*verifier.Verifier, error) {
	cfg.BaseURL = cmp.Or(url, os.Getenv(apiURLVariable))
	cfg.UserAgent = "r8scan/" + version
	return verifier.New(cfg)
}

// verification puts a verdict into the form of a result.
func verification(v verifier.Verdict) report.Verification {
	out := report.Verification{Status: report.Status(v.Status), Reason: v.Reason, CheckedAt: v.CheckedAt.Truncate(time.Second)}
	if v.Account != nil {
		out.Account = &report.Account{Type: v.Account.Type, Username: v.Account.Username, Name: v.Account.Name}
	}
	return out
}
