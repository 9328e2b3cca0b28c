package cachefile

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"r8scan/internal/pattern"
)

// Folder is a folder of entries, each with a key of 20 or 32 bytes. A nil Folder is
// empty and saves nothing.
type Folder struct {
	dir     string
	version string
	limit   int64
	pruned  sync.Once
}

// NewFolder returns the folder dir, which need not exist yet. Entries of other versions,
// such as v1.2, are ignored. An entry has at most limit bytes.
func NewFolder(dir, version string, limit int64) *Folder {
	return &Folder{dir: dir, version: version, limit: limit}
}

// Path returns the file of an entry.
func (f *Folder) Path(key []byte) string {
	return filepath.Join(f.dir, hex.EncodeToString(key)+"-"+f.version)
}

// Load returns the entry with a key. The error only says that there is none to use.
func (f *Folder) Load(key []byte) ([]byte, error) {
	if f == nil {
		return nil, os.ErrNotExist
	}
	path := f.Path(key)
	body, err := LoadBytes(path, f.limit+int64(len(digest(nil)))+1)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // marks it as used for Prune; if this fails, it may be made again
	return body, nil
}

var errTooLarge = errors.New("the entry is too large")

// Save writes an entry. Scans can run in parallel: the last one counts. The first entry
// that a Folder saves removes those of any version that were not used for MaxUnused.
func (f *Folder) Save(key, body []byte) error {
	if f == nil {
		return nil
	}
	if int64(len(body)) > f.limit {
		return errTooLarge
	}
	if err := SaveBytes(f.Path(key), body); err != nil {
		return err
	}
	f.pruned.Do(func() { Prune(f.dir, ours, MaxUnused) })
	return nil
}

// MaxUnused is how long an entry is kept that nobody asks for.
const MaxUnused = 90 * 24 * time.Hour

// ours matches the names of entries of any version.
var ours = pattern.Of(`^([0-9a-f]{40}|[0-9a-f]{64})-v[0-9.]+$`)
