package machine

import (
	"syscall"

	"r8scan/internal/regular"

	"golang.org/x/sys/unix"
)

// readMounts returns this machine's mounts.
func readMounts(string) (mounts, error) {
	n, err := unix.Getfsstat(nil, unix.MNT_NOWAIT)
	if err != nil {
		return nil, err
	}
	list := make([]unix.Statfs_t, n)
	if n, err = unix.Getfsstat(list, unix.MNT_NOWAIT); err != nil {
		return nil, err
	}
	m := mounts{}
	for _, s := range list[:n] {
		fstype := unix.ByteSliceToString(s.Fstypename[:])
		reason := leftOut(fstype)
		if reason == "" && s.Flags&unix.MNT_LOCAL == 0 {
			reason = networkFS + fstype + ")"
		}
		m[unix.ByteSliceToString(s.Mntonname[:])] = reason
	}
	return m, nil
}

// elsewhere says why a file is not read whose content is only at a service: reading it
// would fetch it.
func elsewhere(file *regular.File) string {
	if s, ok := file.Sys().(*syscall.Stat_t); ok && s.Flags&unix.SF_DATALESS != 0 {
		return leftElsewhere
	}
	return ""
}
