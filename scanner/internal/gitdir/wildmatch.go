package gitdir

import "strings"

// outcome is what a comparison of a pattern with a text says. The two ways to
// give up keep patterns with many stars from taking exponential time, as in
// git's wildmatch.c, which this follows.
type outcome int

const (
	noMatch      outcome = iota
	match                // the whole text
	abortAll             // the text ends too early: a longer run of any star cannot help
	abortToStars         // a slash is in the way: only ** can help
)

// wildmatch reports whether text, a path with slashes, matches a pattern of an
// ignore file. Only ** matches slashes.
func wildmatch(pattern, text string) bool { return wild(pattern, 0, text) == match }

// wild compares pattern[p:] with text. The part of the pattern before p says
// what a ** stands behind.
func wild(pattern string, p int, text string) outcome {
	for ; p < len(pattern); p++ {
		c := pattern[p]
		if text == "" && c != '*' {
			return abortAll
		}
		switch c {
		case '*':
			return star(pattern, p, text)
		case '?':
			if text[0] == '/' {
				return noMatch
			}
		case '[':
			end, in := class(pattern, p, text[0])
			if end < 0 {
				return abortAll
			}
			if !in || text[0] == '/' {
				return noMatch
			}
			p = end
		case '\\':
			if p++; p == len(pattern) {
				return abortAll
			}
			c = pattern[p]
			fallthrough
		default:
			if text[0] != c {
				return noMatch
			}
		}
		text = text[1:]
	}
	if text != "" {
		return noMatch
	}
	return match
}

// star goes on where pattern[p] is a star.
func star(pattern string, p int, text string) outcome {
	first := p
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	rest := pattern[p:]
	slashes := p-first > 1 && (first == 0 || pattern[first-1] == '/') &&
		(rest == "" || rest[0] == '/' || strings.HasPrefix(rest, `\/`))
	if slashes && strings.HasPrefix(rest, "/") && wild(pattern, p+1, text) == match {
		return match // **/ may stand for nothing
	}
	if rest == "" {
		if !slashes && strings.Contains(text, "/") {
			return noMatch
		}
		return match
	}
	if !slashes && rest[0] == '/' {
		i := strings.IndexByte(text, '/')
		if i < 0 {
			return noMatch
		}
		return wild(pattern, p, text[i:])
	}
	for ; text != ""; text = text[1:] {
		if got := wild(pattern, p, text); got != noMatch && (!slashes || got != abortToStars) {
			return got
		}
		if !slashes && text[0] == '/' {
			return abortToStars
		}
	}
	return abortAll
}

// class compares c with the set whose bracket is at pattern[p], and returns
// where the set's other bracket is, or -1 if it is malformed.
func class(pattern string, p int, c byte) (end int, in bool) {
	p++
	negated := p < len(pattern) && (pattern[p] == '!' || pattern[p] == '^')
	if negated {
		p++
	}
	before := byte(0) // that a range may start with
	for first := true; ; first = false {
		if p >= len(pattern) {
			return -1, false
		}
		x := pattern[p]
		switch {
		case x == ']' && !first:
			return p, in != negated
		case x == '-' && before != 0 && p+1 < len(pattern) && pattern[p+1] != ']':
			if p++; pattern[p] == '\\' {
				p++
			}
			if p >= len(pattern) {
				return -1, false
			}
			in = in || before <= c && c <= pattern[p]
			x = 0
		case x == '[' && strings.HasPrefix(pattern[p+1:], ":"):
			name, _, ok := strings.Cut(pattern[p+2:], "]")
			if !ok {
				return -1, false
			}
			if kind, named := strings.CutSuffix(name, ":"); named {
				is, known := namedClasses[kind]
				if !known {
					return -1, false
				}
				in = in || is(c)
				p, x = p+2+len(name), 0
			} else {
				in = in || c == '['
			}
		case x == '\\':
			if p++; p >= len(pattern) {
				return -1, false
			}
			x = pattern[p]
			in = in || c == x
		default:
			in = in || c == x
		}
		before = x
		p++
	}
}

var namedClasses = map[string]func(byte) bool{
	"alnum":  func(c byte) bool { return isLetter(c) || isDigit(c) },
	"alpha":  isLetter,
	"blank":  func(c byte) bool { return c == ' ' || c == '\t' },
	"cntrl":  func(c byte) bool { return c < ' ' || c == 0x7f },
	"digit":  isDigit,
	"graph":  func(c byte) bool { return '!' <= c && c <= '~' },
	"lower":  func(c byte) bool { return 'a' <= c && c <= 'z' },
	"print":  func(c byte) bool { return ' ' <= c && c <= '~' },
	"punct":  func(c byte) bool { return '!' <= c && c <= '~' && !isLetter(c) && !isDigit(c) },
	"space":  func(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' },
	"upper":  func(c byte) bool { return 'A' <= c && c <= 'Z' },
	"xdigit": func(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' },
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
