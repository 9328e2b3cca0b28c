package repo

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"r8scan/internal/git/reftable"
	"r8scan/internal/git/wire"
	"r8scan/internal/regular"
)

// stackLimits limit how many bytes a stack of tables may expand to, and how
// many of them are kept in memory.
type stackLimits struct {
	text, kept int64
	logs       bool // keep the ids in the logs
}

func defaultStackLimits() stackLimits { return stackLimits{text: 1 << 30, kept: 256 << 20} }

// tablesDir is the folder of reftables in a git directory.
const tablesDir = "reftable"

// readTables adds the refs in the repository's reftables to raw, and returns
// the older entries of the stash. A worktree's own refs replace the shared
// ones.
func readTables(p *Place, raw map[string]string) []Ref {
	shared := readStackOf(p, p.Common, defaultStackLimits())
	left := shared.limits // shared by all stacks
	maps.Copy(raw, shared.raw)
	if p.Dir != p.Common {
		maps.DeleteFunc(raw, func(name, _ string) bool { return !isRef(name) }) // HEAD and similar refs are those of the main worktree
		own := readStackOf(p, p.Dir, left)
		left = own.limits
		maps.Copy(raw, own.raw)
	}
	for _, dir := range p.subfolders(filepath.Join(p.Common, "worktrees")) {
		if !sameFile(dir, p.Dir) {
			left = readStackOf(p, dir, left).limits // only problems and limits count; its refs belong to that worktree
		}
	}
	if _, ok := raw["HEAD"]; !ok {
		p.problem(filepath.Join(p.Dir, tablesDir), "no table in it has HEAD")
	}
	return shared.stashes()
}

func isRef(name string) bool { return strings.HasPrefix(name, "refs/") }

// stack is the content of a stack of tables.
type stack struct {
	raw      map[string]string // name → id in hex, or "ref: " and a name
	stash    map[uint64]string // the stash's reflog: update → id in hex
	logs     map[logKey]logged // the logs of all refs, if they are kept
	problems []Problem

	limits stackLimits // the remaining limits
}

// logKey identifies an entry of a reflog.
type logKey struct {
	name   string
	update uint64
}

// logged has the raw old and new id of a reflog entry.
type logged [2]string

// readStackOf reads the tables of the git directory dir, and adds problems to
// those of the repository.
func readStackOf(p *Place, dir string, limits stackLimits) *stack {
	s := tablesIn(p, dir, limits)
	for _, wrong := range s.problems {
		p.problem(wrong.What, wrong.Reason)
	}
	return s
}

// tablesIn is readStack for tables that may be links out of the bounds.
func tablesIn(p *Place, dir string, limits stackLimits) *stack {
	dir = filepath.Join(dir, tablesDir)
	entries, _ := os.ReadDir(dir) // readStack reports the error
	for _, path := range append([]string{dir}, linksIn(dir, entries)...) {
		if err := p.Reach(path); err != nil {
			s := &stack{limits: limits}
			s.problem(path, err.Error())
			return s
		}
	}
	return readStack(dir, limits)
}

// linksIn returns the paths of the links among the entries of a folder.
func linksIn(dir string, entries []os.DirEntry) (links []string) {
	for _, e := range entries {
		if e.Type()&os.ModeSymlink != 0 {
			links = append(links, filepath.Join(dir, e.Name()))
		}
	}
	return links
}

// readStack reads the tables in the list of dir. Git merges tables into larger
// ones and then deletes them. If a table is missing, the list is read again,
// until it stays the same.
func readStack(dir string, limits stackLimits) *stack {
	list := filepath.Join(dir, "tables.list")
	before := ""
	for tries := 1; ; tries++ {
		s := &stack{raw: map[string]string{}, stash: map[uint64]string{}, logs: map[logKey]logged{}, limits: limits}
		text, err := regular.Read(list, maxList)
		if err != nil {
			s.problem(list, "which refs there are is unknown: "+regular.Cause(err))
			return s
		}
		if gone := s.tables(dir, string(text)); !gone || string(text) == before || tries == maxTries {
			return s
		}
		before = string(text)
	}
}

// Git keeps the list of tables short by merging them, and never writes a
// million bytes.
const (
	maxList  = 1 << 20
	maxTries = 10
)

func (s *stack) problem(what, reason string) {
	s.problems = append(s.problems, Problem{what, reason})
}

// tables reads the tables of a list, from the oldest to the newest. It reports
// whether one is missing.
func (s *stack) tables(dir, list string) (gone bool) {
	seen := map[string]bool{"": true}
	for line := range strings.Lines(list) {
		name := strings.TrimRight(line, "\r\n")
		if seen[name] {
			continue
		}
		seen[name] = true
		if name == "." || name == ".." || strings.ContainsAny(name, `/\:`+"\x00") {
			s.problem(filepath.Join(dir, "tables.list"), fmt.Sprintf("it names %q, which is no file beside it and is not read", name))
			continue
		}
		path := filepath.Join(dir, name)
		err := s.table(path)
		if errors.Is(err, fs.ErrNotExist) {
			gone = true
			s.problem(path, "it is missing: the refs and reflogs that it held are unknown")
		} else if err != nil {
			s.problem(path, regular.Cause(err))
		}
	}
	return gone
}

func (s *stack) table(path string) error {
	f, info, err := regular.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return reftable.Reader{Ref: s.ref, Log: s.log, Grow: s.grow}.Read(f, info.Size())
}

// grow returns an error if the stack expands to too many bytes.
func (s *stack) grow(n int64) error {
	if s.limits.text -= n; s.limits.text < 0 {
		return errors.New("it and the tables before it expand to more than the limit: the rest of its refs is unknown")
	}
	return nil
}

// keep returns an error if too many bytes would be kept.
func (s *stack) keep(n int) error {
	const entry = 100 // roughly what one takes in a map besides its text
	if s.limits.kept -= int64(n) + entry; s.limits.kept < 0 {
		return errors.New("it and the tables before it have more refs than can be held: the rest is unknown")
	}
	return nil
}

func (s *stack) ref(r *reftable.Ref) error {
	name := string(r.Name)
	switch {
	case r.Target != nil:
		s.raw[name] = "ref: " + string(r.Target)
	case r.ID != nil:
		s.raw[name] = wire.Hex(r.ID)
	default:
		delete(s.raw, name)
		return nil
	}
	return s.keep(len(name) + len(s.raw[name]))
}

func (s *stack) log(l *reftable.Log) error {
	if err := s.logIDs(l); err != nil {
		return err
	}
	if string(l.Name) != "refs/stash" {
		return nil
	}
	if l.Deleted {
		delete(s.stash, l.Update)
		return nil
	}
	s.stash[l.Update] = wire.Hex(l.New)
	return s.keep(len(s.stash[l.Update]))
}

// logIDs keeps the ids in a log record, until a later table deletes the record.
func (s *stack) logIDs(l *reftable.Log) error {
	if !s.limits.logs {
		return nil
	}
	key := logKey{string(l.Name), l.Update}
	if l.Deleted {
		delete(s.logs, key)
		return nil
	}
	s.logs[key] = logged{string(l.Old), string(l.New)}
	return s.keep(len(l.Name) + len(l.Old) + len(l.New))
}

// stashes returns the entries of the stash other than the newest.
func (s *stack) stashes() []Ref {
	updates := slices.SortedFunc(maps.Keys(s.stash), func(a, b uint64) int { return cmp.Compare(b, a) })
	var out []Ref
	for _, update := range updates {
		if id := s.stash[update]; strings.Trim(id, "0") != "" { // git marks an empty log with an entry of zeros
			out = append(out, Ref{"stash@{" + strconv.Itoa(len(out)) + "}", id})
		}
	}
	return out[min(1, len(out)):]
}
