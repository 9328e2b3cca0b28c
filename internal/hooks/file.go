package hooks

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"r8scan/internal/regular"
)

// hookState says whose a hook is.
type hookState int

const (
	hookAbsent  hookState = iota
	hookOurs              // as r8scan wrote it
	hookChanged           // r8scan's, changed since
	hookForeign
)

// maxHook bounds the size of a hook. Some hooks are programs.
const maxHook = 256 << 20

// inspect reads the hook at path, following a link, and says whose it is. text
// is nil if the hook is absent or a broken link.
func inspect(path string) (state hookState, text []byte, err error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return hookAbsent, nil, nil
	}
	if err != nil {
		return 0, nil, err
	}
	text, err = regular.ReadFollowed(path, maxHook)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return hookForeign, nil, nil
	case errors.Is(err, regular.ErrOther):
		return 0, nil, fmt.Errorf("%s is not a file: move it away first", path)
	case err != nil:
		return 0, nil, err
	}
	ours, intact := sealed(text)
	switch {
	case !ours || !info.Mode().IsRegular():
		return hookForeign, text, nil
	case !intact:
		return hookChanged, text, nil
	}
	return hookOurs, text, nil
}

// file is one hook in a folder of hooks.
type file struct {
	kind  *kind
	path  string
	state hookState
	text  []byte // nil if there is no hook
	shelf shelf
	kept  string // where an earlier hook is kept, "" if none is
}

// besides returns where r8scan 0.1.0 and older kept the earlier hook.
func (h *file) besides() string { return h.path + keptSuffix }

// shelved returns where an earlier hook is kept now.
func (h *file) shelved() string { return filepath.Join(h.shelf.dir, filepath.Base(h.path)) }

// openHook inspects a hook of dir.
func openHook(dir string, g *kind) (*file, error) {
	h := &file{kind: g, path: filepath.Join(dir, g.name), shelf: shelfOf(dir)}
	var err error
	if h.state, h.text, err = inspect(h.path); err != nil {
		return nil, err
	}
	switch {
	case h.shelf.has(g.name):
		h.kept = h.shelved()
	case exists(h.besides()):
		h.kept = h.besides()
	}
	return h, nil
}

// mayInstall says why r8scan may not take the hook's place, nil if it may.
func (h *file) mayInstall() error {
	switch {
	case h.state == hookChanged:
		return fmt.Errorf("%s was changed after r8scan wrote it: move it away, then run install again", h.path)
	case h.state == hookForeign && h.kept != "" && !sameEntry(h.path, h.kept):
		return fmt.Errorf("%s is not r8scan's, and %s keeps an older one: move one of them away first", h.path, h.kept)
	case h.kept == h.shelved() && exists(h.besides()) && !sameEntry(h.kept, h.besides()):
		return fmt.Errorf("%s and %s both keep an older hook: move one of them away first", h.kept, h.besides())
	case h.state == hookForeign && leadsToHook(h.path):
		return fmt.Errorf("%s is an absolute link to another hook: make it a relative link first", h.path)
	}
	// Git for Windows runs pre-commit.exe only if there is no pre-commit.
	if exe := h.path + ".exe"; runtime.GOOS == "windows" && exists(exe) {
		return fmt.Errorf("git would no longer run the hook %s: move it away first", exe)
	}
	return nil
}

// script returns r8scan's script for the hook.
func (h *file) script(binary string) []byte {
	return checkScript(h.kind, keptChain(h.shelf.hooks, h.kept != "" || h.state == hookForeign), binary)
}

// install replaces the hook by script and keeps the earlier one. It returns false
// if there was nothing to do. If it is interrupted, git still finds one of the two
// hooks, if the file system has hard links.
func (h *file) install(script []byte) (bool, error) {
	if h.state == hookOurs && bytes.Equal(h.text, script) && executable(h.path) && h.kept != h.besides() {
		return false, nil
	}
	temp, err := writeTemp(h.path, script)
	if err != nil {
		return false, err
	}
	defer os.Remove(temp) // fails once it is renamed
	from := h.kept        // where the hook to keep is now
	if h.state == hookForeign {
		from = h.path
	}
	moved := false
	if from != "" && from != h.shelved() {
		if moved, err = h.shelf.put(from, filepath.Base(h.path)); err != nil {
			return false, err
		}
		h.kept = h.shelved()
	} else if from == "" {
		if err := h.shelf.unlink(filepath.Base(h.path)); err != nil {
			return false, err
		}
	}
	if err := os.Rename(temp, h.path); err != nil {
		if moved {
			err = errors.Join(err, os.Rename(h.kept, from))
		}
		return false, err
	}
	if h.kept != "" && sameEntry(h.kept, h.besides()) {
		return true, os.Remove(h.besides())
	}
	return true, nil
}

// movedSuffixes are what pre-commit and lefthook append to the names of hooks
// that they find. pre-commit keeps running them.
var movedSuffixes = [...]string{".legacy", ".old"}

// mayUninstall says why r8scan may not remove the hook, nil if it may.
func (h *file) mayUninstall() error {
	for _, suffix := range movedSuffixes {
		if state, _, _ := inspect(h.path + suffix); state == hookOurs || state == hookChanged {
			return fmt.Errorf("left alone: another hook manager moved r8scan's hook to %s%s; uninstall that manager first, or remove the file", h.path, suffix)
		}
	}
	switch {
	case h.state == hookChanged:
		return fmt.Errorf("left alone: %s was changed after r8scan wrote it; remove r8scan's part by hand", h.path)
	case h.state == hookForeign && h.kept != "" && !sameEntry(h.path, h.kept):
		return fmt.Errorf("left alone: %s is no longer r8scan's; your earlier hook is still in %s", h.path, h.kept)
	case h.kept == h.shelved() && exists(h.besides()) && !sameEntry(h.kept, h.besides()):
		return fmt.Errorf("left alone: %s and %s both keep an older hook; move one of them away", h.kept, h.besides())
	}
	return nil
}

// uninstall removes r8scan's hook and puts the earlier one back. It returns false
// if there was nothing to do.
func (h *file) uninstall() (bool, error) {
	clearTemps(h.path)
	switch {
	case h.state == hookForeign && h.kept != "": // an install was interrupted, and both are the earlier hook
		return true, errors.Join(os.Remove(h.kept), h.shelf.clear())
	case h.state == hookForeign || h.state == hookAbsent && h.kept == "":
		return false, h.shelf.clear()
	case h.kept == "":
		return true, errors.Join(os.Remove(h.path), h.shelf.clear())
	}
	err := os.MkdirAll(filepath.Dir(h.path), 0o755) // somebody may have removed it
	if err == nil {
		err = os.Rename(h.kept, h.path)
	}
	if err != nil {
		return false, err
	}
	if sameEntry(h.path, h.besides()) { // an update was interrupted
		if err := os.Remove(h.besides()); err != nil {
			return true, err
		}
	}
	return true, h.shelf.clear()
}

// writeTemp writes an executable file next to path, to be renamed to path. Every
// user may run it, whatever the umask: git skips a hook that it may not run.
func writeTemp(path string, text []byte) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+tempMark+"*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	if err == nil && runtime.GOOS != "windows" {
		err = f.Chmod(0o755)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// executable reports whether git would run the hook at path. On Windows, git runs
// every hook that begins with #!.
func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && (runtime.GOOS == "windows" || info.Mode()&0o111 != 0)
}
