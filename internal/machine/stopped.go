package machine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"r8scan/internal/cachefile"
	"r8scan/internal/pattern"
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
}

// quoted returns p with its paths as they are in JSON, where a name may have bytes that
// are not UTF-8.
func (p progress) quoted() progress {
	p.After = strconv.Quote(p.After)
	p.Again = slices.Clone(p.Again)
	for i, path := range p.Again {
		p.Again[i] = strconv.Quote(path)
	}
	return p
}

// unquoted is what quoted was called for. It returns false if p is of no use.
func (p progress) unquoted() (progress, bool) {
	var err error
	if p.After, err = strconv.Unquote(p.After); err != nil || p.After == "" || time.Since(p.Began) > maxAge {
		return p, false
	}
	for i, path := range p.Again {
		if p.Again[i], err = strconv.Unquote(path); err != nil {
			return p, false
		}
	}
	if p.Left == nil {
		p.Left = map[string]*leftOuts{}
	}
	maps.DeleteFunc(p.Left, func(_ string, l *leftOuts) bool { return l == nil })
	return p, true
}

// leftOuts are things that were left out for one reason.
type leftOuts struct {
	First []string // as shown, maxLeft at most
	More  int
}

// Limits on what is kept.
const (
	maxAgain    = 2 << 20        // bytes of paths
	maxLeft     = 50             // paths of a reason
	maxProgress = 16 << 20       // bytes of the file
	maxAge      = 48 * time.Hour // then files have changed too much
	saveEvery   = 2 * time.Second
)

// searchVersion is raised whenever a search reads more, or keeps something else.
const searchVersion = 1

// keeper keeps how far a search is. Many goroutines may use it.
type keeper struct {
	path  string                   // of the file; "" to keep nothing
	shown func(path string) string // as people read it

	mu           sync.Mutex
	at           progress
	again        map[string]bool // at.Again, and what was told since
	againLen     int             // bytes of it
	continued    bool            // another search has begun it
	files, bytes int64           // read by all of the searches
	saved        time.Time
}

// newKeeper returns the keeper of a search of roots. It is where a stopped search of
// the same roots was, if there was one.
func newKeeper(opts Options, roots []string, shown func(string) string) *keeper {
	k := &keeper{shown: shown, saved: time.Now(), again: map[string]bool{}, at: progress{Began: time.Now().UTC().Truncate(time.Second), Left: map[string]*leftOuts{}}}
	if opts.Cache != "" {
		sum := sha256.Sum256([]byte(strings.Join(roots, "\x00")))
		k.path = filepath.Join(opts.Cache, hex.EncodeToString(sum[:])+"-v"+strconv.Itoa(rules.Version)+"."+strconv.Itoa(searchVersion))
		cachefile.Prune(opts.Cache, ours, maxAge)
	}
	if k.path != "" && !opts.Anew {
		k.load()
	}
	return k
}

// ours matches the names of what is kept.
var ours = pattern.Of(`^[0-9a-f]{64}-v[0-9.]+$`)

// load reads how far a stopped search was, if that is of use.
func (k *keeper) load() {
	var p progress
	if cachefile.Load(k.path, maxProgress, &p) != nil {
		return
	}
	p, ok := p.unquoted()
	if !ok {
		return
	}
	k.at, k.continued, k.files, k.bytes = p, true, p.Files, p.Bytes
	for _, path := range p.Again {
		k.again[path] = true
		k.againLen += len(path)
	}
}

// told notes a path that the next search has to read again, and returns false if that
// is not possible.
func (k *keeper) told(path string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.again[path] {
		if k.againLen+len(path) > maxAgain || holdsToken(path) {
			return false
		}
		k.again[path] = true
		k.againLen += len(path)
	}
	return true
}

// holdsToken reports whether a path has a token in it.
func holdsToken(path string) bool { return rules.Default().Holds(path) }

// reached notes how far the search is.
func (k *keeper) reached(path string, files, bytes int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.files += files
	k.bytes += bytes
	if path == "" || holdsToken(path) {
		return
	}
	k.at.After, k.at.Files, k.at.Bytes = path, k.files, k.bytes
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

// notKept is why the next search cannot go on where this one was stopped.
type notKept string

func (n notKept) Error() string { return "how far the search is could not be kept" + string(n) }

// Next says what the next search does after err has stopped one.
func Next(err error) string {
	var not notKept
	if errors.As(err, &not) {
		return "the next r8scan doctor --machine begins anew: " + not.Error()
	}
	return "the next r8scan doctor --machine goes on from here"
}

// save keeps how far the search is. Its error is a notKept.
func (k *keeper) save() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.saveNow()
}

func (k *keeper) saveNow() error {
	k.saved = time.Now()
	if k.path == "" {
		return notKept(": there is no cache folder")
	}
	if k.at.After == "" {
		return nil
	}
	k.at.Again = slices.Sorted(maps.Keys(k.again))
	if err := cachefile.Save(k.path, k.at.quoted()); err != nil {
		return notKept(" in " + k.shown(filepath.Dir(k.path)) + ": " + regular.Cause(err))
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
