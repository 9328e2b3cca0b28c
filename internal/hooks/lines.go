package hooks

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"r8scan/internal/plain"
	"r8scan/scanner"
)

// Limits on a hook's input. Names of refs have a few hundred bytes at most, and a
// push of all refs of a large mirror has some hundred thousand lines.
const (
	maxRefLine  = 64 << 10
	maxRefLines = 1 << 21
)

// pushLines reads the lines that git writes to a pre-push hook. An error has the
// line's number and none of its text.
func pushLines(in io.Reader) ([]scanner.RefUpdate, error) {
	return refLines(in, parsePushLine, pushForm)
}

// receiveLines reads the lines that git writes to a pre-receive hook.
func receiveLines(in io.Reader) ([]scanner.RefUpdate, error) {
	return refLines(in, parseReceiveLine, receiveForm)
}

// refLines reads lines with parse. form describes a line.
func refLines(in io.Reader, parse func(line string) (scanner.RefUpdate, bool), form string) ([]scanner.RefUpdate, error) {
	lines := bufio.NewScanner(plain.NewReader(in))
	lines.Buffer(nil, maxRefLine)
	updates := []scanner.RefUpdate{}
	for n := 1; lines.Scan(); n++ {
		u, ok := parse(lines.Text())
		if !ok || n > maxRefLines {
			return nil, fmt.Errorf("line %d of standard input is not what git writes to this hook: %s", n, form)
		}
		updates = append(updates, u)
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("line %d of standard input has more than %d bytes: git writes %s to this hook", len(updates)+1, maxRefLine, form)
	case err != nil:
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	return updates, nil
}

// What a line has.
const (
	pushForm    = "local ref, local id, remote ref and remote id"
	receiveForm = "old id, new id and ref"
)

// parsePushLine parses a line of a pre-push hook. The local ref is as the user
// wrote it, so it may have spaces.
func parsePushLine(line string) (u scanner.RefUpdate, ok bool) {
	rest, old, _ := cutLast(line)
	rest, ref, _ := cutLast(rest)
	local, id, ok := cutLast(rest)
	return scanner.RefUpdate{Ref: ref, New: id, Old: old}, ok && local != "" && ref != "" && isID(id) && isID(old) && len(id) == len(old)
}

// parseReceiveLine parses a line of a pre-receive hook.
func parseReceiveLine(line string) (u scanner.RefUpdate, ok bool) {
	old, rest, _ := strings.Cut(line, " ")
	id, ref, ok := strings.Cut(rest, " ")
	return scanner.RefUpdate{Ref: ref, New: id, Old: old}, ok && strings.HasPrefix(ref, "refs/") && isID(id) && isID(old) && len(id) == len(old)
}

// cutLast cuts s at its last space.
func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}

// isID reports whether s is an object's id in hex, of SHA-1 or SHA-256.
func isID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}
