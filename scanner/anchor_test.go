package scanner

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/result"
)

// TestAnchor: what stands in no file is shown at one that HEAD has, which is not
// always one of the work tree.
func TestAnchor(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files []string
		want  string
	}{
		{"nothing", nil, ""},
		{"a README", []string{"a", "docs/README", "readme.Md", "z"}, "readme.Md"},
		{"no README", []string{"README_first", "b", "c/README"}, "README_first"},
		{"folders only", []string{"b/c/d", "b/c/e"}, "b/c/d"},
		{"a name with a token", []string{gittest.Token(7), "z"}, "z"},
		{"a name with an escape", []string{"a\x1bb", "z"}, "z"},
		{"too deep", []string{"1/2/3/4/5/6/7/8/9/README"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.name == "a name with an escape" && runtime.GOOS == "windows" {
				t.Skip("no file can have that name")
			}
			r := gittest.New(t)
			for _, path := range tt.files {
				r.Write(path, path)
			}
			r.Git("add", ".")
			r.Git("commit", "-qm", gittest.Token(1), "--allow-empty")
			r.Git("rm", "-rq", "--ignore-unmatch", ".")
			for name, scan := range map[string]func() (*result.Result, error){
				"audit":   func() (*result.Result, error) { return Audit(context.Background(), r.Dir, Options{}) },
				"history": func() (*result.Result, error) { return History(context.Background(), r.Dir, Options{}) },
				"range":   func() (*result.Result, error) { return Range(context.Background(), r.Dir, "HEAD", Options{}) },
			} {
				res, err := scan()
				if err != nil {
					t.Fatal(err)
				}
				if res.Target.Anchor != tt.want {
					t.Errorf("%s: %q, want %q", name, res.Target.Anchor, tt.want)
				}
			}
		})
	}
}

// TestRoot: a result names a folder of this machine only if the user has named one.
func TestRoot(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("a", []byte(gittest.Token(1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, named := range map[string]bool{".": false, "a": false, filepath.Join(dir, "a"): true} {
		res, err := Files(context.Background(), []string{path}, nil, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if (res.Target.Root != "") != named || named && res.Target.Root != res.Root {
			t.Errorf("%s: %q", path, res.Target.Root)
		}
	}
}
