package main

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"r8scan/internal/door"
	"r8scan/scanner"
)

// bar shows how far a scan is, on a terminal. A nil bar shows nothing.
type bar struct{ *progressbar.ProgressBar }

// progress returns a bar on standard error, nil if nobody would see it. It has
// to know that this is a terminal, and shows numbers only.
func (c command) progress(f scanFlags) *bar {
	if f.noProgress || f.quiet || !isTerminal(c.err) {
		return nil
	}
	return &bar{progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(door.Under(c.err)),
		progressbar.OptionEnableColorCodes(colors(c.err)),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("objects"),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(100*time.Millisecond),
	)}
}

// callback returns what the scanner calls, nil for a nil bar.
func (b *bar) callback() func(scanner.Progress) {
	if b == nil {
		return nil
	}
	return func(p scanner.Progress) {
		if p.Total > 0 && b.GetMax64() != p.Total {
			b.ChangeMax64(p.Total)
		}
		b.Describe(fmt.Sprintf("%d files, %d MB", p.Files, p.Bytes>>20))
		_ = b.Set64(p.Objects) // a bar that cannot be drawn is no reason to stop
	}
}

// clear takes the bar off the terminal.
func (b *bar) clear() {
	if b != nil {
		_ = b.Finish() // likewise
	}
}
