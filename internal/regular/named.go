package regular

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ReadNamed is ReadFollowed for a path that the user named. It also reads the
// null device and the open pipes of a process, such as that of a shell's
// <(command), up to limit bytes. A named pipe on disk may have no writer, so it
// is an error.
func ReadNamed(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil || info.Mode().IsRegular() || !isNull(info) && !isOpenPipe(path, info) {
		return ReadFollowed(path, limit)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // nothing was written
	return All(f, path, 1, limit)
}

func isNull(info fs.FileInfo) bool {
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(null, info)
}

func isOpenPipe(path string, info fs.FileInfo) bool {
	_, isOpen, err := Target(path)
	return err == nil && isOpen && info.Mode()&fs.ModeNamedPipe != 0
}

// Target returns the path that path leads to, which need not exist, and whether
// it is an open file of a process. It does not follow the link of an open file:
// its text is only a former name of that file.
func Target(path string) (target string, isOpen bool, err error) {
	for range 40 { // as many as Linux follows
		dir, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil {
			return "", false, err
		}
		path = filepath.Join(dir, filepath.Base(path))
		if holdsOpenFiles(filepath.ToSlash(dir)) {
			return path, true, nil
		}
		next, err := os.Readlink(path)
		if err != nil {
			return path, false, nil // no link, or nothing there yet
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(dir, next)
		}
		path = next
	}
	return "", false, errors.New("too many links")
}

// holdsOpenFiles reports whether a folder, whose path has no links, holds the
// open files of a process. Other files below /dev, as in /dev/shm, are
// ordinary.
func holdsOpenFiles(dir string) bool {
	return dir == "/dev/fd" || strings.HasPrefix(dir, "/proc/") && strings.HasSuffix(dir, "/fd")
}
