package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"r8scan/report"
	"r8scan/rules"
)

// The levels of a check, best first.
const (
	levelOK      = "ok"
	levelWarning = "warning"
	levelError   = "error"
)

// check is one thing that doctor looked at.
type check struct {
	Level string `json:"level"`
	About string `json:"about"`          // a variable, a file, the API
	What  string `json:"what"`           // what was seen
	Means string `json:"means"`          // "" if all is well
	Mend  string `json:"mend,omitempty"` // a command or a step
}

type doctorFlags struct {
	format, apiURL  string
	verify, offline bool
}

func (c command) doctor() *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out why a Replicate client says AuthenticationError",
		Long: `Look at what a Replicate client in this folder would use: REPLICATE_API_TOKEN and
names that look like it, .env files, the configuration of Replicate's own tools, the
installed clients, the proxy, the clock and the API. For each it says whether it is
well, what it means and what mends it. It runs nothing and shows no token.

The API is asked about a made-up token. Your own is sent only with --verify.

Exit codes:
  0  no error (there may be warnings)
  1  an error: a client here will fail, or a token is exposed
  2  wrong usage`,
		Example: `  r8scan doctor
  r8scan doctor --verify     also asks whether the token is live
  r8scan doctor --offline    sends nothing`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.runDoctor(cmd.Context(), f) },
	}
	fs := cmd.Flags()
	fs.StringVarP(&f.format, "format", "f", "text", "text or json")
	fs.BoolVar(&f.verify, "verify", false, "ask Replicate whether the token is live: sends it there")
	fs.BoolVar(&f.offline, "offline", false, "send nothing")
	addAPIURL(cmd, &f.apiURL)
	return cmd
}

func (c command) runDoctor(ctx context.Context, f doctorFlags) error {
	switch {
	case f.format != "text" && f.format != "json":
		return fmt.Errorf("unknown format %q: doctor writes text or json", f.format)
	case f.verify && f.offline:
		return errors.New("--verify asks Replicate, and --offline sends nothing: leave one out")
	}
	e, err := newEnvironment()
	if err != nil {
		return err
	}
	checks := e.checkToken()
	checks = append(checks, e.checkNames()...)
	checks = append(checks, e.checkDotenvs()...)
	checks = append(checks, e.checkTools()...)
	checks = append(checks, e.checkClients()...)
	checks = append(checks, checkProxy())
	if !f.offline {
		api, err := e.checkAPI(ctx, f)
		if err != nil {
			return err
		}
		checks = append(checks, api...)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.format == "json" {
		err = writeDoctorJSON(c.out, checks)
	} else {
		err = writeDoctorText(c.out, checks, colors(c.out))
	}
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	for _, ch := range checks {
		if ch.Level == levelError {
			return exitError(exitFound)
		}
	}
	return nil
}

// environment is where a client would run.
type environment struct {
	dir, home string
	token     rules.Diagnosis // of REPLICATE_API_TOKEN
	set       bool            // that variable is, be it to nothing
}

func newEnvironment() (*environment, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the current folder: %w", err)
	}
	home, _ := os.UserHomeDir() // without one there is nothing in it to check
	value, set := os.LookupEnv(tokenVariable)
	return &environment{dir: dir, home: home, token: rules.Diagnose(value), set: set}, nil
}

func writeDoctorJSON(w io.Writer, checks []check) error {
	return report.EncodeJSON(w, struct {
		Schema string      `json:"schema"`
		Tool   report.Tool `json:"tool"`
		Checks []check     `json:"checks"`
	}{"r8scan-doctor/1", report.Tool{Name: "r8scan", Version: version}, checks})
}

func writeDoctorText(w io.Writer, checks []check, color bool) error {
	var b strings.Builder
	counts := map[string]int{}
	for _, ch := range checks {
		counts[ch.Level]++
		label := fmt.Sprintf("%-8s", ch.Level)
		if color {
			label = map[string]string{levelOK: "\x1b[32m", levelWarning: "\x1b[33m", levelError: "\x1b[1;31m"}[ch.Level] + label + "\x1b[0m"
		}
		fmt.Fprintf(&b, "%s %s: %s\n", label, report.Printable(ch.About), report.Printable(ch.What))
		if ch.Means != "" {
			fmt.Fprintf(&b, "         %s\n", report.Printable(ch.Means))
		}
		if ch.Mend != "" {
			fmt.Fprintf(&b, "         mend: %s\n", report.Printable(ch.Mend))
		}
	}
	fmt.Fprintf(&b, "\nerrors: %d, warnings: %d, ok: %d\n", counts[levelError], counts[levelWarning], counts[levelOK])
	_, err := io.WriteString(w, b.String())
	return err
}
