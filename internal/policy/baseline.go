package policy

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"r8scan/internal/plain"
	"r8scan/internal/regular"
	"r8scan/rules"
)

// Baseline is a list of known token ids, one per line, without places: a token that
// moves stays known, and a new token in an old place is not.
type Baseline struct {
	head    []string // comments at the top, up to an empty line
	entries []entry  // in the order of their ids
	tail    []string // comments below the last id
}

// entry is a line with an id, and the comments above it.
type entry struct {
	above    []string
	id, line string
}

// header is the top of a new baseline.
var header = [...]string{
	"# Ids of known tokens: r8scan counts them, and reports only other tokens.",
	"# After an id you can write its rule and a reason.",
	"",
}

// NewBaseline returns a baseline without ids.
func NewBaseline() *Baseline { return &Baseline{head: slices.Clone(header[:])} }

// maxBaseline bounds a baseline, in bytes. A token takes some 40.
const maxBaseline = 256 << 20

// LoadBaseline reads the baseline at path, for adding to it. If there is no regular
// file, it returns a new one: writing will show what is wrong. A malformed file is
// an error, because it may be something else that must not be overwritten. The
// error begins with path.
func LoadBaseline(path string) (*Baseline, error) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return NewBaseline(), nil
	}
	text, err := regular.ReadFollowed(path, maxBaseline)
	if err != nil {
		return nil, fmt.Errorf("%w: name a file that can be read and written", err)
	}
	if len(text) == 0 {
		return NewBaseline(), nil
	}
	b, err := ParseBaseline(text)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	return b, nil
}

// ParseBaseline reads a baseline: one token id per line, then perhaps a rule and a
// reason; empty lines; and comments that begin with #. An error is an *Error with
// the number of the line.
func ParseBaseline(text []byte) (*Baseline, error) {
	b := &Baseline{}
	var above []string
	number := 0
	for line := range plain.Lines(plain.Text(text)) {
		number++
		s := strings.TrimSpace(string(line))
		if s == "" || s[0] == '#' {
			above = append(above, s)
			if s == "" && len(b.head) == 0 && len(b.entries) == 0 {
				b.head, above = above, nil
			}
			continue
		}
		id, _ := cutField(s)
		if !IsTokenID(id) { // the error does not repeat the line: it may have a token
			return nil, &Error{Line: number, Message: "this line does not begin with a token id (16 hex digits in lower case): correct it, or write # before a comment"}
		}
		b.entries = append(b.entries, entry{above, id, s})
		above = nil
	}
	if b.tail = above; len(b.entries) == 0 {
		b.head, b.tail = append(b.head, above...), nil
	}
	slices.SortStableFunc(b.entries, func(x, y entry) int { return cmp.Compare(x.id, y.id) })
	return b, nil
}

// cutField returns the first word of s, and the rest.
func cutField(s string) (field, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i:])
}

// Find returns the reason after an id, "" without one, and whether the id is there.
// It leaves out a rule of set before the reason.
func (b *Baseline) Find(id string, set *rules.Set) (reason string, found bool) {
	i, found := b.search(id)
	if !found {
		return "", false
	}
	_, rest := cutField(b.entries[i].line)
	if rule, reason := cutField(rest); set.ByID(rule) != nil {
		rest = reason
	}
	return strings.TrimSpace(strings.TrimPrefix(rest, "#")), true
}

func (b *Baseline) search(id string) (int, bool) {
	return slices.BinarySearchFunc(b.entries, id, func(e entry, id string) int { return cmp.Compare(e.id, id) })
}

// Add adds a token and reports whether it is new. It does not change an existing
// line.
func (b *Baseline) Add(id, rule string) bool {
	i, found := b.search(id)
	if !found {
		b.entries = slices.Insert(b.entries, i, entry{id: id, line: fmt.Sprintf("%s %s", id, rule)})
	}
	return !found
}

// Len returns the number of ids.
func (b *Baseline) Len() int { return len(b.entries) }

// Bytes returns the file, sorted by id, with its comments.
func (b *Baseline) Bytes() []byte {
	var out bytes.Buffer
	write := func(lines ...string) {
		for _, l := range lines {
			out.WriteString(l + "\n")
		}
	}
	write(b.head...)
	for _, e := range b.entries {
		write(e.above...)
		write(e.line)
	}
	write(b.tail...)
	return out.Bytes()
}
