// Package revision resolves revisions and ranges as git log does.
package revision

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
)

// Names is where revisions are looked up.
type Names struct {
	Store *odb.Store
	Git   *repo.Repo
	Refs  []repo.Ref
	Head  string // id in hex, "" if there is none
}

// Range parses a range as git log does: "A..B", "A...B", "B", "^A B". A missing
// side is HEAD.
func (n Names) Range(spec string) (*history.Span, error) {
	s := &history.Span{}
	for word := range strings.FieldsSeq(spec) {
		if a, b, ok := strings.Cut(word, "..."); ok {
			s.Symmetric = true
			if err := cmp.Or(n.Add(s, orHead(a)), n.Add(s, orHead(b))); err != nil {
				return s, err
			}
			continue
		}
		if a, b, ok := strings.Cut(word, ".."); ok {
			if err := cmp.Or(n.LeaveOut(s, orHead(a)), n.Add(s, orHead(b))); err != nil {
				return s, err
			}
			continue
		}
		side := n.Add
		if rest, ok := strings.CutPrefix(word, "^"); ok {
			word, side = rest, n.LeaveOut
		}
		if err := side(s, word); err != nil {
			return s, err
		}
	}
	if len(s.With) == 0 {
		return s, fmt.Errorf("range %q names no commit to scan: write A..B, or B for all that leads to it", spec)
	}
	if s.Symmetric && (len(s.With) != 2 || len(s.Without) > 0) {
		return s, fmt.Errorf("range %q: A...B stands alone", spec)
	}
	return s, nil
}

func orHead(name string) string {
	if name == "" {
		return "HEAD"
	}
	return name
}

// Add adds the commit of a revision, and the tags that lead to it, to a span.
func (n Names) Add(s *history.Span, name string) error {
	o, tags, err := n.resolve(name)
	s.With, s.Also = append(s.With, o), append(s.Also, tags...)
	return err
}

// LeaveOut is Add for what the span excludes.
func (n Names) LeaveOut(s *history.Span, name string) error {
	o, tags, err := n.resolve(name)
	s.Without, s.Known = append(s.Without, o), append(s.Known, tags...)
	return err
}

// Known reports whether a revision resolves to a commit.
func (n Names) Known(name string) bool {
	_, _, err := n.resolve(name)
	return err == nil
}

// resolve returns the commit of a revision: an id of at least four digits, a
// ref, HEAD or @, each followed by any of ^, ^n, ~n and ^{commit}. Without such
// a suffix it also returns the tags on the way.
func (n Names) resolve(name string) (o odb.Obj, tags []odb.Obj, err error) {
	base, steps := name, ""
	if i := strings.IndexAny(name, "^~"); i >= 0 {
		base, steps = name[:i], name[i:]
	}
	o, err = n.resolveName(base)
	if err == nil {
		o, tags, err = n.commitAt(o)
	}
	if steps != "" {
		tags = nil
	}
	for err == nil && steps != "" {
		o, steps, err = n.step(o, steps)
	}
	if err != nil {
		return odb.None, nil, fmt.Errorf("revision %q: %w", name, err)
	}
	return o, tags, nil
}

var errRevision = errors.New("there is no such ref or commit here: see git log, and git fetch if it is elsewhere")

func (n Names) resolveName(name string) (odb.Obj, error) {
	if name == "HEAD" || name == "@" {
		if o, ok := n.Store.FindHex(n.Head); ok {
			return o, nil
		}
		return odb.None, errors.New("HEAD names no commit yet")
	}
	for _, form := range []string{"%s", "refs/%s", "refs/tags/%s", "refs/heads/%s", "refs/remotes/%s", "refs/remotes/%s/HEAD"} {
		full := fmt.Sprintf(form, name)
		for _, ref := range n.Refs {
			if ref.Name == full {
				if o, ok := n.Store.FindHex(ref.ID); ok {
					return o, nil
				}
				return odb.None, fmt.Errorf("it names %s, which is missing", ref.ID)
			}
		}
	}
	if strings.HasSuffix(name, "_HEAD") && !strings.ContainsAny(name, `/\`) { // FETCH_HEAD, MERGE_HEAD, …
		if o, ok := n.Store.FindHex(n.Git.Refs.Root(name)); ok {
			return o, nil
		}
	}
	if len(name) < 4 || len(name) > 2*n.Git.Hash {
		return odb.None, errRevision
	}
	var commits []odb.Obj
	for _, o := range n.Store.WithPrefix(strings.ToLower(name)) {
		if c, _, err := n.commitAt(o); err == nil && c == o || len(name) == 2*n.Git.Hash {
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

// commitAt follows tags to a commit. It also returns the tags.
func (n Names) commitAt(o odb.Obj) (commit odb.Obj, tags []odb.Obj, err error) {
	o, t, tags, err := n.Peel(o)
	if err == nil && t != odb.Commit {
		err = fmt.Errorf("it is a %s, not a commit", t)
	}
	if err != nil {
		return odb.None, nil, err
	}
	return o, tags, nil
}

// Peel follows tags to another object, and returns its type and the tags. After
// an error it returns the tags that could be read.
func (n Names) Peel(o odb.Obj) (last odb.Obj, t odb.Type, tags []odb.Obj, err error) {
	seen := map[odb.Obj]bool{} // in a damaged store tags may form a circle
	for {
		t, data, err := n.Store.Read(o)
		if err != nil || t != odb.Tag {
			return o, t, tags, err
		}
		if seen[o] {
			return odb.None, 0, tags, fmt.Errorf("the tag %s leads back to itself", n.Store.Hex(o))
		}
		seen[o] = true
		tags = append(tags, o)
		var h odb.Header
		if err := odb.ParseHeader(data, &h); err != nil {
			return odb.None, 0, tags, fmt.Errorf("the tag %s: %w", n.Store.Hex(o), err)
		}
		to, ok := n.Store.FindHex(string(h.Object))
		if !ok {
			return odb.None, 0, tags, fmt.Errorf("the tag names %s, which is missing", h.Object)
		}
		o = to
	}
}

// step applies the first suffix of a revision and returns the rest.
func (n Names) step(o odb.Obj, steps string) (odb.Obj, string, error) {
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
	count := 1
	if end > 1 {
		var err error
		if count, err = strconv.Atoi(steps[1:end]); err != nil {
			return odb.None, "", err
		}
	}
	var err error
	switch steps[0] {
	case '^':
		if count > 0 {
			o, err = n.parent(o, count)
		}
	case '~':
		for ; count > 0 && err == nil; count-- {
			o, err = n.parent(o, 1)
		}
	default:
		err = fmt.Errorf("%q is not understood: use ^, ^2, ~3 or ^{commit}", steps)
	}
	return o, steps[end:], err
}

// parent returns a parent of a commit by its number, counted from 1.
func (n Names) parent(o odb.Obj, number int) (odb.Obj, error) {
	_, data, err := n.Store.Read(o)
	if err != nil {
		return odb.None, err
	}
	var h odb.Header
	if err := odb.ParseHeader(data, &h); err != nil {
		return odb.None, err
	}
	if number > len(h.Parents) {
		return odb.None, fmt.Errorf("commit %s has no parent %d", n.Store.Hex(o), number)
	}
	p, ok := n.Store.FindHex(string(h.Parents[number-1]))
	if !ok {
		return odb.None, fmt.Errorf("the parent of %s is missing: git fetch --unshallow if this clone is shallow", n.Store.Hex(o))
	}
	return p, nil
}
