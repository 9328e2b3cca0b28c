package machine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"r8scan/internal/cachefile"
	"r8scan/internal/regular"
	"r8scan/rules"
	"r8scan/scanner"
)

// progress is how far a search is. It is kept when a search is stopped. It holds paths,
// and no path with a token.
type progress struct {
	Began        time.Time
	After        string               // everything up to this path was read
	Again        []string             // paths up to there with a token, or something unread: the next search reads them again
	Files, Bytes int64                // read up to there
	Left         map[string]*leftOuts // what was left out, by reason

	again        map[string]bool // Again, and what was told since
	stays        bool            // After gets no further: what comes behind cannot be kept
	continued    bool            // another search has begun it
	files, bytes int64           // read by all of the searches
}

// leftOuts are things that were left out for one reason.
type leftOuts struct {
	First []string // as shown, maxLeft at most
	More  int
}

// Limits on what is kept.
const (
	maxAgain    = 20_000 // paths
	maxLeft     = 50     // paths of a reason
	maxProgress = 16 << 20
	maxAge      = 48 * time.Hour // then files have changed too much
	saveEvery   = 2 * time.Second
)

// searchVersion is raised whenever a search reads more, or keeps something else.
const searchVersion = 1

// Reasons for what is left out, beside those of scanner's.
const leftElsewhere = "a file whose content is only at a cloud service: reading it would fetch it"

// key tells searches of the same places apart from others.
func (s *search) key() string {
	sum := sha256.Sum256([]byte(strings.Join(s.roots(), "\x00")))
	return hex.EncodeToString(sum[:]) + "-v" + strconv.Itoa(rules.Version) + "." + strconv.Itoa(searchVersion)
}

// ours matches the names of what is kept.
var ours = regexp.MustCompile(`^[0-9a-f]{64}-v[0-9.]+$`)

// load returns how far a stopped search was, or the beginning of a new one.
func load(opts Options, key string) progress {
	fresh := progress{Began: time.Now().UTC().Truncate(time.Second), Left: map[string]*leftOuts{}, again: map[string]bool{}}
	if opts.Cache == "" {
		return fresh
	}
	cachefile.Prune(opts.Cache, ours, maxAge)
	var p progress
	if opts.Anew || cachefile.Load(filepath.Join(opts.Cache, key), maxProgress, &p) != nil || p.After == "" || p.Left == nil || time.Since(p.Began) > maxAge {
		return fresh
	}
	for reason, l := range p.Left {
		if l == nil {
			delete(p.Left, reason)
		}
	}
	p.again, p.continued, p.files, p.bytes = map[string]bool{}, true, p.Files, p.Bytes
	for _, path := range p.Again {
		p.again[path] = true
	}
	return p
}

// told notes a path that the next search has to read again.
func (s *search) told(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &s.progress
	switch {
	case p.again[path]:
	case len(p.again) >= maxAgain || holdsToken(path):
		p.stays = true
	default:
		p.again[path] = true
	}
}

// holdsToken reports whether a path has a token in it.
func holdsToken(path string) bool { return rules.Default().Holds(path) }

// reached notes how far the search is.
func (s *search) reached(path string, files, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &s.progress
	p.files += files
	p.bytes += bytes
	if path == "" || p.stays || holdsToken(path) {
		return
	}
	p.After, p.Files, p.Bytes = path, p.files, p.bytes
	if time.Since(s.saved) > saveEvery {
		_ = s.saveNow() // the last one says what is wrong
	}
}

// left notes what was left out on purpose.
func (s *search) left(path, reason string) {
	if reason == scanner.LeftLink && toSystem(path) {
		return
	}
	shown := rules.Redact(s.shown(path))
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.progress.Left[reason]
	if l == nil {
		l = &leftOuts{}
		s.progress.Left[reason] = l
	}
	switch {
	case slices.Contains(l.First, shown):
	case len(l.First) < maxLeft:
		l.First = append(l.First, shown)
	default:
		l.More++
	}
}

// systemFolders hold programs and no user's files. Environments of Python and the like
// are full of links there.
var systemFolders = []string{"/usr", "/bin", "/sbin", "/lib", "/lib64", "/opt", "/nix", "/snap", "/var/lib", "/proc", "/sys", "/dev", "/run", "/System", "/Library", "/Applications", "/home/linuxbrew"}

// toSystem reports whether a link leads into one of systemFolders.
func toSystem(link string) bool {
	to, err := os.Readlink(link)
	if err != nil {
		return false
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(filepath.Dir(link), to)
	}
	return runtime.GOOS != "windows" && slices.ContainsFunc(systemFolders, func(dir string) bool { return regular.Contains(dir, to) })
}

// save keeps how far the search is.
func (s *search) save() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saveNow()
}

func (s *search) saveNow() error {
	s.saved = time.Now()
	if s.opts.Cache == "" || s.progress.After == "" {
		return nil
	}
	s.progress.Again = slices.Sorted(maps.Keys(s.progress.again))
	if err := cachefile.Save(filepath.Join(s.opts.Cache, s.key()), s.progress); err != nil {
		return fmt.Errorf("how far the search is could not be kept in %s: %s", s.shown(s.opts.Cache), regular.Cause(err))
	}
	return nil
}

// forget removes what was kept: the search has come to its end.
func (s *search) forget() {
	if s.opts.Cache != "" {
		_ = os.Remove(filepath.Join(s.opts.Cache, s.key())) // it is not there unless a search was stopped
	}
}
