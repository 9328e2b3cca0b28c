// Command r8scan finds leaked Replicate API tokens in files and in everything
// that git holds.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"r8scan/internal/door"
	"r8scan/internal/interrupt"
)

// Exit codes, as docs/results.md has them.
const (
	exitClean       = 0   // nothing found, and all was read
	exitFound       = 1   // tokens found
	exitUsage       = 2   // wrong usage, or the run could not start
	exitIncomplete  = 3   // none found, but not all was read
	exitInterrupted = 130 // Ctrl-C
)

func main() {
	os.Exit(interrupt.Run(func(ctx context.Context) int {
		return command{os.Stdin, os.Stdout, os.Stderr}.run(ctx, os.Args[1:])
	}, exitInterrupted))
}

// command is the whole program with its streams, so that a test can run it.
type command struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// run runs the program with args and returns its exit code. All output goes
// through the door.
func (c command) run(ctx context.Context, args []string) int {
	c.out, c.err = door.NewWriter(c.out), door.NewWriter(c.err)
	root := c.root()
	root.SetArgs(completed(args))
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
	fmt.Fprintf(c.err, "r8scan: %s\n", door.Printable(err.Error()))
	return exitUsage
}

// completed masks args if a shell asks for completions: cobra writes what it cannot
// complete to the process's own standard error.
func completed(args []string) []string {
	if len(args) == 0 || !strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return args
	}
	shown := make([]string, len(args))
	for i, arg := range args {
		shown[i] = door.Printable(arg)
	}
	return shown
}

// exitError is the exit code of a command that has printed everything.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }
