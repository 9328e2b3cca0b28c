package scanner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
)

// Pushed says what a push is to bring and where. One of Updates, To and Current
// says what it brings.
type Pushed struct {
	Remote  string      // its name, or its URL if it has none; "" for the one that the branch goes to, unless From is given
	URL     string      // as git push uses it; may be ""
	Updates []RefUpdate // as git tells a hook
	To      string      // a revision: what leads to it and not to From; Ref is the name at the remote, if known
	From    string      // a revision that the remote has; "" for none
	Ref     string
	Current bool // the branch that HEAD is on
}

// RefUpdate is a ref that a push sets.
type RefUpdate struct {
	Ref string // its full name where it is pushed to
	New string // id in hex of what it is to name; zeros if it is deleted
	Old string // id of what it names there now; zeros for nothing
}

// Push scans what a push from the repository at path brings: what its commits
// and tags add, and the names of new refs, but nothing that the remote has, as
// far as is known here. Path is "" for the repository that git runs a hook for.
// Only what is to be pushed makes the result incomplete, not what else is wrong
// with the repository.
func Push(ctx context.Context, path string, what Pushed, opts Options) (*Result, error) {
	r, repo, err := newPush(path, opts)
	if err != nil {
		return nil, err
	}
	if err := r.readOwnConfig(repo.git.WorkTree, ""); err != nil {
		return nil, err
	}
	r.open(repo)
	span, err := r.pushSpan(repo, what)
	if err != nil {
		repo.store.Close()
		return nil, err
	}
	return r.readPush(ctx, repo, span, path)
}

// Receive is Push for the repository that is pushed to: it has what its refs
// reach. No configuration but one that is named counts: one in its work tree
// came by a push.
func Receive(ctx context.Context, path string, updates []RefUpdate, opts Options) (*Result, error) {
	r, repo, err := newPush(path, opts)
	if err != nil {
		return nil, err
	}
	r.open(repo)
	span := &history.Span{}
	r.addUpdates(repo, span, updates)
	for _, ref := range repo.refs {
		repo.has(span, ref.ID)
	}
	return r.readPush(ctx, repo, span, path)
}

// newPush prepares the scan of a push from or to the repository at path.
func newPush(path string, opts Options) (*run, *repository, error) {
	r, err := newRun(opts)
	if err != nil {
		return nil, nil, err
	}
	g, getenv, err := hookRepository(path)
	if err != nil {
		return nil, nil, err
	}
	repo := r.onlyObjects(g, getenv)
	repo.pushed = true
	return r, repo, nil
}

// readPush reads what a push brings.
func (r *run) readPush(ctx context.Context, repo *repository, span *history.Span, path string) (*Result, error) {
	for _, list := range []*[]odb.Obj{&span.With, &span.Without, &span.Also, &span.Known} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	if err := r.readSpan(ctx, repo, span); err != nil {
		repo.store.Close()
		return nil, err
	}
	return r.result(ctx, Target{Kind: "push", Path: cmp.Or(path, ".")}, repo.root)
}

// pushSpan returns the span of what is pushed and not at the remote.
func (r *run) pushSpan(repo *repository, what Pushed) (*history.Span, error) {
	revs := revisions{}
	if what.Current {
		branch := repo.git.Branch()
		if branch == "" {
			return nil, errors.New("HEAD is on no branch, so git push would push nothing: git switch to one, or use r8scan history --range")
		}
		if repo.head == "" {
			return nil, fmt.Errorf("%s has no commit yet, so there is nothing to push: git commit first", r.opts.Rules.Redact(branch))
		}
		what.To = "HEAD"
	}
	if what.To != "" {
		if err := revs.add(repo, what.To); err != nil {
			return nil, err
		}
		r.searchRef(what.Ref)
	}
	if what.From != "" {
		if err := revs.leaveOut(repo, what.From); err != nil {
			return nil, err
		}
	} else if what.Remote == "" {
		what.Remote = repo.git.PushRemote(repo.git.Branch())
	}
	remote := repo.remote(what.Remote, what.URL)
	repo.promised = remote.Promisor
	lost := r.addUpdates(repo, &revs.Span, what.Updates)
	tracking := repo.git.Tracking(remote.Name, repo.refs)
	for _, ref := range tracking {
		repo.has(&revs.Span, ref.ID)
	}
	switch has := "what refs/remotes/" + remote.Name + " reaches is taken for what it has"; {
	case len(tracking) == 0 && (what.Current || len(lost) > 0): // its name may be a URL, with a password in it
		r.notes = append(r.notes, "what the remote has is not known, so all that leads to what is pushed was scanned: git fetch tells more")
	case what.Current:
		r.notes = append(r.notes, "this is a push to "+remote.Name+"; "+has)
	case len(lost) > 0:
		r.notes = append(r.notes, fmt.Sprintf("%s has %s at a commit that is not here, so %s: git fetch tells more", remote.Name, strings.Join(lost, ", "), has))
	}
	return &revs.Span, nil
}

// remote returns the remote that goes by a name or a URL. One that the config
// does not have goes by that name.
func (scanned *repository) remote(name, url string) repo.Remote {
	all := scanned.git.Remotes()
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

// addUpdates adds to span what updates bring, and what they say is there
// already. It returns the refs of which that is not known here.
func (r *run) addUpdates(repo *repository, span *history.Span, updates []RefUpdate) (lost []string) {
	for _, u := range updates {
		if isZero(u.New) {
			continue
		}
		r.bring(repo, span, u)
		if isZero(u.Old) {
			r.searchRef(u.Ref)
		} else if !repo.has(span, u.Old) && len(lost) <= maxLost {
			lost = append(lost, r.opts.Rules.Redact(u.Ref))
		}
	}
	if len(lost) > maxLost {
		lost[maxLost] = "others"
	}
	return lost
}

// isZero reports whether an id is that of no object.
func isZero(id string) bool { return strings.Trim(id, "0") == "" }

// bring adds what an update names. What cannot be read is named: it is not to
// pass.
func (r *run) bring(repo *repository, span *history.Span, u RefUpdate) {
	o, ok := repo.store.FindHex(u.New)
	if !ok {
		r.addUnread("what "+u.Ref+" is to name", u.New+" is not in this repository")
		return
	}
	last, t, tags, err := repo.peel(o)
	span.Also = append(span.Also, tags...)
	switch {
	case err != nil:
		r.addUnread("what "+u.Ref+" is to name", err.Error())
	case t == odb.Commit:
		span.With = append(span.With, last)
	default:
		span.Also = append(span.Also, last)
	}
}

// has adds to span that the other side has what an id names, and all before it.
// It reports whether that is known here.
func (repo *repository) has(span *history.Span, id string) bool {
	o, ok := repo.store.FindHex(id)
	if !ok {
		return false
	}
	last, t, tags, err := repo.peel(o)
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
func (r *run) searchRef(name string) {
	text := []byte(name)
	for _, m := range r.opts.Rules.FindName(nil, text) {
		from := start.after(text[:m.Start])
		to := from.after(text[m.Start:m.End])
		r.addFileHit(fileHit{match: m, place: Location{Path: name, Line: from.line, Column: from.column, EndColumn: to.column, Kind: KindRef}})
	}
}
