package machine

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestSynced has folders of services, by their names and by what they keep in them.
func TestSynced(t *testing.T) {
	home := realTemp(t)
	env := func(name string) string {
		if name == "OneDriveCommercial" {
			return filepath.Join(home, "work")
		}
		return ""
	}
	put(t, filepath.Join(home, "notes", ".stfolder", "x"), "")
	put(t, filepath.Join(home, "shared", ".sync_0123.db"), "")
	x := newExposures(home, "", env)
	for path, want := range map[string]string{
		"Dropbox/a/.env":                             "Dropbox",
		"Dropbox (Company)/.env":                     "Dropbox",
		"OneDrive - Company/x/.env":                  "OneDrive",
		"work/.env":                                  "OneDrive",
		"Google Drive/.env":                          "Google Drive",
		"iCloudDrive/.env":                           "iCloud Drive",
		"Nextcloud/.env":                             "Nextcloud",
		"notes/deep/er/.env":                         "Syncthing",
		"shared/.env":                                "Nextcloud or ownCloud",
		"Library/CloudStorage/Box-Box/x":             "Box",
		"Library/CloudStorage/OneDrive-Personal/x/y": "OneDrive",
		"Library/Mobile Documents/com~apple~CloudDocs/notes.txt": "iCloud Drive",
		"code/.env":         "",
		"Dropboxes/.env":    "",
		"code/Dropbox/.env": "",
		"boxing/.env":       "",
		".env":              "",
	} {
		if got := x.syncedBy(filepath.Dir(filepath.Join(home, filepath.FromSlash(path)))); got != want {
			t.Errorf("%s is synced by %q, want %q", path, got, want)
		}
	}
}

// TestBackup has names of backups.
func TestBackup(t *testing.T) {
	x := newExposures(filepath.FromSlash("/home/me.bak"), "", os.Getenv)
	for path, want := range map[string]string{
		"/home/me.bak/Backups/old/.env":   "Backups",
		"/home/me.bak/app/.env.bak":       ".env.bak",
		"/home/me.bak/backup-2024/.env":   "backup-2024",
		"/home/me.bak/laptop_backup/.env": "laptop_backup",
		"/home/me.bak/app/.env~":          ".env~",
		"/home/me.bak/app/.env":           "",
		"/home/me.bak/backuper/.env":      "",
		"/mnt/backup/.env":                "", // outside of the home folder nothing is known
	} {
		if got := x.backup(filepath.FromSlash(path)); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

// TestReaders gives others the right to read a file, and takes a folder above it away
// from them.
func TestReaders(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("access lists decide there")
	}
	home := realTemp(t)
	for _, dir := range []string{filepath.Dir(home), home} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if _, others := newExposures(home, "", os.Getenv).passes(home); !others {
		t.Skip("the temporary folder is closed to others")
	}
	path := filepath.Join(home, "sub", "file")
	put(t, path, "")
	for _, tt := range []struct {
		dir, file os.FileMode
		want      string
	}{
		{0o755, 0o644, everyone},
		{0o711, 0o604, everyone},
		{0o700, 0o644, ""},
		{0o755, 0o600, ""},
		{0o750, 0o604, ""},
	} {
		if err := os.Chmod(filepath.Dir(path), tt.dir); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, tt.file); err != nil {
			t.Fatal(err)
		}
		if got := newExposures(home, "", os.Getenv).readers(path); got != tt.want {
			t.Errorf("folder %o, file %o: readable by %q, want %q", tt.dir, tt.file, got, tt.want)
		}
	}
	if err := os.Chmod(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	below := filepath.Join(filepath.Dir(path), "below", "file")
	put(t, below, "")
	for path, mode := range map[string]os.FileMode{filepath.Dir(below): 0o755, below: 0o644, filepath.Dir(path): 0o700} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if got := newExposures(home, "", os.Getenv).readers(below); got != "" {
		t.Errorf("behind a closed folder further up it is readable by %q", got)
	}
	if err := os.Chmod(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(filepath.Dir(path), "link") // its text may hold a token
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	if got := newExposures(home, "", os.Getenv).readers(link); got != "" {
		t.Errorf("a link is readable by %q, and chmod would change what it leads to", got)
	}
}
