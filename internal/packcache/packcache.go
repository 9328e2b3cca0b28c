// Package packcache remembers what a scan found in a pack. Packs never change,
// so the next scan need not read it again. The cache holds ids of objects and
// the names that refer to them, never a token.
package packcache

import (
	"encoding/json"
	"os"

	"r8scan/internal/cachefile"
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
type Cache struct{ folder *cachefile.Folder }

// Open returns the cache in dir, which need not exist yet. Entries of other
// versions are ignored.
func Open(dir, version string) *Cache {
	return &Cache{cachefile.NewFolder(dir, version, maxEntry)}
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
	body, err := c.folder.Load(key)
	if err != nil {
		return nil, err
	}
	e := &Entry{}
	return e, json.Unmarshal(body, e)
}

// Save writes the entry for a pack. It removes entries that were not used for long: their
// packs may have been repacked, their repositories deleted, or the rules changed.
func (c *Cache) Save(key []byte, e *Entry) error {
	if c == nil {
		return nil
	}
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return c.folder.Save(key, body)
}
