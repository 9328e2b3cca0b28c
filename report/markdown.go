package report

import (
	"fmt"
	"html"
	"io"
	"slices"
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
	fmt.Fprintf(m, "## %s\n\n", markdownTitle(doc))
	m.overview(doc)
	m.advice(doc.Findings)
	m.table(doc.Findings)
	m.unread(doc.Coverage.Unread)
	_, err := io.WriteString(w, m.String())
	return err
}

type markdownWriter struct {
	strings.Builder
	limits markdownLimits
}

func markdownTitle(doc *Document) string {
	found := plural(int64(len(doc.Findings)), "token") + " found"
	switch {
	case len(doc.Findings) == 0 && !doc.Complete:
		return "r8scan: no tokens found, but the scan is incomplete"
	case len(doc.Findings) == 0:
		return "r8scan: no tokens found"
	case !slices.ContainsFunc(doc.Findings, func(f Finding) bool { return sarifLevel(f) != "note" }):
		return "r8scan: " + found + ", and nothing urgent to do"
	}
	return "r8scan: " + found
}

// overview says in a few lines what was read, left alone and asked.
func (m *markdownWriter) overview(doc *Document) {
	fmt.Fprintf(m, "Read %s in %s", readLine(doc.Coverage), duration(doc.DurationMS))
	if doc.Target.Range != "" {
		fmt.Fprintf(m, ", of the commits %s", m.code(doc.Target.Range))
	}
	m.WriteString(".")
	if !doc.Complete {
		fmt.Fprintf(m, " **Incomplete**: %s could not be read and may hold further tokens.", plural(int64(len(doc.Coverage.Unread)), "thing"))
	}
	m.WriteString("\n")
	if n := len(doc.Allowed); n > 0 {
		fmt.Fprintf(m, "Allowed and so not listed: %s.\n", plural(int64(n), "token"))
	}
	if a := doc.Asked; a != nil {
		fmt.Fprintf(m, "%s was asked: %s live, %s revoked, %s unknown.\n", m.code(a.Host), count(int64(a.Live)), count(int64(a.Revoked)), count(int64(a.Unknown)))
	}
}

// advice says what to do, once for all tokens with the same advice.
func (m *markdownWriter) advice(findings []Finding) {
	var texts []string
	tokens := map[string][]string{}
	for _, f := range findings {
		var b strings.Builder
		for i, step := range advice(f) {
			fmt.Fprintf(&b, "%d. %s\n", i+1, html.EscapeString(step))
		}
		text := b.String()
		if tokens[text] == nil {
			texts = append(texts, text)
		}
		tokens[text] = append(tokens[text], f.TokenID)
	}
	for _, text := range texts {
		of := ""
		if len(texts) > 1 {
			ids := tokens[text]
			of = ": " + m.code(ids[0])
			if len(ids) > 1 {
				of += fmt.Sprintf(" and %s more", count(int64(len(ids)-1)))
			}
		}
		fmt.Fprintf(m, "\n**What to do**%s\n\n%s", of, text)
	}
}

func (m *markdownWriter) table(findings []Finding) {
	if len(findings) == 0 {
		return
	}
	m.WriteString("\n| token | what | where | stands in | Replicate says | story |\n|---|---|---|---|---|---|\n")
	room := m.limits.findings
	for i, f := range findings {
		row := m.row(f)
		if room -= len(row); room < 0 {
			fmt.Fprintf(m, "\n%s more that are not listed here: see the saved result.\n", plural(int64(len(findings)-i), "token"))
			return
		}
		m.WriteString(row)
	}
}

func (m *markdownWriter) row(f Finding) string {
	at := f.Locations[anchor(f.Locations)]
	where := m.code(place(at))
	if notes := locationNotes(at, true); notes != "" {
		where += " " + m.code(notes)
	}
	if rest := len(f.Locations) - 1; rest > 0 {
		where += " and " + plural(int64(rest), "more place")
	}
	said, story := "not asked", "in no commit"
	if v := f.Verification; v.Status != StatusUnchecked {
		said = "**" + html.EscapeString(string(v.Status)) + "**"
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
	return fmt.Sprintf("| %s %s | %s, %s | %s | %s | %s | %s |\n", m.code(f.Token), m.code(f.TokenID),
		m.code(ruleTitle(f)), f.Confidence, where, exposureWords(f), said, story)
}

func (m *markdownWriter) story(h *result.History) string {
	s := "no commit is known that has it"
	if e := h.Introduced; e != nil {
		s = fmt.Sprintf("since %s, commit %s by %s", e.Date.Format("2006-01-02"), m.code(short(e.Commit)), m.code(e.Author))
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
			fmt.Fprintf(m, "- and %s more: see the saved result\n", plural(int64(len(unread)-i), "thing"))
			return
		}
		m.WriteString(line)
	}
}

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
