// Package terminal is how a person at a terminal is spoken to: what is one,
// colors, a progress bar, and a question without echo.
package terminal

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"r8scan/internal/door"
)

// Is reports whether w is a terminal that a person looks at.
func Is(w io.Writer) bool {
	f, ok := door.Under(w).(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("CI") == "" && os.Getenv("TERM") != "dumb"
}

// Colors reports whether what is written to w may have colors and links.
func Colors(w io.Writer) bool { return Is(w) && os.Getenv("NO_COLOR") == "" }

// Input returns in if it is a terminal that somebody types on, else nil.
func Input(in io.Reader) *os.File {
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// Ask puts a question on out and reads the answer on a terminal, which does not
// show it. The error is ctx's, io.EOF for no answer, or the terminal's.
func Ask(ctx context.Context, in *os.File, out io.Writer, question string) ([]byte, error) {
	fd := int(in.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	type answer struct {
		line []byte
		err  error
	}
	done := make(chan answer, 1)
	fmt.Fprint(out, question)
	go func() {
		line, err := term.ReadPassword(fd)
		done <- answer{line, err}
	}()
	select {
	case a := <-done:
		fmt.Fprintln(out)
		return a.line, a.err
	case <-ctx.Done():
		// The read goes on until the process ends: the echo must come back
		// before that.
		fmt.Fprintln(out)
		_ = term.Restore(fd, state)
		return nil, ctx.Err()
	}
}

// The colors of Paint.
const (
	Bold      = "1"
	Dim       = "2"
	Red       = "31"
	Green     = "32"
	Yellow    = "33"
	BrightRed = "1;31"
)

// Paint returns s in a color for a terminal that shows colors, else as it is.
func Paint(colors bool, color, s string) string {
	if !colors {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}
