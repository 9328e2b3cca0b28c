package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"r8scan/internal/ask"
)

const (
	fromAuto   = "auto"
	fromStdin  = "stdin"
	fromEnv    = "env"
	fromPrompt = "prompt"
)

const maxTokenInput = 16 << 20 // bytes; ten thousand tokens have 400 kB

var errNoToken = errors.New("no token to test: pipe one to r8scan verify, set " + ask.TokenVariable + ", or run it in a terminal, where it asks")

// tokenTexts returns the texts to test, at least one, as they were given.
func (c command) tokenTexts(ctx context.Context, from string) ([]string, error) {
	terminal := inputTerminal(c.in)
	switch from {
	case fromStdin:
		return c.tokenLines()
	case fromPrompt:
		return c.promptToken(ctx, terminal)
	case fromEnv:
		value, set := os.LookupEnv(ask.TokenVariable)
		if !set {
			return nil, errors.New(ask.TokenVariable + " is not set: export it, or leave out --from env")
		}
		return []string{value}, nil
	case fromAuto:
	default:
		return nil, errors.New("--from: use stdin, env, prompt or auto")
	}
	if terminal == nil {
		texts, err := c.tokenLines()
		if !errors.Is(err, errNoToken) {
			return texts, err
		}
	}
	if value := os.Getenv(ask.TokenVariable); value != "" {
		fmt.Fprintf(c.err, "testing the token in %s\n", ask.TokenVariable)
		return []string{value}, nil
	}
	if terminal == nil {
		return nil, errNoToken
	}
	return c.promptToken(ctx, terminal)
}

// tokenLines returns the lines of standard input that are not blank, without
// the line feed at their ends.
func (c command) tokenLines() ([]string, error) {
	data, err := io.ReadAll(io.LimitReader(c.in, maxTokenInput+1))
	if err != nil {
		return nil, fmt.Errorf("read tokens from standard input: %w", err)
	}
	if len(data) > maxTokenInput {
		return nil, errors.New("more than 16 MB on standard input: give one token a line; to find tokens in a text use r8scan files -")
	}
	var texts []string
	for line := range strings.SplitSeq(string(data), "\n") {
		if strings.TrimSpace(line) != "" {
			texts = append(texts, line)
		}
	}
	if len(texts) == 0 {
		return nil, errNoToken
	}
	return texts, nil
}

func inputTerminal(in io.Reader) *os.File {
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// promptToken asks for a token on a terminal without showing it.
func (c command) promptToken(ctx context.Context, terminal *os.File) ([]string, error) {
	if terminal == nil {
		return nil, errors.New("no terminal to ask on: pipe the token to r8scan verify, or set " + ask.TokenVariable)
	}
	fd := int(terminal.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		return nil, fmt.Errorf("ask for a token: %w", err)
	}
	type read struct {
		line []byte
		err  error
	}
	done := make(chan read, 1)
	fmt.Fprint(c.err, "Replicate API token (it is not shown): ")
	go func() {
		line, err := term.ReadPassword(fd)
		done <- read{line, err}
	}()
	select {
	case r := <-done:
		fmt.Fprintln(c.err)
		if r.err != nil && !errors.Is(r.err, io.EOF) {
			return nil, fmt.Errorf("ask for a token: %w", r.err)
		}
		if len(r.line) == 0 {
			return nil, errNoToken
		}
		return []string{string(r.line)}, nil
	case <-ctx.Done():
		// The read goes on until the process ends: the echo must come back
		// before that.
		fmt.Fprintln(c.err)
		_ = term.Restore(fd, state)
		return nil, ctx.Err()
	}
}
