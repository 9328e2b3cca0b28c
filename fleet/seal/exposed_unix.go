//go:build unix

package seal

import (
	"io/fs"
	"os"
	"syscall"
)

// exposed reports whether others may read a file of this user, by ssh's rule: a file of
// another user, such as one that is mounted by a service manager, is that user's concern.
func exposed(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid() && info.Mode().Perm()&0o077 != 0
}
