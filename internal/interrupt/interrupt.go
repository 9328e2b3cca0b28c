// Package interrupt ends a program that is interrupted: by Ctrl-C, or by whoever
// wants it to end.
package interrupt

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// graceful is how long an interrupted program may take to remove what it has half
// written. Only a blocked read of standard input takes as long.
const graceful = 500 * time.Millisecond

// Run runs a program and returns its exit code, or the one given, once it is
// interrupted: then its context ends. A second interruption does not wait for it.
func Run(run func(context.Context) int, interrupted int) int {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	return untilSignal(signals, time.After, run, interrupted)
}

func untilSignal(signals <-chan os.Signal, after func(time.Duration) <-chan time.Time, run func(context.Context) int, interrupted int) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	code := make(chan int, 1)
	go func() { code <- run(ctx) }()
	select {
	case c := <-code:
		return c
	case <-signals:
		cancel()
	}
	select {
	case <-code:
	case <-signals:
	case <-after(graceful):
	}
	return interrupted
}
