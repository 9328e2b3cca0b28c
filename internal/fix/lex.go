package fix

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// A language describes as much of a programming language as is needed to find its
// string literals and comments.
type language struct {
	line    []string      // starts of comments that end with their line
	block   [][2]string   // starts and ends of the other comments
	quotes  []quote       // the longer starts first
	prefix  string        // letters that may stand right before a quote, as in Python
	heredoc heredocs      // how a string of whole lines begins
	regex   bool          // a / may begin a regular expression
	percent bool          // Ruby's %w(…) and its like
	tag     string        // code begins behind this tag only, as in PHP
	replace func(s *site) // makes the edits for one place
}

// quote is a kind of string literal.
type quote struct {
	open, close string
	escape      byte   // makes the next character an ordinary one; 0 for none
	doubled     bool   // close, written twice, stands for itself
	lines       bool   // may hold line ends
	hole        string // begins an expression inside; "" for none
	char        bool   // holds one character, as in Rust, where ' also begins a lifetime
}

// heredocs says how a language writes strings of whole lines.
type heredocs struct {
	open  string // "" if there are none
	holes string // begins an expression inside
}

// kind is what a span is.
type kind int

const (
	comment kind = iota
	literal
	other // a string of a form that is left alone
)

// span is a comment or a string literal.
type span struct {
	kind     kind
	from, to int // with its quotes and its prefix
	in, out  int // without them
	quote    quote
	prefix   string // in lower case
	inner    bool   // in a hole of another literal
	bracket  int    // index of the bracket that it stands in; -1 for none
	heredoc  bool
}

// bracket is an opening bracket of the code.
type bracket struct {
	at    int
	char  byte
	outer int // index of the bracket that it stands in; -1 for none
}

// lexed is a text with its literals and comments.
type lexed struct {
	text     []byte
	code     []byte // text, with spaces for comments and \x01 for literals; line ends stay
	spans    []span // in the order of their ends
	brackets []bracket
}

// lexer reads a text once.
type lexer struct {
	lexed
	lang  *language
	stack []int    // open brackets
	due   []span   // heredocs whose lines begin on the next line
	ends  []string // and the lines that end them
	depth int      // of literals in each other's holes
	steps int      // that are left
}

// maxDepth is how deep literals may be in each other.
const maxDepth = 20

// lex finds the literals and comments of a text, nil if the text is too tangled:
// a literal that has no end is looked at again from its second character on.
func lex(lang *language, text []byte) *lexed {
	l := &lexer{lexed: lexed{text: text, code: bytes.Clone(text)}, lang: lang, steps: 20*len(text) + 1<<16}
	at := 0
	if lang.tag != "" {
		at = l.toTag(0)
	}
	for at < len(text) {
		if at = l.next(at, false); l.steps < 0 {
			return nil
		}
	}
	return &l.lexed
}

// toTag returns where code begins at or after at, and hides what is before it.
func (l *lexer) toTag(at int) int {
	i := bytes.Index(l.text[at:], []byte(l.lang.tag))
	end := len(l.text)
	if i >= 0 {
		end = at + i + len(l.lang.tag)
	}
	l.add(span{kind: other, from: at, to: end, in: at, out: end})
	return end
}

// next reads what begins at at, and returns where it ends.
func (l *lexer) next(at int, inner bool) int {
	rest := l.text[at:]
	c := rest[0]
	switch {
	case c == '\n' && len(l.due) > 0:
		return l.heredocs(at + 1)
	case l.lang.tag != "" && bytes.HasPrefix(rest, []byte("?>")):
		return l.toTag(at)
	case isIn(c, "([{"):
		l.brackets = append(l.brackets, bracket{at, c, l.open()})
		l.stack = append(l.stack, len(l.brackets)-1)
		return at + 1
	case isIn(c, ")]}"):
		if len(l.stack) > 0 {
			l.stack = l.stack[:len(l.stack)-1]
		}
		return at + 1
	}
	if end := l.comment(at); end > at {
		return end
	}
	if end := l.special(at); end > at {
		return end
	}
	for _, q := range l.lang.quotes {
		if bytes.HasPrefix(rest, []byte(q.open)) {
			if end := l.literal(at, q, inner); end > at {
				return end
			}
			break
		}
	}
	return at + 1
}

// open returns the index of the innermost open bracket, -1 for none.
func (l *lexer) open() int {
	if len(l.stack) == 0 {
		return -1
	}
	return l.stack[len(l.stack)-1]
}

// add notes a span and hides it in the code.
func (l *lexer) add(s span) {
	s.bracket = l.open()
	l.spans = append(l.spans, s)
	fill := byte(1)
	if s.kind == comment {
		fill = ' '
	}
	for i := s.from; i < s.to; i++ {
		if c := l.text[i]; c != '\n' && c != '\r' || s.kind == literal {
			l.code[i] = fill
		}
	}
}

// comment reads a comment at at; it returns at if there is none.
func (l *lexer) comment(at int) int {
	rest := l.text[at:]
	for _, open := range l.lang.line {
		if !bytes.HasPrefix(rest, []byte(open)) || open == "#" && l.lang.tag != "" && bytes.HasPrefix(rest, []byte("#[")) {
			continue
		}
		end := at + lineLen(rest)
		if i := bytes.Index(l.text[at:end], []byte("?>")); i >= 0 && l.lang.tag != "" {
			end = at + i
		}
		l.add(span{kind: comment, from: at, to: end, in: at + len(open), out: end})
		return end
	}
	for _, b := range l.lang.block {
		if !bytes.HasPrefix(rest, []byte(b[0])) {
			continue
		}
		end := len(l.text)
		if i := bytes.Index(rest[len(b[0]):], []byte(b[1])); i >= 0 {
			end = at + len(b[0]) + i + len(b[1])
		}
		l.add(span{kind: comment, from: at, to: end, in: at + len(b[0]), out: max(end-len(b[1]), at+len(b[0]))})
		return end
	}
	return at
}

// special reads a regular expression, a heredoc's start or a % literal at at; it
// returns at if there is none.
func (l *lexer) special(at int) int {
	c := l.text[at]
	switch {
	case c == '/' && l.lang.regex && l.operandAt(at):
		return l.regularExpression(at)
	case c == '%' && l.lang.percent && l.operandAt(at):
		return l.percentLiteral(at)
	case l.lang.heredoc.open != "" && bytes.HasPrefix(l.text[at:], []byte(l.lang.heredoc.open)):
		return l.heredocStart(at)
	}
	return at
}

// operandAt reports whether the code before at lets a value begin there, so that a
// slash is no division.
func (l *lexer) operandAt(at int) bool {
	i := at - 1
	for i >= 0 && isIn(l.code[i], " \t") {
		i--
	}
	if i < 0 || isIn(l.code[i], "(,=:[!&|?{;+-*%<>~^\n\r") {
		return true
	}
	word := wordBefore(l.code, i+1)
	switch word {
	case "return", "typeof", "case", "in", "of", "do", "else", "and", "or", "not", "when", "if", "unless", "while":
		return true
	}
	return false
}

func (l *lexer) regularExpression(at int) int {
	class := false
	for i := at + 1; i < len(l.text) && l.steps >= 0; i++ {
		l.steps--
		switch c := l.text[i]; {
		case c == '\n' || c == '\r':
			return at
		case c == '\\':
			i++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			l.add(span{kind: other, from: at, to: i + 1, in: at, out: i + 1})
			return i + 1
		}
	}
	return at
}

// percentLiteral reads %w(…), %q{…} and their like.
func (l *lexer) percentLiteral(at int) int {
	i := at + 1
	if i < len(l.text) && isIn(l.text[i], "qQwWiIxrs") {
		i++
	}
	if i >= len(l.text) || isWord(l.text[i]) || isIn(l.text[i], " \t\r\n=") {
		return at
	}
	open, depth := l.text[i], 0
	closing := open
	if k := strings.IndexByte("([{<", open); k >= 0 {
		closing = ")]}>"[k]
	}
	for j := i; j < len(l.text) && l.steps >= 0; j++ {
		l.steps--
		switch c := l.text[j]; {
		case c == '\\':
			j++
		case c == closing && (closing != open || j > i):
			if depth--; depth <= 0 {
				l.add(span{kind: other, from: at, to: j + 1, in: at, out: j + 1})
				return j + 1
			}
		case c == open:
			depth++
		}
	}
	return at
}

// heredocStart reads <<~NAME and its like.
func (l *lexer) heredocStart(at int) int {
	open := l.lang.heredoc.open
	i := at + len(open)
	if l.lang.tag != "" {
		for i < len(l.text) && isIn(l.text[i], " \t") {
			i++
		}
	} else if i < len(l.text) && isIn(l.text[i], "-~") {
		i++
	} else if open == "<<" && at > 0 && !isIn(l.text[at-1], " \t(,=") {
		return at
	}
	q := byte(0)
	if i < len(l.text) && isIn(l.text[i], `'"`) {
		q = l.text[i]
		i++
	}
	from := i
	for i < len(l.text) && isWord(l.text[i]) {
		i++
	}
	if i == from || q == 0 && l.lang.percent && (l.text[from] < 'A' || l.text[from] > 'Z') {
		return at
	}
	name := string(l.text[from:i])
	if q != 0 {
		if i >= len(l.text) || l.text[i] != q {
			return at
		}
		i++
	}
	s := span{kind: literal, heredoc: true, quote: quote{open: open, lines: true, escape: '\\', hole: l.lang.heredoc.holes}}
	if q == '\'' {
		s.quote.hole = ""
	}
	l.due, l.ends = append(l.due, s), append(l.ends, name)
	return i
}

// heredocs reads the lines of the heredocs that are due, and returns where they
// end.
func (l *lexer) heredocs(at int) int {
	for i, s := range l.due {
		s.from, s.in = at, at
		for at < len(l.text) {
			end := at + lineLen(l.text[at:])
			word := strings.TrimSpace(string(l.text[at:end]))
			if strings.TrimRight(word, ";,)") == l.ends[i] {
				break
			}
			at = min(end+1, len(l.text))
			if end < len(l.text) && l.text[end] == '\r' && at < len(l.text) && l.text[at] == '\n' {
				at++
			}
		}
		s.to, s.out = at, at
		l.add(s)
		if at < len(l.text) {
			at += lineLen(l.text[at:])
		}
	}
	l.due, l.ends = nil, nil
	return at
}

// literal reads a string that begins at at; it returns at if it has no end.
func (l *lexer) literal(at int, q quote, inner bool) int {
	s := span{kind: literal, from: at, in: at + len(q.open), quote: q, inner: inner}
	if l.lang.prefix != "" {
		s.prefix = l.prefixBefore(at)
		s.from -= len(s.prefix)
		if strings.ContainsAny(s.prefix, "ft") {
			s.quote.hole = "{"
		}
	}
	if q.char {
		return l.character(s)
	}
	first, brackets, depth := len(l.spans), len(l.brackets), len(l.stack)
	l.depth++
	defer func() { l.depth-- }()
	for i := s.in; i < len(l.text) && l.steps >= 0; l.steps-- {
		rest := l.text[i:]
		switch {
		case (rest[0] == '\n' || rest[0] == '\r') && !q.lines:
			l.spans, l.brackets, l.stack = l.spans[:first], l.brackets[:brackets], l.stack[:depth]
			return at
		case q.escape != 0 && rest[0] == q.escape:
			if i += 2; bytes.HasPrefix(rest[1:], []byte("\r\n")) {
				i++
			}
			continue
		case bytes.HasPrefix(rest, []byte(q.close)):
			if q.doubled && bytes.HasPrefix(rest[len(q.close):], []byte(q.close)) {
				i += 2 * len(q.close)
				continue
			}
			s.out, s.to = i, i+len(q.close)
			l.add(s)
			return s.to
		case s.quote.hole == "{" && bytes.HasPrefix(rest, []byte("{{")):
			i += 2
			continue
		case s.quote.hole != "" && l.depth < maxDepth && bytes.HasPrefix(rest, []byte(s.quote.hole)):
			i = l.hole(i + len(s.quote.hole) - 1)
			continue
		}
		i++
	}
	l.spans, l.brackets, l.stack = l.spans[:first], l.brackets[:brackets], l.stack[:depth]
	return at
}

// hole reads the code in a literal from the bracket at at, and returns where it
// ends.
func (l *lexer) hole(at int) int {
	if isIn(l.text[at], "$") { // PHP's {$
		at--
	}
	depth := len(l.stack)
	for at = l.next(at, true); at < len(l.text) && len(l.stack) > depth && l.steps >= 0; l.steps-- {
		at = l.next(at, true)
	}
	return at
}

// character reads a literal of one character.
func (l *lexer) character(s span) int {
	rest := l.text[s.in:min(len(l.text), s.in+len(`\u{10ffff}'`))]
	end := -1
	if len(rest) > 1 && rest[0] == '\\' {
		if end = bytes.IndexByte(rest[2:], '\''); end >= 0 {
			end += 2
		}
	} else if _, size := utf8.DecodeRune(rest); len(rest) > size && rest[size] == '\'' {
		end = size
	}
	if end < 0 {
		return s.from
	}
	s.out, s.to = s.in+end, s.in+end+1
	l.add(s)
	return s.to
}

// prefixBefore returns the letters of a literal's prefix in lower case.
func (l *lexer) prefixBefore(at int) string {
	i := at
	for i > 0 && isIn(l.text[i-1], l.lang.prefix) && at-i < 2 {
		i--
	}
	if i > 0 && isWord(l.text[i-1]) {
		return ""
	}
	return strings.ToLower(string(l.text[i:at]))
}

// wordBefore returns the word that ends at text[:end].
func wordBefore(text []byte, end int) string {
	i := end
	for i > 0 && isWord(text[i-1]) {
		i--
	}
	return string(text[i:end])
}

// lineLen returns the length of the first line of text without its end.
func lineLen(text []byte) int {
	if i := bytes.IndexAny(text, "\r\n"); i >= 0 {
		return i
	}
	return len(text)
}

func isIn(c byte, set string) bool { return strings.IndexByte(set, c) >= 0 }

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= 0x80
}
