package collect

import (
	"cmp"
	"path"
	"path/filepath"
	"strings"

	"r8scan/internal/image"
	"r8scan/result"
)

// onDisk knows what is around the files that matches stand in: the repositories
// of those that were read without one, and the Dockerfiles that copy them.
type onDisk struct {
	treated map[diskFile]Treatment
	copies  image.Copies
	copied  map[diskFile]string
}

// look finds the repositories of the files that hits are in.
func (o *onDisk) look(hits []Hit) {
	seen := map[diskFile]bool{}
	var files []diskFile
	for i := range hits {
		h := &hits[i]
		if !h.isFile() || h.Tree != nil {
			continue
		}
		if f := h.Root.file(h.Path); !seen[f] {
			seen[f] = true
			files = append(files, f)
		}
	}
	o.treated, o.copied = treatments(files), map[diskFile]string{}
}

// exposure is Hit.exposure, also for files that were read without a repository.
func (o *onDisk) exposure(h *Hit) result.Exposure {
	if h.isFile() && h.Tree == nil {
		return cmp.Or(o.treated[h.Root.file(h.Path)].Exposure, result.ExposureUntracked)
	}
	return h.exposure()
}

// copiedBy returns the Dockerfile that copies the file of a match into an image,
// as paths in results are shown, "" if there is none. Those count that are in the
// file's work tree or in what the user named, whichever reaches further up.
func (o *onDisk) copiedBy(h *Hit) string {
	if !h.isFile() {
		return ""
	}
	f := h.Root.file(h.Path)
	by, ok := o.copied[f]
	if !ok {
		base := cmp.Or(f.folder, filepath.Dir(f.path))
		if top := o.treated[f].Top; top != "" {
			if _, ok := inside(top, base); ok {
				base = top
			}
		}
		by = o.copies.By(f.path, base)
		o.copied[f] = by
	}
	if by == "" {
		return ""
	}
	up, err := filepath.Rel(filepath.Dir(by), filepath.Dir(f.path))
	if err != nil {
		return ""
	}
	dir := path.Dir(h.Path)
	if up != "." {
		dir = path.Join(dir, strings.Repeat("../", 1+strings.Count(filepath.ToSlash(up), "/")))
	}
	return path.Join(dir, filepath.Base(by))
}
