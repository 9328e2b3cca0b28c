package hooks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"r8scan/result"
	"r8scan/scanner"
)

// ScanPush scans what is pushed from the repository that git runs a hook for, or
// from that of the current folder. It finds out what is pushed from the lines of
// in, unless it is a terminal, from the pre-commit framework's variables, or from
// args, a remote and its URL.
func ScanPush(ctx context.Context, in io.Reader, args []string, opts scanner.Options) (*result.Result, error) {
	what, err := pushed(in, args)
	if err != nil {
		return nil, err
	}
	return scanner.Push(ctx, "", what, opts)
}

// ScanReceive scans what a push adds to the repository that git runs a pre-receive
// hook for. The lines of in name the refs.
func ScanReceive(ctx context.Context, in io.Reader, opts scanner.Options) (*result.Result, error) {
	updates, err := receiveLines(in)
	if err != nil {
		return nil, err
	}
	return scanner.Receive(ctx, "", updates, opts)
}

// ScanEvent scans what the commits of a GitHub workflow's event add, in the
// repository at repo. If the clone does not have the range that a push names, a
// note says what is scanned instead.
func ScanEvent(ctx context.Context, repo string, opts scanner.Options) (*result.Result, error) {
	e, err := readEvent()
	if err != nil {
		return nil, fmt.Errorf("--github-event: %w", err)
	}
	span, note, err := e.span(repo)
	if err != nil {
		return nil, fmt.Errorf("--github-event: %w", err)
	}
	res, err := scanner.Range(ctx, repo, span, opts)
	if err == nil && note != "" {
		res.Notes = append(res.Notes, note)
	}
	return res, err
}

// ErrLate says that a scan took too long.
var ErrLate = errors.New("not scanned in time")

// InTime runs a scan and returns its error, or ErrLate if it takes longer than
// limit. A scan that ignores its context keeps running until the process ends.
func InTime(ctx context.Context, limit time.Duration, scan func(context.Context) error) error {
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		if err := timed.Err(); err != nil { // a limit of zero
			done <- err
			return
		}
		done <- scan(timed)
	}()
	var err error
	select {
	case err = <-done:
	case <-timed.Done():
		err = timed.Err()
	}
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return ErrLate
	}
	return err
}
