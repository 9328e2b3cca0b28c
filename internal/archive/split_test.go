package archive

import (
	"bytes"
	"context"
	"io"
	"slices"
	"testing"
)

// TestSplitReads reads a container and another one behind it. The result must not
// depend on how many bytes each read returns.
func TestSplitReads(t *testing.T) {
	first, hidden := streams(t, "the first one"), streams(t, hiddenText)
	first[".bz2"] = bzip2Of(t)
	for ext, a := range first {
		if ext == ".br" || ext == ".lzma" { // only their names show their format
			continue
		}
		for _, pad := range []int{0, 1, 512} {
			for _, behind := range []string{".xz", ext} {
				b := slices.Concat(a, make([]byte, pad), hidden[behind])
				for k := len(a) - 14; k < min(len(b), len(a)+pad+8); k++ {
					if k == len(a)+4 {
						k = max(k, len(a)+pad-3) // only zeros are before that
					}
					out := &found{text: map[string][]byte{}}
					in := Input{Reader: io.MultiReader(bytes.NewReader(b[:k]), bytes.NewReader(b[k:]))}
					must(t, Walk(context.Background(), in, Detect(b[:min(len(b), HeadLen)], ""), defaultLimits(), out))
					if !out.holds() && hidden[behind] != nil {
						t.Errorf("%s, %d zeros, %s, cut %d behind its end: unread %q, members %q", ext, pad, behind, k-len(a), out.unread, out.names)
					}
				}
			}
		}
	}
}
