package scanner

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"r8scan/internal/budget"
	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
)

// revisions are the commits that a range names. Also and Known are the tags by
// which they are named.
type revisions struct{ history.Span }

// parseRange reads a range as git log takes it: "A..B", "A...B", "B", "^A B".
// A side that is left out is HEAD.
func (repo *repository) parseRange(spec string) (revisions, error) {
	var r revisions
	for word := range strings.FieldsSeq(spec) {
		if a, b, ok := strings.Cut(word, "..."); ok {
			r.Symmetric = true
			if err := cmp.Or(r.add(repo, orHead(a)), r.add(repo, orHead(b))); err != nil {
				return r, err
			}
			continue
		}
		if a, b, ok := strings.Cut(word, ".."); ok {
			if err := cmp.Or(r.leaveOut(repo, orHead(a)), r.add(repo, orHead(b))); err != nil {
				return r, err
			}
			continue
		}
		side := r.add
		if rest, ok := strings.CutPrefix(word, "^"); ok {
			word, side = rest, r.leaveOut
		}
		if err := side(repo, word); err != nil {
			return r, err
		}
	}
	if len(r.With) == 0 {
		return r, fmt.Errorf("range %q names no commit to scan: write A..B, or B for all that leads to it", spec)
	}
	if r.Symmetric && (len(r.With) != 2 || len(r.Without) > 0) {
		return r, fmt.Errorf("range %q: A...B stands alone", spec)
	}
	return r, nil
}

func orHead(name string) string {
	if name == "" {
		return "HEAD"
	}
	return name
}

func (r *revisions) add(repo *repository, name string) error {
	o, tags, err := repo.resolve(name)
	r.With, r.Also = append(r.With, o), append(r.Also, tags...)
	return err
}

func (r *revisions) leaveOut(repo *repository, name string) error {
	o, tags, err := repo.resolve(name)
	r.Without, r.Known = append(r.Without, o), append(r.Known, tags...)
	return err
}

// resolve returns the commit that a revision names: an id of four digits or
// more, a ref, HEAD or @, each with any of ^, ^n, ~n and ^{commit} behind it;
// and the tags on the way, if nothing is behind it.
func (repo *repository) resolve(name string) (o odb.Obj, tags []odb.Obj, err error) {
	base, steps := name, ""
	if i := strings.IndexAny(name, "^~"); i >= 0 {
		base, steps = name[:i], name[i:]
	}
	o, err = repo.resolveName(base)
	if err == nil {
		o, tags, err = repo.commitAt(o)
	}
	if steps != "" {
		tags = nil
	}
	for err == nil && steps != "" {
		o, steps, err = repo.step(o, steps)
	}
	if err != nil {
		return odb.None, nil, fmt.Errorf("revision %q: %w", name, err)
	}
	return o, tags, nil
}

var errRevision = errors.New("there is no such ref or commit here: see git log, and git fetch if it is elsewhere")

func (repo *repository) resolveName(name string) (odb.Obj, error) {
	if name == "HEAD" || name == "@" {
		if o, ok := repo.store.FindHex(repo.head); ok {
			return o, nil
		}
		return odb.None, errors.New("HEAD names no commit yet")
	}
	for _, form := range []string{"%s", "refs/%s", "refs/tags/%s", "refs/heads/%s", "refs/remotes/%s", "refs/remotes/%s/HEAD"} {
		full := fmt.Sprintf(form, name)
		for _, ref := range repo.refs {
			if ref.Name == full {
				if o, ok := repo.store.FindHex(ref.ID); ok {
					return o, nil
				}
				return odb.None, fmt.Errorf("it names %s, which is missing", ref.ID)
			}
		}
	}
	if strings.HasSuffix(name, "_HEAD") && !strings.ContainsAny(name, `/\`) { // FETCH_HEAD, MERGE_HEAD, …
		if o, ok := repo.store.FindHex(repo.git.RootRef(name)); ok {
			return o, nil
		}
	}
	if len(name) < 4 || len(name) > 2*repo.git.Hash {
		return odb.None, errRevision
	}
	var commits []odb.Obj
	for _, o := range repo.store.WithPrefix(strings.ToLower(name)) {
		if c, _, err := repo.commitAt(o); err == nil && c == o || len(name) == 2*repo.git.Hash {
			commits = append(commits, o)
		}
	}
	if len(commits) > 1 {
		return odb.None, errors.New("more than one commit begins like this: write more of the id")
	}
	if len(commits) == 0 {
		return odb.None, errRevision
	}
	return commits[0], nil
}

// commitAt follows tags, which it returns, to a commit.
func (repo *repository) commitAt(o odb.Obj) (commit odb.Obj, tags []odb.Obj, err error) {
	o, t, tags, err := repo.peel(o)
	if err == nil && t != odb.Commit {
		err = fmt.Errorf("it is a %s, not a commit", t)
	}
	if err != nil {
		return odb.None, nil, err
	}
	return o, tags, nil
}

// peel follows tags to what is none. It returns the tags too, after an error
// those that could be read.
func (repo *repository) peel(o odb.Obj) (last odb.Obj, t odb.Type, tags []odb.Obj, err error) {
	seen := map[odb.Obj]bool{} // in a damaged store a chain of tags may be a ring
	for {
		t, data, err := repo.store.Read(o)
		if err != nil || t != odb.Tag {
			return o, t, tags, err
		}
		if seen[o] {
			return odb.None, 0, tags, fmt.Errorf("the tag %s leads back to itself", repo.store.Hex(o))
		}
		seen[o] = true
		tags = append(tags, o)
		var h odb.Header
		if err := odb.ParseHeader(data, &h); err != nil {
			return odb.None, 0, tags, fmt.Errorf("the tag %s: %w", repo.store.Hex(o), err)
		}
		to, ok := repo.store.FindHex(string(h.Object))
		if !ok {
			return odb.None, 0, tags, fmt.Errorf("the tag names %s, which is missing", h.Object)
		}
		o = to
	}
}

// step takes the first of the steps behind a revision and returns the rest.
func (repo *repository) step(o odb.Obj, steps string) (odb.Obj, string, error) {
	if rest, ok := strings.CutPrefix(steps, "^{}"); ok {
		return o, rest, nil
	}
	if rest, ok := strings.CutPrefix(steps, "^{commit}"); ok {
		return o, rest, nil
	}
	end := 1
	for end < len(steps) && '0' <= steps[end] && steps[end] <= '9' {
		end++
	}
	n := 1
	if end > 1 {
		var err error
		if n, err = strconv.Atoi(steps[1:end]); err != nil {
			return odb.None, "", err
		}
	}
	var err error
	switch steps[0] {
	case '^':
		if n > 0 {
			o, err = repo.parent(o, n)
		}
	case '~':
		for ; n > 0 && err == nil; n-- {
			o, err = repo.parent(o, 1)
		}
	default:
		err = fmt.Errorf("%q is not understood: use ^, ^2, ~3 or ^{commit}", steps)
	}
	return o, steps[end:], err
}

// parent returns the n-th parent of a commit, counted from 1.
func (repo *repository) parent(o odb.Obj, n int) (odb.Obj, error) {
	_, data, err := repo.store.Read(o)
	if err != nil {
		return odb.None, err
	}
	var h odb.Header
	if err := odb.ParseHeader(data, &h); err != nil {
		return odb.None, err
	}
	if n > len(h.Parents) {
		return odb.None, fmt.Errorf("commit %s has no parent %d", repo.store.Hex(o), n)
	}
	p, ok := repo.store.FindHex(string(h.Parents[n-1]))
	if !ok {
		return odb.None, fmt.Errorf("the parent of %s is missing: git fetch --unshallow if this clone is shallow", repo.store.Hex(o))
	}
	return p, nil
}

// MissingRevisions returns those of the revisions, which are written as in a
// range, that name no commit in the repository at path.
func MissingRevisions(path string, revisions ...string) ([]string, error) {
	g, err := discover(path)
	if errors.Is(err, repo.ErrNone) {
		return nil, fmt.Errorf("%s: %w: name a folder inside one", path, err)
	}
	if err != nil {
		return nil, err
	}
	repo := &repository{git: g, root: g.Common, getenv: os.Getenv}
	(&run{budget: budget.New(0, 1)}).open(repo)
	defer repo.store.Close()
	var missing []string
	for _, name := range revisions {
		if _, _, err := repo.resolve(name); err != nil {
			missing = append(missing, name)
		}
	}
	return missing, nil
}
