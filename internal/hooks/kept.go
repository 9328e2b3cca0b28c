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
	// keptSuffix ends the name of the folder with the hooks that r8scan's stand in
	// the place of. Up to 0.1.0 it ended the names of the hooks, in their own
	// folder, and so it does in repositories that were not installed anew.
	keptSuffix = ".before-r8scan"

	// selfLink begins the targets of links by which a dispatcher is run under
	// another name. No one else writes it so.
	selfLink = "././"

	tempMark = ".r8scan-" // in the names of files that are being written
)

// shelf is the folder of the hooks that were there before r8scan's. Scripts put
// links to the other files of the folder of hooks into it.
type shelf struct {
	dir   string // of the kept hooks
	hooks string // of the hooks, with its links followed
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

// linked reports whether a script has made the entry called name.
func (s shelf) linked(name string) bool {
	target, err := os.Readlink(filepath.Join(s.dir, name))
	if err != nil {
		return false
	}
	target = filepath.ToSlash(target)
	return target == "../"+filepath.Base(s.hooks)+"/"+name || strings.HasPrefix(target, selfLink)
}

// unlink removes the entry called name if a script has made it: once r8scan's
// hook is in the place that it leads to, it would run that.
func (s shelf) unlink(name string) error {
	if s.dir == "" || !s.linked(name) {
		return nil
	}
	return os.Remove(filepath.Join(s.dir, name))
}

// make makes the shelf, for those who may enter the folder of hooks: a hook that
// they cannot reach would be passed over.
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

// put makes the shelf hold the hook at path under a name. The hook stays where
// it is if the file system lets it have two names, so that git finds one at
// every moment; else it moves, and moved is true.
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
		_ = os.Remove(to) // some systems follow a link, and name what it leads to
	}
	return true, os.Rename(path, to)
}

// link makes what stands beside the hooks appear on the shelf, as scripts do with
// what comes later: whoever runs them may have no right to. Where that is the
// one who installs, or a system without links, scripts are left to it.
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

// isOurs reports whether the file at path, or the one that it links to, begins as
// r8scan's scripts do.
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

// sameEntry reports whether two paths name one file, or one link.
func sameEntry(a, b string) bool {
	x, errX := os.Lstat(a)
	y, errY := os.Lstat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// clear takes the shelf away once no earlier hook is on it. What the hooks have
// written beside themselves goes to where they are again; an error names what
// cannot, and stays.
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

// giveBack takes one entry off the shelf.
func (s shelf) giveBack(name string) error {
	from, to := filepath.Join(s.dir, name), filepath.Join(s.hooks, name)
	switch {
	case s.linked(name), sameText(from, to): // where there are no links, scripts have copied
		return os.Remove(from)
	case exists(to):
		return fmt.Errorf("left alone: %s and %s differ: keep one of them", from, to)
	}
	if err := os.MkdirAll(s.hooks, 0o755); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// sameText reports whether two regular files hold the same.
func sameText(a, b string) bool {
	x, errX := regular.Read(a, maxHook)
	y, errY := regular.Read(b, maxHook)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// clearTemps removes what an interrupted install was writing for the hook at
// path.
func clearTemps(path string) {
	dir, name := filepath.Split(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // the hook's own removal says it
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), name+tempMark) {
			continue
		}
		temp := filepath.Join(dir, e.Name())
		text, err := regular.Read(temp, maxHook)
		if err == nil && (bytes.HasPrefix(text, []byte(sealStart)) || strings.HasPrefix(sealStart, string(text))) {
			_ = os.Remove(temp) // it does no harm
		}
	}
}

// leadsToHook reports whether the link at path names, from the root, a hook of
// its folder. r8scan's would be in the place that it leads to.
func leadsToHook(path string) bool {
	target, err := os.Readlink(path)
	if err != nil || !filepath.IsAbs(target) {
		return false
	}
	return kindByName(filepath.Base(target)) != nil && regular.Real(filepath.Dir(target)) == regular.Real(filepath.Dir(path))
}
