package hooks

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const theirHook = "#!/bin/sh\necho theirs\n"

// hookFolder creates a folder of hooks with these files. A text that begins with
// "-> " creates a link.
func hookFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(regularDir(t), "hooks")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if target, ok := strings.CutPrefix(text, "-> "); ok && err == nil {
			err = os.Symlink(filepath.FromSlash(target), path)
		} else if err == nil {
			err = os.WriteFile(path, []byte(text), 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// regularDir returns a temporary folder, with links resolved.
func regularDir(t *testing.T) string {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// shown returns the files below dir with their content.
func shown(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path) // both are absolute
		if target, err := os.Readlink(path); err == nil {
			files[filepath.ToSlash(name)] = "-> " + filepath.ToSlash(target)
			return nil
		}
		text, err := os.ReadFile(path)
		files[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func opened(t *testing.T, dir string) *file {
	t.Helper()
	h, err := openHook(dir, kindByName("pre-commit"))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// oldScript is a hook as r8scan 0.1.0 wrote it.
var oldScript = string(seal("other=${0%/*}/pre-commit" + keptSuffix + "\nr8scan='/bin/r8scan'\n"))

// states are what install or uninstall may find in a folder of hooks that had
// theirHook.
var states = map[string]map[string]string{
	"fresh":             {"pre-commit": theirHook},
	"old":               {"pre-commit": oldScript, "pre-commit" + keptSuffix: theirHook},
	"old, ours deleted": {"pre-commit" + keptSuffix: theirHook},
	"interrupted move":  {"../hooks" + keptSuffix + "/pre-commit": theirHook},
	"leftover temps":    {"pre-commit": theirHook, "pre-commit" + tempMark + "1": "", "pre-commit" + tempMark + "2": sealStart + "x"},
	"with links":        {"pre-commit": oldScript, "pre-commit" + keptSuffix: theirHook, "../hooks" + keptSuffix + "/lib.sh": "-> ../hooks/lib.sh", "../hooks" + keptSuffix + "/commit-msg": "-> ././pre-commit"},
	"link in the way":   {"pre-commit": theirHook, "../hooks" + keptSuffix + "/pre-commit": "-> ../hooks/pre-commit"},
}

// TestKeptHookComesBack makes sure that in every state install keeps the earlier
// hook, and uninstall puts it back.
func TestKeptHookComesBack(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege there")
	}
	for name, files := range states {
		for _, install := range []bool{true, false} {
			dir := hookFolder(t, files)
			if install {
				h := opened(t, dir)
				if err := h.mayInstall(); err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if _, err := h.install(h.script("/bin/r8scan")); err != nil {
					t.Errorf("%s: install: %v", name, err)
				}
				is := shown(t, filepath.Dir(dir))
				if is["hooks/pre-commit"] != string(h.script("/bin/r8scan")) || is["hooks"+keptSuffix+"/pre-commit"] != theirHook {
					t.Errorf("%s: installed: %q", name, is)
				}
				if again, err := opened(t, dir).install(h.script("/bin/r8scan")); again || err != nil {
					t.Errorf("%s: a second install changed something: %v", name, err)
				}
			}
			h := opened(t, dir)
			if err := h.mayUninstall(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := h.uninstall(); err != nil {
				t.Errorf("%s: uninstall: %v", name, err)
			}
			if is := shown(t, filepath.Dir(dir)); len(is) != 1 || is["hooks/pre-commit"] != theirHook {
				t.Errorf("%s, installed before %v: left %q", name, install, is)
			}
		}
	}
}

// TestInterrupted stops an install between its steps. git has a hook at each step,
// and a second install or an uninstall ends as without the interruption.
func TestInterrupted(t *testing.T) {
	for _, from := range []string{"fresh", "old"} {
		for _, undo := range []bool{true, false} {
			dir := hookFolder(t, states[from])
			h := opened(t, dir)
			path := h.path
			if h.kept != "" {
				path = h.kept
			}
			if moved, err := h.shelf.put(path, "pre-commit"); err != nil || moved {
				t.Skipf("this file system has no hard links: %v", err)
			}
			if !exists(h.path) {
				t.Fatalf("%s: git finds no hook", from)
			}
			h = opened(t, dir)
			if !undo {
				if err := h.mayInstall(); err != nil {
					t.Fatal(err)
				}
				if _, err := h.install(h.script("/bin/r8scan")); err != nil {
					t.Fatal(err)
				}
				h = opened(t, dir)
			}
			if err := h.mayUninstall(); err != nil {
				t.Fatal(err)
			}
			if _, err := h.uninstall(); err != nil {
				t.Fatal(err)
			}
			if is := shown(t, filepath.Dir(dir)); len(is) != 1 || is["hooks/pre-commit"] != theirHook {
				t.Errorf("%s, undone %v: left %q", from, undo, is)
			}
		}
	}
}

// TestShelfIsGivenBack makes sure that files which a hook wrote beside itself are
// not lost or overwritten.
func TestShelfIsGivenBack(t *testing.T) {
	kept := "../hooks" + keptSuffix + "/"
	dir := hookFolder(t, map[string]string{"pre-commit": oldScript, kept + "pre-commit": theirHook, kept + "state": "new", kept + "sub/more": "more"})
	if _, err := opened(t, dir).uninstall(); err != nil {
		t.Fatal(err)
	}
	if is := shown(t, filepath.Dir(dir)); len(is) != 3 || is["hooks/state"] != "new" || is["hooks/sub/more"] != "more" {
		t.Errorf("left %q", is)
	}
	dir = hookFolder(t, map[string]string{"pre-commit": oldScript, "state": "old", kept + "pre-commit": theirHook, kept + "state": "new"})
	_, err := opened(t, dir).uninstall()
	if is := shown(t, filepath.Dir(dir)); err == nil || !strings.Contains(err.Error(), "differ: remove one of them") || is["hooks/state"] != "old" || is["hooks"+keptSuffix+"/state"] != "new" || is["hooks/pre-commit"] != theirHook {
		t.Errorf("error %v; left %q", err, is)
	}
}

// TestSiblingsAreLinked makes sure that install links the files that a hook reads
// beside itself: users who push to a server may not write there.
func TestSiblingsAreLinked(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege there")
	}
	dir := hookFolder(t, map[string]string{"pre-commit": "-> _run", "_run": theirHook, "lib/x": "x", ".hidden": "h", "pre-push": oldScript, "commit-msg": "-> pre-push",
		"gone": "-> nowhere", "update.sample": "s", "pre-receive" + keptSuffix: "k", "pre-commit" + tempMark + "9": "t"})
	if err := os.Chmod(dir, 0o770); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	h := opened(t, dir)
	if err := (Installer{Out: &said}).installHook(h, h.script("/bin/r8scan")); err != nil || !strings.Contains(said.String(), "keeps working") {
		t.Fatalf("%v, %s", err, said.String())
	}
	if info, err := os.Stat(h.shelf.dir); err != nil || info.Mode().Perm() != 0o770 {
		t.Errorf("the shelf does not have the folder's mode: %v, %v", info.Mode(), err)
	}
	want := map[string]string{"pre-commit": "-> _run", "_run": "-> ../hooks/_run", "lib": "-> ../hooks/lib", ".hidden": "-> ../hooks/.hidden"}
	if is := shown(t, h.shelf.dir); !maps.Equal(is, want) {
		t.Errorf("on the shelf: %q, want %q", is, want)
	}
}

// TestTwoKeptHooks makes sure that two different earlier hooks are both kept.
func TestTwoKeptHooks(t *testing.T) {
	dir := hookFolder(t, map[string]string{"pre-commit": oldScript, "pre-commit" + keptSuffix: theirHook, "../hooks" + keptSuffix + "/pre-commit": "another"})
	before := len(shown(t, filepath.Dir(dir)))
	h := opened(t, dir)
	if h.mayInstall() == nil || h.mayUninstall() == nil {
		t.Error("there is no error")
	}
	if len(shown(t, filepath.Dir(dir))) != before {
		t.Error("files are gone")
	}
}
