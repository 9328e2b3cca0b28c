package scanner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"r8scan/internal/policy"
	"r8scan/internal/regular"
	"r8scan/rules"
)

// OwnConfig is the name of the configuration file at the root of what is
// scanned.
const OwnConfig = ".r8scan.yaml"

// judge knows what the user has judged, and so which findings are left alone.
//
// A configuration that the user names (Options.Config) speaks for the user. The
// scanned tree's own may have been written by whoever wrote a leak, so
// it decides on findings and never on what is read: what its globs match is
// read like the rest, and a token that stands nowhere else is counted and named
// as allowed. Even that much, which is a blank cheque, is only for a tree that
// the user works in. Of one that is merely named the allowed ids count alone:
// to write an id one must know the token, so it hides no leak that is yet to
// come, and it is counted all the same.
type judge struct {
	today    string // 2006-01-02
	rules    *rules.Set
	unread   []string // globs of what is not to be read at all
	baseline *policy.Baseline

	config  *policy.Config
	file    string   // where config was read, as the user would name it
	by      string   // who speaks in config
	exclude []string // globs of places that are allowed
	top     string   // the part of places' paths that no glob decides on
}

// Limits on the files, in bytes. A baseline has some 40 of them a token.
const (
	maxConfig   = 1 << 20
	maxBaseline = 256 << 20
)

func newJudge(opts Options) (*judge, error) {
	j := &judge{today: time.Now().UTC().Format(time.DateOnly), rules: opts.Rules, config: &policy.Config{}, baseline: &policy.Baseline{}}
	if opts.Baseline != "" {
		text, err := readNamed(opts.Baseline, maxBaseline)
		if err != nil {
			return nil, fmt.Errorf("--baseline %s: %w", opts.Baseline, err)
		}
		if j.baseline, err = policy.ParseBaseline(text); err != nil {
			return nil, fmt.Errorf("--baseline %s:%w", opts.Baseline, err)
		}
	}
	if opts.Config == "" {
		return j, nil
	}
	text, err := readNamed(opts.Config, maxConfig)
	if err != nil {
		return nil, fmt.Errorf("--config %s: %w", opts.Config, err)
	}
	c, err := policy.ParseConfig(text, opts.Rules)
	if err != nil {
		return nil, fmt.Errorf("--config %s:%w", opts.Config, err)
	}
	j.config, j.file, j.by, j.unread = c, opts.Config, AllowedByConfig, c.Exclude
	return j, nil
}

// readNamed reads a file that the user named.
func readNamed(path string, limit int64) ([]byte, error) {
	text, err := regular.ReadFollowed(path, limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("there is no such file: name one that exists")
	}
	return text, unreadable(err)
}

// unreadable says what to do about a file that a run depends on.
func unreadable(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, regular.ErrTooLarge):
		return fmt.Errorf("%s: split it, or name another file", cause(err))
	}
	return errors.New(cause(err))
}

// readOwnConfig reads the configuration at the root of the tree that is
// scanned, "" for none, unless the user named another one. Only the file on
// disk is read: what history holds under its name says nothing.
func (r *run) readOwnConfig(root, top string) error {
	if r.opts.Config != "" || r.opts.Unjudged || root == "" {
		return nil
	}
	path := filepath.Join(root, OwnConfig)
	shown := fromHere(path)
	text, err := readOwn(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w, or name another file with --config", shown, err)
	}
	c, err := policy.ParseConfig(text, r.opts.Rules)
	if err != nil {
		return fmt.Errorf("%s:%w", shown, err)
	}
	if note := r.judge.takeOwn(c, shown, top, worksIn(root)); note != "" {
		r.notes = append(r.notes, note)
	}
	return nil
}

// readOwnConfigAt is readOwnConfig for a path that the user named, which has a
// configuration of its own if it is a folder.
func (r *run) readOwnConfigAt(path string) error {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return nil // whoever reads it says what is wrong
	}
	top := filepath.ToSlash(filepath.Clean(path))
	if top == "." {
		top = ""
	}
	return r.readOwnConfig(realPath(path), top)
}

// readOwn reads a configuration that the user did not name. A link is not
// followed: it could lead to a secret, of which an error repeats a part.
func readOwn(path string) ([]byte, error) {
	text, err := regular.Read(path, maxConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if errors.Is(err, regular.ErrOther) {
		return nil, fmt.Errorf("%w: put one in its place", regular.ErrOther)
	}
	return text, unreadable(err)
}

// fromHere is how a path is shown to who works in the current folder.
func fromHere(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(realPath(here), path); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return path
}

// worksIn reports whether the user is in the folder root or below it.
func worksIn(root string) bool {
	here, err := os.Getwd()
	return err == nil && within(root, here)
}

// takeOwn makes c, the scanned tree's own configuration, count as far as it
// may. It returns what the user should know about that.
func (j *judge) takeOwn(c *policy.Config, file, top string, works bool) (note string) {
	j.config, j.file, j.by, j.top = c, file, AllowedByOwn, top
	unread := len(c.Unread) > 0
	c.Unread = nil
	if !works && len(c.Exclude)+len(c.Off) > 0 {
		c.Off = nil
		return fmt.Sprintf("%s: its exclude and rules are not followed, for you do not work in that folder: to follow them use --config %s", file, file)
	}
	if works {
		for _, g := range c.Exclude {
			j.exclude = append(j.exclude, strings.TrimSuffix(g, "/"))
		}
	}
	if unread {
		return fmt.Sprintf("%s: its unread is not followed, for what is scanned has no say in what counts as read: to follow it use --config %s", file, file)
	}
	return ""
}

// accepts parts what was not read into what counts and what the user has
// accepted, and says which acceptances have come to their end.
func (j *judge) accepts(unread []Unread) (counts []Unread, accepted []Accepted, notes []string) {
	for _, u := range unread {
		i := slices.IndexFunc(j.config.Unread, func(a policy.Acceptance) bool { return a.Matches(u.What) && !a.Expired(j.today) })
		if i >= 0 {
			accepted = append(accepted, Accepted{Unread: u, Because: j.rules.Redact(j.config.Unread[i].Reason)})
			continue
		}
		counts = append(counts, u)
		for _, a := range j.config.Unread {
			if a.Matches(u.What) {
				notes = append(notes, fmt.Sprintf("%s:%d: %s was accepted as unread until %s and counts again: mend it, or set another date", j.file, a.Line, u.What, a.Expires))
			}
		}
	}
	return counts, accepted, notes
}

// allows reports whether a finding is left alone, and notes in its locations
// which of them are allowed. A place that nothing allows makes it a finding,
// unless the token itself is allowed.
func (j *judge) allows(f *Finding) (Allowed, bool) {
	a := Allowed{TokenID: f.Secret.ID(), Rule: f.Rule, Locations: f.Locations}
	a.By, a.Reason = j.everyPlace(f.Locations)
	if a.By == "" {
		a.By, a.Reason = j.token(a.TokenID, f.Rule)
	}
	a.Reason = j.rules.Redact(a.Reason)
	return a, a.By != ""
}

// everyPlace says who allows all the places; of several the one that is not in
// the lines themselves, which are there to see.
func (j *judge) everyPlace(places []Location) (by, reason string) {
	open := false
	for i := range places {
		l := &places[i]
		if l.AllowedBy == "" && l.Path != "" && matchesAny(j.exclude, l.Path, j.top) {
			l.AllowedBy = j.by
		}
		switch l.AllowedBy {
		case "":
			open = true
		case AllowedByLine:
			if by == "" {
				by = AllowedByLine
			}
		default:
			by, reason = l.AllowedBy, "exclude"
		}
	}
	if open {
		return "", ""
	}
	return by, reason
}

// token says who allows a token wherever it stands.
func (j *judge) token(id, rule string) (by, reason string) {
	if a := j.allowance(id); a != nil && !a.Expired(j.today) {
		return j.by, a.Reason
	}
	if slices.Contains(j.config.Off, rule) {
		return j.by, "the rule is off"
	}
	if reason, ok := j.baseline.Find(id, j.rules); ok {
		return AllowedByBaseline, reason
	}
	return "", ""
}

// allowance returns what the configuration says about a token, nil for nothing.
func (j *judge) allowance(id string) *policy.Allowance {
	i := slices.IndexFunc(j.config.Allow, func(a policy.Allowance) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return &j.config.Allow[i]
}

// expiredAmong says of which findings the allowance has come to its end.
func (j *judge) expiredAmong(findings []Finding) (notes []string) {
	for _, f := range findings {
		id := f.Secret.ID()
		if a := j.allowance(id); a != nil && a.Expired(j.today) {
			notes = append(notes, fmt.Sprintf("%s:%d: token %s was allowed until %s and is reported again: disable it, or set another date",
				j.file, a.Line, id, a.Expires))
		}
	}
	return notes
}

// MergeBaseline adds findings to a baseline, which keeps its comments and what
// else it holds; without one, old is empty. It returns the new file, the number
// of ids in it, and how many of them are new.
func MergeBaseline(old []byte, findings []Finding) (text []byte, all, added int, err error) {
	b := policy.NewBaseline()
	if len(old) > 0 {
		if b, err = policy.ParseBaseline(old); err != nil {
			return nil, 0, 0, err
		}
	}
	for _, f := range findings {
		if b.Add(f.Secret.ID(), f.Rule) {
			added++
		}
	}
	return b.Bytes(), b.Len(), added, nil
}
