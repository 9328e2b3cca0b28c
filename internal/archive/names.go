package archive

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"r8scan/rules"
)

// shownLen is how much of a member's name is shown.
const shownLen = 256

// join joins a container's path and a member's name. It makes the name safe to
// show. The result is never used as a path on disk.
func join(parent, name string) string {
	shown := show(name)
	if parent == "" {
		return shown
	}
	return parent + "!" + shown
}

// show escapes control characters and invalid UTF-8. It masks tokens first,
// because a token that was cut or escaped is no longer recognized.
func show(name string) string {
	plain := !strings.ContainsFunc(name, hidden)
	if plain && len(name) <= shownLen {
		return name
	}
	name = rules.Redact(name)
	if len(name) > shownLen {
		end := shownLen
		for end > shownLen-utf8.UTFMax && !utf8.RuneStart(name[end]) {
			end--
		}
		name = name[:end] + "…"
	}
	if plain {
		return name
	}
	var b strings.Builder
	for i, r := range name {
		_, size := utf8.DecodeRuneInString(name[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, name[i])
		case hidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func hidden(r rune) bool {
	return r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// base returns the last element of a member's name.
func base(name string) string { return name[strings.LastIndexAny(name, `/\`)+1:] }
