package agent

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"r8scan/internal/budget"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
	"r8scan/internal/git/wire"
)

// atHEAD returns the content of the file at a path in HEAD's tree. The error is
// fs.ErrNotExist if there is none.
func atHEAD(r *repo.Repo, path string) ([]byte, error) {
	commit, err := r.Refs.Head()
	if err != nil {
		return nil, err
	}
	if commit == "" {
		return nil, fs.ErrNotExist
	}
	store := odb.NewLookup(r.ObjectDirs(os.LookupEnv), r.Hash, odb.LimitsOf(budget.New(0, 1)))
	defer store.Close()
	id, ok := wire.Unhex(commit)
	if !ok {
		return nil, fmt.Errorf("HEAD is %q, which is no id", commit)
	}
	data, err := store.ReadAll(id, odb.Commit, nil)
	if err != nil {
		return nil, err
	}
	var h odb.Header
	if err := odb.ParseHeader(data, &h); err != nil {
		return nil, err
	}
	if id, ok = wire.Unhex(string(h.Tree)); !ok {
		return nil, fmt.Errorf("the tree of HEAD is %q, which is no id", h.Tree)
	}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		tree, err := store.ReadAll(id, odb.Tree, nil)
		if err != nil {
			return nil, err
		}
		id = nil
		err = odb.EachEntry(tree, r.Hash, func(_ int, e odb.TreeEntry) bool {
			if string(e.Name) == part && (e.Mode == odb.ModeDir) == (i < len(parts)-1) {
				id = bytes.Clone(e.ID)
			}
			return id == nil
		})
		if err != nil {
			return nil, err
		}
		if id == nil {
			return nil, fs.ErrNotExist
		}
	}
	return store.ReadAll(id, odb.Blob, nil)
}
