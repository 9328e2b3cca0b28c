// Command r8scan finds leaked Replicate API tokens in files and in everything
// that git holds.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"r8scan/report"
)

// Exit codes, as documented in the README.
const (
	exitClean       = 0   // nothing found, and all was read
	exitFound       = 1   // tokens found
	exitUsage       = 2   // wrong usage, or the run could not start
	exitIncomplete  = 3   // none found, but not all was read
	exitInterrupted = 130 // Ctrl-C
)

func main() {
	os.Exit(runUntilSignal())
}

// graceful is how long an interrupted run may take to remove what it has half
// written. Only a blocked read of standard input takes as long.
const graceful = 500 * time.Millisecond

func runUntilSignal() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code := make(chan int, 1)
	go func() { code <- command{os.Stdin, os.Stdout, os.Stderr}.run(ctx, os.Args[1:]) }()
	select {
	case c := <-code:
		return c
	case <-ctx.Done():
	}
	select {
	case <-code:
	case <-time.After(graceful):
	}
	return exitInterrupted
}

// command is the whole program with its streams, so that a test can run it.
type command struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// run runs the program with arguments args and returns its exit code.
func (c command) run(ctx context.Context, args []string) int {
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
	fmt.Fprintf(c.err, "r8scan: %s\n", report.Printable(err.Error()))
	return exitUsage
}

// exitError carries an exit code out of a command that has said all there is.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }
