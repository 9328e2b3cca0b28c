package fix

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"r8scan/internal/advice"
	"r8scan/rules"
)

// Edit replaces From up to To of a text, for an editor.
type Edit struct {
	From, To int
	Text     string
}

// beside is how many credentials to each side of one are looked at for another in the
// same expression. A text may have thousands, and each takes time.
const beside = 4

// Replace returns the edits that replace matches[chosen] in a text by a look-up; none
// if that cannot be right. path has slashes and says what kind of file it is. matches
// are in order, and are all that were found: two credentials in one expression are
// left alone. It reads no file, so it leaves a Terraform file alone whose variable
// another one may declare.
func Replace(path string, text []byte, matches []rules.Match, chosen int) []Edit {
	if len(text) > maxFile {
		return nil
	}
	asked := false
	d := &document{path: path, text: text, declared: func(string) bool { asked = true; return false }}
	m := matches[chosen]
	if !fixes(d.revise(matches[max(0, chosen-beside):min(len(matches), chosen+beside+1)]), m) {
		return nil
	}
	one := d.revise([]rules.Match{m})
	if asked || !fixes(one, m) {
		return nil
	}
	return changes(text, one.text)
}

// fixes reports whether a revision replaces a match.
func fixes(r revision, m rules.Match) bool {
	return slices.ContainsFunc(r.targets, func(t target) bool { return t.Start == m.Start && t.End == m.End && t.why == "" })
}

// changes returns the edits that make after of before: those of lines, without what
// both have at their ends.
func changes(before, after []byte) (edits []Edit) {
	x, y := strings.SplitAfter(string(before), "\n"), strings.SplitAfter(string(after), "\n")
	at := 0
	open := false
	for _, l := range edited(x, y) {
		if l.sign == ' ' {
			at += len(x[l.old])
			open = false
			continue
		}
		if !open {
			edits, open = append(edits, Edit{From: at, To: at}), true
		}
		e := &edits[len(edits)-1]
		if l.sign == '+' {
			e.Text += y[l.new]
		} else {
			at += len(x[l.old])
			e.To = at
		}
	}
	for i := range edits {
		edits[i].trim(before)
	}
	return edits
}

// trim leaves out what an edit would not change at its ends. It takes no character
// and no line end apart.
func (e *Edit) trim(text []byte) {
	whole := func(old, new string, at, to int) bool { // both may be divided there
		for _, s := range []struct {
			text string
			at   int
		}{{old, at}, {new, to}} {
			if s.at < len(s.text) && !utf8.RuneStart(s.text[s.at]) || 0 < s.at && s.at < len(s.text) && s.text[s.at-1] == '\r' && s.text[s.at] == '\n' {
				return false
			}
		}
		return true
	}
	old, n := string(text[e.From:e.To]), 0
	for n < len(old) && n < len(e.Text) && old[n] == e.Text[n] {
		n++
	}
	for n > 0 && !whole(old, e.Text, n, n) {
		n--
	}
	e.From, e.Text, old = e.From+n, e.Text[n:], old[n:]
	for n = 0; n < len(old) && n < len(e.Text) && old[len(old)-1-n] == e.Text[len(e.Text)-1-n]; {
		n++
	}
	for n > 0 && !whole(old, e.Text, len(old)-n, len(e.Text)-n) {
		n--
	}
	e.To, e.Text = e.To-n, e.Text[:len(e.Text)-n]
}

// Comment returns the edit that puts words at the end of a match's line, as a
// comment; false if the line can have none: its end is in a string, the next line
// continues it, or r8scan does not know the comments of such a file.
func Comment(file string, text []byte, m rules.Match, words string) (Edit, bool) {
	if len(text) > maxFile {
		return Edit{}, false
	}
	end := m.End + lineLen(text[m.End:])
	line := bytes.TrimRight(text[lineStart(text, m.Start):end], " \t")
	if bytes.ContainsAny(text[m.Start:m.End], "\r\n") || bytes.HasSuffix(line, []byte(`\`)) || bytes.HasSuffix(line, []byte("`")) {
		return Edit{}, false
	}
	d := &document{path: file, text: text}
	row := d.target(m).row
	sign := ""
	switch row.ID {
	case "compose", "github-workflow", "gitlab-ci", "circleci", "kubernetes":
		sign = yamlSign(text, m, end)
	case "shell":
		sign = shellSign(text, line)
	case "notebook": // a line of its JSON
	default:
		sign = codeSign(row, path.Ext(file), text, end)
	}
	if sign == "" {
		return Edit{}, false
	}
	return Edit{end, end, " " + strings.TrimLeft(sign+" "+words, " ")}, true
}

// codeSign returns what begins a comment at the end of a line of code: a space in a
// comment, and "" in a string.
func codeSign(row *advice.Row, ext string, text []byte, end int) string {
	lang := languageOf(row.ID, strings.ToLower(ext))
	if lang == nil || len(lang.line) == 0 {
		return ""
	}
	l := lex(lang, text)
	if l == nil {
		return ""
	}
	sign := lang.line[0]
	for _, s := range l.spans {
		switch {
		case s.kind == comment && s.from < end && (end < s.to || end == s.to && slices.ContainsFunc(lang.line, func(start string) bool { return bytes.HasPrefix(text[s.from:], []byte(start)) })):
			sign = " "
		case s.kind != comment && s.from < end && end < s.to:
			return ""
		}
	}
	return sign
}

// yamlSign is codeSign for YAML.
func yamlSign(text []byte, m rules.Match, end int) string {
	tree, ok := parseYAML(text)
	if !ok {
		return ""
	}
	s, _, out := tree.holding(m.Start, m.End, m.Secret.Reveal())
	switch {
	case s == nil && yamlComment(text, m.Start):
		return " "
	case s == nil || out > end || s.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return ""
	}
	return "#"
}

// shellSign is codeSign for shell scripts, which are not read in whole: it takes only
// lines whose quotes are closed.
func shellSign(text, line []byte) string {
	if bytes.HasPrefix(bytes.TrimSpace(line), []byte("#")) {
		return " "
	}
	if bytes.Contains(text, []byte("<<")) || bytes.Count(line, []byte(`"`))%2 == 1 || bytes.Count(line, []byte("'"))%2 == 1 {
		return ""
	}
	return "#"
}
