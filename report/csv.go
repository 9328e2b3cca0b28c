package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"r8scan/internal/terminal"
	"r8scan/result"
)

// csvHead names the columns: those of a finding, of one of its places, and of its
// story in its repository.
var csvHead = []string{"token_id", "token", "rule", "confidence", "exposure", "status", "account",
	"path", "member", "line", "column", "kind", "object", "commit",
	"introduced_commit", "introduced_date", "introduced_author", "removed_commit", "at_head", "reachable", "url", "part", "repository"}

// writeCSV writes a line for each place of each finding, below a line of names.
// What was not read is not in it: see the exit code and the summary.
func writeCSV(w io.Writer, doc *Document, _ Options) error {
	out := csv.NewWriter(w)
	if err := out.Write(csvHead); err != nil {
		return err
	}
	for _, f := range doc.Findings {
		account := ""
		if a := f.Verification.Account; a != nil {
			account = a.Username
		}
		for _, l := range f.Locations {
			line := append([]string{f.TokenID, f.Token, f.Rule, f.Confidence.String(), string(f.Exposure), string(f.Verification.Status), account,
				l.Path, l.Member, strconv.Itoa(l.Line), strconv.Itoa(l.Column), l.Kind, l.Object, l.Commit}, csvStory(storyIn(f, l.Repository))...)
			line = append(line, l.URL, l.Part, l.Repository)
			for i, cell := range line {
				line[i] = harmless(cell)
			}
			if err := out.Write(line); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// csvStory returns the columns of a story, which are empty without one.
func csvStory(h *result.History) []string {
	story := make([]string, 6)
	if h == nil {
		return story
	}
	if e := h.Introduced; e != nil {
		story[0], story[1], story[2] = e.Commit, e.Date.Format(time.RFC3339), e.Author
	}
	if h.Removed != nil {
		story[3] = h.Removed.Commit
	}
	story[4], story[5] = strconv.FormatBool(h.AtHead), strconv.FormatBool(h.Reachable)
	return story
}

// harmless escapes what a terminal would obey, and keeps a spreadsheet from taking
// a cell for a formula: such a one has an apostrophe in front, which spreadsheets
// do not show. Japanese and Chinese ones take the wide forms of the signs too.
func harmless(cell string) string {
	cell = terminal.Safe(cell)
	start := strings.TrimLeftFunc(cell, unicode.IsSpace)
	if r, _ := utf8.DecodeRuneInString(start); start != "" && strings.ContainsRune("=+-@'＝＋－＠", r) {
		return "'" + cell
	}
	return cell
}
