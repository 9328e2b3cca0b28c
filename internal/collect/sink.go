// Package collect turns matches into findings. It joins what all sources found and
// read with limits, with what the user allows, and with each token's history in
// git.
package collect

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"r8scan/internal/budget"
	"r8scan/internal/git/odb"
	"r8scan/internal/search"
	"r8scan/result"
	"r8scan/rules"
)

// Counters count what was read.
type Counters struct{ Files, Bytes, Objects, Commits, Members, Texts atomic.Int64 }

// Sink takes what the sources of a run find and read. Many goroutines may use it.
// What it drops beyond its limits does not depend on their order.
type Sink struct {
	Counters
	Meter *Meter

	hits    *hits
	seen    map[search.Key]struct{} // see See; hits.mu guards it
	told    int                     // tokens that were released; likewise
	dropped atomic.Bool             // there was no room for a match

	mu     sync.Mutex
	unread shelf[result.Unread]
	faults shelf[Fault] // unread git objects; unread has them too
	notes  []string
}

// Fault is an object that could not be read completely.
type Fault struct {
	Object odb.Obj
	Type   odb.Type // 0 if it is not known
	result.Unread
}

// NewSink returns a sink with limits from b.
func NewSink(b *budget.Budget) *Sink {
	return &Sink{
		Meter:  &Meter{},
		seen:   map[search.Key]struct{}{},
		hits:   newHits(b.Match),
		unread: shelf[result.Unread]{room: b.Found / 8, compare: result.Unread.Compare, cost: unreadCost},
		faults: shelf[Fault]{room: b.Found / 8, compare: compareFaults, cost: func(f Fault) int64 { return unreadCost(f.Unread) }},
	}
}

func unreadCost(u result.Unread) int64 { return 64 + int64(len(u.What)+len(u.Reason)) }

func compareFaults(a, b Fault) int {
	return cmp.Or(cmp.Compare(a.Object, b.Object), a.Unread.Compare(b.Unread))
}

// Hit adds a match.
func (s *Sink) Hit(h Hit) { s.hits.add(h) }

// Hits returns the matches in a stable order, and whether none was dropped.
func (s *Sink) Hits() (list []Hit, all bool) {
	list, lost := s.hits.all()
	return list, lost == 0 && !s.dropped.Load()
}

// Tokens returns how many tokens there are, without those of low confidence.
func (s *Sink) Tokens() int {
	s.hits.mu.Lock()
	defer s.hits.mu.Unlock()
	n := s.told + len(s.hits.high.tokens)
	for key := range s.seen {
		if s.hits.high.tokens[key] == nil {
			n++
		}
	}
	return n
}

// release forgets the matches, which may fill the memory, but not how many tokens there
// were.
func (s *Sink) release() {
	n := s.Tokens()
	s.hits.mu.Lock()
	defer s.hits.mu.Unlock()
	s.told, s.seen, s.hits.high.tokens, s.hits.low.tokens = n, nil, nil, nil
}

// maxSeen bounds the memory of what is only counted.
const maxSeen = 1 << 14

// See counts a match in a text that is still being read, which may take long: its
// hit comes when all of it was read.
func (s *Sink) See(m *rules.Match) {
	s.hits.mu.Lock()
	defer s.hits.mu.Unlock()
	if m.Confidence > rules.Low && len(s.seen) < maxSeen {
		s.seen[search.KeyOf(m)] = struct{}{}
	}
}

// Unread names something that was not read.
func (s *Sink) Unread(what, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unread.add(result.Unread{What: what, Reason: reason})
	if reason == search.TooMany {
		s.dropped.Store(true)
	}
}

// Fault is Unread for a git object.
func (s *Sink) Fault(f Fault) {
	s.Unread(f.What, f.Reason)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.add(f)
}

// Faults returns the faults, and whether nothing else is unread.
func (s *Sink) Faults() (list []Fault, all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list = s.faults.all()
	return list, len(s.unread.all()) == len(list) && s.unread.lost == 0
}

// Clean reports whether everything so far was read.
func (s *Sink) Clean() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.unread.items) == 0
}

// Note adds a text for the user that does not make the scan incomplete.
func (s *Sink) Note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes = append(s.notes, text)
}

// Since returns what a sink has more than at an earlier time, of which before is the
// answer of Since to the zero value. It returns false if something could not be kept.
func (s *Sink) Since(before Progress) (Progress, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := Progress{Bytes: s.Bytes.Load() - before.Bytes, Objects: s.Objects.Load() - before.Objects,
		Commits: s.Commits.Load() - before.Commits, Members: s.Members.Load() - before.Members}
	had := map[result.Unread]bool{}
	for _, u := range before.Unread {
		had[u] = true
	}
	for _, u := range s.unread.all() {
		if !had[u] {
			p.Unread = append(p.Unread, u)
		}
	}
	return p, s.unread.lost == 0 && s.faults.lost == 0 && !s.dropped.Load()
}

// Progress is what a sink has taken, beside matches.
type Progress struct {
	Bytes, Objects, Commits, Members int64
	Unread                           []result.Unread
}

// Add adds what another sink has taken.
func (s *Sink) Add(p Progress) {
	s.Bytes.Add(p.Bytes)
	s.Objects.Add(p.Objects)
	s.Commits.Add(p.Commits)
	s.Members.Add(p.Members)
	for _, u := range p.Unread {
		s.Unread(u.What, u.Reason)
	}
}

// Take adds the matches and counters of another sink, but not what is unread.
func (s *Sink) Take(other *Sink) {
	s.hits = other.hits
	s.Objects.Add(other.Objects.Load())
	s.Bytes.Add(other.Bytes.Load())
	s.Commits.Add(other.Commits.Load())
	s.Members.Add(other.Members.Load())
	s.Texts.Add(other.Texts.Load())
}

// coverage returns what was read and what was not. Tokens in names are masked.
func (s *Sink) coverage(set *rules.Set) result.Coverage {
	unread := slices.Clone(s.unread.all())
	if n := s.unread.lost; n > 0 {
		unread = append(unread, result.Unread{What: "other things", Reason: fmt.Sprintf("%d more could not be read, and are not listed, because a result cannot hold more", n)})
	}
	for i, u := range unread {
		unread[i] = result.Unread{What: set.Redact(u.What), Reason: set.Redact(u.Reason)}
	}
	slices.SortFunc(unread, result.Unread.Compare)
	return result.Coverage{Files: s.Files.Load(), Bytes: s.Bytes.Load(), Objects: s.Objects.Load(), Commits: s.Commits.Load(),
		ArchiveMembers: s.Members.Load(), Texts: s.Texts.Load(), Unread: slices.Compact(unread)}
}
