package page

import (
	"crypto/rand"
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"
)

// sessionTime is how long a login lasts, whatever is done in it.
const sessionTime = 12 * time.Hour

// maxSessions bounds the memory of sessions. The oldest ends for a new one.
const maxSessions = 256

// sessions are the logins of this process. Their ids are kept as digests, so that the time
// of a look-up tells nothing of them.
type sessions struct {
	now  func() time.Time
	mu   sync.Mutex
	open map[[sha256.Size]byte]session
}

type session struct {
	name string
	from time.Time
}

func newSessions() *sessions {
	return &sessions{now: time.Now, open: map[[sha256.Size]byte]session{}}
}

// begin opens a session and returns its id.
func (s *sessions) begin(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var oldest [sha256.Size]byte
	for id, one := range s.open {
		if s.now().Sub(one.from) >= sessionTime {
			delete(s.open, id)
		} else if old, ok := s.open[oldest]; !ok || one.from.Before(old.from) {
			oldest = id
		}
	}
	if len(s.open) >= maxSessions {
		delete(s.open, oldest)
	}
	id := rand.Text()
	s.open[sha256.Sum256([]byte(id))] = session{name, s.now()}
	return id
}

// name returns whose a session is, and whether there is one.
func (s *sessions) name(id string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.open[sha256.Sum256([]byte(id))]
	return one.name, ok && s.now().Sub(one.from) < sessionTime
}

// end closes a session.
func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, sha256.Sum256([]byte(id)))
}

// How many logins may fail in a minute: of one address, and of all.
const (
	maxFailures    = 10
	maxAllFailures = 100
)

// failures counts the logins that failed, so that nobody can try many tokens.
type failures struct {
	mu    sync.Mutex
	since time.Time
	all   int
	of    map[netip.Addr]int
}

// tooMany counts an attempt of an address as failed, and reports whether there were too
// many to look at it. Counting first lets no two attempts at once through.
func (f *failures) tooMany(from netip.Addr, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.since) >= time.Minute {
		f.since, f.all, f.of = now, 0, map[netip.Addr]int{}
	}
	if f.all >= maxAllFailures || f.of[from] >= maxFailures {
		return true
	}
	f.all++
	f.of[from]++
	return false
}

// forgive takes back what tooMany has counted.
func (f *failures) forgive(from netip.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of[from] > 0 {
		f.all--
		f.of[from]--
	}
}

// network returns whose attempts a request's count among: an address, or a network of
// IPv6, of which one person has all.
func network(remote string) netip.Addr {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return ip
}
