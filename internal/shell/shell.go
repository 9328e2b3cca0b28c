// Package shell quotes words for a POSIX shell, for scripts and for commands
// that users copy.
package shell

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Quote returns s as one word of a POSIX shell, quoted if necessary. File names
// of a repository must not inject commands into a line that a user is told to
// copy. What cannot be shown stands as an escape, so that the line can be copied.
func Quote(s string) string {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return escaped(s)
	}
	if s != "" && !strings.ContainsRune("-~=", rune(s[0])) && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/:._-+@%,=~", r)
	}) {
		return s
	}
	return Quoted(s)
}

// escaped returns s as one word with escapes in $'…', which POSIX shells know since 2024,
// and bash, zsh and ksh for longer.
func escaped(s string) string {
	var b strings.Builder
	for rest := s; rest != ""; {
		r, n := utf8.DecodeRuneInString(rest)
		switch {
		case r == '\\' || r == '\'':
			b.WriteString(`\` + rest[:1])
		case r == utf8.RuneError && n == 1 || !unicode.IsPrint(r):
			for i := range n {
				fmt.Fprintf(&b, `\x%02x`, rest[i])
			}
		default:
			b.WriteString(rest[:n])
		}
		rest = rest[n:]
	}
	return "$'" + b.String() + "'"
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
