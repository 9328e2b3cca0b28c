//go:build unix

package regular

import (
	"os"
	"syscall"
)

// flags are those to open a file with: whoever puts a pipe in its place is not
// waited for, and a link that takes its place is not followed unless links are.
func flags(follow bool) int {
	if follow {
		return os.O_RDONLY | syscall.O_NONBLOCK
	}
	return os.O_RDONLY | syscall.O_NONBLOCK | syscall.O_NOFOLLOW
}

// folderFlags are those to open a folder with, and nothing else.
const folderFlags = os.O_RDONLY | syscall.O_NONBLOCK | syscall.O_DIRECTORY
