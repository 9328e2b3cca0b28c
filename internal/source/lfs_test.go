package source

import (
	"strings"
	"testing"
)

// TestPointedTo tells pointers as git-lfs writes them, now and before, from texts
// that look like some.
func TestPointedTo(t *testing.T) {
	id := strings.Repeat("0a", 32)
	for text, want := range map[string]bool{
		"version https://git-lfs.github.com/spec/v1\noid sha256:" + id + "\nsize 1\n":                             true,
		"version https://hawser.github.com/spec/v1\noid sha256:" + id + "\nsize 1\n":                              true,
		"version https://git-lfs.github.com/spec/v1\next-0-x sha256:" + id + "\noid sha256:" + id + "\nsize 1\n":  true,
		"version https://git-lfs.github.com/spec/v1\r\noid sha256:" + id + "\r\nsize 1\r\n":                       true,
		"version https://git-lfs.github.com/spec/v1\noid sha256:" + id:                                            true,
		"version https://git-lfs.github.com/spec/v1\noid sha256:" + id + "00\nsize 1\n":                           false,
		"version https://git-lfs.github.com/spec/v1\noid sha256:" + id[:62] + "\nsize 1\n":                        false,
		"version https://git-lfs.github.com/spec/v1\noid md5:" + id + "\n":                                        false,
		"version https://git-lfs.github.com/spec/v1\n":                                                            false,
		" version https://git-lfs.github.com/spec/v1\noid sha256:" + id + "\n":                                    false,
		"version https://example.com/spec/v1\noid sha256:" + id + "\n":                                            false,
		"version http://git-media.io/v/2\noid sha256:" + id + "\nsize 1\n":                                        true,
		"version https://git-lfs.github.com/spec/v1\noid sha256:" + id + "\nsize 1\n" + strings.Repeat("x", 1024): false,
		"": false,
	} {
		if got, ok := pointedTo([]byte(text)); ok != want || ok && len(got) != 32 {
			t.Errorf("%q: %x, %v", text, got, ok)
		}
	}
}
