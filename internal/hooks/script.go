package hooks

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"r8scan/internal/home"
	"r8scan/internal/shell"
)

// kinds are the git hooks that r8scan can be.
var kinds = []kind{
	{"pre-commit", `staged`, otherThenUs, "this commit was not checked and is refused", "skip the check with git commit --no-verify"},
	{"pre-merge-commit", `staged`, otherThenUs, "this merge was not checked and is refused", "skip the check with git merge --no-verify"},
	{"commit-msg", `commit-msg "$1"`, otherThenUs, "this commit message was not checked and is refused", "skip the check with git commit --no-verify"},
	{"pre-push", `push "$@"`, usThenOther, "this push was not checked and is refused", "skip the check with git push --no-verify"},
	{"pre-receive", `receive`, usThenOther, "this push was not checked and is refused", "ask the server's administrator to remove the hook"},
}

// kind is a hook that r8scan can be.
type kind struct {
	name    string
	command string // r8scan's command and arguments, as shell
	both    string // the script that runs r8scan and another hook
	refusal string // what the script says if r8scan is gone
	anyway  string // how to continue then
}

// onServer is the hook for repositories without a work tree.
const onServer = "pre-receive"

// usual returns the kinds that are installed if the user names none.
func usual(bare bool) (chosen []*kind) {
	for i := range kinds {
		if (kinds[i].name == onServer) == bare {
			chosen = append(chosen, &kinds[i])
		}
	}
	return chosen
}

// kindNames lists the kinds for people.
func kindNames() string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
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
	// hasOther tests for a hook that git would run. A link back to the script would
	// never end.
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
	// A pre-commit hook may change what is staged, and a commit-msg hook the message,
	// so these come first.
	otherThenUs = `if ` + hasOther + `; then
  "$r8scan_other" "$@" || exit
fi
` + findR8scan + `exec "$r8scan_binary" COMMAND
`
	// A pre-push or pre-receive hook may pass things on, so it comes last. Both get
	// the same bytes on standard input. A hook need not read them all.
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
	// A push-to-checkout hook replaces what git does with the work tree. So this
	// script does what git would do without such a hook.
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

// checkScript returns the script of a hook. binary is the absolute path of the
// r8scan to run.
func checkScript(g *kind, c chain, binary string) []byte {
	body := g.both
	if c.text == "" {
		body = onlyUs
	}
	return seal(strings.NewReplacer(append(c.words(g.name),
		"NAME", g.name,
		"BINARY", shell.Quoted(filepath.ToSlash(binary)),
		"COMMAND", g.command,
		"REFUSAL", g.refusal,
		"ANYWAY", g.anyway,
	)...).Replace(c.text + body))
}

// passScript returns the script of a hook in the global folder that only runs the
// repository's own hook.
func passScript(name string) []byte {
	body := onlyOther
	if name == "push-to-checkout" {
		body += checkOut
	}
	return seal(strings.ReplaceAll(chainRepository.text+body, "NAME", name))
}

const (
	sealStart = "#!/bin/sh\n# r8scan-hook "
	sealText  = "# Written by r8scan install. r8scan uninstall removes it, unless it was changed.\n"
	sealSize  = 16 // hex digits
)

// seal prepends a header to body. It marks the script as r8scan's, and its
// checksum shows later changes.
func seal(body string) []byte {
	body = sealText + body
	return []byte(sealStart + sealOf([]byte(body)) + "\n" + body)
}

func sealOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])[:sealSize]
}

// sealed reports whether a hook's text is r8scan's, and whether it is unchanged.
func sealed(text []byte) (ours, intact bool) {
	rest, ours := bytes.CutPrefix(text, []byte(sealStart))
	if !ours {
		return false, false
	}
	seal, body, _ := bytes.Cut(rest, []byte("\n"))
	return true, string(seal) == sealOf(body)
}

// isCheck reports whether a hook's text is an unchanged script of r8scan's that
// runs r8scan, rather than only another hook.
func isCheck(text []byte) bool {
	_, intact := sealed(text)
	return intact && (bytes.Contains(text, []byte("\n"+binaryIs)) || bytes.Contains(text, []byte("\nr8scan="))) // scripts of 0.1.0
}

// OwnBinary returns the path of this program, for hooks.
func OwnBinary() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the path of r8scan for the hooks: %w", err)
	}
	return path, lasting(path)
}

// lasting returns an error if path is where go run builds: the file is removed
// when the program ends.
func lasting(path string) error {
	if dir := filepath.Dir(filepath.Dir(filepath.Dir(path))); strings.HasPrefix(filepath.Base(dir), "go-build") {
		return fmt.Errorf("go run removes %s when it ends: run %s first, then r8scan install", path, home.Install())
	}
	return nil
}
