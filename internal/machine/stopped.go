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
	"sync"
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

// keeper keeps how far a search is. Many goroutines may use it.
type keeper struct {
	path  string                   // of the file; "" to keep nothing
	shown func(path string) string // as people read it

	mu    sync.Mutex
	at    progress
	saved time.Time
}

// newKeeper returns the keeper of a search of roots. It is where a stopped search of
// the same roots was, if there was one.
func newKeeper(opts Options, roots []string, shown func(string) string) *keeper {
	k := &keeper{shown: shown, saved: time.Now()}
	if opts.Cache != "" {
		sum := sha256.Sum256([]byte(strings.Join(roots, "\x00")))
		k.path = filepath.Join(opts.Cache, hex.EncodeToString(sum[:])+"-v"+strconv.Itoa(rules.Version)+"."+strconv.Itoa(searchVersion))
		cachefile.Prune(opts.Cache, ours, maxAge)
	}
	if k.path == "" || opts.Anew || !k.load() {
		k.at = progress{Began: time.Now().UTC().Truncate(time.Second), Left: map[string]*leftOuts{}, again: map[string]bool{}}
	}
	return k
}

// ours matches the names of what is kept.
var ours = regexp.MustCompile(`^[0-9a-f]{64}-v[0-9.]+$`)

// load reads how far a stopped search was, and returns false if that is of no use.
func (k *keeper) load() bool {
	p := &k.at
	if cachefile.Load(k.path, maxProgress, p) != nil || p.After == "" || p.Left == nil || time.Since(p.Began) > maxAge {
		return false
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
	return true
}

// told notes a path that the next search has to read again, and returns false if that
// is not possible.
func (k *keeper) told(path string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := &k.at
	if !p.again[path] {
		if len(p.again) >= maxAgain || holdsToken(path) {
			return false
		}
		p.again[path] = true
	}
	return true
}

// holdsToken reports whether a path has a token in it.
func holdsToken(path string) bool { return rules.Default().Holds(path) }

// reached notes how far the search is.
func (k *keeper) reached(path string, files, bytes int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := &k.at
	p.files += files
	p.bytes += bytes
	if path == "" || holdsToken(path) {
		return
	}
	p.After, p.Files, p.Bytes = path, p.files, p.bytes
	if time.Since(k.saved) > saveEvery {
		_ = k.saveNow() // the last one says what is wrong
	}
}

// left notes what was left out on purpose.
func (k *keeper) left(path, reason string) {
	if reason == scanner.LeftLink && toSystem(path) {
		return
	}
	shown := rules.Redact(k.shown(path))
	k.mu.Lock()
	defer k.mu.Unlock()
	l := k.at.Left[reason]
	if l == nil {
		l = &leftOuts{}
		k.at.Left[reason] = l
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
func (k *keeper) save() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.saveNow()
}

func (k *keeper) saveNow() error {
	k.saved = time.Now()
	if k.path == "" || k.at.After == "" {
		return nil
	}
	k.at.Again = slices.Sorted(maps.Keys(k.at.again))
	if err := cachefile.Save(k.path, k.at); err != nil {
		return fmt.Errorf("how far the search is could not be kept in %s: %s", k.shown(filepath.Dir(k.path)), regular.Cause(err))
	}
	return nil
}

// forget removes what was kept: the search has come to its end.
func (k *keeper) forget() {
	if k.path != "" {
		_ = os.Remove(k.path) // it is not there unless a search was stopped
	}
}

// notSearched lists what was left out.
func (k *keeper) notSearched() []NotSearched {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := []NotSearched{}
	for _, reason := range slices.Sorted(maps.Keys(k.at.Left)) {
		l := k.at.Left[reason]
		slices.Sort(l.First)
		out = append(out, NotSearched{reason, len(l.First) + l.More, l.First})
	}
	return out
}
