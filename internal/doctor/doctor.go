// Package doctor finds out why a Replicate client in the current folder cannot
// authenticate, and how to fix it. It shows no token, and runs no program but git, which
// it asks where hooks are.
package doctor

import (
	"context"
	"fmt"
	"io"
	"strings"

	"r8scan/internal/door"
	"r8scan/internal/terminal"
	"r8scan/report"
	"r8scan/verifier"
)

// The levels of a check, best first.
const (
	levelOK      = "ok"
	levelWarning = "warning"
	levelError   = "error"
)

// Check is the result of one check.
type Check struct {
	Level string `json:"level"`
	About string `json:"about"`         // a variable, a file, the API
	What  string `json:"what"`          // what was seen
	Means string `json:"means"`         // "" if all is well
	Fix   string `json:"fix,omitempty"` // a command or a step
}

// Checks are in the order of the report.
type Checks []Check

// Failed reports whether there is an error: a client here will fail, or a token
// is exposed.
func (checks Checks) Failed() bool {
	for _, ch := range checks {
		if ch.Level == levelError {
			return true
		}
	}
	return false
}

// Examine checks what a client in the current folder would use. It asks api about
// a fake token and, if live is true, about the real one. A nil api is not asked.
func Examine(ctx context.Context, api *verifier.Verifier, live bool) (Checks, error) {
	e, err := newEnvironment()
	if err != nil {
		return nil, err
	}
	checks := checkToken(e)
	checks = append(checks, checkNames(e)...)
	checks = append(checks, checkDotenvs(e)...)
	checks = append(checks, checkPlaces(e)...)
	checks = append(checks, checkTools(e)...)
	checks = append(checks, checkNetrc(e)...)
	checks = append(checks, checkClients(e)...)
	checks = append(checks, checkCog(e)...)
	checks = append(checks, checkHooks(ctx, e.dir)...)
	checks = append(checks, checkProxy())
	if api != nil {
		checks = append(checks, checkAPI(ctx, e, api, live)...)
	}
	return checks, ctx.Err()
}

// WriteJSON writes what doctor -f json writes.
func (checks Checks) WriteJSON(w io.Writer, tool report.Tool) error {
	return door.EncodeJSON(w, struct {
		Schema string      `json:"schema"`
		Tool   report.Tool `json:"tool"`
		Checks Checks      `json:"checks"`
	}{"r8scan-doctor/1", tool, checks})
}

// WriteText writes one line per check, and below it what it means and the fix.
func (checks Checks) WriteText(w io.Writer, color bool) error {
	var b strings.Builder
	counts := map[string]int{}
	for _, ch := range checks {
		counts[ch.Level]++
		label := fmt.Sprintf("%-8s", ch.Level)
		label = terminal.Paint(color, map[string]string{levelOK: terminal.Green, levelWarning: terminal.Yellow, levelError: terminal.BrightRed}[ch.Level], label)
		fmt.Fprintf(&b, "%s %s: %s\n", label, door.Printable(ch.About), door.Printable(ch.What))
		if ch.Means != "" {
			fmt.Fprintf(&b, "         %s\n", door.Printable(ch.Means))
		}
		if ch.Fix != "" {
			fmt.Fprintf(&b, "         fix: %s\n", door.Printable(ch.Fix))
		}
	}
	fmt.Fprintf(&b, "\nerrors: %d, warnings: %d, ok: %d\n", counts[levelError], counts[levelWarning], counts[levelOK])
	_, err := io.WriteString(w, b.String())
	return err
}
