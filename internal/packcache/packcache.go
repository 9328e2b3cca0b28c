// Package packcache remembers what a scan found in a pack. Packs never change,
// so the next scan need not read it again. The cache holds ids of objects and
// the names that refer to them, never a token.
package packcache

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"sync"
	"time"

	"r8scan/internal/cachefile"
	"r8scan/internal/pattern"
)

// Entry is what the cache remembers of a pack. It is valid only as long as
// Stamp, LeftToOthers and Shallow are unchanged.
type Entry struct {
	Stamp        string    // of the pack's files: see the function Stamp
	LeftToOthers string    // a digest of its objects that other packs report
	Shallow      string    `json:",omitempty"` // a digest of its commits whose parents a shallow clone leaves out
	Objects      int64     // objects that this pack reports
	Bytes        int64     // bytes of these objects, inflated
	Commits      int64     // commits among these objects
	Members      int64     // members of containers among them; Bytes counts their bytes too
	Search       []string  // ids in hex of objects to search again: they have a match, something unreadable, or are LFS pointers
	Outside      []Outside // objects that the pack refers to and does not hold
	Named        []Outside // blobs whose format only their name in one of its trees tells; Kind is empty
}

// Outside is an object that objects of the pack refer to.
type Outside struct {
	ID   string // in hex
	Kind string `json:",omitempty"`
	Name string `json:",omitempty"`
}

// Cache is a folder of entries. A nil Cache is empty and saves nothing.
type Cache struct {
	dir     string
	version string
	pruned  sync.Once
}

// Open returns the cache in dir, which need not exist yet. Entries of other
// versions are ignored.
func Open(dir, version string) *Cache { return &Cache{dir: dir, version: version} }

func (c *Cache) path(key []byte) string {
	return filepath.Join(c.dir, hex.EncodeToString(key)+"-"+c.version)
}

// maxEntry limits the size of an entry, in bytes. The entry of a pack with a
// million objects has a few megabytes.
const maxEntry = 64 << 20

// Load returns the entry for the pack with the checksum key. The error only
// says that there is no usable entry.
func (c *Cache) Load(key []byte) (*Entry, error) {
	if c == nil {
		return nil, os.ErrNotExist
	}
	path, e := c.path(key), &Entry{}
	if err := cachefile.Load(path, maxEntry, e); err != nil {
		return nil, err
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // marks it as used for Prune; if this fails, the pack may be read again
	return e, nil
}

// Save writes the entry for a pack. Scans can run in parallel. The first entry that a
// Cache saves removes those that were not used for maxUnused.
func (c *Cache) Save(key []byte, e *Entry) error {
	if c == nil {
		return nil
	}
	if err := cachefile.Save(c.path(key), e); err != nil {
		return err
	}
	c.pruned.Do(func() { cachefile.Prune(c.dir, ours, maxUnused) })
	return nil
}

// maxUnused is how long an unused entry is kept. Its pack may have been
// repacked, its repository deleted, or the rules changed.
const maxUnused = 90 * 24 * time.Hour

// ours matches the names of entries of any version.
var ours = pattern.Of(`^([0-9a-f]{40}|[0-9a-f]{64})-v[0-9.]+$`)
