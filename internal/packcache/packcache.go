// Package packcache remembers what a scan found in a pack, so that the next
// one need not read it again: packs never change. It holds ids of objects and
// names of what they refer to, never a token.
package packcache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"r8scan/internal/regular"
)

// Entry is what is remembered of a pack. It is of use only while Stamp,
// LeftToOthers and Shallow are what they were.
type Entry struct {
	Stamp        string    // of the pack's files: see Stamp
	LeftToOthers string    // which of its objects other packs report
	Shallow      string    `json:",omitempty"` // which of its commits have parents that need not be there
	Objects      int64     // that it reports
	Bytes        int64     // of these, inflated
	Commits      int64     // among these
	Members      int64     // of containers among these; Bytes has theirs too
	Search       []string  // ids in hex of objects to search again: they have a match, or something unreadable
	Outside      []Outside // objects that it refers to and does not hold
	Named        []Outside // blobs, here or elsewhere, that its trees give a name that tells what they hold; without a kind
}

// Outside is an object that a pack's objects refer to.
type Outside struct {
	ID   string // in hex
	Kind string `json:",omitempty"`
	Name string `json:",omitempty"`
}

// Cache is a folder of entries. The nil Cache is empty and stays so.
type Cache struct {
	dir     string
	version string
	pruned  sync.Once
}

// Open returns the cache in dir, which need not exist yet. Entries that were
// written with another version are not seen.
func Open(dir, version string) *Cache { return &Cache{dir: dir, version: version} }

func (c *Cache) path(key []byte) string {
	return filepath.Join(c.dir, hex.EncodeToString(key)+"-"+c.version)
}

var errDamaged = errors.New("the entry is damaged")

// maxEntry bounds what is read of an entry. That of a pack with a million objects
// has some megabytes.
const maxEntry = 64 << 20

// Load returns the entry for the pack with the checksum key. The error says
// only that there is none that can be used.
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
	_ = os.Chtimes(path, now, now) // for prune; at worst it goes, and the pack is read again
	sum, body, ok := bytes.Cut(text, []byte("\n"))
	if !ok || string(sum) != digest(body) {
		return nil, errDamaged
	}
	e := &Entry{}
	return e, json.Unmarshal(body, e)
}

// Save writes the entry for a pack. The file is put in place whole, so that
// scans side by side do not disturb each other.
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

// maxUnused is how long an entry is kept that no scan asks for: its pack was
// repacked, its repository is gone, or the rules have changed.
const maxUnused = 90 * 24 * time.Hour

// prune removes what was not used for maxUnused, once for each Cache. Only
// names that Save makes are touched, and what cannot be removed stays.
func (c *Cache) prune() {
	c.pruned.Do(func() {
		entries, err := os.ReadDir(c.dir)
		if err != nil {
			return
		}
		for _, e := range entries {
			info, err := e.Info()
			if err == nil && info.Mode().IsRegular() && ours.MatchString(e.Name()) && time.Since(info.ModTime()) > maxUnused {
				_ = os.Remove(filepath.Join(c.dir, e.Name()))
			}
		}
	})
}

// ours are the names of entries of any version, and of those half written.
var ours = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})-v[0-9.]+$|^new-[0-9]+$`)

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
