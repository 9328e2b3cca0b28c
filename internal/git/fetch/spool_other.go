//go:build !unix && !windows

package fetch

import "os"

// openSpool opens a new file. Here it cannot be removed before it is closed.
func openSpool(dir string) (*os.File, error) { return os.CreateTemp(dir, "r8scan-*") }
