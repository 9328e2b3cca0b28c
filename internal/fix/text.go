package fix

import (
	"bytes"
	"cmp"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"r8scan/internal/advice"
	"r8scan/internal/search"
	"r8scan/rules"
)

// document is a file whose credentials are to be replaced.
type document struct {
	path     string // with slashes
	text     []byte
	declared func(variable string) bool // reports whether a neighbour of a Terraform file declares a variable

	code *lexed // set when it is needed
	tree *yamlText
}

// answer is what is to be done at one place.
type answer struct {
	edits []edit
	needs bool   // an edit needs the import of its row
	prose bool   // no code runs there: the name of the variable is written
	why   string // why the place is left alone; "" if it is not
}

func left(why string) answer { return answer{why: why} }

// named writes the name of the variable, where no code runs.
func named(t *target) answer {
	return answer{edits: []edit{{t.Start, t.End, t.variable}}, prose: true}
}

// target is one credential in a document.
type target struct {
	rules.Match
	row      *advice.Row
	variable string
	answer
}

// lookup is what the target's row writes.
func (t *target) lookup() string { return t.row.Lookup(t.variable) }

// revision is a document with credentials replaced.
type revision struct {
	text    []byte
	targets []target // in the order of their places
}

// revise replaces the credentials of a document that are in matches, which are in
// order, as far as that can be right.
func (d *document) revise(matches []rules.Match) revision {
	if text, ok := bytes.CutPrefix(d.text, []byte(mark)); ok {
		return d.unmarked(text, matches)
	}
	r := revision{text: d.text}
	if len(matches) > maxTargets {
		matches = matches[:maxTargets] // the others are found the next time
	}
	end := 0
	for _, m := range matches {
		if m.Start < end {
			continue // the same, as another rule sees it
		}
		end = m.End
		r.targets = append(r.targets, d.target(m))
	}
	for i := range r.targets {
		if t := &r.targets[i]; t.why == "" {
			t.answer = d.answer(t)
		}
	}
	d.leavePairs(r.targets)
	edits, ok := d.edits(r.targets)
	if ok {
		r.text = d.finish(edits)
		ok = d.holds(r)
	}
	if !ok {
		for i := range r.targets {
			r.targets[i].answer = left("the file would not be what it was, apart from the tokens")
		}
		r.text = d.text
	}
	return r
}

// maxTargets is how many credentials of a file are replaced at once: a file with
// more is data.
const maxTargets = 1000

// mark is UTF-8's byte order mark.
const mark = "\ufeff"

// unmarked is revise for a document that is text behind a byte order mark.
func (d *document) unmarked(text []byte, matches []rules.Match) revision {
	moved := slices.Clone(matches)
	for i := range moved {
		moved[i].Start, moved[i].End = moved[i].Start-len(mark), moved[i].End-len(mark)
	}
	r := (&document{path: d.path, text: text, declared: d.declared}).revise(moved)
	for i := range r.targets {
		r.targets[i].Start, r.targets[i].End = r.targets[i].Start+len(mark), r.targets[i].End+len(mark)
	}
	r.text = append([]byte(mark), r.text...)
	return r
}

// target looks up what is to be written in the place of a match.
func (d *document) target(m rules.Match) target {
	line := d.text[lineStart(d.text, m.Start) : m.End+lineLen(d.text[m.End:])]
	t := target{Match: m, variable: advice.Variable(m.Rule.ID, m.Variable)}
	t.row = advice.Of(advice.Place{Path: d.path, Text: string(line), File: string(d.text)})
	switch {
	case t.row.Ships:
		t.why = "it goes to users"
	case len(m.Encoding) > 0:
		t.why = whyEncoded
	case t.row.Code == "":
		t.why = "a look-up cannot stand there"
	}
	return t
}

// answer says what to do about a target, by the kind of file.
func (d *document) answer(t *target) answer {
	switch t.row.ID {
	case "shell":
		edits, why := script{text: d.text, fish: strings.HasSuffix(d.path, ".fish")}.replace(t.Start, t.End, t.variable)
		return answer{edits: edits, why: why}
	case "compose", "github-workflow", "gitlab-ci", "circleci", "kubernetes":
		return inYAML(d, t)
	case "dockerfile":
		return inDockerfile(d.text, t)
	case "notebook":
		return inNotebook(d, t)
	case "mcp-claude-code", "mcp-vscode", "mcp-cursor":
		return d.inJSON(t)
	case "env-example":
		return inTemplate(d.text, t)
	case "document":
		return answer{edits: []edit{{t.Start, t.End, t.lookup()}}, prose: true}
	case "batch":
		return inBatch(d.text, t)
	}
	lang := languageOf(t.row.ID, strings.ToLower(path.Ext(d.path)))
	if lang == nil {
		return left("r8scan cannot write this language")
	}
	if d.code == nil {
		if d.code = lex(lang, d.text); d.code == nil {
			return left("its strings are too tangled")
		}
	}
	return inCode(lang, d.code, t, d.path)
}

// inCode replaces a credential in a program.
func inCode(lang *language, l *lexed, t *target, file string) answer {
	s := l.spanAt(t.Start, t.End)
	if s == nil {
		return left(whyNoString)
	}
	at := &site{lexed: l, span: *s, match: t.Match, variable: t.variable, lookup: t.lookup(), file: path.Base(file)}
	switch {
	case s.kind == other:
		at.leave(whyForm)
	case s.kind == comment:
		at.name()
	case escaped(l.text, s.in, t.Start):
		at.leave(whyForm)
	default:
		lang.replace(at)
	}
	if at.why != "" {
		return left(at.why)
	}
	return answer{edits: at.edits, needs: at.needs, prose: at.prose}
}

// spanAt returns the innermost span that has text[from:to] between its quotes, nil
// if there is none.
func (l *lexed) spanAt(from, to int) *span {
	for i := range l.spans {
		if s := &l.spans[i]; s.in <= from && to <= s.out {
			return s
		}
	}
	return nil
}

// escaped reports whether a backslash takes the character at at.
func escaped(text []byte, from, at int) bool {
	n := 0
	for at-n > from && text[at-n-1] == '\\' {
		n++
	}
	return n%2 == 1
}

// inJSON replaces a credential in a string of JSON, which may have comments.
func (d *document) inJSON(t *target) answer {
	if d.code == nil {
		d.code = lex(&language{line: cLine, block: cBlock, quotes: []quote{double}}, d.text)
	}
	s := d.code.spanAt(t.Start, t.End)
	switch {
	case s == nil:
		return left(whyNoString)
	case s.kind == comment:
		return named(t)
	case (&site{lexed: d.code, span: *s}).next() == ':':
		return left(whyKey)
	case escaped(d.text, s.in, t.Start):
		return left(whyForm)
	}
	return answer{edits: []edit{{t.Start, t.End, t.lookup()}}}
}

// inTemplate takes a value out of a template of an environment file: NAME= stays.
func inTemplate(text []byte, t *target) answer {
	from, to := t.Start, t.End
	head := strings.TrimSpace(string(text[lineStart(text, from):from]))
	if name := strings.TrimLeft(strings.TrimRight(head, `"'`), "# \t"); !strings.HasSuffix(name, "=") {
		if strings.HasPrefix(head, "#") {
			return answer{edits: []edit{{from, to, t.variable}}}
		}
		return answer{edits: []edit{{from, to, ""}}, prose: true}
	}
	if from > 0 && to < len(text) && isIn(text[from-1], `"'`) && text[from-1] == text[to] {
		from, to = from-1, to+1
	}
	return answer{edits: []edit{{from, to, ""}}, prose: true}
}

// inBatch replaces a credential in a batch file.
func inBatch(text []byte, t *target) answer {
	head := strings.ToLower(strings.TrimSpace(string(text[lineStart(text, t.Start):t.Start])))
	if strings.HasPrefix(strings.TrimPrefix(head, "@"), "rem ") || strings.HasPrefix(head, "::") {
		return named(t)
	}
	return answer{edits: []edit{{t.Start, t.End, t.lookup()}}}
}

// leavePairs leaves targets alone that would get the same variable in the same
// expression: they are not the same credential.
func (d *document) leavePairs(targets []target) {
	for i := range targets {
		for j := i + 1; j < len(targets); j++ {
			a, b := &targets[i], &targets[j]
			if a.prose || b.prose || a.variable != b.variable || a.Secret.Reveal() == b.Secret.Reveal() && !d.sameString(a, b) {
				continue
			}
			if !d.together(a, b) {
				break // what follows is farther away
			}
			for _, t := range []*target{a, b} {
				if t.why == "" || t.why == whySplit {
					t.answer = left(whyTwo)
				}
			}
		}
	}
}

// sameString reports whether both targets are in one literal.
func (d *document) sameString(a, b *target) bool {
	if d.code == nil {
		return false
	}
	s := d.code.spanAt(a.Start, a.End)
	return s != nil && s.kind != comment && s.in <= b.Start && b.End <= s.out
}

// together reports whether two targets, the first of which is a, are in one
// expression: on one line, or in one list.
func (d *document) together(a, b *target) bool {
	if d.code == nil {
		return !bytes.ContainsAny(d.text[a.End:b.Start], "\r\n")
	}
	x, y := d.code.spanAt(a.Start, a.End), d.code.spanAt(b.Start, b.End)
	if x == nil || y == nil || x.kind == comment || y.kind == comment {
		return false
	}
	if x.from == y.from {
		return true
	}
	between := d.code.code[min(x.to, y.from):y.from]
	if bytes.IndexByte(between, ';') >= 0 {
		return false
	}
	if !bytes.ContainsAny(between, "\r\n") {
		return true
	}
	return d.code.list(x.bracket) >= 0 && d.code.list(x.bracket) == d.code.list(y.bracket) && !bytes.ContainsAny(between, "=") ||
		bytes.Count(between, []byte{','}) > 0 && x.bracket >= 0 && x.bracket == y.bracket && !bytes.ContainsAny(between, "=")
}

// list returns the outermost of the round and square brackets around a bracket,
// -1 if there are none.
func (l *lexed) list(b int) int {
	found := -1
	for ; b >= 0 && l.brackets[b].char != '{'; b = l.brackets[b].outer {
		found = b
	}
	return found
}

// edits returns the edits of all targets in order, with the imports that they need;
// false if they contradict each other.
func (d *document) edits(targets []target) ([]edit, bool) {
	var all []edit
	need, row, first := "", "", len(d.text)
	for i := range targets {
		t := &targets[i]
		all = append(all, t.edits...)
		if t.needs && t.row.Import != "" {
			need, row, first = t.row.Needs(t.variable), t.row.ID, min(first, t.Start)
		}
	}
	switch {
	case row == "terraform":
		all = append(all, declare(d, targets)...)
	case need != "" && d.code != nil:
		if e, ok := imported(row, d.code, need, first); ok {
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b edit) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	all = slices.Compact(all)
	for i := 1; i < len(all); i++ {
		if all[i].from < all[i-1].to {
			return nil, false
		}
	}
	return all, true
}

// finish applies edits.
func (d *document) finish(edits []edit) []byte {
	text := apply(d.text, edits)
	nl := []byte(lineEnd(d.text))
	switch had, has := bytes.HasSuffix(d.text, nl), bytes.HasSuffix(text, nl); {
	case len(text) > 0 && had && !has:
		text = append(text, nl...)
	case has && !had:
		text = bytes.TrimSuffix(text, nl)
	}
	if path.Ext(d.path) == ".go" && len(edits) > 0 {
		text = formatted(d.text, text)
	}
	return text
}

// holds reports whether the new text is as valid as the old one, by the parsers that
// are at hand.
func (d *document) holds(r revision) bool {
	switch strings.ToLower(path.Ext(d.path)) {
	case ".go":
		_, before := parseGo(d.text)
		_, after := parseGo(r.text)
		return after || !before
	case ".yml", ".yaml":
		_, before := parseYAML(d.text)
		_, after := parseYAML(r.text)
		return after || !before
	case ".json", ".ipynb":
		return json.Valid(r.text) || !json.Valid(d.text)
	}
	return true
}

// apply returns text with edits, which are in order and do not overlap.
func apply(text []byte, edits []edit) []byte {
	var out []byte
	at := 0
	for _, e := range edits {
		out = append(append(out, text[at:e.from]...), e.text...)
		at = e.to
	}
	return append(out, text[at:]...)
}

// shifted returns edits moved by a number of bytes.
func shifted(edits []edit, by int) []edit {
	out := slices.Clone(edits)
	slices.SortStableFunc(out, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	for i := range out {
		out[i].from += by
		out[i].to += by
	}
	return out
}

// find returns the credentials of a text that are at least as sure as lowest and
// that no mark on their line allows, in order.
func find(set *rules.Set, text []byte, lowest rules.Confidence) []rules.Match {
	return slices.DeleteFunc(search.Find(set, text), func(m rules.Match) bool { return m.Allowed || m.Confidence < lowest })
}
