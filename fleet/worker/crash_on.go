//go:build crashpoints

package worker

import (
	"os"
	"strconv"
)

// The points where a test stops the process, by the numbers of docs/fleet.md.
const (
	crashFetched = 1 // a job is there, and nothing is done
	crashScanned = 2 // a repository was scanned, and nothing is written
	crashCommit  = 3 // all is written, and the transaction is open
	crashAsked   = 4 // Replicate has answered, and nothing is written
)

// crashAt kills this process at the point that R8SCAN_FLEET_CRASH names.
func crashAt(point int) {
	if n, err := strconv.Atoi(os.Getenv("R8SCAN_FLEET_CRASH")); err != nil || n != point {
		return
	}
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		_ = self.Kill()
	}
	select {}
}
