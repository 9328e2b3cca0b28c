package collect

import (
	"io"
	"sync/atomic"
)

// The phases of a run. Reading is the first one, unless a server sends what is read.
const (
	Texts     = "reading texts beside the repository"
	Receiving = "receiving objects"
	Naming    = "computing the ids of objects"
	Reading   = "reading"
	Commits   = "reading commits"
	Changes   = "reading what commits change"
	Following = "following tokens through history"
)

// Meter counts how far a run is, for who watches it. All the sinks of a run share
// one, and many goroutines may use it.
type Meter struct {
	// Sizes makes a walk announce the files of a folder with their sizes before it
	// reads them, which costs a system call for each.
	Sizes bool

	Objects, AllObjects atomic.Int64 // read, and there
	Done, Total         atomic.Int64 // of the phase, in bytes as they are stored
	Unlisted            atomic.Int64 // folders and repositories with something in them that Total lacks

	phase atomic.Pointer[string]
}

// Begin begins a phase with so much to do.
func (m *Meter) Begin(phase string, total int64) {
	m.Done.Store(0)
	m.Total.Store(total)
	m.phase.Store(&phase)
}

// Phase returns the phase that the run is in.
func (m *Meter) Phase() string {
	if p := m.phase.Load(); p != nil {
		return *p
	}
	return Reading
}

// Part returns the reading of something that was announced as size bytes.
func (m *Meter) Part(size int64) *Part { return &Part{meter: m, left: size} }

// Part is a piece of a run's work.
type Part struct {
	meter *Meter
	left  int64 // of what was announced
}

// Reader counts what is read of r. What is more than announced is counted all the
// same.
func (p *Part) Reader(r io.Reader) io.Reader { return partReader{p, r} }

// End counts the rest of the part as done.
func (p *Part) End() { p.done(p.left) }

func (p *Part) done(n int64) {
	if more := n - p.left; more > 0 {
		p.meter.Total.Add(more)
	}
	p.left = max(0, p.left-n)
	p.meter.Done.Add(n)
}

type partReader struct {
	*Part
	r io.Reader
}

func (p partReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.done(int64(n))
	return n, err
}
