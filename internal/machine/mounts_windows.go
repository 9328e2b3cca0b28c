package machine

import (
	"path/filepath"
	"syscall"

	"r8scan/internal/regular"

	"golang.org/x/sys/windows"
)

// readMounts returns the drive that the home folder is on. Other drives that are
// mounted in folders are links, which are not followed.
func readMounts(home string) (mounts, error) {
	root := filepath.VolumeName(home) + `\`
	name, err := windows.UTF16PtrFromString(root)
	if err != nil {
		return nil, err
	}
	if windows.GetDriveType(name) == windows.DRIVE_REMOTE {
		return mounts{root: networkFS + "drive)"}, nil
	}
	return mounts{}, nil
}

// elsewhere says why a file is not read whose content is only at a service: reading it
// would fetch it.
func elsewhere(file *regular.File) string {
	const away = windows.FILE_ATTRIBUTE_OFFLINE | windows.FILE_ATTRIBUTE_RECALL_ON_OPEN | windows.FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS
	if s, ok := file.Sys().(*syscall.Win32FileAttributeData); ok && s.FileAttributes&away != 0 {
		return leftElsewhere
	}
	return ""
}
