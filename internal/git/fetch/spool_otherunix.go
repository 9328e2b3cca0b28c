//go:build unix && !linux

package fetch

import "os"

func openSpool(dir string) (*os.File, error) { return openUnlinked(dir) }
