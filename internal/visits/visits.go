// Package visits remembers what a scan found on a server, so that the next one need
// not read it again. The files hold ids, places, masks and ids of tokens: never a
// token, and never the content that was scanned.
package visits

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"r8scan/internal/cachefile"
	"r8scan/internal/pattern"
)

// Memory is a folder of what was remembered. A nil Memory is empty and saves nothing.
type Memory struct {
	dir     string
	version string
	pruned  sync.Once
}

// Open returns the memory in a folder, which need not exist yet. What other versions
// saved is ignored.
func Open(dir, version string) *Memory { return &Memory{dir: dir, version: version} }

// path returns the file for what has a kind and a name. Its name is a digest, so that
// it tells nobody what was scanned.
func (m *Memory) path(kind, name string) string {
	sum := sha256.Sum256([]byte(kind + "\n" + name))
	return filepath.Join(m.dir, hex.EncodeToString(sum[:])+"-"+m.version)
}

// MaxSize limits what is remembered under one name, in bytes. That of a history with
// a million objects has some 15 megabytes.
const MaxSize = 256 << 20

// Load returns what was saved under a name, such as a URL without credentials. The
// error only says that there is nothing to use.
func (m *Memory) Load(kind, name string) ([]byte, error) {
	if m == nil {
		return nil, os.ErrNotExist
	}
	path := m.path(kind, name)
	body, err := cachefile.LoadBytes(path, MaxSize+1<<10)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // marks it as used for Prune; if this fails, it may be read again
	return body, nil
}

var errTooLarge = errors.New("there is too much to remember")

// Save remembers something under a name. Scans can run in parallel: the last one
// counts. The first call removes what was not used for maxUnused.
func (m *Memory) Save(kind, name string, body []byte) error {
	if m == nil {
		return nil
	}
	if len(body) > MaxSize {
		return errTooLarge
	}
	if err := cachefile.SaveBytes(m.path(kind, name), body); err != nil {
		return err
	}
	m.pruned.Do(func() { cachefile.Prune(m.dir, ours, maxUnused) })
	return nil
}

// maxUnused is how long something is kept that no scan asks for.
const maxUnused = 90 * 24 * time.Hour

// ours matches the names of files of any version.
var ours = pattern.Of(`^[0-9a-f]{64}-v[0-9.]+$`)
