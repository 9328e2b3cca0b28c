// Package progress shows on a terminal how far a scan is.
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

// Bar shows how far a scan is, on a terminal.
type Bar struct{ bar *progressbar.ProgressBar }

// New returns a bar on w, nil if nobody would see it. It has to know that
// this is a terminal, and shows numbers only.
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

// Show shows p.
func (b *Bar) Show(p scanner.Progress) {
	if p.Total > 0 && b.bar.GetMax64() != p.Total {
		b.bar.ChangeMax64(p.Total)
	}
	b.bar.Describe(fmt.Sprintf("%d files, %d MB", p.Files, p.Bytes>>20))
	_ = b.bar.Set64(p.Objects) // a bar that cannot be drawn is no reason to stop
}

// Clear takes the bar off the terminal. A nil Bar has nothing there.
func (b *Bar) Clear() {
	if b != nil {
		_ = b.bar.Finish() // likewise
	}
}
