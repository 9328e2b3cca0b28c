package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"r8scan/internal/terminal"
	"r8scan/result"
)

// markdownLimits bound a summary, in bytes. GitHub drops a step's summary of
// more than 1 MiB altogether.
type markdownLimits struct {
	findings int // the rows of all findings
	unread   int // the lines of all that was not read
	cell     int // a path, a name, a reason
}

var summaryLimits = markdownLimits{findings: 700_000, unread: 100_000, cell: 300}

// writeMarkdown writes a summary in GitHub's Markdown: what was found, what to
// do, a table of the tokens, and what was not read. Text of the scanned
// repository stands in code spans only, where it is no markup and no mention.
// What does not fit is counted.
func writeMarkdown(w io.Writer, doc *Document, _ Options) error {
	return markdown(w, doc, summaryLimits)
}

func markdown(w io.Writer, doc *Document, limits markdownLimits) error {
	m := &markdownWriter{limits: limits}
	fmt.Fprintf(m, "## r8scan: %s\n\n", title(doc))
	all := groups(doc.Run, doc.Findings)
	m.overview(doc, all)
	m.groups(doc, all)
	m.unread(doc.Coverage.Unread)
	_, err := io.WriteString(w, m.String())
	return err
}

type markdownWriter struct {
	strings.Builder
	limits markdownLimits
}

// overview says what was scanned, when and by what, and what was read, left alone
// and asked: a ticket needs no more.
func (m *markdownWriter) overview(doc *Document, all []*group) {
	t := doc.Target
	if doc.Found() > 0 {
		fmt.Fprintf(m, "%s.\n", headline(all))
		for _, line := range []string{howToAsk(doc.Run, doc.Findings), notListed(doc.NotListed)} {
			if line != "" {
				fmt.Fprintf(m, "%s\n", words(line))
			}
		}
		m.WriteString("\n")
	}
	fmt.Fprintf(m, "- Scanned: %s", m.code(cmp.Or(t.Remote, t.Path)))
	if t.Branch != "" {
		fmt.Fprintf(m, ", branch %s", m.code(t.Branch))
	}
	if t.Head != "" {
		fmt.Fprintf(m, ", commit %s", m.code(t.Head))
	}
	if t.Range != "" {
		fmt.Fprintf(m, ", the commits %s", m.code(t.Range))
	}
	fmt.Fprintf(m, "\n- Date: %s, by %s\n", doc.StartedAt.Format("2006-01-02 15:04 MST"), m.code(strings.TrimSpace(doc.Tool.Name+" "+doc.Tool.Version)))
	if r := doc.Rechecked; r != nil {
		fmt.Fprintf(m, "- Rechecks the scan of %s by %s\n", r.ScannedAt.Format("2006-01-02 15:04 MST"), m.code(strings.TrimSpace(r.ScannedBy.Name+" "+r.ScannedBy.Version)))
	}
	fmt.Fprintf(m, "- Read: %s in %s\n", readLine(doc.Coverage), duration(doc.DurationMS))
	if !doc.Complete {
		fmt.Fprintf(m, "- **Incomplete**: %s could not be read and may hold further tokens\n", terminal.Plural(int64(len(doc.Coverage.Unread)), "thing"))
	}
	if n := len(doc.Allowed); n > 0 {
		fmt.Fprintf(m, "- Allowed and so not listed: %s\n", terminal.Plural(int64(n), "token"))
		for i, a := range changesFirst(doc.Allowed) {
			if i == shownAllowed {
				fmt.Fprintf(m, "  - and %s more\n", terminal.Count(int64(n-i)))
				break
			}
			fmt.Fprintf(m, "  - %s%s\n", upperFirst(warningOf(a)), m.code(allowedLine(a)))
		}
	}
	if a := doc.Asked; a != nil {
		who := m.code(a.Host) + " was"
		if a.Also != "" {
			who = m.code(a.Host) + " and " + m.code(a.Also) + " were"
		}
		fmt.Fprintf(m, "- %s asked: %s live, %s revoked, %s unknown\n", who, terminal.Count(int64(a.Live)), terminal.Count(int64(a.Revoked)), terminal.Count(int64(a.Unknown)))
	}
}

// groups writes what to do once for all tokens with the same steps, and these.
func (m *markdownWriter) groups(doc *Document, all []*group) {
	room, left := m.limits.findings, len(doc.Findings)
	for _, g := range all {
		fmt.Fprintf(m, "\n**%s**\n\n", words(g.head())) // a line that begins with ### is an order to some runners
		for i, step := range g.steps() {
			fmt.Fprintf(m, "%d. %s\n", i+1, words(step.Text))
			if step.Command != "" {
				fmt.Fprintf(m, "   %s\n", m.code(step.Command))
			}
		}
		if note := old(doc.Run, g.findings...); note != "" {
			fmt.Fprintf(m, "\n%s\n", words(note))
		}
		m.WriteString("\n| token | what | where | Replicate says | story |\n|---|---|---|---|---|\n")
		for _, f := range g.findings {
			row := m.row(doc, f)
			if room -= len(row); room < 0 {
				fmt.Fprintf(m, "\n%s more that are not listed here: see the saved result.\n", terminal.Plural(int64(left), "token"))
				return
			}
			m.WriteString(row)
			left--
		}
	}
}

func (m *markdownWriter) row(doc *Document, f Finding) string {
	at := f.Locations[anchor(f.Locations)]
	where := m.code(place(at))
	if notes := locationNotes(at, true); notes != "" {
		where += " " + m.code(notes)
	}
	spots := spotsOf(f.Locations, false)
	if rest := len(spots) - 1; rest > 0 {
		where += " and " + terminal.Plural(int64(rest), "more place")
	}
	for _, s := range spots {
		if page := permalink(doc.Target, f.History, s); page != "" {
			where += " " + m.code(page)
			break
		}
	}
	said, story := "not asked", "in no commit"
	if v := f.Verification; v.Status != StatusUnchecked {
		said = "**" + words(string(v.Status)) + "**"
		if v.Account != nil {
			said += ", " + m.code(owner(v.Account))
		}
		if v.Reason != "" {
			said += ", " + m.code(v.Reason)
		}
	}
	if line := recheckLine(f); line != "" {
		said += ", " + m.code(line)
	}
	if f.History != nil {
		story = m.story(f.History)
	}
	if others := elsewhere(f, false); others != "" {
		story += "; " + m.code(others)
	}
	if f.CopiedBy != "" {
		where += ", copied into images by " + m.code(f.CopiedBy)
	}
	return fmt.Sprintf("| %s %s | %s, %s, %s | %s | %s | %s |\n", m.code(f.Token), m.code(f.TokenID),
		m.code(ruleTitle(f)), f.Confidence, exposureIn(doc.Run, f), where, said, story)
}

func (m *markdownWriter) story(h *result.History) string {
	s := "no commit is known that has it"
	if e := h.Introduced; e != nil {
		s = fmt.Sprintf("since %s, commit %s by %s", e.Date.Format("2006-01-02"), m.code(short(e.Commit)), m.code(e.Author))
		if h.Repository != "" {
			s = "first in " + m.code(repositoryName(h.Repository)) + ", " + s
		}
	}
	switch {
	case h.AtHead:
		s += "; still at HEAD"
	case h.Removed != nil:
		s += fmt.Sprintf("; removed %s, commit %s", h.Removed.Date.Format("2006-01-02"), m.code(short(h.Removed.Commit)))
	}
	if !h.Reachable {
		return s + "; no ref reaches it"
	}
	return s
}

func (m *markdownWriter) unread(unread []result.Unread) {
	if len(unread) == 0 {
		return
	}
	m.WriteString("\n**Not read**\n\n")
	room := m.limits.unread
	for i, u := range unread {
		line := fmt.Sprintf("- %s: %s\n", m.code(u.What), m.code(u.Reason))
		if room -= len(line); room < 0 {
			fmt.Fprintf(m, "- and %s more: see the saved result\n", terminal.Plural(int64(len(unread)-i), "thing"))
			return
		}
		m.WriteString(line)
	}
}

// words returns a text of our own as it is to be read: no tag begins in it.
func words(s string) string { return strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(s) }

// code returns s as a code span, which fits into a table's cell. Nothing in a
// span of backticks is markup but backticks and, in a table, pipes; with those
// in it s is written as HTML with all that could be markup as numbers.
func (m *markdownWriter) code(s string) string {
	s = clip(terminal.Safe(s), m.limits.cell)
	if s == "" {
		return "`(none)`"
	}
	if !strings.ContainsAny(s, "`|\\") && strings.TrimSpace(s) == s {
		return "`" + s + "`"
	}
	var b strings.Builder
	b.WriteString("<code>")
	for _, r := range s {
		if r < 0x80 && !isLetterOrDigit(r) {
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	b.WriteString("</code>")
	return b.String()
}

func isLetterOrDigit(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}
