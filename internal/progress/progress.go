// Package progress shows the progress of a scan on a terminal.
package progress

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"r8scan/internal/door"
	"r8scan/internal/terminal"
	"r8scan/scanner"
)

// Bar is a progress bar on a terminal.
type Bar struct{ bar *progressbar.ProgressBar }

// New returns a bar on w, or nil if w is no terminal. The bar shows numbers
// only.
func New(w io.Writer) *Bar {
	if !terminal.Is(w) {
		return nil
	}
	return &Bar{progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(door.Under(w)),
		progressbar.OptionEnableColorCodes(terminal.Colors(w)),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("objects"),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(100*time.Millisecond),
	)}
}

// Show draws the progress p.
func (b *Bar) Show(p scanner.Progress) {
	if p.Total > 0 && b.bar.GetMax64() != p.Total {
		b.bar.ChangeMax64(p.Total)
	}
	b.bar.Describe(fmt.Sprintf("%d files, %d MB", p.Files, p.Bytes>>20))
	_ = b.bar.Set64(p.Objects) // a scan goes on without its bar
}

// Clear removes the bar from the terminal. It does nothing for a nil Bar.
func (b *Bar) Clear() {
	if b != nil {
		_ = b.bar.Finish() // as in Show
	}
}
