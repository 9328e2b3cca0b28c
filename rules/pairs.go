package rules

import "bytes"

// span is a part of a text.
type span struct{ from, to int }

func (s span) of(b []byte) []byte { return b[s.from:s.to] }

// pairs calls found with each key and string literal in the object at b[open],
// at any depth. The object may be JSON, Python, JavaScript, Go or similar. It
// ends with the object, or limit bytes after open. A value that is no literal
// is skipped, except for a literal after ||, ?? or Python's or.
func pairs(b []byte, open, limit int, found func(key, value span)) {
	p := pairReader{b: b[:min(len(b), open+limit)], i: open, found: found}
	for p.i < len(p.b) && p.next() {
	}
}

type pairReader struct {
	b     []byte
	i     int
	depth int
	found func(key, value span)

	last  span // the string or name read last, which may be a key
	key   span // a key whose value is due; empty if none is
	given span // a key whose value was no literal

	fallback span // a key whose value is looked up in the environment
	inLookup int  // the depth of that lookup's arguments
}

// next reads one token, and reports whether the object goes on.
func (p *pairReader) next() bool {
	c := p.b[p.i]
	switch {
	case isSpace(c):
		p.i++
	case c == '"' || c == '\'' || c == '`' || c == '\\':
		return p.quoted()
	case isAlnum(c) || c == '_':
		p.word()
	case c == ':' || c == '=':
		p.sign()
	case c == '{' || c == '[' || c == '(':
		p.open()
	case c == '}' || c == ']' || c == ')':
		if p.depth == p.inLookup {
			p.fallback, p.inLookup = span{}, 0
		}
		p.depth--
		p.i++
		if c != ']' || !keyed(p.b[p.i:]) { // C#'s ["key"] = value
			p.last = span{}
		}
		p.key = span{}
		return p.depth > 0
	case c == ',' || c == ';':
		p.i++
		p.last, p.key, p.given = span{}, span{}, span{}
		if p.depth == p.inLookup {
			p.key = p.fallback // the lookup's second argument stands in for it
		}
	case c == '#' || c == '/' && bytes.HasPrefix(p.b[p.i:], []byte("//")):
		p.i += lineRest(p.b[p.i:])
	case bytes.HasPrefix(p.b[p.i:], []byte("||")) || bytes.HasPrefix(p.b[p.i:], []byte("??")):
		p.i += 2
		p.key = p.given
	default:
		p.i++
		p.expression()
	}
	return true
}

// keyed reports whether an assignment follows.
func keyed(b []byte) bool {
	i := runOf(b, 0, 4, func(c byte) bool { return c == ' ' })
	return i+1 < len(b) && b[i] == '=' && b[i+1] != '='
}

// open reads a bracket.
func (p *pairReader) open() {
	p.depth++
	if lookup := p.b[:p.i]; bytes.HasSuffix(lookup, []byte("getenv")) || bytes.HasSuffix(lookup, []byte("environ.get")) {
		p.fallback, p.inLookup = p.given, p.depth
	}
	p.i++
	p.last, p.key = span{}, span{}
}

// expression notes that what is read is no literal.
func (p *pairReader) expression() {
	if p.key != (span{}) {
		p.given, p.key = p.key, span{}
	}
}

// word reads a name or a number.
func (p *pairReader) word() {
	end := runOf(p.b, p.i, len(p.b), func(c byte) bool { return isAlnum(c) || c == '_' })
	w := span{p.i, end}
	p.i = end
	switch {
	case end-w.from <= 2 && end < len(p.b) && (p.b[end] == '"' || p.b[end] == '\''):
		// the prefix of a string, as in f"…" and rb'…'
		return
	case string(w.of(p.b)) == "or":
		p.key = p.given
		return
	}
	p.expression()
	p.last = w
}

// sign reads : = := => or ==.
func (p *pairReader) sign() {
	end := runOf(p.b, p.i, 3, func(c byte) bool { return c == ':' || c == '=' || c == '>' })
	if op := string(p.b[p.i:end]); op == ":" || op == "=" || op == ":=" || op == "=>" {
		p.key, p.given = p.last, span{}
	} else {
		p.expression()
	}
	p.last = span{}
	p.i = end
}

// quoted reads a string. In a string within a string the quotes are escaped. It
// reports false if there is no quote.
func (p *pairReader) quoted() bool {
	slashes := runOf(p.b, p.i, len(p.b), func(c byte) bool { return c == '\\' }) - p.i
	at := p.i + slashes
	if at == len(p.b) {
		return false
	}
	q := p.b[at]
	if q != '"' && q != '\'' && q != '`' {
		p.i = at
		if slashes > 0 && (q == 'n' || q == 't' || q == 'r') {
			p.i++ // white space in a string that holds the object
		}
		return true
	}
	s := span{at + 1, p.closing(at+1, q, slashes)}
	if s.to < 0 { // a lone apostrophe
		p.i = at + 1
		return true
	}
	p.i = s.to + slashes + 1
	if p.key != (span{}) {
		p.found(p.key, s)
		p.key, p.last, p.given = span{}, span{}, span{}
		return true
	}
	p.last = s
	return true
}

// closing returns where the string that starts at i ends: before the same quote
// with as many backslashes, on the same line, or -1.
func (p *pairReader) closing(i int, q byte, slashes int) int {
	run := 0
	for ; i < len(p.b); i++ {
		switch c := p.b[i]; {
		case c == q && run == slashes:
			return i - slashes
		case c == '\\':
			run++
			continue
		case c == '\n' && q != '`':
			return -1
		}
		run = 0
	}
	return -1
}
