// Package packcache remembers what a scan found in a pack. Packs never change,
// so the next scan need not read it again. The cache holds ids of objects and
// the names that refer to them, never a token.
package packcache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"r8scan/internal/pattern"
	"r8scan/internal/regular"
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

var errDamaged = errors.New("the entry is damaged")

// maxEntry limits the size of an entry, in bytes. The entry of a pack with a
// million objects has a few megabytes.
const maxEntry = 64 << 20

// Load returns the entry for the pack with the checksum key. The error only
// says that there is no usable entry.
func (c *Cache) Load(key []byte) (*Entry, error) {
	if c == nil {
		return nil, os.ErrNotExist
	}
	path := c.path(key)
	text, err := regular.Read(path, maxEntry)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // marks it as used for prune; if this fails, the pack may be read again
	sum, body, ok := bytes.Cut(text, []byte("\n"))
	if !ok || string(sum) != digest(body) {
		return nil, errDamaged
	}
	e := &Entry{}
	return e, json.Unmarshal(body, e)
}

// Save writes the entry for a pack. It renames a complete file into place, so
// scans can run in parallel.
func (c *Cache) Save(key []byte, e *Entry) error {
	if c == nil {
		return nil
	}
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(c.dir, "new-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(digest(body) + "\n" + string(body))
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), c.path(key))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	c.prune()
	return nil
}

// maxUnused is how long an unused entry is kept. Its pack may have been
// repacked, its repository deleted, or the rules changed.
const maxUnused = 90 * 24 * time.Hour

// prune removes entries that were not used for maxUnused, once per Cache. It
// touches only names that Save makes, and ignores errors.
func (c *Cache) prune() {
	c.pruned.Do(func() {
		entries, err := os.ReadDir(c.dir)
		if err != nil {
			return
		}
		for _, e := range entries {
			info, err := e.Info()
			if err == nil && info.Mode().IsRegular() && ours().MatchString(e.Name()) && time.Since(info.ModTime()) > maxUnused {
				_ = os.Remove(filepath.Join(c.dir, e.Name()))
			}
		}
	})
}

// ours matches the names of entries of any version, and of unfinished ones.
var ours = pattern.Of(`^([0-9a-f]{40}|[0-9a-f]{64})-v[0-9.]+$|^new-[0-9]+$`)

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
