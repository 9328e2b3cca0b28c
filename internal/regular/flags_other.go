//go:build !unix

package regular

import "os"

// flags returns the flags to open a file with. This system has no flags against
// pipes or links.
func flags(bool) int { return os.O_RDONLY }

const folderFlags = os.O_RDONLY
