package ask

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"r8scan/internal/plain"
	"r8scan/internal/terminal"
)

// Input is where texts to test come from.
type Input struct {
	Kind *Kind // what they may be
	In   io.Reader
	Err  io.Writer // for the prompt and messages
}

// The sources that Texts knows.
const (
	FromAuto   = "auto" // the first of the others that has a token
	fromStdin  = "stdin"
	fromEnv    = "env"
	fromPrompt = "prompt"
)

const maxTokenInput = 16 << 20 // bytes; ten thousand tokens take 400 kB

// manyTokens is from how many tokens on a message says that it takes time.
const manyTokens = 200

var errNoToken = errors.New("no token to test")

// noToken says what to do about errNoToken.
func (i Input) noToken() error {
	return fmt.Errorf("%w: pipe one to r8scan verify, set %s, or run it in a terminal, where it asks", errNoToken, i.Kind.variable)
}

// Texts returns the texts to test, unchanged. There is at least one.
func (i Input) Texts(ctx context.Context, from string) ([]string, error) {
	in := terminal.Input(i.In)
	switch from {
	case fromStdin:
		return i.tokenLines()
	case fromPrompt:
		return i.promptToken(ctx, in)
	case fromEnv:
		value, set := os.LookupEnv(i.Kind.variable)
		if !set {
			return nil, errors.New(i.Kind.variable + " is not set: export it, or leave out --from env")
		}
		return []string{value}, nil
	case FromAuto:
	default:
		return nil, errors.New("--from: use stdin, env, prompt or auto")
	}
	if in == nil {
		texts, err := i.tokenLines()
		if !errors.Is(err, errNoToken) {
			return texts, err
		}
	}
	if value := os.Getenv(i.Kind.variable); value != "" {
		fmt.Fprintf(i.Err, "testing the token in %s\n", i.Kind.variable)
		return []string{value}, nil
	}
	if in == nil {
		return nil, i.noToken()
	}
	return i.promptToken(ctx, in)
}

// tokenLines returns the lines of standard input that are not blank, without
// their line feeds.
func (i Input) tokenLines() ([]string, error) {
	data, err := io.ReadAll(io.LimitReader(i.In, maxTokenInput+1))
	if err != nil {
		return nil, fmt.Errorf("read tokens from standard input: %w", err)
	}
	if len(data) > maxTokenInput {
		return nil, errors.New("more than 16 MB on standard input: write one token per line; to find tokens in a text use r8scan files -")
	}
	var texts []string
	for line := range plain.Lines(plain.Text(data)) {
		if text := strings.TrimSuffix(string(line), "\n"); strings.TrimSpace(text) != "" {
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		return nil, i.noToken()
	}
	if len(texts) > manyTokens {
		fmt.Fprintf(i.Err, "testing %d tokens, at most %d per minute\n", len(texts), i.Kind.rate)
	}
	return texts, nil
}

// promptToken asks for a token on a terminal, without echo.
func (i Input) promptToken(ctx context.Context, in *os.File) ([]string, error) {
	if in == nil {
		return nil, errors.New("no terminal to ask on: pipe the token to r8scan verify, or set " + i.Kind.variable)
	}
	line, err := terminal.Ask(ctx, in, i.Err, i.Kind.noun+" (it is not shown): ")
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("ask for a token: %w", err)
	case len(line) == 0:
		return nil, i.noToken()
	}
	return []string{string(line)}, nil
}
