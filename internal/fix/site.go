package fix

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"r8scan/internal/pattern"
	"r8scan/rules"
)

// edit replaces text[from:to].
type edit struct {
	from, to int
	text     string
}

// site is one place of a credential in code, and what is to be done there: edits,
// or the reason why there are none.
type site struct {
	*lexed
	span     span
	match    rules.Match
	variable string // such as REPLICATE_API_TOKEN
	lookup   string // an expression that returns the variable's value
	file     string // name of the file

	edits []edit
	needs bool   // an edit needs the import of its row
	prose bool   // no code runs there
	why   string // why the place is left alone: the end of a sentence
}

// Why a place is left alone.
const (
	whySplit    = "it is in a string that is written in several pieces"
	whyTwo      = "another token is in the same expression, and both would get the same variable"
	whyHole     = "it is in an expression inside another string"
	whyConstant = "only a constant may stand there"
	whyKey      = "it is the name of a key"
	whyForm     = "it is in a form of string that is not changed by a program"
	whyNoString = "it is in no string"
	whyPattern  = "only a literal may stand there"
	whyEncoded  = "it is encoded or split"
	whyTaken    = "the name that the look-up begins with stands for something else in the file"
	whyMacro    = "a format string must be a literal"
)

func (s *site) leave(why string) { s.why = why }

// put replaces the whole literal.
func (s *site) put(code string) {
	s.edits, s.needs = append(s.edits, edit{s.span.from, s.span.to, code}), true
}

// putIn replaces the credential inside of its literal.
func (s *site) putIn(code string) {
	s.edits, s.needs = append(s.edits, edit{s.match.Start, s.match.End, code}), true
}

// name writes the name of the variable, where no code runs.
func (s *site) name() {
	s.edits, s.prose = append(s.edits, edit{s.match.Start, s.match.End, s.variable}), true
}

// isWhole reports whether the literal is the credential and nothing else.
func (s *site) isWhole() bool {
	return !s.span.heredoc && s.span.in == s.match.Start && s.span.out == s.match.End
}

// join takes the literal apart at the credential and puts the pieces together with
// an operator.
func (s *site) join(op string) {
	open, closing := string(s.text[s.span.from:s.span.in]), string(s.text[s.span.out:s.span.to])
	if s.span.quote.lines && bytes.ContainsAny(s.text[s.span.in:s.span.out], "\r\n") && strings.HasPrefix(s.span.quote.open, `"""`) {
		s.leave(whyForm) // its indentation goes by all of its lines
		return
	}
	from, to, code := s.match.Start, s.match.End, s.lookup
	if from == s.span.in {
		from = s.span.from
	} else {
		code = closing + op + code
	}
	if to == s.span.out {
		to = s.span.to
	} else {
		code += op + open
	}
	if isIn(s.next(), ".[?!-") { // a method of the whole
		s.edits = append(s.edits, edit{s.span.from, s.span.from, "("}, edit{s.span.to, s.span.to, ")"})
	}
	s.edits, s.needs = append(s.edits, edit{from, to, code}), true
}

// before and after are what the literal holds around the credential.
func (s *site) before() string { return string(s.text[s.span.in:s.match.Start]) }
func (s *site) after() string  { return string(s.text[s.match.End:s.span.out]) }

// next returns the character of the code behind the literal, 0 if there is none.
func (s *site) next() byte {
	for _, c := range s.code[s.span.to:] {
		if !isIn(c, " \t\r\n") {
			return c
		}
	}
	return 0
}

// prev returns the character of the code before the literal, 0 if there is none.
func (s *site) prev() byte {
	for i := s.span.from - 1; i >= 0; i-- {
		if c := s.code[i]; !isIn(c, " \t\r\n") {
			return c
		}
	}
	return 0
}

// in returns the bracket that the literal stands in, 0 for none.
func (s *site) in() byte {
	if s.span.bracket < 0 {
		return 0
	}
	return s.brackets[s.span.bracket].char
}

// head returns the code from the start of the statement's first line up to the
// literal. Literals are \x01 in it, and comments spaces.
func (s *site) head() string {
	at := s.span.from
	for b := s.span.bracket; b >= 0 && s.brackets[b].char != '{'; b = s.brackets[b].outer {
		at = s.brackets[b].at
	}
	return string(s.code[lineStart(s.text, at):s.span.from])
}

// line returns the start of the literal's line, up to the literal, and the rest of
// the line behind it.
func (s *site) line() (before, after string) {
	return string(s.text[lineStart(s.text, s.span.from):s.span.from]), string(s.text[s.span.to : s.span.to+lineLen(s.text[s.span.to:])])
}

// ext returns the extension of the file in lower case.
func (s *site) ext() string { return strings.ToLower(path.Ext(s.file)) }

// fallback is a look-up with the credential as what it gives without the variable.
type fallback struct {
	before, after pattern.Pattern // around the literal; before ends with it
	code          string          // a template of before's groups
}

var names = pattern.Of(`[A-Za-z_]\w*`)

// dropped writes a look-up of the same variable without its fallback, if the
// credential is one, and reports whether it is.
func (s *site) dropped(forms []fallback) bool {
	const reach = 200
	from := max(0, s.span.from-reach)
	head, tail := s.text[from:s.span.from], s.text[s.span.to:]
	for _, f := range forms {
		m := f.before().FindSubmatchIndex(head)
		end := f.after().FindIndex(tail[:min(len(tail), reach)])
		if !s.isWhole() || m == nil || end == nil || end[1] == 0 && isIn(s.next(), ".[(?") || !slices.Contains(names().FindAllString(string(head[m[0]:m[1]]), -1), s.variable) {
			continue // of another variable it is not known whether it is set
		}
		s.edits, s.needs = append(s.edits, edit{from + m[0], s.span.to + end[1], string(f.before().Expand(nil, []byte(f.code), head, m))}), true
		return true
	}
	return false
}

// assigned reports whether the literal's line does nothing but set the variable to
// the credential. before matches the start of such a line, with the name in a group.
func (s *site) assigned(before pattern.Pattern) bool {
	head, tail := s.line()
	m := before().FindStringSubmatch(head)
	return s.isWhole() && m != nil && m[1] == s.variable && strings.Trim(tail, " \t;") == ""
}

// removeLine removes the literal's line.
func (s *site) removeLine() {
	from, to := lineStart(s.text, s.span.from), s.span.to+lineLen(s.text[s.span.to:])
	s.edits = append(s.edits, edit{from, behindLineEnd(s.text, to), ""})
}

// lineStart returns where the line of text[at] starts.
func lineStart(text []byte, at int) int { return bytes.LastIndexAny(text[:at], "\r\n") + 1 }

// behindLineEnd returns where the line starts that follows the line end at text[at].
func behindLineEnd(text []byte, at int) int {
	if at < len(text) && text[at] == '\r' {
		at++
		if at < len(text) && text[at] == '\n' {
			at++
		}
		return at
	}
	return min(at+1, len(text))
}
