//go:build unix

package fetch

import "os"

// openUnlinked opens a new file and removes its name at once.
func openUnlinked(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "r8scan-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return f, nil
}
