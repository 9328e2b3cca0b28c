package odb

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/git/wire"
	"r8scan/internal/regular"
)

// Folders are object directories that are read as one.
type Folders struct {
	Dirs []string
	Lent []bool // for each directory: only its objects are read, no other files
	// Reach returns an error for a link that may not be followed. With nil, all
	// links are followed.
	Reach func(path string) error
}

// follow returns an error if path is a link that is not followed.
func (f *Folders) follow(path string) error {
	if f.Reach == nil {
		return nil
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return nil
	}
	return f.Reach(path)
}

// listing is the content of object directories.
type listing struct {
	Folders
	hash  int
	dirs  []string // cleaned
	lent  bool     // the current directory is lent
	packs []string // paths of packs that have an index
	loose []looseFile
	stray []string // files that are not git's

	problems []Problem
}

// looseFile is a file with the name of a loose object.
type looseFile struct{ id, path string }

// listFolders lists object directories. hash is the length of ids in bytes.
func listFolders(f Folders, hash int) *listing {
	l := &listing{Folders: f, hash: hash}
	for _, dir := range f.Dirs {
		l.dirs = append(l.dirs, filepath.Clean(dir))
	}
	for i, dir := range f.Dirs {
		l.lent = f.Lent[i]
		l.list(dir)
	}
	return l
}

func (l *listing) problem(what, reason string) {
	l.problems = append(l.problems, Problem{what, reason})
}

// list finds the packs and loose objects of one object directory.
func (l *listing) list(dir string) {
	for _, e := range l.entries(dir) {
		strays := len(l.stray)
		switch name := e.Name(); {
		case l.leadsOut(dir, e):
		case isLooseDir(name) && isDir(dir, e):
			l.listLoose(dir, name)
		case name == "pack" && isDir(dir, e):
			l.listPacks(filepath.Join(dir, name))
		case l.lent:
		case name == "info" && isDir(dir, e):
			l.listInfo(filepath.Join(dir, name))
		case e.IsDir() && slices.Contains(l.dirs, filepath.Join(dir, name)): // the quarantine of a push
		case e.IsDir():
			if path := filepath.Join(dir, name); len(l.entries(path)) > 0 {
				l.problem(path, "it is no folder of objects and was not read")
			}
		default:
			l.takeStray(dir, e)
		}
		if e.Type()&os.ModeSymlink != 0 && len(l.stray) > strays {
			l.stray = l.stray[:strays]
			l.problem(filepath.Join(dir, e.Name()), "it is a link to a folder with other files than objects: those were not read")
		}
	}
}

// maxListed is how many entries of a folder are read.
const maxListed = 1 << 20

// entries lists a folder. Errors are problems.
func (l *listing) entries(dir string) []os.DirEntry {
	entries, err := regular.List(dir, maxListed)
	if err != nil {
		l.problem(dir, pathless(err).Error())
	}
	return entries
}

// leadsOut reports whether an entry of dir is a link that is not followed, and
// adds a problem for it.
func (l *listing) leadsOut(dir string, e os.DirEntry) bool {
	if e.Type()&os.ModeSymlink == 0 || l.Reach == nil {
		return false
	}
	path := filepath.Join(dir, e.Name())
	err := l.Reach(path)
	if err != nil {
		l.problem(path, err.Error())
	}
	return err != nil
}

// isDir reports whether an entry of dir is a folder, or a link to one, as some
// tools make.
func isDir(dir string, e os.DirEntry) bool {
	if e.Type()&os.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(filepath.Join(dir, e.Name()))
	return err == nil && info.IsDir()
}

// isLooseDir reports whether name is one of objects/00 … objects/ff.
func isLooseDir(name string) bool { return len(name) == 2 && wire.IsHex(name) }

func (l *listing) listLoose(dir string, name string) {
	sub := filepath.Join(dir, name)
	for _, f := range l.entries(sub) {
		path := filepath.Join(sub, f.Name())
		if l.leadsOut(sub, f) {
			continue
		}
		if len(f.Name()) != 2*l.hash-2 || !wire.IsHex(f.Name()) {
			l.takeStray(sub, f)
			continue
		}
		l.loose = append(l.loose, looseFile{id: name + f.Name(), path: path})
	}
}

// multiIndexes is the folder of incremental multi-pack indexes.
const multiIndexes = "multi-pack-index.d"

// listPacks lists packs. Other files are searched as texts, although git reads
// most of them as tables (.rev, .bitmap, .mtimes, multi-pack-index): a name
// proves nothing.
func (l *listing) listPacks(dir string) {
	entries := l.entries(dir)
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return l.leadsOut(dir, e) })
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool {
		beside := isAppleDouble(filepath.Join(dir, e.Name()))
		if beside {
			l.takeStray(dir, e)
		}
		return beside
	})
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	for _, e := range entries {
		name := e.Name()
		path := filepath.Join(dir, name)
		stem, isPack := strings.CutSuffix(name, ".pack")
		of, isIndex := strings.CutSuffix(name, ".idx")
		switch {
		case isPack && names[stem+".idx"]:
			l.packs = append(l.packs, path)
		case isPack:
			l.problem(path, "it has no index: run git index-pack on it")
		case isIndex && names[of+".pack"]:
		case isIndex:
			l.problem(filepath.Join(dir, of+".pack"), "its index is here and the pack is not")
			l.takeStray(dir, e)
		case name == multiIndexes && e.IsDir():
			l.listInfo(path)
		default:
			l.takeStray(dir, e)
		}
	}
}

// isAppleDouble reports whether a file is one in which macOS keeps metadata on
// foreign disks. Its name is that of another file after "._".
func isAppleDouble(path string) bool {
	if !strings.HasPrefix(filepath.Base(path), "._") {
		return false
	}
	f, _, err := regular.Open(path)
	if err != nil {
		return false
	}
	defer f.Close() // nothing was written
	magic := make([]byte, 4)
	_, err = io.ReadFull(f, magic)
	return err == nil && string(magic) == "\x00\x05\x16\x07"
}

// listInfo lists the files in objects/info and its subfolders. Commit graphs
// repeat what the objects hold. They are searched as texts, because a name
// proves nothing.
func (l *listing) listInfo(dir string) {
	for _, e := range l.entries(dir) {
		switch name := e.Name(); {
		case l.leadsOut(dir, e):
		case e.IsDir():
			l.listInfo(filepath.Join(dir, name))
		default:
			l.takeStray(dir, e)
		}
	}
}

// takeStray records a file that is neither an object nor a pack. An unfinished
// file of git's is compressed, so reading it as text would mean nothing.
func (l *listing) takeStray(dir string, e os.DirEntry) {
	if l.lent {
		return
	}
	path := filepath.Join(dir, e.Name())
	switch {
	case e.Type()&os.ModeSocket != 0: // a socket has no content
	case !e.Type().IsRegular():
		l.problem(path, "it is a "+regular.Kind(e.Type())+", and no object: it was not opened")
	case strings.HasPrefix(e.Name(), "tmp_") || strings.HasPrefix(e.Name(), ".tmp-"):
		l.problem(path, "git left it half written, or is writing it now; it was not read: git gc removes old ones")
	default:
		l.stray = append(l.stray, path)
	}
}

// pathless removes the path from a file error, because the object's id
// identifies the file.
func pathless(err error) error {
	var p *os.PathError
	switch {
	case !errors.As(err, &p):
		return err
	case errors.Is(err, regular.ErrOther):
		return p.Err // the cause is enough
	}
	return fmt.Errorf("%s: %w", p.Op, p.Err)
}
