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
	f, ok := under(w).(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("CI") == "" && os.Getenv("TERM") != "dumb"
}

// under returns what w writes to, if it is a door.Writer.
func under(w io.Writer) io.Writer {
	if d, ok := w.(interface{ Under() io.Writer }); ok {
		return d.Under()
	}
	return w
}

// Width returns how many columns the terminal has now that w leads to: 80 if it
// does not say.
func Width(w io.Writer) int {
	if f, ok := under(w).(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
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
