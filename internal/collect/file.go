package collect

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"r8scan/internal/git/repo"
	"r8scan/result"
)

// FileExposure says how git treats the file at path: tracked, untracked or
// ignored. It is "" outside a work tree, or if the index cannot be read. Like a
// scan it does not start git.
func FileExposure(path string) result.Exposure {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return ""
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return ""
	}
	path = filepath.Join(dir, filepath.Base(path))
	return Treatments([]string{path})[path].Exposure
}

// Treatment is how git treats a file on disk.
type Treatment struct {
	Exposure result.Exposure // "" if the file is in no work tree, or its index cannot be read
	Top      string          // the work tree; "" if there is none
}

// Treatments tells how git treats files, by their absolute paths, which lead through
// no link. Like a scan it does not start git.
func Treatments(paths []string) map[string]Treatment {
	var files []diskFile
	for _, path := range paths {
		files = append(files, diskFile{path: path})
	}
	out := map[string]Treatment{}
	for f, t := range treatments(files) {
		out[f.path] = t
	}
	return out
}

// Root is a file or folder from which files are read.
type Root struct {
	Shown  string // how it is called in results; "" if paths there are relative to it
	Disk   string // its path, absolute and through no link
	Folder bool   // it is a folder
}

// file returns the file that a hit is in, by its path as shown.
func (r *Root) file(shown string) diskFile {
	f := diskFile{path: filepath.Join(r.Disk, filepath.FromSlash(strings.TrimPrefix(shown, r.Shown)))}
	if r.Folder {
		f.folder = r.Disk
	}
	return f
}

// diskFile is a file on disk, by absolute paths that lead through no link.
type diskFile struct {
	path   string
	folder string // that the user named, with the file in it; "" if that is the file itself
}

// treatments tells how git treats files that were read without their repository:
// each file's is the one that git would find from its folder. One index is held at
// a time.
//
// Who names a folder that git ignores, such as dist, wants to know what is in it:
// to be ignored is no excuse there.
func treatments(files []diskFile) map[diskFile]Treatment {
	finder := repositories{}
	in := map[*repo.Repo][]diskFile{}
	for _, f := range files {
		if g := finder.of(filepath.Dir(f.path)); g != nil {
			in[g] = append(in[g], f)
		}
	}
	out := map[diskFile]Treatment{}
	for g, files := range in {
		top, err := filepath.EvalSymlinks(g.WorkTree)
		if err != nil {
			continue
		}
		tree := WorkTree{Git: g}
		index, err := g.ReadIndex()
		// A repository without an index tracks nothing yet; of a damaged one it is
		// better to say that nothing is known of it.
		known := err == nil || errors.Is(err, fs.ErrNotExist)
		if err == nil {
			tree.Index = index.Entries
		}
		for _, f := range files {
			rel, ok := inside(top, f.path)
			if !ok || inGitDir(rel) {
				continue
			}
			t := Treatment{Top: top}
			if known {
				t.Exposure = tree.exposure(rel)
			}
			if folder, ok := inside(top, f.folder); ok && t.Exposure == result.ExposureIgnored && tree.ignoresFolder(folder) {
				t.Exposure = result.ExposureUntracked
			}
			out[f] = t
		}
	}
	return out
}

// inside returns the path, with slashes, of what is in a folder; of the folder
// itself it is "".
func inside(folder, path string) (rel string, ok bool) {
	rel, err := filepath.Rel(folder, path)
	if err != nil || path == "" || !filepath.IsLocal(rel) {
		return "", false
	}
	if rel == "." {
		return "", true
	}
	return filepath.ToSlash(rel), true
}

// inGitDir reports whether a path in a work tree leads into a .git, which no rule
// of the work tree's is about.
func inGitDir(rel string) bool {
	for name := range strings.SplitSeq(rel, "/") {
		if strings.EqualFold(name, ".git") {
			return true
		}
	}
	return false
}

// repositories finds the repositories that folders are in, nil for none, and
// opens each once.
type repositories map[string]*repo.Repo

func (r repositories) of(dir string) *repo.Repo {
	if g, ok := r[dir]; ok {
		return g
	}
	var g *repo.Repo
	up := filepath.Dir(dir)
	if _, err := os.Lstat(filepath.Join(dir, ".git")); err != nil && up != dir && !repo.IsGitDir(dir) {
		g = r.of(up)
	} else if found, err := repo.Discover(dir, os.LookupEnv); err == nil && found.WorkTree != "" {
		g = found
	}
	r[dir] = g
	return g
}
