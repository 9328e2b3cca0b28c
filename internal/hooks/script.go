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

// chain says where a hook script finds the hook that it runs besides r8scan.
type chain string

const (
	chainNone chain = "" // nowhere: git itself runs it

	// chainKept is the hook that stood in the script's place. $0 is not enough:
	// other managers rename the scripts they find.
	chainKept chain = `other=${0%/*}/NAME` + keptSuffix + "\n"

	// chainRepository is the repository's own hook, which git passes over while a
	// global core.hooksPath is set. Most hooks need no process to find it.
	chainRepository chain = `dir=${GIT_COMMON_DIR:-${GIT_DIR:-.git}}
if ! [ -f "$dir/HEAD" ] || [ -f "$dir/commondir" ]; then
  dir=$(git rev-parse --git-common-dir 2>/dev/null) || dir=.git
fi
other=$dir/hooks/NAME
`
)

// keptSuffix ends the name of a hook that r8scan's stands in the place of. It
// stays in its folder, so that what it looks for next to itself is there.
const keptSuffix = ".before-r8scan"

const (
	// hasOther is the test for a hook that git would run.
	hasOther = `[ -f "$other" ] && [ -x "$other" ]`

	findR8scan = `r8scan=BINARY
if ! [ -f "$r8scan" ] || ! [ -x "$r8scan" ]; then
  found=$(command -v r8scan) || {
    printf '%s\n' "r8scan: REFUSAL, because r8scan is neither at $r8scan nor on PATH: install it again, or ANYWAY" >&2
    exit 1
  }
  r8scan=$found
fi
`
	// A pre-commit hook may change what is staged, so it comes first.
	otherThenUs = `if ` + hasOther + `; then
  "$other" "$@" || exit
fi
` + findR8scan + `exec "$r8scan" COMMAND
`
	// A pre-push or pre-receive hook may pass things on, so it comes last. Both
	// get the lines on standard input.
	usThenOther = findR8scan + `if ! { ` + hasOther + `; }; then
  exec "$r8scan" COMMAND
fi
lines=$(cat)
feed() { [ -z "$lines" ] || printf '%s\n' "$lines"; }
feed | "$r8scan" COMMAND || exit
feed | "$other" "$@"
`
	onlyUs = findR8scan + `exec "$r8scan" COMMAND
`
	onlyOther = `if ` + hasOther + `; then
  exec "$other" "$@"
fi
`
	// Where there is a push-to-checkout hook, git leaves the work tree to it.
	// This is what git does where there is none.
	checkOut = `if ! { git update-index -q --ignore-submodules --refresh && git diff-files --quiet --ignore-submodules --; }; then
  echo 'the work tree has changes' >&2
  exit 1
fi
head=$(git rev-parse -q --verify HEAD) || head=$(git hash-object -t tree --stdin </dev/null)
if ! git diff-index --quiet --cached --ignore-submodules "$head" --; then
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
	case c == chainNone:
		body = onlyUs
	case g.name != "pre-commit":
		body = usThenOther
	}
	return seal(strings.NewReplacer(
		"NAME", g.name,
		"BINARY", shell.Quoted(filepath.ToSlash(binary)),
		"COMMAND", g.command,
		"REFUSAL", g.refusal,
		"ANYWAY", g.anyway,
	).Replace(string(c) + body))
}

// passScript returns the script of a hook in the global folder that r8scan has
// no part in: it runs the repository's own.
func passScript(name string) []byte {
	body := onlyOther
	if name == "push-to-checkout" {
		body += checkOut
	}
	return seal(strings.ReplaceAll(string(chainRepository)+body, "NAME", name))
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
	return intact && bytes.Contains(text, []byte("\nr8scan="))
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
