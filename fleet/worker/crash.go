//go:build !crashpoints

package worker

// The points where a test stops the process: see crash_on.go.
const (
	crashFetched = 1
	crashScanned = 2
	crashCommit  = 3
	crashAsked   = 4
)

func crashAt(int) {}
