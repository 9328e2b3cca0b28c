package store

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// TestMigrateOnce opens a new database in many goroutines at once: one makes the schema.
func TestMigrateOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "f.db")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := Open(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			s.Close()
		})
	}
	wg.Wait()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the file has mode %v: others may read it", info.Mode())
	}
}

// TestNewer refuses a schema that a newer program has made.
func TestNewer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.DB.Exec(`insert into fleet_schema(version_id, is_applied) values(99, true)`); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); !errors.Is(err, ErrNewer) {
		t.Errorf("a worker that runs: %v", err)
	}
	s.Close()
	if _, err := Open(t.Context(), path); !errors.Is(err, ErrNewer) {
		t.Errorf("a worker that starts: %v", err)
	}
}

// TestAddress refuses what is neither, without repeating it.
func TestAddress(t *testing.T) {
	for _, address := range []string{"mysql://u:pw@h/d", "postgres://u:pw@h:notaport/d"} {
		_, err := Open(t.Context(), address)
		if err == nil || len(err.Error()) > 120 {
			t.Errorf("%v", err)
		}
	}
}
