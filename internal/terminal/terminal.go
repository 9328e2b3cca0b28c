// Package terminal is how a person at a terminal is spoken to: what is one,
// text that it shows as it is, colors, links, and a question without echo.
package terminal

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// Is reports whether w is a terminal that a person looks at, or has one under
// it, as a door.Writer may.
func Is(w io.Writer) bool {
	if d, ok := w.(interface{ Under() io.Writer }); ok {
		w = d.Under()
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("CI") == "" && os.Getenv("TERM") != "dumb"
}

// Colors reports whether what is written to w may have colors and links.
func Colors(w io.Writer) bool { return Is(w) && os.Getenv("NO_COLOR") == "" }

// Width returns how many columns a terminal has that w writes to, 0 for anything
// else.
func Width(w io.Writer) int {
	if !Is(w) {
		return 0
	}
	if d, ok := w.(interface{ Under() io.Writer }); ok {
		w = d.Under()
	}
	width, _, err := term.GetSize(int(w.(*os.File).Fd()))
	if err != nil {
		return 0
	}
	return width
}

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
