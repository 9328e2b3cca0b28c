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
	Lent []bool // of each: only its objects are read, and what else is in it is not our business
	// Reach is asked about links and says why what one leads to may not be read.
	// With nil, all are followed.
	Reach func(path string) error
}

// follow returns why what is at path, if it is a link, is not followed.
func (f *Folders) follow(path string) error {
	if f.Reach == nil {
		return nil
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return nil
	}
	return f.Reach(path)
}

// listing is what is in object directories.
type listing struct {
	Folders
	hash  int
	dirs  []string // cleaned
	lent  bool     // the directory that is being listed is
	packs []string // paths of packs that have an index
	loose []looseFile
	stray []string // files that are none of git's

	problems []Problem
}

// looseFile is a file with the name of a loose object.
type looseFile struct{ id, path string }

// listFolders lists object directories whose ids have hash bytes.
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
		case e.IsDir() && slices.Contains(l.dirs, filepath.Join(dir, name)): // a push in quarantine
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

// maxListed is how many entries of a folder are looked at.
const maxListed = 1 << 20

// entries lists a folder; what is wrong with it is a problem.
func (l *listing) entries(dir string) []os.DirEntry {
	entries, err := regular.List(dir, maxListed)
	if err != nil {
		l.problem(dir, pathless(err).Error())
	}
	return entries
}

// leadsOut reports whether an entry of dir is a link that is not followed, which
// is named.
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

// isDir reports whether an entry of dir is a folder or, as some tools make
// them, a link to one.
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

// multiIndexes is the folder where git keeps indexes of many packs, if it adds
// to them.
const multiIndexes = "multi-pack-index.d"

// listPacks lists packs. All else, of which git reads most as tables of what the
// packs say (.rev, .bitmap, .mtimes, multi-pack-index), is searched like a text:
// whatever its name is, it may be one.
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

// isAppleDouble reports whether a file is one of those in which macOS keeps, on
// foreign disks, what it knows of the file with the same name but for "._".
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

// listInfo lists the files in objects/info, and in folders there. Commit graphs,
// which say nothing but what the objects say, are searched like texts: what has
// their name need not be one.
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

// takeStray notes a file that is no object and no pack. One that git was writing
// is compressed, so reading it as text would mean nothing.
func (l *listing) takeStray(dir string, e os.DirEntry) {
	if l.lent {
		return
	}
	path := filepath.Join(dir, e.Name())
	switch {
	case e.Type()&os.ModeSocket != 0: // it holds nothing
	case !e.Type().IsRegular():
		l.problem(path, "it is a "+regular.Kind(e.Type())+", and no object: it was not opened")
	case strings.HasPrefix(e.Name(), "tmp_") || strings.HasPrefix(e.Name(), ".tmp-"):
		l.problem(path, "git left it half written, or is writing it now; it was not read: git gc removes old ones")
	default:
		l.stray = append(l.stray, path)
	}
}

// pathless drops the path from a file error: the object's id names the file.
func pathless(err error) error {
	var p *os.PathError
	switch {
	case !errors.As(err, &p):
		return err
	case errors.Is(err, regular.ErrOther):
		return p.Err // which says it all
	}
	return fmt.Errorf("%s: %w", p.Op, p.Err)
}
