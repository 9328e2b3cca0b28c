package report

import (
	"fmt"
	"strings"

	"r8scan/internal/terminal"
	"r8scan/result"
)

// storyParts tells in terminal-safe text when a token came into git, when it went
// out, and what still holds it: parts of one line, each of which begins with a
// word of our own. If verbose it names all refs, and authors with their addresses.
func storyParts(h *result.History, verbose bool) []string {
	parts := []string{"in no commit that is known"}
	if h.Introduced != nil {
		parts[0] = "since " + event(h.Introduced, verbose)
		if verbose && h.Introduced.Path != "" {
			parts = append(parts, "as "+terminal.Safe(h.Introduced.Path))
		}
	}
	switch {
	case h.AtHead:
		parts = append(parts, "still at HEAD")
	case h.Removed != nil:
		parts = append(parts, "removed "+event(h.Removed, verbose))
	default:
		parts = append(parts, "in no file at HEAD")
	}
	shown := shownRefs
	if verbose {
		shown = len(h.Refs)
	}
	return append(parts, reach(h, shown, verbose))
}

// event returns "2026-11-02 (0123456789, Ann)".
func event(e *result.Event, verbose bool) string {
	author := e.Author
	if name, _, ok := strings.Cut(author, " <"); ok && name != "" && !verbose {
		author = name
	}
	return fmt.Sprintf("%s (%s, %s)", e.Date.Format("2006-01-02"), short(e.Commit), terminal.Safe(author))
}

// reach says which refs reach a token, with the names of the first few: whole ones
// if full is set.
func reach(h *result.History, few int, full bool) string {
	if !h.Reachable {
		return "no ref leads to it, but backups and copies may hold it until git gc prunes it"
	}
	if len(h.Refs) == 0 {
		return "reachable from a ref"
	}
	shown := h.Refs[:min(len(h.Refs), few)]
	names := make([]string, len(shown))
	for i, ref := range shown {
		names[i] = terminal.Safe(refName(ref, full))
	}
	s := "in " + strings.Join(names, ", ")
	if rest := len(h.Refs) - len(shown); rest > 0 {
		s += fmt.Sprintf(" and %s", terminal.Plural(int64(rest), "more ref"))
	}
	return s
}

// refName is a ref as people call it; in full if verbose.
func refName(ref string, verbose bool) string {
	if verbose {
		return ref
	}
	for _, prefix := range []string{"refs/heads/", "refs/remotes/", "refs/tags/"} {
		if name, ok := strings.CutPrefix(ref, prefix); ok {
			return name
		}
	}
	return ref
}
