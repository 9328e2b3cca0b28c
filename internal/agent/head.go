package agent

import (
	"fmt"
	"io/fs"
	"os"

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
	tree, err := store.TreeOf(id)
	if err != nil {
		return nil, err
	}
	e, err := store.EntryAt(tree, path, odb.SameName)
	if err != nil {
		return nil, err
	}
	if e == nil || e.Mode&0o170000 != 0o100000 {
		return nil, fs.ErrNotExist
	}
	return store.ReadAll(e.ID, odb.Blob, nil)
}
