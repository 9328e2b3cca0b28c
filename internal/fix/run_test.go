package fix

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"r8scan/internal/git/gittest"
	"r8scan/internal/regular"
	"r8scan/rules"
)

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestShowsNoToken: what is shown of each file of the corpus holds no credential,
// and no part of one.
func TestShowsNoToken(t *testing.T) {
	for _, e := range corpus(t) {
		before := filled(e.before)
		r := revised(e.name, before)
		f := &File{Path: e.name + gittest.Token(1), before: []byte(before), after: r.text}
		f.places(r.targets, f.before)
		for _, written := range []bool{false, true} {
			var out bytes.Buffer
			o := &Outcome{Files: []*File{f}, Written: written, Staged: []string{gittest.Token(1)}, Env: []string{gittest.Token(1)}}
			if err := o.WriteText(&out, nil, false); err != nil {
				t.Fatal(err)
			}
			o.Summary(&out)
			for _, c := range credentials {
				for i := 11; i+10 <= len(c[1]); i++ {
					if strings.Contains(out.String(), c[1][i:i+10]) {
						t.Fatalf("%s, %s: %s is shown in\n%s", e.corpus, e.name, c[0], emptied(out.String()))
					}
				}
			}
		}
	}
}

// TestBytes: whatever a file's other bytes are, they stay.
func TestBytes(t *testing.T) {
	token := gittest.Token(1)
	for name, before := range map[string]string{
		"a.py":  "# coding: latin-1\nimport os\n\nx = 'caf\xe9'\ny = \"\xfc " + token + "\"\n\tz = 1 \t\n\n\n",
		"a.rb":  "# encoding: iso-8859-1\nx = \"\xe9 " + token + "\"\r\n\r\n",
		"a.php": "<?php\r\n\t$x = '" + token + "';   \n$y = \"\xe9\";\x00",
		"a.sh":  "x=\"\xe9" + token + "\"\n",
		"a.tf":  "a = \"" + token + "\"\n# \xff\xfe\n",
	} {
		r := revised(name, before)
		if bytes.Contains(r.text, []byte(token)) {
			t.Errorf("%s: the token is still there: %q", name, emptied(string(r.text)))
		}
		for _, part := range strings.Split(before, token) {
			part = strings.Trim(part, `"'`)
			if at := strings.LastIndexAny(part, "\"'=("); at > 0 && !bytes.Contains(r.text, []byte(part[:at])) {
				t.Errorf("%s: %q is no longer in %q", name, part[:at], emptied(string(r.text)))
			}
		}
	}
}

func TestUTF16(t *testing.T) {
	var content []byte
	for _, u := range utf16.Encode([]rune("\ufeff$t = \"" + gittest.Token(1) + "\" # é 😀\r\n")) {
		content = append(content, byte(u), byte(u>>8))
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "a.ps1")
	write(t, file, string(content), 0o644)
	if _, err := run1(t, file); err != nil {
		t.Fatal(err)
	}
	got := read(t, file)
	text, _ := decode([]byte(got))
	if want := "$t = $env:REPLICATE_API_TOKEN # é 😀\r\n"; string(text) != want || !strings.HasPrefix(got, "\xff\xfe") {
		t.Errorf("got %q", got)
	}
}

// run1 fixes one path for good.
func run1(t *testing.T, path string) (*Outcome, error) {
	t.Helper()
	return Run(context.Background(), Options{Paths: []string{path}, Write: true, Force: true})
}

// TestChangedMeanwhile: a file that changed is scanned again, and the credentials that
// the user allows stay then too.
func TestChangedMeanwhile(t *testing.T) {
	file := filepath.Join(regular.Real(t.TempDir()), "a.py")
	allowed, other := gittest.Token(1), gittest.Token(2)
	text := "a = '" + allowed + "'\nb = '" + other + "'\n"
	write(t, file, text, 0o644)
	r := &run{Options: Options{Write: true, Force: true}, trees: workTrees{}, out: &Outcome{Written: true},
		bounds: []string{filepath.Dir(file)}, declared: map[string]map[string]bool{}}
	r.out.Files = []*File{r.file(file, map[string]bool{rules.NewSecret(allowed, 0).ID(): true})}
	write(t, file, text+"# more\n", 0o644)
	if err := r.write(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := read(t, file); !strings.Contains(got, allowed) || strings.Contains(got, other) || !strings.HasSuffix(got, "# more\n") {
		t.Errorf("got %s", rules.Redact(got))
	}
}

func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.sh")
	for _, mode := range []os.FileMode{0o755, 0o600, 0o444} {
		write(t, file, "old", 0o644)
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if err := replaceFile(context.Background(), file, []byte("old"), []byte("new")); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode() != mode || read(t, file) != "new" {
			t.Errorf("%v, %v, want %v", info.Mode(), err, mode)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	write(t, file, "changed", 0o644)
	if err := replaceFile(context.Background(), file, []byte("old"), []byte("new")); !errors.Is(err, errChanged) || read(t, file) != "changed" {
		t.Errorf("%v, %q", err, read(t, file))
	}
	link := filepath.Join(dir, "link.sh")
	if err := os.Symlink(file, link); err == nil {
		if err := replaceFile(context.Background(), link, []byte("changed"), []byte("new")); err == nil || read(t, file) != "changed" {
			t.Errorf("it was written through a link: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := replaceFile(ctx, file, []byte("changed"), []byte("new")); err == nil || read(t, file) != "changed" {
		t.Errorf("it was written after the end: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".r8scan-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestChanged: a file that changes between its change and its writing is scanned
// again.
func TestChanged(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "a.py")
	write(t, file, "x = '"+gittest.Token(1)+"'\n", 0o644)
	r := &run{Options: Options{Write: true, Force: true}, trees: workTrees{}, out: &Outcome{Written: true}, bounds: []string{dir}, here: dir, declared: map[string]map[string]bool{}}
	r.out.Files = []*File{r.file(file, nil)}
	write(t, file, "a = 1\ny = '"+gittest.Token(2)+"'\n", 0o644)
	if err := r.write(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, file), "import os\n\na = 1\ny = os.environ[\"REPLICATE_API_TOKEN\"]\n"; got != want {
		t.Errorf("got %q", emptied(got))
	}
	r.out.Files = []*File{{Path: "a.py", abs: file, before: []byte("x"), after: []byte("y"), fixed: []target{{}}}}
	if err := r.write(context.Background()); err != nil || len(r.out.Files[0].fixed) > 0 {
		t.Errorf("%v, %+v", err, r.out.Files[0])
	}
}

func TestEnvFile(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, ".env")
	write(t, file, "A=1\r\nexport KEPT=x", 0o644)
	e, err := openEnv(file, workTrees{}, false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.write(context.Background(), workTrees{}, []setting{
		{name: "KEPT", secret: rules.NewSecret("new", 0)},
		{name: "PLAIN", secret: rules.NewSecret("a-b/c.d=", 0)},
		{name: "QUOTED", secret: rules.NewSecret("a b#c\"d", 0)},
		{name: "ODD", secret: rules.NewSecret("a'b$c\n", 0)},
		{name: "BURNT", secret: rules.NewSecret("secret", 0), burnt: "it was committed"},
	})
	want := "A=1\r\nexport KEPT=x\r\nPLAIN=a-b/c.d=\r\nQUOTED='a b#c\"d'\r\n" +
		"# ODD: the value has characters that programs read in different ways.\r\nODD=\r\n# BURNT: it was committed.\r\nBURNT=\r\n"
	if got := read(t, file); err != nil || got != want {
		t.Errorf("%v, got %q", err, got)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	link := filepath.Join(dir, "link.env")
	if os.Symlink(file, link) == nil {
		if _, err := openEnv(link, workTrees{}, false); err == nil {
			t.Error("a link is taken")
		}
	}
}

// TestGivesBack: git gives back what its index has, with either hash.
func TestGivesBack(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		r := gittest.New(t, "--object-format="+format)
		r.Write("a.py", "x\n")
		r.Git("add", "a.py")
		r.Write("new.py", "x\n")
		r.Git("add", "-N", "new.py")
		dir, err := filepath.EvalSymlinks(r.Dir)
		if err != nil {
			t.Fatal(err)
		}
		tree := workTrees{}.of(dir)
		for _, tt := range []struct {
			name, content string
			want          bool
		}{{"a.py", "x\n", true}, {"a.py", "x\r\n", true}, {"a.py", "y\n", false}, {"new.py", "x\n", false}, {"other.py", "x\n", false}} {
			if why := tree.gives(filepath.Join(dir, tt.name), []byte(tt.content)); (why == "") != tt.want {
				t.Errorf("%s, %s, %q: %q", format, tt.name, tt.content, why)
			}
		}
	}
	if why := (*workTree)(nil).gives("a.py", nil); why == "" {
		t.Error("nothing gives back what is in no repository")
	}
}
