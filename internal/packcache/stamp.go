package packcache

import (
	"fmt"
	"os"
	"strings"
)

// Stamp identifies files by what the system says of them. The checksum that a
// pack ends with is part of the pack, so it proves nothing: whoever makes one
// can write there what another pack has. The stamp is what ties an entry to
// the very file that was read.
func Stamp(paths ...string) (string, error) {
	var b strings.Builder
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%d %d %s;", info.Size(), info.ModTime().UnixNano(), identity(info))
	}
	return b.String(), nil
}
