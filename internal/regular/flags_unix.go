//go:build unix

package regular

import (
	"os"
	"syscall"
)

// flags returns the flags to open a file with. If a pipe takes the file's
// place, the open does not wait for a writer. If a link takes its place, the
// open fails unless follow is set.
func flags(follow bool) int {
	if follow {
		return os.O_RDONLY | syscall.O_NONBLOCK
	}
	return os.O_RDONLY | syscall.O_NONBLOCK | syscall.O_NOFOLLOW
}

// folderFlags are the flags to open a folder with; anything else is an error.
const folderFlags = os.O_RDONLY | syscall.O_NONBLOCK | syscall.O_DIRECTORY
