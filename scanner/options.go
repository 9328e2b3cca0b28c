package scanner

import (
	"runtime"

	"r8scan/internal/budget"
	"r8scan/rules"
)

// What Options.MaxMemory is if it is 0, and the least that it can be.
const (
	DefaultMemory = budget.Default
	MinMemory     = budget.Min
)

// Options are shared by all scans. The zero value scans everything, on all
// cores, and keeps findings of every confidence: rules.Low is the lowest.
type Options struct {
	Jobs          int              // goroutines; 0: one a core
	MaxMemory     int64            // bytes that what is read and found may take, beside mapped packs; 0: 1 GiB
	Rules         *rules.Set       // what is searched for; nil: the rules of package rules
	MinConfidence rules.Confidence // findings below it are counted, not kept
	Include       []string         // doublestar globs; if there are any, only paths that match one are kept
	Exclude       []string         // doublestar globs; paths that match one are left out
	Config        string           // configuration file to read instead of the scanned tree's own; "" for that one
	Baseline      string           // file of token ids to leave alone; "" for none
	ReportAllowed bool             // report what is allowed too, and read no configuration that is not named
	CheckIDs      bool             // compare all objects with their ids, not only those where it is cheap; needs all packs to be read
	Cache         string           // folder that remembers what was found in packs; "" for none
	Progress      *Progress        // tells how far the scan is; nil if nobody wants to know

	longRanges bool // tests: a range of any length is read like a long one
}

func (o Options) goroutines() int {
	if o.Jobs > 0 {
		return o.Jobs
	}
	return runtime.GOMAXPROCS(0)
}
