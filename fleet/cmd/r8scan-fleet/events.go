package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"r8scan/internal/forge"
	"r8scan/internal/git/fetch"
)

// event is what is read of an event of GitHub.
type event struct {
	Type string `json:"type"`
	Repo struct {
		Name string `json:"name"` // owner/name
	} `json:"repo"`
	Created time.Time `json:"created_at"`
}

// changing are the events after which a repository has other refs, or may be read.
var changing = []string{"PushEvent", "CreateEvent", "PublicEvent", "PullRequestEvent", "ForkEvent"}

// maxEvent is how many bytes one event may have.
const maxEvent = 64 << 20

// events adds the repositories that a file of events names: JSON, an event a line, in gzip
// or not.
func (a *adding) events(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("%w: name a file of events from gharchive.org", err)
	}
	defer f.Close()
	a.name = func(line int) string { return fmt.Sprintf("%s:%d", path, line) }
	in, err := unzipped(f)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), maxEvent)
	n := 0
	for lines.Scan() {
		n++
		if err := a.event(lines.Bytes()); err != nil {
			a.refuse(n, err)
		}
		if len(a.batch) >= batchSize {
			if err := a.flush(ctx); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil { // what was read counts
		a.refuse(n+1, fmt.Errorf("the rest of the file cannot be read: %w", err))
	}
	return nil
}

// unzipped returns the text of a file that may be in gzip.
func unzipped(f io.Reader) (io.Reader, error) {
	in := bufio.NewReader(f)
	if head, _ := in.Peek(2); string(head) != "\x1f\x8b" {
		return in, nil
	}
	return gzip.NewReader(in)
}

// event takes the repository of an event.
func (a *adding) event(line []byte) error {
	if len(strings.TrimSpace(string(line))) == 0 {
		return nil
	}
	var e event
	if json.Unmarshal(line, &e) != nil {
		return errors.New("this is no event of GitHub")
	}
	if !slices.Contains(changing, e.Type) {
		return nil
	}
	at, err := fetch.Parse("https://github.com/" + e.Repo.Name)
	if err != nil || strings.Count(e.Repo.Name, "/") != 1 || !forge.IsName(e.Repo.Name) || e.Created.IsZero() {
		return errors.New("the event names no repository of GitHub, or no time")
	}
	r := repository{at.String(), at.Hostname(), e.Created.UnixMilli()}
	if i := slices.IndexFunc(a.batch, func(b repository) bool { return b.name == r.name }); i >= 0 { // a busy one has many events
		a.batch[i].changed = max(a.batch[i].changed, r.changed)
		return nil
	}
	a.batch = append(a.batch, r)
	return nil
}
