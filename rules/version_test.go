package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"go/format"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sourceDigest is the digest of the package's code at Version. The cache of packs
// is valid for one version of the rules only, so a change of what the rules find
// needs a new Version.
const sourceDigest = "525f3b3522329c97"

// TestVersion fails when the code of the rules changes: raise Version if the
// change alters what is found, and renew sourceDigest in any case.
func TestVersion(t *testing.T) {
	sum := sha256.New()
	files := 0
	for _, pattern := range []string{"*.go", "*.s"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			files++
			if err := writeCode(sum, path); err != nil {
				t.Fatal(err)
			}
		}
	}
	if files < 20 {
		t.Errorf("only %d files were read", files)
	}
	if got := hex.EncodeToString(sum.Sum(nil)[:8]); got != sourceDigest {
		t.Errorf("the code changed: raise Version if other tokens are found now, and set sourceDigest to %q", got)
	}
}

// writeCode writes a source file without its comments.
func writeCode(w io.Writer, path string) error {
	if filepath.Ext(path) == ".go" {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		return format.Node(w, fset, file)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		code, _, _ := strings.Cut(line, "//")
		if code = strings.TrimSpace(code); code != "" {
			if _, err := io.WriteString(w, code+"\n"); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestCodeWithoutComments changes comments and code, in Go and in assembler. Only
// a change of code may change the result of writeCode.
func TestCodeWithoutComments(t *testing.T) {
	for _, c := range []struct{ name, a, b string }{
		{"x.go", "package x\n\n// One.\nvar a = 1 // is one\n", "package x\n\n// Uno.\nvar a = 1\n"},
		{"x.s", "// One.\nMOVQ AX, BX // moves\n", "MOVQ AX, BX\n"},
	} {
		code := func(text string) string {
			path := filepath.Join(t.TempDir(), c.name)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			if err := writeCode(&b, path); err != nil {
				t.Fatal(err)
			}
			return b.String()
		}
		if code(c.a) != code(c.b) {
			t.Errorf("%s: a comment counts: %q", c.name, code(c.a))
		}
		if code(c.a) == code(strings.NewReplacer("= 1", "= 2", "BX", "CX").Replace(c.a)) {
			t.Errorf("%s: code does not count", c.name)
		}
	}
}
