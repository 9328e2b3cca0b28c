// Package shell quotes words for a POSIX shell, for scripts and for commands
// that users copy.
package shell

import (
	"strings"
	"unicode"
)

// Quote returns s as one word of a POSIX shell, quoted if necessary. File names
// of a repository must not inject commands into a line that a user is told to
// copy.
func Quote(s string) string {
	if s != "" && s[0] != '-' && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/:._-+@%,=~", r)
	}) {
		return s
	}
	return Quoted(s)
}

// Quoted returns s as one word of a POSIX shell, always quoted.
func Quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// Unquoted returns the word that Quoted made s from.
func Unquoted(s string) string {
	if n := len(s); n >= 2 && s[0] == '\'' && s[n-1] == '\'' {
		return strings.ReplaceAll(s[1:n-1], `'\''`, "'")
	}
	return s
}

// QuoteHome quotes a path that may begin with ~ for the home folder, which the shell
// is to replace.
func QuoteHome(path string) string {
	for _, home := range []string{"~/", `~\`} {
		if rest, ok := strings.CutPrefix(path, home); ok {
			return "~/" + Quote(rest)
		}
	}
	if path == "~" {
		return path
	}
	return Quote(path)
}
