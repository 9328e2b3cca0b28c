//go:build !unix

package fix

import "io/fs"

// keepOwner does nothing: a folder's permissions decide here.
func keepOwner(string, fs.FileInfo) error { return nil }
