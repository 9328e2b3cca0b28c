package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"r8scan/internal/door"
	"r8scan/internal/terminal"
	"r8scan/result"
)

// shownUnread is how many unread things are named unless Options.Verbose is set.
const shownUnread = 5

// Summary writes a few lines for people about the run as a whole: what was
// found, what was read, and what was not. It is meant for standard error, next
// to any format on standard output. A run that did not read everything is
// never said to have found nothing without saying that too. Errors are those of
// writing to w.
func Summary(w io.Writer, doc *Document, opts Options) error {
	shown := Document{door.Values(doc.Run), doc.Findings} // of these only numbers are told
	doc = &shown
	var b strings.Builder
	fmt.Fprintf(&b, "%s; read %s in %s\n", foundLine(doc), readLine(doc.Coverage), duration(doc.DurationMS))
	allowedLines(&b, doc.Allowed, opts.Verbose)
	acceptedLines(&b, doc.Coverage.Accepted, opts.Verbose)
	if opts.Verbose && len(doc.LeftOut) > 0 {
		total := 0
		for _, n := range doc.LeftOut {
			total += n
		}
		fmt.Fprintf(&b, "%s left out below --min-confidence: %s\n", terminal.Count(int64(total)), counts(doc.LeftOut, " "))
	}
	if !doc.Complete {
		unread := doc.Coverage.Unread
		were := "were"
		if len(unread) == 1 {
			were = "was"
		}
		head := fmt.Sprintf("incomplete: %s %s not read:", terminal.Plural(int64(len(unread)), "thing"), were)
		fmt.Fprintf(&b, "%s\n", terminal.Paint(opts.Color, terminal.Yellow, head))
		if !opts.Verbose && len(unread) > shownUnread {
			unread = unread[:shownUnread]
		}
		for _, u := range unread {
			fmt.Fprintf(&b, "  %s: %s\n", terminal.Safe(u.What), terminal.Safe(u.Reason))
		}
		if rest := len(doc.Coverage.Unread) - len(unread); rest > 0 {
			fmt.Fprintf(&b, "  and %s more (see -v or -f json)\n", terminal.Count(int64(rest)))
		}
	}
	if a := doc.Asked; a != nil {
		fmt.Fprintf(&b, "asked %s: %s live, %s revoked, %s unknown; %s\n",
			terminal.Safe(a.hosts()), terminal.Count(int64(a.Live)), terminal.Count(int64(a.Revoked)), terminal.Count(int64(a.Unknown)), a.Told())
	}
	b.WriteString(recheckSummary(doc))
	_, err := io.WriteString(w, b.String())
	return err
}

// shownAllowed is how many allowed tokens are named unless Options.Verbose is set.
const shownAllowed = 10

// allowedLines says which tokens were left alone, by whose word, and why. Those that
// the scanned commits allow themselves come first.
func allowedLines(b *strings.Builder, allowed []result.Allowed, verbose bool) {
	if len(allowed) == 0 {
		return
	}
	by := map[string]int{}
	for _, a := range allowed {
		by[a.By]++
	}
	fmt.Fprintf(b, "%s allowed: %s\n", terminal.Count(int64(len(allowed))), counts(by, " by "))
	shown := changesFirst(allowed)
	if !verbose && len(shown) > shownAllowed {
		shown = shown[:shownAllowed]
	}
	for _, a := range shown {
		fmt.Fprintf(b, "  %s%s\n", warningOf(a), allowedLine(a))
	}
	if rest := len(allowed) - len(shown); rest > 0 {
		fmt.Fprintf(b, "  and %s more (see -v or -f json)\n", terminal.Count(int64(rest)))
	}
}

// changesFirst returns allowed tokens in their order, those that the scanned commits
// allow themselves first.
func changesFirst(allowed []result.Allowed) []result.Allowed {
	isOld := func(a result.Allowed) bool { return !a.ByChange }
	isNew := func(a result.Allowed) bool { return a.ByChange }
	return append(slices.DeleteFunc(slices.Clone(allowed), isOld), slices.DeleteFunc(slices.Clone(allowed), isNew)...)
}

// warningOf begins the line of a token that the scanned commits allow themselves.
func warningOf(a result.Allowed) string {
	if a.ByChange {
		return "warning: allowed by the scanned commits themselves: "
	}
	return ""
}

// allowedLine says which token is allowed, and allowedWhy.
func allowedLine(a result.Allowed) string { return terminal.Safe(a.TokenID) + " " + allowedWhy(a) }

// allowedWhy says who allows a token, why, and where it stands.
func allowedWhy(a result.Allowed) string {
	why := "by " + terminal.Safe(a.By)
	if a.Reason != "" {
		why += " (" + terminal.Safe(a.Reason) + ")"
	}
	if len(a.Locations) > 0 {
		why += ": " + place(a.Locations[0])
	}
	if rest := len(a.Locations) - 1; rest > 0 {
		why += " and " + terminal.Plural(int64(rest), "more place")
	}
	return why
}

// acceptedLines says how many things were not read by the user's leave; each of
// them if verbose.
func acceptedLines(b *strings.Builder, accepted []result.Accepted, verbose bool) {
	if len(accepted) == 0 {
		return
	}
	fmt.Fprintf(b, "%s not read, as accepted by --config\n", terminal.Plural(int64(len(accepted)), "thing"))
	if !verbose {
		return
	}
	for _, a := range accepted {
		fmt.Fprintf(b, "  %s: %s (%s)\n", terminal.Safe(a.What), terminal.Safe(a.Reason), terminal.Safe(a.Because))
	}
}

// counts lists numbers of things in the order of their names.
func counts(n map[string]int, between string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(n)) {
		parts = append(parts, terminal.Count(int64(n[name]))+between+terminal.Safe(name))
	}
	return strings.Join(parts, ", ")
}

func foundLine(doc *Document) string {
	if doc.Found() == 0 {
		if !doc.Complete {
			return "no tokens found, but the scan is incomplete"
		}
		line := "no tokens found"
		if n := len(doc.Allowed); n > 0 {
			line = fmt.Sprintf("no new tokens; %s allowed", terminal.Count(int64(n)))
		}
		if len(doc.Coverage.Accepted) > 0 {
			line += " in what was read"
		}
		return line
	}
	places, ignored := 0, 0
	for _, f := range doc.Findings {
		places += len(f.Locations)
		if f.MayStay() {
			ignored++
		}
	}
	line := fmt.Sprintf("%s in %s", terminal.Plural(int64(len(doc.Findings)), "token"), terminal.Plural(int64(places), "place"))
	if len(doc.NotListed) > 0 { // of those it is not known where they stand
		line = terminal.Plural(int64(doc.Found()), "token")
	}
	if ignored > 0 {
		line += fmt.Sprintf(" (%s only in files that git ignores)", terminal.Count(int64(ignored)))
	}
	return line
}

// readLine leaves out what a scan of this kind does not read.
func readLine(c result.Coverage) string {
	var parts []string
	for _, n := range []struct {
		count int64
		word  string
	}{{c.Repositories, "repository"}, {c.Images, "image"}, {c.Objects, "object"}, {c.Commits, "commit"}, {c.Files, "file"}, {c.Texts, "text"}, {c.ArchiveMembers, "archive member"}} {
		if n.count > 0 {
			parts = append(parts, terminal.Plural(n.count, n.word))
		}
	}
	return strings.Join(append(parts, size(c.Bytes)), ", ")
}
