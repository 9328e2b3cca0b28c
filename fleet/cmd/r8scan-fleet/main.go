// Command r8scan-fleet scans many repositories on servers, with any number of
// processes on any number of machines, and keeps what it finds in a database.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"r8scan/internal/door"
)

// Exit codes, as docs/fleet.md has them.
const (
	exitClean       = 0   // done; no tokens found
	exitFound       = 1   // tokens found
	exitUsage       = 2   // wrong usage, or it could not start
	exitIncomplete  = 3   // something could not be read
	exitInterrupted = 130 // Ctrl-C
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	os.Exit(command{os.Stdin, os.Stdout, os.Stderr}.run(ctx, os.Args[1:]))
}

// command is the whole program with its streams, so that a test can run it.
type command struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// run runs the program with args and returns its exit code. All output goes through
// the door.
func (c command) run(ctx context.Context, args []string) int {
	c.out, c.err = door.NewWriter(c.out), door.NewWriter(c.err)
	root := c.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var exit exitError
	switch {
	case err == nil:
		return exitClean
	case errors.As(err, &exit):
		return int(exit)
	case ctx.Err() != nil:
		return exitInterrupted
	}
	fmt.Fprintf(c.err, "r8scan-fleet: %s\n", door.Printable(err.Error()))
	return exitUsage
}

// exitError is the exit code of a command that has printed everything.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }
