//go:build unix

package fix

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestKeepsOwner: what root fixes stays its owner's.
func TestKeepsOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can write a file of another owner")
	}
	file := filepath.Join(t.TempDir(), "a.py")
	write(t, file, "old", 0o640)
	if err := os.Chown(file, 1234, 1235); err != nil {
		t.Skip(err)
	}
	if err := replaceFile(context.Background(), file, []byte("old"), []byte("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if stat := info.Sys().(*syscall.Stat_t); stat.Uid != 1234 || stat.Gid != 1235 || info.Mode() != 0o640 {
		t.Errorf("owner %d:%d, mode %v", stat.Uid, stat.Gid, info.Mode())
	}
}
