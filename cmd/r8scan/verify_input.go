package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"r8scan/internal/ask"
	"r8scan/internal/terminal"
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
	in := terminal.Input(c.in)
	switch from {
	case fromStdin:
		return c.tokenLines()
	case fromPrompt:
		return c.promptToken(ctx, in)
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
	if in == nil {
		texts, err := c.tokenLines()
		if !errors.Is(err, errNoToken) {
			return texts, err
		}
	}
	if value := os.Getenv(ask.TokenVariable); value != "" {
		fmt.Fprintf(c.err, "testing the token in %s\n", ask.TokenVariable)
		return []string{value}, nil
	}
	if in == nil {
		return nil, errNoToken
	}
	return c.promptToken(ctx, in)
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

// promptToken asks for a token on a terminal without showing it.
func (c command) promptToken(ctx context.Context, in *os.File) ([]string, error) {
	if in == nil {
		return nil, errors.New("no terminal to ask on: pipe the token to r8scan verify, or set " + ask.TokenVariable)
	}
	line, err := terminal.Ask(ctx, in, c.err, "Replicate API token (it is not shown): ")
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("ask for a token: %w", err)
	case len(line) == 0:
		return nil, errNoToken
	}
	return []string{string(line)}, nil
}
