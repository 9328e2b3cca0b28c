package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"r8scan/fleet/ledger"
	"r8scan/fleet/store"
	"r8scan/fleet/worker"
	"r8scan/internal/door"
	"r8scan/internal/forge"
	"r8scan/internal/git/fetch"
)

func (c command) add() *cobra.Command {
	return &cobra.Command{
		Use:   "add URL|FOLDER|OWNER|file:LIST|gharchive:FILE",
		Short: "Add a repository, a source of repositories, or all of a list",
		Long: `Add the repository at URL (https, ssh or git@host:owner/name) or in FOLDER. A folder is
for one machine: all processes must have it. A repository that is there already is not
added again; one that was put aside gets a new chance.

OWNER is a source: github:ORG, gitlab:GROUP or hf:OWNER, or one of another server such as
gitlab:https://HOST/GROUP. run lists its repositories, and lists them again later.

file:LIST is a file with one of these a line. Blank lines and lines that begin with # are
skipped; "file:-" is standard input. A line that is neither is named, and the others are
added; the exit code is 3 then.

gharchive:FILE is a file of events of GitHub, as gharchive.org has them for each hour. The
repositories that an event says have changed are added, or visited again.`,
		Example: `  r8scan-fleet add https://github.com/owner/name
  r8scan-fleet add github:acme
  r8scan-fleet add file:repos.txt
  r8scan-fleet add gharchive:2026-11-02-15.json.gz`,
		Args: oneArg("URL or folder, an owner, or file: or gharchive: and a path"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), func(s *store.Store) error { return c.runAdd(cmd.Context(), s, args[0]) })
		},
	}
}

func (c command) runAdd(ctx context.Context, s *store.Store, from string) error {
	queue, err := worker.NewInserter(ctx, s)
	if err != nil {
		return err
	}
	a := &adding{store: s, queue: queue, err: c.err}
	if path, ok := strings.CutPrefix(from, "file:"); ok {
		err = a.list(ctx, path, c.in)
	} else if path, ok := strings.CutPrefix(from, "gharchive:"); ok {
		err = a.events(ctx, path)
	} else {
		err = a.one(from)
	}
	if err != nil {
		return err
	}
	if err := a.flush(ctx); err != nil {
		return err
	}
	if a.listings > 0 {
		fmt.Fprintf(c.out, "sources: %d queued\n", a.listings)
	}
	if a.listings == 0 || a.queued+a.known > 0 {
		fmt.Fprintf(c.out, "repositories: %d queued, %d there already\n", a.queued, a.known)
	}
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
	sources                []string
	queued, known, refused int
	listings               int
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
		if len(a.batch)+len(a.sources) >= batchSize {
			if err := a.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// repository is what to add.
type repository struct {
	name, host string
	changed    int64 // when it changed, as an event says; 0 if a person adds it
}

// one takes one URL or folder. The error does not repeat it: it may hold a password.
func (a *adding) one(text string) error {
	if forge.Is(text) {
		owner, err := forge.Parse(text)
		if err == nil {
			a.sources = append(a.sources, owner.String())
		}
		return err
	}
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
	return repository{name: at.String(), host: at.Hostname()}, nil
}

// refuse names a line, and does not repeat it: it may hold a password.
func (a *adding) refuse(n int, why error) {
	a.refused++
	fmt.Fprintf(a.err, "%s: %s\n", a.name(n), door.Printable(why.Error()))
}

// flush adds what is read.
func (a *adding) flush(ctx context.Context) error {
	queued, listed := 0, 0
	err := a.store.Tx(ctx, func(tx *sql.Tx) error {
		var visits []ledger.Visit
		for _, r := range a.batch {
			v, err := r.add(ctx, tx)
			if err != nil {
				return err
			}
			if v != nil {
				visits = append(visits, *v)
			}
		}
		var listings []ledger.Listing
		for _, name := range a.sources {
			l, err := ledger.AddSource(ctx, tx, name)
			if err != nil {
				return err
			}
			if l != nil {
				listings = append(listings, *l)
			}
		}
		queued, listed = len(visits), len(a.sources)
		if err := a.queue.Listings(ctx, tx, time.Time{}, listings...); err != nil {
			return err
		}
		return a.queue.Visits(ctx, tx, time.Time{}, visits...)
	})
	if err != nil {
		return fmt.Errorf("add repositories: %w", err)
	}
	a.queued += queued
	a.known += len(a.batch) - queued
	a.listings += listed
	a.batch, a.sources = a.batch[:0], a.sources[:0]
	return nil
}

// add adds the repository. What an event names may be there already: then it is visited
// again, unless that was after the event.
func (r repository) add(ctx context.Context, tx *sql.Tx) (*ledger.Visit, error) {
	if r.changed == 0 {
		return ledger.Add(ctx, tx, r.name, r.host)
	}
	v, err := ledger.Insert(ctx, tx, r.name, r.host, ledger.Small)
	if v == nil && err == nil {
		err = ledger.Touch(ctx, tx, r.name, r.changed)
	}
	return v, err
}
