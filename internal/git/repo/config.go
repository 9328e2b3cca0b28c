package repo

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/config"
)

// knownExtensions are those that change nothing about how objects are read, or
// that readConfig understands.
var knownExtensions = []string{"noop", "objectformat", "refstorage", "partialclone", "worktreeconfig", "preciousobjects", "relativeworktrees", "compatobjectformat"}

// readConfig takes from the repository's config what decides how to read it.
func (r *Repo) readConfig() {
	path := filepath.Join(r.Common, "config")
	cfg, err := r.parseConfig(path)
	if err != nil {
		if IsOutside(err) {
			r.problem(path, err.Error())
		} else if !os.IsNotExist(err) {
			r.problem(path, fmt.Sprintf("it cannot be parsed, so the defaults are taken: %v", err))
		}
		r.Promisor = r.hasPromisorPack()
		return
	}
	core := cfg.Section("core")
	if v := core.Option("repositoryformatversion"); v != "" && v != "0" && v != "1" {
		r.problem(path, fmt.Sprintf("repository format %q is unknown: what it changes may have been missed", v))
	}
	r.bare = strings.EqualFold(core.Option("bare"), "true")
	r.IgnoreCase = strings.EqualFold(core.Option("ignorecase"), "true")
	if tree, file := r.configuredTree(); tree != "" {
		r.takeTree(tree, file)
	}
	r.Promisor = r.hasPromisorPack()
	for _, o := range cfg.Section("extensions").Options {
		switch key := strings.ToLower(o.Key); {
		case key == "objectformat" && strings.EqualFold(o.Value, "sha256"):
			r.Hash = 32
		case key == "objectformat" && !strings.EqualFold(o.Value, "sha1"):
			r.problem(path, fmt.Sprintf("object format %q is unknown: ids were read as SHA-1", o.Value))
		case key == "refstorage":
			r.Refs = strings.ToLower(o.Value)
		case key == "partialclone":
			r.Promisor = true
		case !slices.Contains(knownExtensions, key):
			r.problem(path, fmt.Sprintf("extension %q is unknown: what it changes may have been missed", o.Key))
		}
	}
}

// parseConfig is the function of that name for the repository's own.
func (r *Repo) parseConfig(path string) (*config.Config, error) {
	if err := r.Reach(path); err != nil {
		return nil, err
	}
	return parseConfig(path)
}

func parseConfig(path string) (*config.Config, error) {
	text, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	cfg := config.New()
	return cfg, config.NewDecoder(bytes.NewReader(text)).Decode(cfg)
}

// hasPromisorPack reports whether a partial clone left its mark on a pack.
func (r *Repo) hasPromisorPack() bool {
	packs := filepath.Join(r.Common, "objects", "pack")
	if r.Reach(packs) != nil {
		return false
	}
	marks, _ := filepath.Glob(filepath.Join(packs, "*.promisor")) // the pattern is well-formed
	return len(marks) > 0
}
