package machine

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// mounts are the file systems that are not of this machine, or have no files: why each
// is left out, by the folder that it is mounted at.
type mounts map[string]string

// pseudo are file systems without files of anybody.
var pseudo = []string{
	"autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devfs", "devpts", "devtmpfs", "efivarfs", "fdescfs", "fusectl", "hugetlbfs", "linprocfs", "mqueue", "nsfs",
	"proc", "procfs", "pstore", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tracefs",
}

// network are file systems whose files are on another machine.
var network = []string{
	"9p", "acfs", "afpfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "ftp", "glusterfs", "gpfs", "lustre", "macfuse", "ncpfs", "nfs", "nfs4", "ocfs2", "osxfuse", "panfs", "prl_fs", "pvfs2",
	"smb2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs", "webdav",
}

// localFuse are file systems in user space that keep their files on this machine.
var localFuse = []string{"fuse.bindfs", "fuse.cryfs", "fuse.encfs", "fuse.gocryptfs", "fuse.mergerfs", "fuse.ntfs", "fuse.ntfs-3g", "fuse.securefs", "fuse.unionfs", "fuse.unionfs-fuse"}

// leftOut says why a file system of a type is left out, "" if it is not.
func leftOut(fstype string) string {
	switch {
	case slices.Contains(pseudo, fstype):
		return pseudoFS + fstype + ")"
	case slices.Contains(network, fstype), strings.HasPrefix(fstype, "fuse.") && !slices.Contains(localFuse, fstype):
		return networkFS + fstype + ")"
	}
	return ""
}

// How the reasons begin.
const (
	networkFS = "a network file system ("
	pseudoFS  = "a pseudo file system ("
)

// networkOf returns the type of the network file system that a folder is on, "" if it
// is on none.
func (m mounts) networkOf(dir string) string {
	for {
		if reason, ok := m[dir]; ok {
			fstype, _ := strings.CutPrefix(reason, networkFS)
			if fstype == reason {
				return ""
			}
			return strings.TrimSuffix(fstype, ")")
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

// parseMountinfo reads Linux's /proc/self/mountinfo. A line that it does not understand
// is left out. Of several mounts at one place, the last one counts.
func parseMountinfo(text []byte) mounts {
	m := mounts{}
	for line := range strings.Lines(string(text)) {
		before, after, ok := strings.Cut(line, " - ")
		fields, kinds := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(kinds) < 1 {
			continue
		}
		m[unescaped(fields[4])] = leftOut(kinds[0])
	}
	return m
}

// unescaped replaces \040 and the like, as the kernel writes spaces.
func unescaped(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
