// Package cachefile keeps values in files of the user's cache folder: completely
// written or not at all, with a checksum, and for a limited time.
package cachefile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"r8scan/internal/pattern"
	"r8scan/internal/regular"
)

var errDamaged = errors.New("the entry is damaged")

// Load reads what Save wrote at path into value. It is damaged if it has more than
// limit bytes. The error only says that there is nothing to use.
func Load(path string, limit int64, value any) error {
	body, err := LoadBytes(path, limit)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, value)
}

// LoadBytes is Load for what SaveBytes wrote.
func LoadBytes(path string, limit int64) ([]byte, error) {
	text, err := regular.Read(path, limit)
	if err != nil {
		return nil, err
	}
	sum, body, ok := bytes.Cut(text, []byte("\n"))
	if !ok || string(sum) != digest(body) {
		return nil, errDamaged
	}
	return body, nil
}

// Save writes a value to path, and creates the folder. It renames a complete file into
// place, so many processes may save.
func Save(path string, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return SaveBytes(path, body)
}

// SaveBytes is Save for a value in a form of the caller's own.
func SaveBytes(path string, body []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "new-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(digest(body) + "\n")
	if err == nil {
		_, err = f.Write(body)
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// Prune removes files that were not used for longer than unused. It touches only names
// that match, and those of unfinished files, and ignores errors.
func Prune(dir string, names pattern.Pattern, unused time.Duration) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && info.Mode().IsRegular() && (names().MatchString(e.Name()) || unfinished().MatchString(e.Name())) && time.Since(info.ModTime()) > unused {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// unfinished matches the names of files that Save has not renamed yet.
var unfinished = pattern.Of(`^new-[0-9]+$`)

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
