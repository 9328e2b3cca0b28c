package packcache

import (
	"fmt"
	"io/fs"
	"syscall"
)

// identity returns the file's device, inode and change time, which no program
// can set.
func identity(info fs.FileInfo) string {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d %d %d.%d", s.Dev, s.Ino, s.Ctim.Sec, s.Ctim.Nsec)
}
