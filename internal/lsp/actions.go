package lsp

import (
	"slices"
	"strings"

	"r8scan/internal/advice"
	"r8scan/internal/door"
	"r8scan/internal/fix"
	"r8scan/result"
	"r8scan/rules"
)

// hoverAt returns what to do about the credential at a position, nil if there is
// none.
func (f found) hoverAt(d *document, at place, p position) *hover {
	offset := d.offset(p)
	for _, m := range f.marks {
		if m.Start > offset || offset > m.End {
			continue
		}
		lines := []string{m.Text}
		line := d.line(m.Start)
		row := advice.Of(advice.Place{Path: at.name, Text: string(d.text[d.lines[line]:d.lineEnd(line)]), File: string(d.text)})
		if instead := row.Instead(advice.Variable(m.Rule.ID, m.Variable)).String(); instead != "" {
			lines = append(lines, "", instead)
		}
		lines = append(lines, "")
		for _, step := range m.Steps {
			lines = append(lines, "- "+step)
		}
		for i := range lines {
			lines[i] = door.Printable(lines[i])
		}
		return &hover{markup{"plaintext", strings.Join(lines, "\n")}, d.span(m.Start, m.End)}
	}
	return nil
}

// maxOffered is how many credentials of a range get actions: each takes as long as to
// fix the whole text.
const maxOffered = 10

// actions returns what can be done at once about the credentials in a range.
func (f found) actions(d *document, at place, in span, wrap func(*document, []textEdit) workspaceEdit) []codeAction {
	all := []codeAction{}
	from, to := d.offset(in.Start), d.offset(in.End)
	open := make([]rules.Match, len(f.marks))
	for i, m := range f.marks {
		open[i] = m.Match
	}
	offered := 0
	for i, m := range f.marks {
		if m.Start > to || from > m.End {
			continue
		}
		if offered++; offered > maxOffered {
			break
		}
		add := func(title string, preferred bool, edits ...fix.Edit) {
			all = append(all, codeAction{Title: title, Kind: quickFix, Diagnostics: []diagnostic{m.diagnostic(d)}, Preferred: preferred, Edit: wrap(d, textEdits(d, edits))})
		}
		if edits := fix.Replace(at.name, d.text, open, i); len(edits) > 0 && !f.repeats(edits) {
			add("Replace by the environment variable "+advice.Variable(m.Rule.ID, m.Variable), true, edits...)
		}
		if e, ok := fix.Comment(at.name, d.text, m.Match, result.AllowedByLine); ok {
			add("Allow on this line ("+result.AllowedByLine+")", false, e)
		}
	}
	return all
}

// repeats reports whether edits write a credential: a line that moves may have
// another one.
func (f found) repeats(edits []fix.Edit) bool {
	return slices.ContainsFunc(edits, func(e fix.Edit) bool {
		return rules.Redact(e.Text) != e.Text || slices.ContainsFunc(f.matches, func(m rules.Match) bool { return strings.Contains(e.Text, m.Secret.Reveal()) })
	})
}

// textEdits returns edits as the protocol has them.
func textEdits(d *document, edits []fix.Edit) []textEdit {
	var all []textEdit
	for _, e := range edits {
		all = append(all, textEdit{d.span(e.From, e.To), e.Text})
	}
	return all
}
