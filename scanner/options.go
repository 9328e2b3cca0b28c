package scanner

import (
	"net/netip"
	"runtime"

	"r8scan/internal/budget"
	"r8scan/internal/visits"
	"r8scan/rules"
)

// The default of Options.MaxMemory, and the least that it can be.
const (
	DefaultMemory = budget.Default
	MinMemory     = budget.Min
)

// Options are shared by all scans. The zero value scans everything, on all
// cores, and keeps findings of every confidence: rules.Low is the lowest.
type Options struct {
	Jobs          int              // goroutines; 0: one per core
	MaxMemory     int64            // bytes for what is read and found, beside mapped packs; 0: 1 GiB
	Rules         *rules.Set       // what is searched for; nil: the rules of package rules
	MinConfidence rules.Confidence // findings below it are counted, not kept
	Include       []string         // doublestar globs; if there are any, only matching paths are scanned
	Exclude       []string         // doublestar globs; matching paths are not scanned
	Config        string           // a configuration file instead of the scanned tree's own; "" for that one
	Baseline      string           // a file of token ids not to report; "" for none
	TrustChange   Trust            // how far a range of commits decides what is allowed in it
	ReportAllowed bool             // report allowed tokens too, and do not read the scanned tree's own configuration
	CheckIDs      bool             // compare all objects with their ids, not only where it is cheap; reads all packs
	Cache         string           // folder that remembers what was found in packs; "" for none
	Visits        Visits           // remembers what servers had at an earlier scan; nil for none
	NeedSecrets   bool             // the values of the findings' secrets will be asked for, so none may be a remembered one
	MaxSize       int64            // bytes of a remote's pack, and of a file beside it; 0: 20 GiB
	Texts         bool             // of a repository on GitHub, given by its URL: read what stands beside it too
	Reach         Reach            // which addresses a remote's git server may have; nil for all
	Wants         []string         // ids in hex of a remote's commits that are read too, though no ref names them
	Progress      *Progress        // tells how far the scan is; nil if nobody wants to know

	longRanges bool // for tests: read every range like a long one
}

// Reach says why an address is not connected to, nil if it is. It gets the host in the URL,
// and the address that it has, or to which the server redirects.
type Reach = func(host string, at netip.AddrPort) error

// Visits keeps what a scan remembers of a server for the next one: ids, places, masks and
// ids of tokens, never a token. Keys have 32 bytes, and tell nobody what was scanned.
type Visits = visits.Store

// VisitsIn returns the Visits in a folder, which need not exist yet; nil for "".
func VisitsIn(dir string) Visits {
	if dir == "" {
		return nil
	}
	return visits.In(dir)
}

// Trust says how far the commits of a range may allow tokens of their own. Without
// it, the scanned tree's configuration, and a baseline or configuration that is one of
// its files, count as they are where the range begins.
type Trust string

// The levels of trust. The zero value is TrustIDs.
const (
	TrustNone Trust = "none" // nothing that the commits add counts
	TrustIDs  Trust = "ids"  // tokens that they allow one by one count, and are marked as Allowed.ByChange
	TrustAll  Trust = "all"  // what they add to excludes, rules and accepted gaps counts too
)

func (o Options) goroutines() int {
	if o.Jobs > 0 {
		return o.Jobs
	}
	return runtime.GOMAXPROCS(0)
}
