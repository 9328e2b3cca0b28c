package repo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"r8scan/internal/git/wire"
	"r8scan/internal/regular"
)

// Ref is a name and the object it stands for.
type Ref struct {
	Name string
	ID   string // in hex
}

// Refs are a repository's or worktree's refs, its HEAD among them.
type Refs struct {
	*Place
	config *Config
	named  bool // Read has named what is wrong with HEAD
}

// maxSymrefs is how many symbolic refs may lead to each other; git allows 5.
const maxSymrefs = 5

// Read returns all refs, stash entries as stash@{n}, sorted by name, and
// the id at HEAD, "" if HEAD is unborn or unreadable. What cannot be read is
// added to the repository's problems.
func (r *Refs) Read() (refs []Ref, head string) {
	r.named = true
	raw := map[string]string{}
	switch r.config.storage {
	case inTables:
		refs = readTables(r.Place, raw)
	case inFiles:
		refs = r.readFiles(raw)
	default:
		r.problem(filepath.Join(r.Common, "config"), fmt.Sprintf("its ref storage %q is not known: which refs reach a token, and what HEAD is, is unknown", r.config.storage))
		return nil, ""
	}
	head = r.resolve(raw, "HEAD")
	for name := range raw {
		if !isRef(name) {
			continue
		}
		if id := r.resolve(raw, name); id != "" {
			refs = append(refs, Ref{name, id})
		}
	}
	slices.SortFunc(refs, func(a, b Ref) int { return strings.Compare(a.Name, b.Name) })
	return refs, head
}

// readFiles adds the refs that are files or packed in one, and HEAD, to raw,
// and returns the stash's older entries.
func (r *Refs) readFiles(raw map[string]string) []Ref {
	r.readPacked(raw)
	readLoose(r.Place, raw, r.Common, defaultRefLimits())
	if r.Dir != r.Common {
		readLoose(r.Place, raw, r.Dir, defaultRefLimits())
	}
	if value, err := r.readHead(); err != nil {
		r.problem(filepath.Join(r.Dir, "HEAD"), regular.Cause(err))
	} else {
		raw["HEAD"] = value
	}
	return r.stashes()
}

// resolve follows symbolic refs from name to an id, "" if they lead nowhere.
func (r *Refs) resolve(raw map[string]string, name string) string {
	value, known := raw[name]
	if known && value == "" { // what a crash leaves of a file
		r.problem("ref "+name, isEmpty)
	}
	for range maxSymrefs {
		to, symbolic := strings.CutPrefix(value, "ref:")
		if !symbolic {
			break
		}
		value = raw[strings.TrimSpace(to)]
	}
	if !wire.IsID(value, r.Hash) {
		if value != "" {
			r.problem("ref "+name, "its value is no object id")
		}
		return ""
	}
	return value
}

// readHead returns what HEAD says. Old versions of git made it a symbolic
// link, which may lead to a branch that does not exist yet.
func (r *Refs) readHead() (string, error) {
	if r.config.storage == inTables { // the file says refs/heads/.invalid
		return tablesIn(r.Place, r.Dir, defaultStackLimits()).raw["HEAD"], nil
	}
	path := filepath.Join(r.Dir, "HEAD")
	if to, ok := linkedRef(path); ok {
		return "ref: " + to, nil
	}
	text, err := r.Place.read(path, refMax)
	return refValue(text), err
}

func (r *Refs) readPacked(raw map[string]string) {
	path := filepath.Join(r.Common, "packed-refs")
	text, err := r.Place.read(path, listMax)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			r.problem(path, regular.Cause(err))
		}
		return
	}
	if !parsePacked(string(text), func(name, id string) { raw[name] = id }) {
		r.problem(path, "a line in it is no ref")
	}
}

// parsePacked calls add for each ref in a packed-refs file and reports whether
// every line was one.
func parsePacked(text string, add func(name, id string)) bool {
	all := true
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' || line[0] == '^' { // ^: what the tag above leads to
			continue
		}
		id, name, ok := strings.Cut(line, " ")
		if ok {
			add(name, id)
		}
		all = all && ok
	}
	return all
}

// stashes returns the entries of the stash's reflog: all but the newest are
// reachable from nothing else.
func (r *Refs) stashes() []Ref {
	text, err := r.Place.read(filepath.Join(r.Common, "logs", "refs", "stash"), listMax)
	if err != nil {
		return nil // no stash; an unreadable log is named when it is scanned
	}
	var out []Ref
	rest := bytes.TrimRight(text, "\n")
	for n := 0; len(rest) > 0; n++ { // stash@{0} is the last line
		start := bytes.LastIndexByte(rest, '\n') + 1
		line := string(rest[start:min(len(rest), start+4*r.Hash+2)])
		rest = rest[:max(0, start-1)]
		if n == 0 {
			continue // refs/stash itself
		}
		if _, id, ok := reflogIDs(line, 2*r.Hash); ok {
			out = append(out, Ref{"stash@{" + strconv.Itoa(n) + "}", id})
		}
	}
	return out
}

// reflogIDs returns the old and new id of a reflog line; width is the length
// of an id in hex.
func reflogIDs(line string, width int) (old, new string, ok bool) {
	if len(line) < 2*width+2 || line[width] != ' ' || line[2*width+1] != ' ' {
		return "", "", false
	}
	old, new = line[:width], line[width+1:2*width+1]
	return old, new, wire.IsHex(old) && wire.IsHex(new)
}

// Detached reports whether HEAD names a commit and no branch.
func (r *Refs) Detached() bool {
	value, err := r.readHead()
	return err == nil && !strings.HasPrefix(value, "ref:")
}

// Root returns the id, in hex, of a ref such as FETCH_HEAD or ORIG_HEAD that
// stands beside HEAD, "" if there is none. With reftables some are files too.
func (r *Refs) Root(name string) string {
	if text, err := r.Place.read(filepath.Join(r.Dir, name), listMax); err == nil && len(text) >= 2*r.Hash {
		return string(text[:2*r.Hash])
	}
	if r.config.storage != inTables {
		return ""
	}
	return tablesIn(r.Place, r.Dir, defaultStackLimits()).raw[name]
}
