// Package visits remembers what a scan found on a server, so that the next one need
// not read it again. The files hold ids, places, masks and ids of tokens: never a
// token, and never the content that was scanned.
package visits

import (
	"crypto/sha256"
	"os"

	"r8scan/internal/cachefile"
)

// Memory is a folder of what was remembered. A nil Memory is empty and saves nothing.
type Memory struct{ folder *cachefile.Folder }

// Open returns the memory in a folder, which need not exist yet. What other versions
// saved is ignored.
func Open(dir, version string) *Memory {
	return &Memory{cachefile.NewFolder(dir, version, MaxSize)}
}

// MaxSize limits what is remembered under one name, in bytes. That of a history with
// a million objects has some 15 megabytes.
const MaxSize = 256 << 20

// keyOf returns the key of what has a kind and a name. It is a digest, so that the name of
// the file tells nobody what was scanned.
func keyOf(kind, name string) []byte {
	sum := sha256.Sum256([]byte(kind + "\n" + name))
	return sum[:]
}

// Load returns what was saved under a name, such as a URL without credentials. The
// error only says that there is nothing to use.
func (m *Memory) Load(kind, name string) ([]byte, error) {
	if m == nil {
		return nil, os.ErrNotExist
	}
	return m.folder.Load(keyOf(kind, name))
}

// Save remembers something under a name.
func (m *Memory) Save(kind, name string, body []byte) error {
	if m == nil {
		return nil
	}
	return m.folder.Save(keyOf(kind, name), body)
}
