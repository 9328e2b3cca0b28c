// Package source reads what is scanned: files, standard input, git objects, what
// commits and pushes add, the index, and git's own texts. It searches all of it and
// puts the matches into a sink. It knows nothing of findings.
package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"r8scan/internal/budget"
	"r8scan/internal/collect"
	"r8scan/internal/forge"
	"r8scan/internal/git/fetch"
	"r8scan/internal/packcache"
	"r8scan/internal/policy"
	"r8scan/internal/regular"
	"r8scan/internal/search"
	"r8scan/internal/visits"
	"r8scan/result"
	"r8scan/rules"
)

// Source is something that can be scanned.
type Source interface {
	// Read reads all of it. The error says why there is no result. What could not be
	// read is in the sink.
	Read(ctx context.Context, env *Env) (*Read, error)
	// Tree returns the folder that may have its own configuration, "" for none, and
	// the part of the result's paths that the user gave.
	Tree() (root, top string)
}

// Read is what was read.
type Read struct {
	Target result.Target // without the id at HEAD
	Root   string        // the absolute path that paths are relative to
	Repos  []*collect.Repository
}

// Env is what sources need: where matches go, limits and settings.
type Env struct {
	Sink       *collect.Sink
	Budget     *budget.Budget
	Goroutines int
	Rules      *rules.Set       // what is searched for; nil for the default ones
	Paths      policy.Paths     // what is looked at
	CheckIDs   bool             // compare all objects with their ids
	Cache      *packcache.Cache // may be nil

	Visits      *visits.Memory // what earlier scans found on servers; may be nil
	NeedSecrets bool           // the values of secrets will be asked for: none may be a remembered one

	SmallRange int // commits: see the constant
}

// with returns a copy of the environment with another sink.
func (e *Env) with(s *collect.Sink) *Env {
	other := *e
	other.Sink = s
	return &other
}

// inName searches the name of a file, folder or ref. at is its place; matches are in
// line 1.
func (e *Env) inName(name string, at collect.Hit) (list []collect.Hit) {
	q := search.NewQuota(e.Budget.Found, nil)
	hits, all := search.Name(nil, e.Rules, name, "", &q)
	for _, h := range hits {
		at.Hit = h
		list = append(list, at)
	}
	if !all {
		e.Sink.Unread(at.Path, search.TooMany)
	}
	return list
}

// searchName searches a name and puts the matches into the sink.
func (e *Env) searchName(name string, at collect.Hit) {
	for _, h := range e.inName(name, at) {
		e.Sink.Hit(h)
	}
}

// notThere says why a path that the user named cannot be scanned.
func notThere(path, kind string, err error) error {
	switch {
	case path == "":
		return fmt.Errorf("a path is empty: name a %s", kind)
	case fetch.IsURL(path) || strings.Contains(path, "://"): // it may hold a password
		return fmt.Errorf("a URL is no path: r8scan history and audit take URLs; for other scans, run git clone and name the clone")
	case forge.Is(path) && errors.Is(err, fs.ErrNotExist): // it may hold a password too
		return errors.New("this names the repositories of an owner, which r8scan scan reads: use r8scan scan github:ORG, gitlab:GROUP or hf:OWNER")
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s does not exist: name an existing %s", path, kind)
	}
	return fmt.Errorf("%s: %s", path, regular.Reason(err))
}
