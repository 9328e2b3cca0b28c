package report

import (
	"fmt"
	"strings"

	"r8scan/internal/terminal"
	"r8scan/result"
)

// story tells in lines of terminal-safe text when a token came into git, when
// it went out, and what still holds it. All refs are named if verbose.
func story(h *result.History, verbose bool) []string {
	lines := []string{"introduced by no commit that is known"}
	if h.Introduced != nil {
		lines[0] = "introduced " + event(h.Introduced)
	}
	switch {
	case h.AtHead:
		lines = append(lines, "still at HEAD")
	case h.Removed != nil:
		lines = append(lines, "removed "+event(h.Removed)+", not at HEAD")
	default:
		lines = append(lines, "in no file at HEAD")
	}
	return append(lines, reach(h, verbose))
}

func event(e *result.Event) string {
	s := fmt.Sprintf("%s in %s by %s", e.Date.Format("2006-01-02"), short(e.Commit), terminal.Safe(e.Author))
	if e.Path != "" {
		s += " as " + terminal.Safe(e.Path)
	}
	return s
}

func reach(h *result.History, verbose bool) string {
	if !h.Reachable {
		return "not reachable from any ref: such objects still travel in backups, and stay until git gc prunes them"
	}
	if len(h.Refs) == 0 {
		return "reachable from a ref"
	}
	shown := h.Refs
	if !verbose && len(shown) > shownRefs {
		shown = shown[:shownRefs]
	}
	names := make([]string, len(shown))
	for i, ref := range shown {
		names[i] = terminal.Safe(ref)
	}
	s := "reachable from " + strings.Join(names, ", ")
	if rest := len(h.Refs) - len(shown); rest > 0 {
		s += fmt.Sprintf(" and %s more", plural(int64(rest), "ref"))
	}
	return s
}
