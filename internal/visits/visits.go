// Package visits remembers what a scan found on a server, so that the next one need
// not read it again. The files hold ids, places, masks and ids of tokens: never a
// token, and never the content that was scanned.
package visits

import (
	"crypto/sha256"
	"os"

	"r8scan/internal/cachefile"
)

// Store keeps entries under keys of 32 bytes. The error of Load only says that there is
// nothing to use.
type Store interface {
	Load(key []byte) ([]byte, error)
	Save(key, body []byte) error
}

// MaxSize limits what a folder keeps under one key, in bytes. Of a history with a million
// objects there are some 15 megabytes.
const MaxSize = 256 << 20

// folderVersion is that of the names of files in a folder.
const folderVersion = "v1"

// In returns the store in a folder, which need not exist yet.
func In(dir string) Store { return cachefile.NewFolder(dir, folderVersion, MaxSize) }

// Memory is what was remembered. A nil Memory is empty and saves nothing.
type Memory struct {
	store   Store
	version string
}

// Open returns the memory in a store. What other versions saved is ignored.
func Open(store Store, version string) *Memory { return &Memory{store, version} }

// key returns the key of what has a kind and a name. It is a digest, so that it tells
// nobody what was scanned.
func (m *Memory) key(kind, name string) []byte {
	sum := sha256.Sum256([]byte(m.version + "\n" + kind + "\n" + name))
	return sum[:]
}

// Load returns what was saved under a name, such as a URL without credentials. The
// error only says that there is nothing to use.
func (m *Memory) Load(kind, name string) ([]byte, error) {
	if m == nil {
		return nil, os.ErrNotExist
	}
	return m.store.Load(m.key(kind, name))
}

// Save remembers something under a name.
func (m *Memory) Save(kind, name string, body []byte) error {
	if m == nil {
		return nil
	}
	return m.store.Save(m.key(kind, name), body)
}
