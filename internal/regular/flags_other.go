//go:build !unix

package regular

import "os"

// flags are those to open a file with. This system has none that say more.
func flags(bool) int { return os.O_RDONLY }

const folderFlags = os.O_RDONLY
