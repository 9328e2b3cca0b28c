// Package terminal talks to a person at a terminal: it detects terminals,
// escapes text, and provides colors, links and a prompt without echo.
package terminal

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// Is reports whether w is a terminal, or writes to one, as a door.Writer may.
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

// Colors reports whether output to w may have colors and links.
func Colors(w io.Writer) bool { return Is(w) && os.Getenv("NO_COLOR") == "" }

// Width returns the number of columns that the terminal below w has now: 80 if it
// does not say.
func Width(w io.Writer) int {
	if f, ok := under(w).(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

// Input returns in if it is a terminal, otherwise nil.
func Input(in io.Reader) *os.File {
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// Ask writes a question to out and reads the answer from a terminal without
// echo. The error is that of ctx, io.EOF if there is no answer, or that of the
// terminal.
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
		// The read continues until the process ends, so the echo must be
		// restored now.
		fmt.Fprintln(out)
		_ = term.Restore(fd, state)
		return nil, ctx.Err()
	}
}
