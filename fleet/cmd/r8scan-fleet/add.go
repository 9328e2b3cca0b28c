package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"r8scan/fleet/ledger"
	"r8scan/fleet/store"
	"r8scan/fleet/worker"
	"r8scan/internal/door"
	"r8scan/internal/git/fetch"
)

func (c command) add() *cobra.Command {
	return &cobra.Command{
		Use:   "add URL|FOLDER|file:LIST",
		Short: "Add a repository, or all of a list",
		Long: `Add the repository at URL (https, ssh or git@host:owner/name) or in FOLDER, or those of
a file with one of these a line. Blank lines and lines that begin with # are skipped;
"file:-" is standard input. A folder is for one machine:
all processes must have it. A repository that is there already is not added again; one
that was put aside gets a new chance.

A line that is neither is named, and the others are added; the exit code is 3 then.`,
		Example: `  r8scan-fleet add https://github.com/owner/name
  r8scan-fleet add file:repos.txt`,
		Args: oneArg("URL or folder, or file: and the path of a list"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), func(s *store.Store) error { return c.runAdd(cmd.Context(), s, args[0]) })
		},
	}
}

func (c command) runAdd(ctx context.Context, s *store.Store, from string) error {
	queue, err := worker.NewInserter(s)
	if err != nil {
		return err
	}
	a := &adding{store: s, queue: queue, err: c.err}
	path, isList := strings.CutPrefix(from, "file:")
	if isList {
		err = a.list(ctx, path, c.in)
	} else {
		err = a.one(from)
	}
	if err != nil {
		return err
	}
	if err := a.flush(ctx); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "repositories: %d queued, %d there already\n", a.queued, a.known)
	if a.refused > 0 {
		fmt.Fprintf(c.out, "lines refused: %d\n", a.refused)
		return exitError(exitIncomplete)
	}
	return nil
}

// adding is one call of add.
type adding struct {
	store                  *store.Store
	queue                  *worker.Inserter
	err                    io.Writer
	name                   func(line int) string
	batch                  []repository
	queued, known, refused int
}

const (
	batchSize = 500     // repositories in one transaction
	maxLine   = 8 << 10 // bytes
)

// list reads a list of URLs.
func (a *adding) list(ctx context.Context, path string, stdin io.Reader) error {
	in := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("%w: name a file with one URL or folder a line", err)
		}
		defer f.Close()
		in = f
	}
	a.name = func(line int) string { return fmt.Sprintf("%s:%d", path, line) }
	lines := bufio.NewReaderSize(in, maxLine)
	for n := 1; ; n++ {
		line, tooLong, err := lines.ReadLine()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if tooLong {
			for tooLong && err == nil {
				_, tooLong, err = lines.ReadLine()
			}
			a.refuse(n, errors.New("the line is too long for a URL"))
			continue
		}
		if text := strings.TrimSpace(string(line)); text != "" && text[0] != '#' {
			a.line(n, text)
		}
		if len(a.batch) >= batchSize {
			if err := a.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// repository is what to add.
type repository struct{ name, host string }

// one takes one URL or folder. The error does not repeat it: it may hold a password.
func (a *adding) one(text string) error {
	r, err := named(text)
	if err == nil {
		a.batch = append(a.batch, r)
	}
	return err
}

// line takes one of a list.
func (a *adding) line(n int, text string) {
	if err := a.one(text); err != nil {
		a.refuse(n, err)
	}
}

// named returns the repository that a user means.
func named(text string) (r repository, err error) {
	if !fetch.IsURL(text) {
		if r.name, err = filepath.Abs(text); err != nil {
			return r, err
		}
		if info, err := os.Stat(r.name); err != nil || !info.IsDir() {
			return r, errors.New("neither a URL nor a folder: write https://host/owner/name, git@host:owner/name, or the path of a repository")
		}
		return r, nil
	}
	at, err := fetch.Parse(text)
	if err != nil {
		return r, err
	}
	return repository{at.String(), strings.ToLower((&url.URL{Host: at.Host}).Hostname())}, nil
}

// refuse names a line, and does not repeat it: it may hold a password.
func (a *adding) refuse(n int, why error) {
	a.refused++
	fmt.Fprintf(a.err, "%s: %s\n", a.name(n), door.Printable(why.Error()))
}

// flush adds what is read.
func (a *adding) flush(ctx context.Context) error {
	queued := 0
	err := a.store.Tx(ctx, func(tx *sql.Tx) error {
		var visits []ledger.Visit
		for _, r := range a.batch {
			v, err := ledger.Add(ctx, tx, r.name, r.host)
			if err != nil {
				return err
			}
			if v != nil {
				visits = append(visits, *v)
			}
		}
		queued = len(visits)
		return a.queue.Visits(ctx, tx, time.Time{}, visits...)
	})
	if err != nil {
		return fmt.Errorf("add repositories: %w", err)
	}
	a.queued += queued
	a.known += len(a.batch) - queued
	a.batch = a.batch[:0]
	return nil
}
