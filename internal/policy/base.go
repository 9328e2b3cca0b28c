package policy

import (
	"fmt"
	"slices"
)

// Base is what a scanned change is compared with: the files of the commits that it
// builds on.
type Base interface {
	// File returns what each of the commits has at a path on disk, nil for none. ok
	// is false if neither they nor the change have the file: it does not come from
	// the repository, so it speaks for the user.
	File(path string) (texts [][]byte, ok bool)
}

// Against makes the files of the repository count as they are in base, because a
// change must not switch its own check off. With ids, the tokens that the change
// allows one by one count too, and are marked; else only those of base. Call it
// before ReadOwn.
func (p *Policy) Against(base Base, ids bool) {
	p.base, p.ids = base, ids
	if p.baselineFile != "" {
		if texts, ok := base.File(p.baselineFile); ok {
			p.addedBaseline, p.baseline = p.baseline, commonBaseline(texts)
		}
	}
	if p.file == "" {
		return
	}
	if was, ok := p.atBase(p.file); ok {
		p.added, p.config, p.unread = p.config, was, was.Exclude
		p.noteAdded(p.file)
	}
}

// atBase returns the part of a configuration that all commits of the base have. ok
// is false if it does not come from the repository.
func (p *Policy) atBase(path string) (c *Config, ok bool) {
	if p.base == nil {
		return nil, false
	}
	texts, ok := p.base.File(path)
	if !ok {
		return nil, false
	}
	for i, text := range texts {
		each, err := ParseConfig(text, p.rules)
		if err != nil {
			each = &Config{} // what was wrong there allows nothing
		}
		if i == 0 {
			c = each
		} else {
			c = common(c, each)
		}
	}
	if c == nil {
		c = &Config{}
	}
	return c, true
}

// common returns what both configurations have.
func common(a, b *Config) *Config {
	return &Config{
		Exclude: slices.DeleteFunc(slices.Clone(a.Exclude), func(g string) bool { return !slices.Contains(b.Exclude, g) }),
		Off:     slices.DeleteFunc(slices.Clone(a.Off), func(id string) bool { return !slices.Contains(b.Off, id) }),
		Allow: slices.DeleteFunc(slices.Clone(a.Allow), func(x Allowance) bool {
			return !slices.ContainsFunc(b.Allow, func(y Allowance) bool { return x.ID == y.ID })
		}),
		Unread: slices.DeleteFunc(slices.Clone(a.Unread), func(x Acceptance) bool {
			return !slices.ContainsFunc(b.Unread, func(y Acceptance) bool { return x.What == y.What })
		}),
	}
}

// commonBaseline returns the ids that all versions of a baseline have. A version that
// is malformed has none.
func commonBaseline(texts [][]byte) *Baseline {
	var all *Baseline
	for _, text := range texts {
		b, err := ParseBaseline(text)
		if err != nil {
			b = NewBaseline()
		}
		if all == nil {
			all = b
			continue
		}
		all.entries = slices.DeleteFunc(all.entries, func(e entry) bool {
			return !slices.ContainsFunc(b.entries, func(other entry) bool { return other.id == e.id })
		})
	}
	if all == nil {
		all = NewBaseline()
	}
	return all
}

// noteAdded notes what the change adds to a configuration and does not count.
func (p *Policy) noteAdded(file string) {
	for _, key := range p.added.Adds(p.config) {
		if key != KeyAllow || !p.ids {
			p.notes = append(p.notes, fmt.Sprintf("%s: what the scanned commits add to %s does not count for themselves: --trust-change all makes it count", file, key))
		}
	}
}

// The keys of a configuration that can hide something.
const (
	KeyExclude = "exclude"
	KeyAllow   = "allow"
	KeyRules   = "rules"
	KeyUnread  = "unread"
)

// Adds returns the keys under which c hides more than another configuration. An item
// with another end is another item.
func (c *Config) Adds(was *Config) (keys []string) {
	if hasMore(c.Exclude, was.Exclude) {
		keys = append(keys, KeyExclude)
	}
	if slices.ContainsFunc(c.Allow, func(a Allowance) bool {
		return !slices.ContainsFunc(was.Allow, func(b Allowance) bool { return a.ID == b.ID && a.Expires == b.Expires })
	}) {
		keys = append(keys, KeyAllow)
	}
	if hasMore(c.Off, was.Off) {
		keys = append(keys, KeyRules)
	}
	if slices.ContainsFunc(c.Unread, func(a Acceptance) bool {
		return !slices.ContainsFunc(was.Unread, func(b Acceptance) bool { return a.What == b.What && a.Expires == b.Expires })
	}) {
		keys = append(keys, KeyUnread)
	}
	return keys
}

func hasMore(is, was []string) bool {
	return slices.ContainsFunc(is, func(s string) bool { return !slices.Contains(was, s) })
}

// Notes are for the user: what the scanned change adds and does not count.
func (p *Policy) Notes() []string { return p.notes }
