//go:build !linux && !darwin && !windows

package machine

import (
	"errors"

	"r8scan/internal/regular"
)

// readMounts does not know this system.
func readMounts(string) (mounts, error) {
	return nil, errors.New("which file systems are mounted is not known on this system")
}

// elsewhere says nothing.
func elsewhere(*regular.File) string { return "" }
