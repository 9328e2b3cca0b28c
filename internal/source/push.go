package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"r8scan/internal/collect"
	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
	"r8scan/result"
)

// Pushed says what a push adds, and where. One of Updates, To and Current says
// what.
type Pushed struct {
	Remote  string      // its name, or its URL without one; "" for the branch's own remote, unless From is set
	URL     string      // as git push uses it; may be ""
	Updates []RefUpdate // as a hook gets them from git
	To      string      // a revision: it and its ancestors, without From's; Ref is its name at the remote, if known
	From    string      // a revision that the remote has; "" for none
	Ref     string
	Current bool // the branch that HEAD is on
}

// RefUpdate is a ref that a push sets.
type RefUpdate struct {
	Ref string // its full name at the remote
	New string // the new id in hex; zeros if the ref is deleted
	Old string // the id at the remote now; zeros if the ref is new
}

// Push is what a push adds: what its commits and tags add, and the names of new
// refs, without what the other side is known to have. Only faults in these make the
// result incomplete, not other damage of the repository.
type Push struct {
	what     Pushed
	received bool // this repository receives the push: it has what its refs reach

	path   string
	git    *repo.Repo
	getenv repo.Lookup
}

// OpenPush finds the repository at path, from which a push comes; with "", the one
// that git runs a hook for.
func OpenPush(path string, what Pushed) (*Push, error) {
	g, getenv, err := hookRepository(path)
	if err != nil {
		return nil, err
	}
	return &Push{what: what, path: path, git: g, getenv: getenv}, nil
}

// OpenReceived is OpenPush for the repository that receives the push.
func OpenReceived(path string, updates []RefUpdate) (*Push, error) {
	s, err := OpenPush(path, Pushed{Updates: updates})
	if err != nil {
		return nil, err
	}
	s.received = true
	return s, nil
}

// Tree is the work tree that is pushed from. A work tree on the receiving side came
// by a push, so its configuration is not read.
func (s *Push) Tree() (root, top string) {
	if s.received {
		return "", ""
	}
	return s.git.WorkTree, ""
}

// Read reads what the push adds.
func (s *Push) Read(ctx context.Context, env *Env) (*Read, error) {
	r := newRepository(env, s.git, s.git.Common, s.getenv)
	r.Pushed = true
	r.open(env)
	p := &push{env, r}
	span := &history.Span{}
	if s.received {
		p.addUpdates(span, s.what.Updates)
		for _, ref := range r.Refs {
			p.has(span, ref.ID)
		}
	} else {
		var err error
		if span, err = p.span(s.what); err != nil {
			r.Store.Close()
			return nil, err
		}
	}
	for _, list := range []*[]odb.Obj{&span.With, &span.Without, &span.Also, &span.Known} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return readSpan(ctx, env, r, span, result.Target{Kind: "push", Path: cmp.Or(s.path, ".")})
}

// push finds out what a push adds.
type push struct {
	env  *Env
	repo *repository
}

// span returns what is pushed and not at the remote.
func (p *push) span(what Pushed) (*history.Span, error) {
	repo, names, span := p.repo, p.repo.names(), &history.Span{}
	if what.Current {
		branch := repo.Git.Refs.Branch()
		if branch == "" {
			return nil, errors.New("HEAD is not on a branch, so git push would push nothing: git switch to one, or use r8scan history --range")
		}
		if repo.Head == "" {
			return nil, fmt.Errorf("%s has no commit yet, so there is nothing to push: git commit first", p.env.Rules.Redact(branch))
		}
		what.To = "HEAD"
	}
	if what.To != "" {
		if err := names.Add(span, what.To); err != nil {
			return nil, err
		}
		p.searchRef(what.Ref)
	}
	if what.From != "" {
		if err := names.LeaveOut(span, what.From); err != nil {
			return nil, err
		}
	} else if what.Remote == "" {
		what.Remote = repo.Git.Config.PushRemote(repo.Git.Refs.Branch(), os.LookupEnv)
	}
	remote := p.remote(what.Remote, what.URL)
	repo.Promised = remote.Promisor
	lost := p.addUpdates(span, what.Updates)
	tracking := repo.Git.Config.Tracking(remote.Name, repo.Refs, os.LookupEnv)
	for _, ref := range tracking {
		p.has(span, ref.ID)
	}
	switch has := "what it has is taken from refs/remotes/" + remote.Name; {
	case len(tracking) == 0 && (what.Current || len(lost) > 0): // no name: it may be a URL with a password
		p.env.Sink.Note("it is not known what the remote has, so the whole history of what is pushed was scanned: git fetch helps")
	case what.Current:
		p.env.Sink.Note("this is a push to " + remote.Name + "; " + has)
	case len(lost) > 0:
		p.env.Sink.Note(fmt.Sprintf("%s has %s at a commit that is not in this clone, so %s: git fetch helps", remote.Name, strings.Join(lost, ", "), has))
	}
	return span, nil
}

// remote returns the remote with a name or a URL. One that the configuration does
// not have gets that name.
func (p *push) remote(name, url string) repo.Remote {
	all := p.repo.Git.Config.Remotes(os.LookupEnv)
	for _, known := range []func(repo.Remote) bool{
		func(m repo.Remote) bool { return m.Name == name },
		func(m repo.Remote) bool { return slices.Contains(m.URLs, name) },
		func(m repo.Remote) bool { return slices.Contains(m.URLs, url) },
	} {
		if i := slices.IndexFunc(all, known); i >= 0 {
			return all[i]
		}
	}
	return repo.Remote{Name: name}
}

// maxLost is how many refs a note names.
const maxLost = 3

// addUpdates adds to span what updates add, and what they say the remote has. It
// returns the refs whose old ids are not known here.
func (p *push) addUpdates(span *history.Span, updates []RefUpdate) (lost []string) {
	for _, u := range updates {
		if isZero(u.New) {
			continue
		}
		p.bring(span, u)
		if isZero(u.Old) {
			p.searchRef(u.Ref)
		} else if !p.has(span, u.Old) && len(lost) <= maxLost {
			lost = append(lost, p.env.Rules.Redact(u.Ref))
		}
	}
	if len(lost) > maxLost {
		lost[maxLost] = "others"
	}
	return lost
}

// isZero reports whether an id is all zeros, for no object.
func isZero(id string) bool { return strings.Trim(id, "0") == "" }

// bring adds what an update names. It names what cannot be read, so that the push
// is stopped.
func (p *push) bring(span *history.Span, u RefUpdate) {
	o, ok := p.repo.Store.FindHex(u.New)
	if !ok {
		p.env.Sink.Unread("the new value of "+u.Ref, u.New+" is not in this repository")
		return
	}
	last, t, tags, err := p.repo.names().Peel(o)
	span.Also = append(span.Also, tags...)
	switch {
	case err != nil:
		p.env.Sink.Unread("the new value of "+u.Ref, err.Error())
	case t == odb.Commit:
		span.With = append(span.With, last)
	default:
		span.Also = append(span.Also, last)
	}
}

// has adds to span that the other side has the object with this id and all before
// it. It reports whether the object is known here.
func (p *push) has(span *history.Span, id string) bool {
	o, ok := p.repo.Store.FindHex(id)
	if !ok {
		return false
	}
	last, t, tags, err := p.repo.names().Peel(o)
	span.Known = append(span.Known, tags...)
	switch {
	case err != nil:
		return false
	case t == odb.Commit:
		span.Without = append(span.Without, last)
	default:
		span.Known = append(span.Known, last)
	}
	return true
}

// searchRef searches the name of a ref that is new at the remote.
func (p *push) searchRef(name string) {
	p.env.searchName(name, collect.Hit{Kind: result.KindRef, Path: name})
}
