//go:build unix

package machine

import (
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// readers says who can read a file, beside its owner and root: "" for nobody, and for a
// link, which has no mode of its own: chmod would change what it leads to.
func (x *exposures) readers(path string) string {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSymlink != 0 {
		return ""
	}
	group, others := x.passes(filepath.Dir(path))
	switch {
	case info.Mode()&0o004 != 0 && others:
		return everyone
	case info.Mode()&0o040 != 0 && group:
		return groupOf(info)
	}
	return ""
}

// groupOf names the group of a file, "" if nobody else is in it: on many systems each
// user has a group of the same name.
func groupOf(info fs.FileInfo) string {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "its group"
	}
	id := strconv.FormatUint(uint64(s.Gid), 10)
	g, err := user.LookupGroupId(id)
	if err != nil {
		return "the group " + id
	}
	if u, err := user.LookupId(strconv.FormatUint(uint64(s.Uid), 10)); err == nil && u.Gid == id && u.Username == g.Name {
		return ""
	}
	return "the group " + g.Name
}
