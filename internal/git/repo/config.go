package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/regular"
)

// knownExtensions are those that change nothing about how objects are read, or
// that readConfig understands.
var knownExtensions = []string{"noop", "objectformat", "refstorage", "partialclone", "worktreeconfig", "preciousobjects", "relativeworktrees", "compatobjectformat"}

// readConfig takes from the repository's config what decides how to read it.
func (r *Repo) readConfig() {
	path := filepath.Join(r.Common, "config")
	r.Promisor = r.hasPromisorPack()
	version := ""
	err := r.eachConfig(func(v *variable) {
		switch {
		case v.is("core", "repositoryformatversion"):
			version = string(v.value)
		case v.is("core", "bare"):
			r.bare = v.yes()
		case v.is("core", "ignorecase"):
			r.ignoreCase = v.yes()
		case r.tree.take(v):
		case v.section == "extensions" && !v.hasSub:
			r.extension(path, v.key, string(v.value))
		}
	})
	switch {
	case IsOutside(err):
		r.problem(path, err.Error())
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		r.problem(path, fmt.Sprintf("it cannot be parsed to its end, so some defaults are taken: %s", why(err)))
	}
	if version != "" && version != "0" && version != "1" {
		r.problem(path, fmt.Sprintf("repository format %q is unknown: what it changes may have been missed", version))
	}
}

// shareConfig takes from another worktree of the repository what their common
// config says. It is not parsed again for each of them.
func (r *Repo) shareConfig(other *Repo) {
	r.Hash, r.storage, r.ignoreCase, r.Promisor, r.bare, r.tree = other.Hash, other.storage, other.ignoreCase, other.Promisor, other.bare, other.tree
}

// eachConfig calls f with what the repository's own config sets, up to what
// cannot be read.
func (r *Repo) eachConfig(f func(v *variable)) error {
	text, err := r.read(filepath.Join(r.Common, "config"), configMax)
	if err != nil {
		return err
	}
	return eachVariable(text, f)
}

// extension heeds an extension of the repository's format.
func (r *Repo) extension(path, key, value string) {
	switch {
	case key == "objectformat" && strings.EqualFold(value, "sha256"):
		r.Hash = 32
	case key == "objectformat" && strings.EqualFold(value, "sha1"):
		r.Hash = 20
	case key == "objectformat":
		r.problem(path, fmt.Sprintf("object format %q is unknown: ids were read as SHA-1", value))
	case key == "refstorage":
		r.storage = strings.ToLower(value)
	case key == "partialclone":
		r.Promisor = true
	case !slices.Contains(knownExtensions, key):
		r.problem(path, fmt.Sprintf("extension %q is unknown: what it changes may have been missed", key))
	}
}

// hasPromisorPack reports whether a partial clone left its mark on a pack.
func (r *Repo) hasPromisorPack() bool {
	packs := filepath.Join(r.Common, "objects", "pack")
	if r.Reach(packs) != nil {
		return false
	}
	entries, _ := regular.List(packs, maxListed) // what is wrong with it is named where packs are read
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".promisor") {
			return true
		}
	}
	return false
}

// maxListed is how many entries of a folder are looked at.
const maxListed = 1 << 20
