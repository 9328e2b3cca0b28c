package hooks

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"r8scan/internal/shell"
)

// kinds are the git hooks that r8scan can be, with what each runs.
var kinds = []kind{
	{"pre-commit", `staged`, "this commit was not checked and is refused", "go on regardless with git commit --no-verify"},
	{"pre-push", `push "$@"`, "this push was not checked and is refused", "go on regardless with git push --no-verify"},
	{"pre-receive", `receive`, "this push was not checked and is refused", "whoever keeps the server can take the hook away"},
}

// kind is a hook that r8scan can be.
type kind struct {
	name    string
	command string // r8scan's command and arguments, as shell
	refusal string // what it means that r8scan is gone
	anyway  string // how to go on then
}

// kindByName returns the kind of hook called name, nil if there is none.
func kindByName(name string) *kind {
	for i := range kinds {
		if kinds[i].name == name {
			return &kinds[i]
		}
	}
	return nil
}

const (
	// hasOther is the test for a hook that git would run. One that leads back to
	// the script would never end.
	hasOther = `[ -f "$r8scan_other" ] && [ -x "$r8scan_other" ] && ! [ "$r8scan_other" -ef "$0" ] 2>/dev/null`

	findR8scan = binaryIs + `BINARY
if ! [ -f "$r8scan_binary" ] || ! [ -x "$r8scan_binary" ]; then
  r8scan_found=$(command -v r8scan) || {
    printf '%s\n' "r8scan: REFUSAL, because r8scan is neither at $r8scan_binary nor on PATH: install it again, or ANYWAY" >&2
    exit 1
  }
  r8scan_binary=$r8scan_found
fi
`
	binaryIs = "r8scan_binary="
	// A pre-commit hook may change what is staged, so it comes first.
	otherThenUs = `if ` + hasOther + `; then
  "$r8scan_other" "$@" || exit
fi
` + findR8scan + `exec "$r8scan_binary" COMMAND
`
	// A pre-push or pre-receive hook may pass things on, so it comes last. Both
	// get the lines on standard input, to the byte. A hook that does not read them
	// all is no failure of the one who writes.
	usThenOther = findR8scan + `if ! { ` + hasOther + `; }; then
  exec "$r8scan_binary" COMMAND
fi
r8scan_lines=$(cat && echo .)
r8scan_feed() { printf %s "${r8scan_lines%.}" 2>/dev/null; }
r8scan_feed | "$r8scan_binary" COMMAND || exit
r8scan_feed | "$r8scan_other" "$@"
`
	onlyUs = findR8scan + `exec "$r8scan_binary" COMMAND
`
	onlyOther = `if ` + hasOther + `; then
  exec "$r8scan_other" "$@"
fi
`
	// Where there is a push-to-checkout hook, git leaves the work tree to it.
	// This is what git does where there is none.
	checkOut = `if ! { git update-index -q --ignore-submodules --refresh && git diff-files --quiet --ignore-submodules --; }; then
  echo 'the work tree has changes' >&2
  exit 1
fi
r8scan_head=$(git rev-parse -q --verify HEAD) || r8scan_head=$(git hash-object -t tree --stdin </dev/null)
if ! git diff-index --quiet --cached --ignore-submodules "$r8scan_head" --; then
  echo 'the index has changes' >&2
  exit 1
fi
exec git read-tree -u -m "$1"
`
)

// checkScript returns the script of a hook: binary is the r8scan to run, an
// absolute path.
func checkScript(g *kind, c chain, binary string) []byte {
	body := otherThenUs
	switch {
	case c.text == "":
		body = onlyUs
	case g.name != "pre-commit":
		body = usThenOther
	}
	return seal(strings.NewReplacer(append(c.words(g.name),
		"NAME", g.name,
		"BINARY", shell.Quoted(filepath.ToSlash(binary)),
		"COMMAND", g.command,
		"REFUSAL", g.refusal,
		"ANYWAY", g.anyway,
	)...).Replace(c.text + body))
}

// passScript returns the script of a hook in the global folder that r8scan has
// no part in: it runs the repository's own.
func passScript(name string) []byte {
	body := onlyOther
	if name == "push-to-checkout" {
		body += checkOut
	}
	return seal(strings.ReplaceAll(chainRepository.text+body, "NAME", name))
}

const (
	sealStart = "#!/bin/sh\n# r8scan-hook "
	sealText  = "# Written by r8scan install. r8scan uninstall takes it away, unless it was changed.\n"
	sealSize  = 16 // hex digits
)

// seal puts a head before body that tells r8scan's scripts from others, and
// from its own that somebody has changed since.
func seal(body string) []byte {
	body = sealText + body
	return []byte(sealStart + sealOf([]byte(body)) + "\n" + body)
}

func sealOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])[:sealSize]
}

// sealed reports whether a hook's text is one of r8scan's, and whether it is as
// r8scan wrote it.
func sealed(text []byte) (ours, intact bool) {
	rest, ours := bytes.CutPrefix(text, []byte(sealStart))
	if !ours {
		return false, false
	}
	seal, body, _ := bytes.Cut(rest, []byte("\n"))
	return true, string(seal) == sealOf(body)
}

// isCheck reports whether a hook's text is one of r8scan's that checks
// something, rather than passing on to another hook only.
func isCheck(text []byte) bool {
	_, intact := sealed(text)
	return intact && (bytes.Contains(text, []byte("\n"+binaryIs)) || bytes.Contains(text, []byte("\nr8scan="))) // as scripts up to 0.1.0 have it
}

// ownBinary returns the path of this program for hooks to run.
func ownBinary() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the path of r8scan for the hooks: %w", err)
	}
	return path, lasting(path)
}

// lasting returns an error if path is where go run builds: hooks would find
// nothing there.
func lasting(path string) error {
	if dir := filepath.Dir(filepath.Dir(filepath.Dir(path))); strings.HasPrefix(filepath.Base(dir), "go-build") {
		return fmt.Errorf("%s was built by go run, and will not stay: run go install ./cmd/r8scan first, and then r8scan install", path)
	}
	return nil
}
