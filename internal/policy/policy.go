package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"r8scan/internal/regular"
	"r8scan/result"
	"r8scan/rules"
)

// OwnConfig is the name of the configuration file at the root of what is
// scanned.
const OwnConfig = ".r8scan.yaml"

// Policy knows which findings the user allows.
//
// A configuration that the user names (Options.Config) speaks for the user. The
// scanned tree's own may come from the author of a leak. So it never decides what
// is read: files that its globs match are read, and a token that is in no other
// place is counted and named as allowed. Even that holds only for a tree that the
// user works in. In a tree that is only named, just the allowed ids count: to write
// an id one must know the token, so an id hides no future leak, and it is counted.
type Policy struct {
	today    string // 2006-01-02
	rules    *rules.Set
	unread   []string // globs of what is not read at all
	baseline *Baseline

	baselineFile string // that the user named, "" for none

	config  *Config
	file    string // where config was read, as the user would name it
	by      string // whose config it is: a result.AllowedBy constant
	exclude globs  // of allowed places
	top     string // the part of places' paths that globs do not apply to

	// With a base, the fields above are as they are there, and these have what the
	// scanned change makes of them: see Against.
	base          Base
	ids           bool // tokens that the change allows one by one count
	added         *Config
	addedBaseline *Baseline
	notes         []string
}

// maxConfig bounds a configuration, in bytes.
const maxConfig = 1 << 20

// Load reads the files that the user named: a baseline and a configuration, "" for
// none. They may name the rules of set, which also masks tokens in them.
func Load(baseline, config string, set *rules.Set) (*Policy, error) {
	p := &Policy{today: time.Now().UTC().Format(time.DateOnly), rules: set, config: &Config{}, baseline: &Baseline{}}
	if baseline != "" {
		text, err := readNamed(baseline, maxBaseline)
		if err != nil {
			return nil, fmt.Errorf("baseline %s: %w", baseline, err)
		}
		if p.baseline, err = ParseBaseline(text); err != nil {
			return nil, fmt.Errorf("baseline %s:%w", baseline, err)
		}
		p.baselineFile = baseline
	}
	if config == "" {
		return p, nil
	}
	text, err := readNamed(config, maxConfig)
	if err != nil {
		return nil, fmt.Errorf("configuration %s: %w", config, err)
	}
	c, err := ParseConfig(text, set)
	if err != nil {
		return nil, fmt.Errorf("configuration %s:%w", config, err)
	}
	p.config, p.file, p.by, p.unread = c, config, result.AllowedByConfig, c.Exclude
	return p, nil
}

// Clone returns a policy for another scan. What Against and ReadOwn make of it does not
// change p.
func (p *Policy) Clone() *Policy {
	c := *p // the files behind it are never changed, only exchanged
	return &c
}

// Unread returns the globs of what is not read at all.
func (p *Policy) Unread() []string { return p.unread }

// readNamed reads a file that the user named.
func readNamed(path string, limit int64) ([]byte, error) {
	text, err := regular.ReadNamed(path, limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("there is no such file: name an existing one")
	}
	return text, unreadable(err)
}

// unreadable says what to do about a file that cannot be read.
func unreadable(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, regular.ErrTooLarge):
		return fmt.Errorf("%s: split it, or name another file", regular.Cause(err))
	}
	return errors.New(regular.Cause(err))
}

// ReadOwn reads the configuration at root, the top of the scanned tree ("" for
// none), unless the user named another one. top is the part of the result's paths
// that the user gave. It reads only the file on disk, not versions in history. The
// note is for the user; it may be "".
func (p *Policy) ReadOwn(root, top string) (note string, err error) {
	if p.file != "" || root == "" {
		return "", nil
	}
	path := filepath.Join(root, OwnConfig)
	shown := fromHere(path)
	text, err := readOwn(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w, or name another configuration", shown, err)
	}
	c, err := ParseConfig(text, p.rules)
	if err != nil {
		return "", fmt.Errorf("%s:%w", shown, err)
	}
	was, ok := p.atBase(path)
	if !ok {
		return p.takeOwn(c, shown, top, worksIn(root)), nil
	}
	note = p.takeOwn(was, shown, top, worksIn(root))
	p.added = c
	p.noteAdded(shown)
	return note, nil
}

// readOwn reads a configuration that the user did not name. It follows no link: an
// error could repeat a part of a secret that a link leads to.
func readOwn(path string) ([]byte, error) {
	text, err := regular.Read(path, maxConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if errors.Is(err, regular.ErrOther) {
		return nil, fmt.Errorf("%w: replace it by one", regular.ErrOther)
	}
	return text, unreadable(err)
}

// fromHere returns a path relative to the current folder, if possible.
func fromHere(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(regular.Real(here), path); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return path
}

// worksIn reports whether the current folder is root or below it.
func worksIn(root string) bool {
	here, err := os.Getwd()
	return err == nil && regular.Within(root, here)
}

// takeOwn uses c, the scanned tree's own configuration, as far as that is allowed.
// It returns a note for the user.
func (p *Policy) takeOwn(c *Config, file, top string, works bool) (note string) {
	p.config, p.file, p.by, p.top = c, file, result.AllowedByOwn, top
	unread := len(c.Unread) > 0
	c.Unread = nil
	if !works && len(c.Exclude)+len(c.Off) > 0 {
		c.Off = nil
		return fmt.Sprintf("%s: its exclude and rules are ignored, because you are not inside that folder: use them with --config %s", file, file)
	}
	if works {
		p.exclude = compile(c.Exclude...)
	}
	if unread {
		return fmt.Sprintf("%s: its unread is ignored, because a scanned folder cannot decide what counts as read: use it with --config %s", file, file)
	}
	return ""
}

// Accepts divides what was not read into what counts and what the user accepts. The
// notes name expired acceptances.
func (p *Policy) Accepts(unread []result.Unread) (counts []result.Unread, accepted []result.Accepted, notes []string) {
	for _, u := range unread {
		i := slices.IndexFunc(p.config.Unread, func(a Acceptance) bool { return a.Matches(u.What) && !a.Expired(p.today) })
		if i >= 0 {
			accepted = append(accepted, result.Accepted{Unread: u, Because: p.rules.Redact(p.config.Unread[i].Reason)})
			continue
		}
		counts = append(counts, u)
		for _, a := range p.config.Unread {
			if a.Matches(u.What) {
				notes = append(notes, fmt.Sprintf("%s:%d: %s was accepted as unread until %s, and counts again: fix it, or change the date", p.file, a.Line, u.What, a.Expires))
			}
		}
	}
	return counts, accepted, notes
}

// Allows reports whether a finding is allowed, and marks its allowed locations. One
// location that is not allowed makes it a finding, unless the token itself is
// allowed.
func (p *Policy) Allows(f *result.Finding) (result.Allowed, bool) {
	a := result.Allowed{TokenID: f.Secret.ID(), Rule: f.Rule, Locations: f.Locations}
	a.By, a.Reason = p.everyPlace(f.Locations)
	a.ByChange = p.base != nil && a.By == result.AllowedByLine // the change adds all that it is scanned for
	if a.By == "" {
		a.By, a.Reason = p.token(a.TokenID, f.Rule)
	}
	if a.By == "" && p.ids {
		a.By, a.Reason = p.addedToken(a.TokenID)
		a.ByChange = a.By != ""
	}
	a.Reason = p.rules.Redact(a.Reason)
	return a, a.By != ""
}

// everyPlace says who allows all places. A configuration wins over r8scan:allow,
// which the reader sees on the line.
func (p *Policy) everyPlace(places []result.Location) (by, reason string) {
	open := false
	for i := range places {
		l := &places[i]
		if l.AllowedBy == result.AllowedByLine && p.base != nil && !p.ids {
			l.AllowedBy = ""
		}
		if l.AllowedBy == "" && l.Path != "" && p.exclude.matchAny(l.Path, p.top) {
			l.AllowedBy = p.by
		}
		switch l.AllowedBy {
		case "":
			open = true
		case result.AllowedByLine:
			if by == "" {
				by = result.AllowedByLine
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

// token says who allows a token everywhere.
func (p *Policy) token(id, rule string) (by, reason string) {
	if a := p.config.allowance(id); a != nil && !a.Expired(p.today) {
		return p.by, a.Reason
	}
	if slices.Contains(p.config.Off, rule) {
		return p.by, "the rule is off"
	}
	if reason, ok := p.baseline.Find(id, p.rules); ok {
		return result.AllowedByBaseline, reason
	}
	return "", ""
}

// addedToken says who allows a token in the scanned change.
func (p *Policy) addedToken(id string) (by, reason string) {
	if p.added != nil {
		if a := p.added.allowance(id); a != nil && !a.Expired(p.today) {
			return p.by, a.Reason
		}
	}
	if p.addedBaseline != nil {
		if reason, ok := p.addedBaseline.Find(id, p.rules); ok {
			return result.AllowedByBaseline, reason
		}
	}
	return "", ""
}

// Expired returns a note for each finding whose allowance has expired.
func (p *Policy) Expired(findings []result.Finding) (notes []string) {
	for _, f := range findings {
		id := f.Secret.ID()
		if a := p.config.allowance(id); a != nil && a.Expired(p.today) {
			notes = append(notes, fmt.Sprintf("%s:%d: token %s was allowed until %s, and is reported again: disable it, or change the date",
				p.file, a.Line, id, a.Expires))
		}
	}
	return notes
}
