package fetch

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// openSpool opens a file that never has a name, if the file system can do so.
func openSpool(dir string) (*os.File, error) {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err == nil {
		return os.NewFile(uintptr(fd), "the pack"), nil
	}
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EINVAL) {
		return openUnlinked(dir)
	}
	return nil, err
}
