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

// Config is the repository's own configuration.
type Config struct {
	repo     *Repo
	Promisor bool // a partial clone: objects may be missing by design

	storage  string // how refs are stored: inFiles, inTables, or an unknown name
	bare     bool   // the repository has no work tree
	included bool   // it may include other files
	tree     treeConfig
}

// The known ways to store refs.
const (
	inFiles  = "files"
	inTables = "reftable"
)

// knownExtensions are the extensions that do not change how objects are read,
// or that Config.read understands.
var knownExtensions = []string{"noop", "objectformat", "refstorage", "partialclone", "worktreeconfig", "preciousobjects", "relativeworktrees", "compatobjectformat"}

// read takes the settings that decide how the repository is read. As in git,
// included files do not count for these.
func (c *Config) read() {
	path := filepath.Join(c.repo.Common, "config")
	c.Promisor = c.hasPromisorPack()
	version := ""
	err := c.each(func(v *variable) {
		c.included = c.included || strings.HasPrefix(v.section, "include")
		switch {
		case v.is("core", "repositoryformatversion"):
			version = string(v.value)
		case v.is("core", "bare"):
			c.bare = v.yes()
		case c.tree.take(v):
		case v.section == "extensions" && !v.hasSub:
			c.extension(path, v.key, string(v.value))
		}
	})
	switch {
	case IsOutside(err):
		c.repo.problem(path, err.Error())
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		c.repo.problem(path, fmt.Sprintf("it cannot be parsed to its end, so some defaults are taken: %s", regular.Cause(err)))
	}
	if version != "" && version != "0" && version != "1" {
		c.repo.problem(path, fmt.Sprintf("repository format %q is unknown: what it changes may have been missed", version))
	}
}

// share copies the common configuration from another worktree of the
// repository, so that it is parsed once.
func (c *Config) share(other *Config) {
	c.repo.Hash = other.repo.Hash
	c.Promisor, c.storage, c.bare, c.included, c.tree = other.Promisor, other.storage, other.bare, other.included, other.tree
}

// each calls f with the variables in the repository's own config, without
// includes, up to the first error.
func (c *Config) each(f func(v *variable)) error {
	text, err := c.repo.read(filepath.Join(c.repo.Common, "config"), configMax)
	if err != nil {
		return err
	}
	return eachVariable(text, f)
}

// every calls f with the variables of the machine, the user, the repository and
// git's command line, in this order and with all includes. getenv looks up the
// environment variables that locate the user's configuration.
func (c *Config) every(getenv Lookup, f func(v *variable)) {
	newConfigReader(c.repo, getenv, f).all()
}

// NoteIncludes notes which included files of the repository's own configuration
// are not read.
func (c *Config) NoteIncludes(getenv Lookup) {
	if c.included || c.tree.own {
		_ = newConfigReader(c.repo, getenv, func(*variable) {}).ours() // read has reported its errors
	}
}

// extension applies an extension of the repository's format.
func (c *Config) extension(path, key, value string) {
	switch {
	case key == "objectformat" && strings.EqualFold(value, "sha256"):
		c.repo.Hash = 32
	case key == "objectformat" && strings.EqualFold(value, "sha1"):
		c.repo.Hash = 20
	case key == "objectformat":
		c.repo.problem(path, fmt.Sprintf("object format %q is unknown: ids were read as SHA-1", value))
	case key == "refstorage":
		c.storage = strings.ToLower(value)
	case key == "partialclone":
		c.Promisor = true
	case !slices.Contains(knownExtensions, key):
		c.repo.problem(path, fmt.Sprintf("extension %q is unknown: what it changes may have been missed", key))
	}
}

// hasPromisorPack reports whether a pack has the marker of a partial clone.
func (c *Config) hasPromisorPack() bool {
	packs := filepath.Join(c.repo.Common, "objects", "pack")
	if c.repo.Reach(packs) != nil {
		return false
	}
	entries, _ := regular.List(packs, maxListed) // errors are reported where packs are read
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".promisor") {
			return true
		}
	}
	return false
}

// maxListed is how many entries of a folder are read.
const maxListed = 1 << 20
