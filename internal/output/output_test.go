package output

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func writes(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// onlyFiles fails if anything but names is in dir: a temporary file, say.
func onlyFiles(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("the folder has %v, want %v", got, names)
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.json")
	for _, text := range []string{"first, the longer one", "second", strings.Repeat("big", 1<<17)} {
		if err := WriteFile(t.Context(), path, writes(text)); err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != text {
			t.Errorf("got %d bytes, want %d", len(got), len(text))
		}
		onlyFiles(t, dir, "x.json")
	}
}

// Whatever goes wrong, the old file stays and nothing else is left.
func TestWriteFileWholeOrNotAtAll(t *testing.T) {
	big := strings.Repeat("x", 1<<20)
	for _, exists := range []bool{true, false} {
		for name, render := range map[string]func(cancel func(), w io.Writer) error{
			"render fails": func(_ func(), w io.Writer) error {
				_, _ = io.WriteString(w, big)
				return errors.New("no such rule")
			},
			"cancelled in the middle": func(cancel func(), w io.Writer) error {
				cancel()
				_, err := io.WriteString(w, big)
				return err
			},
			"cancelled at the end": func(cancel func(), w io.Writer) error {
				cancel()
				return nil
			},
			"panic": func(func(), io.Writer) error { panic("bug") },
		} {
			dir := t.TempDir()
			path := filepath.Join(dir, "x.json")
			var names []string
			if exists {
				names = []string{"x.json"}
				if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			err := func() (err error) {
				defer func() {
					if recover() != nil {
						err = errors.New("write " + path)
					}
				}()
				return WriteFile(ctx, path, func(w io.Writer) error { return render(cancel, w) })
			}()
			cancel()
			if err == nil || !strings.HasPrefix(err.Error(), "write "+path) {
				t.Errorf("%s: got %v", name, err)
			}
			onlyFiles(t, dir, names...)
			if exists && content(t, path) != "old" {
				t.Errorf("%s: the old file is gone", name)
			}
		}
	}
}

func TestWriteFileDoesNotRenderForNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := WriteFile(ctx, filepath.Join(t.TempDir(), "x"), func(io.Writer) error {
		t.Error("rendered")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWriteFilePermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	dir := t.TempDir()
	for _, mode := range []os.FileMode{0o600, 0o664, 0o777} {
		path := filepath.Join(dir, "x")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := WriteFile(t.Context(), path, writes("new")); err != nil {
			t.Fatal(err)
		}
		if got := perm(t, path); got != mode {
			t.Errorf("got %v, want %v", got, mode)
		}
	}
	// A file of the system's own making shows what the umask leaves of 0644.
	other, path := filepath.Join(dir, "other"), filepath.Join(dir, "fresh")
	if err := os.WriteFile(other, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(t.Context(), path, writes("new")); err != nil {
		t.Fatal(err)
	}
	if got, want := perm(t, path), perm(t, other); got != want {
		t.Errorf("a new file has %v, want %v", got, want)
	}
}

func perm(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestWriteFileFollowsLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege on Windows")
	}
	dir := t.TempDir()
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		"a": "b", "b": "sub/../sub/real", "dangling": filepath.Join(sub, "new"), "loop": "loop", "dir": "sub",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(sub, "real"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, real := range map[string]string{"a": "real", "dangling": "new", "dir/direct": "direct"} {
		if err := WriteFile(t.Context(), filepath.Join(dir, path), writes(path)); err != nil {
			t.Fatal(err)
		}
		if got := content(t, filepath.Join(sub, real)); got != path {
			t.Errorf("%s: %s holds %q", path, real, got)
		}
	}
	onlyFiles(t, sub, "direct", "new", "real")
	onlyFiles(t, dir, "a", "b", "dangling", "dir", "loop", "sub")
	for _, link := range []string{"a", "b", "dangling"} {
		if _, err := os.Readlink(filepath.Join(dir, link)); err != nil {
			t.Errorf("%s is no link any more", link)
		}
	}
	if err := WriteFile(t.Context(), filepath.Join(dir, "loop"), writes("x")); err == nil {
		t.Error("no error for a loop")
	}
}

func TestWriteFileErrors(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct{ path, want string }{
		{"", "it has no name"},
		{dir, "it is a folder: name a file in it"},
		{filepath.Join(dir, "new") + string(filepath.Separator), "it is a folder: name a file in it"},
		{filepath.Join(dir, "no", "x.json"), "create its folder first"},
	} {
		err := WriteFile(t.Context(), tt.path, writes("x"))
		if err == nil || !strings.HasPrefix(err.Error(), "write "+tt.path+": ") ||
			!strings.HasSuffix(err.Error(), tt.want) || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("%q: got %v, want %q", tt.path, err, tt.want)
		}
	}
	onlyFiles(t, dir)
}
