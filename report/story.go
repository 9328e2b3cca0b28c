package report

import (
	"fmt"
	"slices"
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
		if h.Repository != "" {
			parts[0] = "first in " + repositoryName(h.Repository) + ", " + parts[0]
		}
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

// shownRepositories is how many repositories are named unless Options.Verbose is set.
const shownRepositories = 3

// elsewhere says in terminal-safe text which other repositories have a token, and how it
// is there: "" if none has.
func elsewhere(f Finding, verbose bool) string {
	all := f.Elsewhere
	if len(all) == 0 {
		return ""
	}
	shown := all
	if !verbose && len(shown) > shownRepositories {
		shown = shown[:shownRepositories]
	}
	names := make([]string, len(shown))
	for i, h := range shown {
		notes := []string{}
		if h.Fork {
			notes = append(notes, "a fork")
		}
		if h.Introduced != nil {
			notes = append(notes, "since "+h.Introduced.Date.Format("2006-01-02"))
		}
		if h.AtHead {
			notes = append(notes, "still at HEAD")
		}
		names[i] = repositoryName(h.Repository)
		if len(notes) > 0 {
			names[i] += " (" + strings.Join(notes, ", ") + ")"
		}
	}
	s := "also in " + strings.Join(names, ", ")
	if rest := len(all) - len(shown); rest > 0 {
		s += fmt.Sprintf(" and %s", terminal.Plural(int64(rest), "more repository"))
	}
	return s
}

// stillThere reports whether a token is at the HEAD of a repository that has it.
func stillThere(f Finding) bool {
	return f.History != nil && f.History.AtHead || slices.ContainsFunc(f.Elsewhere, func(h result.History) bool { return h.AtHead })
}

// storyIn returns the story of a token in a repository, nil if there is none. The name
// is empty unless there are many.
func storyIn(f Finding, repository string) *result.History {
	if f.History == nil || f.History.Repository == repository {
		return f.History
	}
	for i, h := range f.Elsewhere {
		if h.Repository == repository {
			return &f.Elsewhere[i]
		}
	}
	return nil
}

// repositoryName is a repository's URL as it is written before a place: without what
// most have.
func repositoryName(url string) string {
	url = strings.TrimSuffix(url, ".git")
	for _, prefix := range []string{"https://github.com/", "https://", "http://", "ssh://"} {
		if name, ok := strings.CutPrefix(url, prefix); ok {
			return terminal.Safe(name)
		}
	}
	return terminal.Safe(url)
}

// fileIn names a file of one of many repositories as if each were a folder.
func fileIn(l result.Location) string {
	return repositoryName(l.Repository) + "/" + terminal.Safe(l.Path)
}
