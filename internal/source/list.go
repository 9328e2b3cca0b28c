package source

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/forge"
	"r8scan/internal/git/fetch"
	"r8scan/internal/oci"
	"r8scan/internal/regular"
	"r8scan/result"
	"r8scan/rules"
)

// AnyOf returns the URL that a repository of a list could have. Of a file it is that of
// GitHub.
func AnyOf(name string) string {
	if owner, err := forge.Parse(name); err == nil {
		return owner.Site.String() + "/owner/name"
	}
	return "https://github.com/owner/name"
}

// List is which repositories and images a name stands for.
type List struct {
	Members []Member        // in the order of their addresses, none twice
	Unread  []result.Unread // what is not among them
	Notes   []string
}

// Member is one repository or image.
type Member struct {
	result.Repository
	at *fetch.Address // nil for an image
}

// Source returns what reads the member. Of a pack, a layer and a file beside it most
// bytes are read; 0 is the default. If texts is set, those on GitHub are read too:
// beside says whether they are.
func (m *Member) Source(texts bool, most int64) (s Source, beside bool, err error) {
	switch {
	case m.at == nil:
		return NewImage(m.URL, most), false, nil
	case texts:
		if s, err := OpenTexts(m.at.String(), most); err == nil {
			return s, true, nil
		}
	}
	s, err = OpenRemote(m.at.String(), most)
	return s, false, err
}

// Lister makes a List.
type Lister struct {
	Stdin               io.Reader // what @- names
	NoForks, NoArchived bool      // those of an owner are left out
	Gists               bool      // those of a user of GitHub are in it too
	Memory              string    // folder for what was listed before; "" for none
	Rules               *rules.Set
	list                List
	listed              int // of owners
	forks, archived     int // those of them in the list
	noForks, noArchived int // those left out
	seen                map[string]bool
}

// List returns what name stands for. The error says why that is nothing.
func (l *Lister) List(ctx context.Context, name string) (*List, error) {
	l.seen = map[string]bool{}
	var err error
	if path, ok := strings.CutPrefix(name, "@"); ok {
		err = l.file(ctx, path)
	} else {
		err = l.owner(ctx, name)
	}
	if err != nil {
		return nil, err
	}
	l.note()
	slices.SortFunc(l.list.Members, func(a, b Member) int { return cmp.Compare(a.URL, b.URL) })
	return &l.list, nil
}

// What a file with a list may hold. Who has more wants a fleet.
const (
	maxListBytes = 4 << 20
	maxMembers   = 10000
)

var errLongList = fmt.Errorf("it names more than %d repositories: split it, or see docs/fleet.md", maxMembers)

// file reads a list: an address a line, with empty lines and comments.
func (l *Lister) file(ctx context.Context, path string) error {
	text, err := l.text(path)
	if err != nil {
		return fmt.Errorf("the list of repositories %s cannot be read: %s", path, regular.Reason(err))
	}
	shown, number := filepath.Base(path), 0
	if path == "-" {
		shown = "standard input"
	}
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		err := l.line(ctx, line)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errLongList):
			return fmt.Errorf("the list of repositories %s cannot be used: %w", path, err)
		case err != nil: // it does not repeat the line, which may hold a password
			l.list.Unread = append(l.list.Unread, result.Unread{What: fmt.Sprintf("line %d of %s", number, shown), Reason: err.Error()})
		}
	}
	if len(l.list.Members)+len(l.list.Unread)+l.noForks+l.noArchived == 0 {
		return fmt.Errorf("the list of repositories %s cannot be used: it names none; write a URL a line", path)
	}
	return nil
}

// text returns the text of a list.
func (l *Lister) text(path string) (string, error) {
	if path != "-" {
		text, err := regular.ReadFollowed(path, maxListBytes)
		return string(text), err
	}
	if l.Stdin == nil {
		return "", os.ErrNotExist
	}
	text, err := io.ReadAll(io.LimitReader(bufio.NewReader(l.Stdin), maxListBytes+1))
	if err == nil && len(text) > maxListBytes {
		err = errLongList
	}
	return string(text), err
}

var errNoAddress = errors.New("it is neither a URL, such as https://github.com/owner/name, nor one of github:ORG, gitlab:GROUP, hf:OWNER and an image; a folder is scanned by itself")

// owner adds the repositories of an owner.
func (l *Lister) owner(ctx context.Context, name string) error {
	owner, err := forge.Parse(name)
	if err != nil {
		return err
	}
	lister, err := forge.New(&fetch.Client{}, owner, l.Memory, l.Rules)
	if err != nil {
		return err
	}
	all, err := lister.All(ctx, l.Gists)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && len(all.Repositories) == 0:
		return err
	case err != nil:
		l.list.Unread = append(l.list.Unread, result.Unread{What: owner.String(), Reason: "the list breaks off: " + err.Error()})
	}
	l.list.Unread = append(l.list.Unread, all.Refused...)
	l.listed += len(all.Repositories)
	for _, r := range all.Repositories {
		switch {
		case r.Fork && l.NoForks:
			l.noForks++
			continue
		case r.Archived && l.NoArchived:
			l.noArchived++
			continue
		case r.Fork:
			l.forks++
		}
		if r.Archived {
			l.archived++
		}
		at, err := fetch.Parse(r.URL)
		if err != nil {
			l.list.Unread = append(l.list.Unread, result.Unread{What: r.Name, Reason: err.Error()})
			continue
		}
		shown := strings.TrimSuffix(at.String(), ".git") // as its page is called
		if err := l.add(Member{result.Repository{URL: shown, Fork: r.Fork, Archived: r.Archived}, at}); err != nil {
			return err
		}
	}
	return nil
}

// note says how many of the repositories are forks or archived.
func (l *Lister) note() {
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{{l.forks, "forks"}, {l.archived, "archived"}, {l.noForks, "forks left out"}, {l.noArchived, "archived ones left out"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	if len(parts) > 0 {
		l.list.Notes = append(l.list.Notes, fmt.Sprintf("%d repositories listed: %s", l.listed, strings.Join(parts, ", ")))
	}
}

// line adds what a line of a list names.
func (l *Lister) line(ctx context.Context, line string) error {
	switch {
	case forge.Is(line):
		return l.owner(ctx, line)
	case oci.Is(line):
		return l.add(Member{Repository: result.Repository{URL: line}})
	case fetch.IsURL(line):
		at, err := fetch.Parse(line)
		if err != nil {
			return err
		}
		return l.add(Member{result.Repository{URL: at.String()}, at})
	}
	return errNoAddress
}

// add adds a member, unless it is there under the same address.
func (l *Lister) add(m Member) error {
	key := strings.TrimSuffix(m.URL, ".git")
	if l.seen[key] {
		return nil
	}
	if len(l.seen) == maxMembers {
		return errLongList
	}
	l.seen[key] = true
	l.list.Members = append(l.list.Members, m)
	return nil
}
