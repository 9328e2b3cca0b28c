package scanner

import (
	"sync/atomic"

	"r8scan/internal/collect"
)

// Progress tells how far a scan is. It is for one scan, which is given it as one
// of its options. The zero value is ready to use.
type Progress struct {
	// Sizes lets State know how much there is to read in files too, as far as the
	// scan has come upon them. That costs a system call for each. It is set before
	// the scan.
	Sizes bool

	meter collect.Meter
	sink  atomic.Pointer[collect.Sink] // nil before the scan
	many  atomic.Pointer[many]         // nil for one repository
}

// State is how far a scan is.
type State struct {
	Phase string // in words: what the scan does
	Reads bool   // whether Files, Objects and Tokens grow in this phase

	// Done and Total say how much of the phase is done, in bytes as they are
	// stored. Known is false while nobody can tell the total: it may still grow.
	Done, Total int64
	Known       bool

	Files, Objects int64 // read so far
	AllObjects     int64 // that are there; 0 if not all of them are to be read
	Tokens         int   // found so far, without those of low confidence, with those that are allowed

	Repositories, AllRepositories int // of a scan of many: read so far, and listed; 0 before
}

// of makes p tell of the run that a sink is for.
func (p *Progress) of(sink *collect.Sink) {
	p.meter.Sizes = p.Sizes
	sink.Meter = &p.meter
	p.sink.Store(sink)
}

// State returns how far the scan is now. It may be called at any time, from any
// goroutine.
func (p *Progress) State() State {
	if m := p.many.Load(); m != nil {
		return m.state()
	}
	s := State{Phase: p.meter.Phase(), Done: p.meter.Done.Load(), Total: p.meter.Total.Load(), Objects: p.meter.Objects.Load(), AllObjects: p.meter.AllObjects.Load()}
	s.Known = s.Total > 0 && p.meter.Unlisted.Load() == 0
	if sink := p.sink.Load(); sink != nil {
		s.Files, s.Tokens = sink.Files.Load(), sink.Tokens()
	}
	switch {
	case s.Phase == collect.Receiving && s.Objects > 0, s.Phase == collect.Changes:
		s.Reads, s.AllObjects = true, 0
	case s.Phase == collect.Reading && s.AllObjects > 0:
		s.Reads, s.Phase = true, "reading packs"
	case s.Phase == collect.Reading:
		s.Reads, s.Phase = true, "reading files"
	}
	return s
}
