package hooks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/regular"
)

const (
	// keptSuffix ends the name of the folder with the hooks that r8scan replaced.
	// r8scan 0.1.0 appended it to the names of the hooks themselves, and these are
	// still there in repositories where install has not run since.
	keptSuffix = ".before-r8scan"

	// selfLink begins the targets of links that run a dispatcher under another
	// name. Nobody else writes links like this.
	selfLink = "././"

	tempMark = ".r8scan-" // in the names of temporary files
)

// shelf is the folder of the earlier hooks. Scripts put links to the other files
// of the folder of hooks into it.
type shelf struct {
	dir   string // of the kept hooks
	hooks string // of the hooks, with links resolved
}

// shelfOf returns the shelf of a folder of hooks, which need not exist.
func shelfOf(hooks string) shelf {
	hooks = regular.Real(hooks)
	return shelf{dir: hooks + keptSuffix, hooks: hooks}
}

// has reports whether an earlier hook of this name is on the shelf.
func (s shelf) has(name string) bool {
	return exists(filepath.Join(s.dir, name)) && !s.linked(name)
}

// linked reports whether a script made the entry called name.
func (s shelf) linked(name string) bool {
	target, err := os.Readlink(filepath.Join(s.dir, name))
	if err != nil {
		return false
	}
	target = filepath.ToSlash(target)
	return target == "../"+filepath.Base(s.hooks)+"/"+name || strings.HasPrefix(target, selfLink)
}

// unlink removes the entry called name if a script made it: the link would lead to
// r8scan's own hook.
func (s shelf) unlink(name string) error {
	if s.dir == "" || !s.linked(name) {
		return nil
	}
	return os.Remove(filepath.Join(s.dir, name))
}

// make creates the shelf with the permissions of the folder of hooks: a user who
// cannot enter it would not run the kept hook.
func (s shelf) make() error {
	err := os.Mkdir(s.dir, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(s.hooks)
	if err != nil {
		return err
	}
	return os.Chmod(s.dir, info.Mode()&(fs.ModePerm|fs.ModeSetgid|fs.ModeSticky))
}

// put adds the hook at path to the shelf under a name. With a hard link the hook
// also stays at path, so that git finds one at every moment. Without hard links it
// moves, and moved is true.
func (s shelf) put(path, name string) (moved bool, err error) {
	if err := s.make(); err != nil {
		return false, err
	}
	to := filepath.Join(s.dir, name)
	if err := s.unlink(name); err != nil {
		return false, err
	}
	if sameEntry(path, to) { // an install was interrupted
		return false, nil
	}
	if os.Link(path, to) == nil {
		if sameEntry(path, to) {
			return false, nil
		}
		_ = os.Remove(to) // some systems follow a symbolic link, and link its target
	}
	return true, os.Rename(path, to)
}

// link links the files beside the hooks into the shelf. Scripts do the same later,
// but the user who runs them may not be allowed to. Errors are ignored: then the
// scripts try.
func (s shelf) link() error {
	entries, err := os.ReadDir(s.hooks)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		from, to := filepath.Join(s.hooks, name), filepath.Join(s.dir, name)
		if strings.HasSuffix(name, ".sample") || strings.HasSuffix(name, keptSuffix) || strings.Contains(name, tempMark) || exists(to) || isOurs(from) {
			continue
		}
		if _, err := os.Stat(from); err == nil {
			_ = os.Symlink(filepath.Join("..", filepath.Base(s.hooks), name), to)
		}
	}
	return nil
}

// isOurs reports whether the file at path, or the target of that link, begins like
// r8scan's scripts.
func isOurs(path string) bool {
	f, _, err := regular.Follow(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // nothing was written
	head := make([]byte, len(sealStart))
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == sealStart
}

// sameEntry reports whether two paths name the same file or link.
func sameEntry(a, b string) bool {
	x, errX := os.Lstat(a)
	y, errY := os.Lstat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// clear removes the shelf once it holds no earlier hook. Files that the hooks
// wrote beside themselves move back to the folder of hooks; an error names one
// that cannot.
func (s shelf) clear() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return kindByName(e.Name()) != nil && s.has(e.Name()) }) {
		return nil
	}
	for _, e := range entries {
		if err := s.giveBack(e.Name()); err != nil {
			return err
		}
	}
	return os.Remove(s.dir)
}

// giveBack removes one entry from the shelf.
func (s shelf) giveBack(name string) error {
	from, to := filepath.Join(s.dir, name), filepath.Join(s.hooks, name)
	switch {
	case s.linked(name), sameText(from, to): // on a system without links, ln -s copies
		return os.Remove(from)
	case exists(to):
		return fmt.Errorf("left alone: %s and %s differ: remove one of them", from, to)
	}
	if err := os.MkdirAll(s.hooks, 0o755); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// sameText reports whether two regular files have the same content.
func sameText(a, b string) bool {
	x, errX := regular.Read(a, maxHook)
	y, errY := regular.Read(b, maxHook)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// clearTemps removes the temporary files of an interrupted install of the hook at
// path.
func clearTemps(path string) {
	dir, name := filepath.Split(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // removing the hook fails too, and says so
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), name+tempMark) {
			continue
		}
		temp := filepath.Join(dir, e.Name())
		text, err := regular.Read(temp, maxHook)
		if err == nil && (bytes.HasPrefix(text, []byte(sealStart)) || strings.HasPrefix(sealStart, string(text))) {
			_ = os.Remove(temp) // a leftover does no harm
		}
	}
}

// leadsToHook reports whether the link at path has an absolute target that is a
// hook in the same folder. After an install it would lead to r8scan's script.
func leadsToHook(path string) bool {
	target, err := os.Readlink(path)
	if err != nil || !filepath.IsAbs(target) {
		return false
	}
	return kindByName(filepath.Base(target)) != nil && regular.Real(filepath.Dir(target)) == regular.Real(filepath.Dir(path))
}
