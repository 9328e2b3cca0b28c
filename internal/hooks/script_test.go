package hooks

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestSeal makes sure that r8scan recognizes its hooks, and a change of any byte.
func TestSeal(t *testing.T) {
	scripts := map[string][]byte{"pass": passScript("update"), "check out": passScript("push-to-checkout")}
	for i := range kinds {
		for _, c := range []chain{chainNone, keptChain("/hooks", false), keptChain("/hooks", true), chainRepository} {
			scripts[kinds[i].name+" "+c.text] = checkScript(&kinds[i], c, "/bin/r8scan")
		}
	}
	for name, script := range scripts {
		if ours, intact := sealed(script); !ours || !intact {
			t.Errorf("%s: r8scan does not recognize its own hook", name)
		}
		if isCheck(script) == (name == "pass" || name == "check out") {
			t.Errorf("%s: isCheck is wrong", name)
		}
		for at := range script {
			changed := append([]byte{}, script...)
			changed[at] ^= 1
			if _, intact := sealed(changed); intact {
				t.Fatalf("%s: changing byte %d is not noticed", name, at)
			}
		}
		if _, intact := sealed(append(script, '\n')); intact {
			t.Errorf("%s: an added line is not noticed", name)
		}
		if strings.Contains(string(script), "\r") {
			t.Errorf("%s has carriage returns", name)
		}
		for _, word := range []string{"NAME", "BINARY", "COMMAND", "REFUSAL", "ANYWAY", "FOLDER", "SIBLINGS", "OTHERS"} {
			if strings.Contains(string(script), word) {
				t.Errorf("%s: %s was not replaced", name, word)
			}
		}
	}
	for _, other := range []string{"", "#!/bin/sh\n", "#!/bin/sh\n# r8scan\n"} {
		if ours, _ := sealed([]byte(other)); ours {
			t.Errorf("%q passes as r8scan's", other)
		}
	}
	for _, other := range []string{sealStart, sealStart + "\n", sealStart + "0123456789abcdef\nexit 0\n"} {
		if ours, intact := sealed([]byte(other)); !ours || intact {
			t.Errorf("%q: ours is %v and intact %v", other, ours, intact)
		}
	}
}

func TestHookBinary(t *testing.T) {
	for path, ok := range map[string]bool{
		"/usr/local/bin/r8scan":                  true,
		"/home/ann/go/bin/r8scan":                true,
		"/home/ann/go-build/r8scan":              true,
		"/tmp/go-build123/b001/exe/r8scan":       false, // go run
		"/home/ann/.cache/go-build/0a/0b/r8scan": false, // go run, kept
	} {
		if err := lasting(filepath.FromSlash(path)); (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestHooksThatCannotBeWritten makes sure that the error names a folder without
// write permission, and that nothing is left in it.
func TestHooksThatCannotBeWritten(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("this user may write everywhere")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "pre-commit")
	if err := os.WriteFile(path, []byte("theirs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o755) }) // for its removal
	h, err := openHook(dir, kindByName("pre-commit"))
	if err != nil {
		t.Fatal(err)
	}
	err = Installer{Out: io.Discard}.installHook(h, h.script("/bin/r8scan"))
	if err == nil || !strings.Contains(err.Error(), "permission denied: run it as a user who may write there") {
		t.Errorf("error %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
}
