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

// Ref is a ref's name and the id that it resolves to.
type Ref struct {
	Name string
	ID   string // in hex
}

// Refs are the refs of a repository or worktree, including HEAD.
type Refs struct {
	*Place
	config *Config
	named  bool // Read has reported a problem with HEAD
}

// maxSymrefs is how many symbolic refs are followed; as in git.
const maxSymrefs = 5

// Read returns all refs, sorted by name, with stash entries as stash@{n}, and
// the id at HEAD, "" if HEAD is unborn or unreadable. Problems are added to
// those of the repository.
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

// readFiles adds loose refs, packed refs and HEAD to raw. It returns the older
// entries of the stash.
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

// resolve follows symbolic refs from name to an id, "" if there is none.
func (r *Refs) resolve(raw map[string]string, name string) string {
	value, known := raw[name]
	if known && value == "" { // a crash may leave an empty file
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

// readHead returns the content of HEAD. Old versions of git wrote it as a link,
// which may name a branch that does not exist yet.
func (r *Refs) readHead() (string, error) {
	if r.config.storage == inTables { // the file only holds refs/heads/.invalid
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

// parsePacked calls add for each ref in packed-refs. It reports whether every
// line is valid.
func parsePacked(text string, add func(name, id string)) bool {
	all := true
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' || line[0] == '^' { // ^: the peeled id of the tag above
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

// stashes returns the entries in the stash's reflog. Nothing else reaches them,
// except the newest.
func (r *Refs) stashes() []Ref {
	text, err := r.Place.read(filepath.Join(r.Common, "logs", "refs", "stash"), listMax)
	if err != nil {
		return nil // no stash; the scan of the log reports an unreadable one
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

// reflogIDs returns the old and the new id in a line of a reflog. width is the
// length of an id in hex.
func reflogIDs(line string, width int) (old, new string, ok bool) {
	if len(line) < 2*width+2 || line[width] != ' ' || line[2*width+1] != ' ' {
		return "", "", false
	}
	old, new = line[:width], line[width+1:2*width+1]
	return old, new, wire.IsHex(old) && wire.IsHex(new)
}

// Detached reports whether HEAD holds the id of a commit and not a branch.
func (r *Refs) Detached() bool {
	value, err := r.readHead()
	return err == nil && !strings.HasPrefix(value, "ref:")
}

// Root returns the id in hex of a ref next to HEAD, such as FETCH_HEAD or
// ORIG_HEAD, "" if there is none. Some are files even with reftables.
func (r *Refs) Root(name string) string {
	if text, err := r.Place.read(filepath.Join(r.Dir, name), listMax); err == nil && len(text) >= 2*r.Hash {
		return string(text[:2*r.Hash])
	}
	if r.config.storage != inTables {
		return ""
	}
	return tablesIn(r.Place, r.Dir, defaultStackLimits()).raw[name]
}
