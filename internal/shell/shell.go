// Package shell writes words of a POSIX shell, for commands to copy and scripts.
package shell

import (
	"strings"
	"unicode"
)

// Quote returns s as one word of a POSIX shell, in quotes if it needs them: a
// repository's file names must not put commands into a line that somebody is
// told to copy.
func Quote(s string) string {
	if s != "" && s[0] != '-' && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/:._-+@%,=~", r)
	}) {
		return s
	}
	return Quoted(s)
}

// Quoted returns s as one word of a POSIX shell, in quotes.
func Quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
