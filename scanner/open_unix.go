//go:build unix

package scanner

import (
	"os"
	"syscall"
)

// openFile opens a file to read. A link or pipe that took the file's place in
// the meantime is not followed and not waited for.
func openFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}
