package fix

import (
	"bytes"
	"strings"

	"r8scan/internal/pattern"
)

// script is a shell script, or a part of one.
type script struct {
	text []byte
	fish bool // fish knows no ${NAME}
	bare bool // no quotes may be written: they would end the string that the script is in
}

// Where a place is in a shell script.
const (
	inWord       = 'w'
	inDouble     = '"'
	inSingle     = '\''
	inANSI       = '$' // $'…'
	inHeredoc    = '<'
	inRawHeredoc = 'r'
	inBraces     = '{' // ${…}
	inTicks      = '`'
	inComment    = '#'
)

// state says where text[at] is. nested reports whether that is a command in a
// string.
func (s script) state(at int) (state byte, nested bool) {
	r := shellReader{script: s}
	for r.at < at {
		if found := r.step(at); found != 0 {
			return found, false
		}
	}
	top := r.top()
	nested = bytes.Count(r.stack, []byte{inDouble}) > 1 || bytes.Contains(r.stack, []byte{inTicks}) && bytes.Contains(r.stack, []byte{inDouble})
	switch top {
	case 0, '(':
		return inWord, nested
	case inTicks:
		return inWord, nested
	}
	return top, nested
}

// shellReader reads a script up to some place.
type shellReader struct {
	script
	at    int
	stack []byte // open quotes and brackets
	due   []shellHeredoc
}

type shellHeredoc struct {
	end string
	raw bool
}

func (r *shellReader) top() byte {
	if len(r.stack) == 0 {
		return 0
	}
	return r.stack[len(r.stack)-1]
}

func (r *shellReader) push(c byte, n int) { r.stack, r.at = append(r.stack, c), r.at+n }
func (r *shellReader) pop()               { r.stack, r.at = r.stack[:len(r.stack)-1], r.at+1 }

// step reads the next character, or more. It returns the state of text[to] if it
// passes it.
func (r *shellReader) step(to int) byte {
	rest, top := r.text[r.at:], r.top()
	c := rest[0]
	switch {
	case c == '\\':
		r.at += 2
	case c == '"' && top == inDouble, c == '`' && top == inTicks, c == '}' && top == inBraces, c == ')' && top == '(':
		r.pop()
	case c == '`':
		r.push(inTicks, 1)
	case bytes.HasPrefix(rest, []byte("$(")) && !r.fish:
		r.push('(', 2)
	case bytes.HasPrefix(rest, []byte("${")) && !r.fish:
		r.push(inBraces, 2)
	case top == inDouble:
		r.at++
	case c == '"':
		r.push(inDouble, 1)
	case c == '\'' && top != inBraces:
		return r.single(to, inSingle, 1)
	case bytes.HasPrefix(rest, []byte("$'")):
		return r.single(to, inANSI, 2)
	case c == '(':
		r.push('(', 1)
	case c == '#' && (r.at == 0 || isIn(r.text[r.at-1], " \t\r\n;&|(")):
		if r.at += lineLen(rest); r.at > to {
			return inComment
		}
	case bytes.HasPrefix(rest, []byte("<<<")):
		r.at += 3
	case bytes.HasPrefix(rest, []byte("<<")):
		r.heredoc()
	case c == '\n' && len(r.due) > 0:
		r.at++
		return r.lines(to)
	default:
		r.at++
	}
	return 0
}

// single reads a string in single quotes.
func (r *shellReader) single(to int, state byte, open int) byte {
	for i := r.at + open; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '\\' && (state == inANSI || r.fish):
			i++
		case c == '\'':
			if r.at = i + 1; r.at > to {
				return state
			}
			return 0
		}
	}
	r.at = len(r.text)
	return state
}

var heredocName = pattern.Of(`^<<-?\s*(?:'([^'\n]+)'|"([^"\n]+)"|\\?([A-Za-z_][\w.-]*))`)

func (r *shellReader) heredoc() {
	m := heredocName().FindSubmatch(r.text[r.at:min(len(r.text), r.at+200)])
	if m == nil {
		r.at += 2
		return
	}
	name := string(m[1]) + string(m[2]) + string(m[3])
	r.due = append(r.due, shellHeredoc{name, len(m[3]) == 0 || bytes.Contains(m[0], []byte(`\`))})
	r.at += len(m[0])
}

// lines reads the lines of heredocs.
func (r *shellReader) lines(to int) byte {
	for _, h := range r.due {
		for r.at < len(r.text) {
			line := r.text[r.at : r.at+lineLen(r.text[r.at:])]
			start := r.at
			r.at = behindLineEnd(r.text, r.at+len(line))
			if string(bytes.TrimSpace(line)) == h.end {
				break
			}
			if start <= to && to < r.at {
				if h.raw {
					return inRawHeredoc
				}
				return inHeredoc
			}
		}
	}
	r.due = nil
	return 0
}

var shellFallback = pattern.Of(`\$\{([A-Za-z_]\w*):?[-=]$`)

// replace returns the edits that put a variable in the place of text[from:to], or
// why there are none.
func (s script) replace(from, to int, variable string) ([]edit, string) {
	state, nested := s.state(from)
	put := func(code string) ([]edit, string) { return []edit{{from, to, code}}, "" }
	before, after := s.text[:from], s.text[to:]
	whole := from > 0 && to < len(s.text) && s.text[from-1] == s.text[to]
	braces := "${" + variable + "}"
	if s.fish {
		if braces = "$" + variable; len(after) > 0 && (isWord(after[0]) || after[0] == '[') {
			return nil, whyForm
		}
	}
	if assigns(before, variable) && !s.fish { // the variable itself: it must be there
		braces = "${" + variable + ":?}"
	}
	short := braces
	if !strings.Contains(braces, ":?") {
		short = "$" + variable
	}
	switch {
	case state == inComment:
		return put(variable)
	case nested:
		return nil, whyHole
	case state == inBraces:
		if m := shellFallback().FindSubmatchIndex(before); m != nil && len(after) > 0 && after[0] == '}' {
			if string(before[m[2]:m[3]]) != variable {
				return put("$" + variable)
			}
			return []edit{{m[0], to + 1, "${" + variable + ":?}"}}, ""
		}
		return nil, whyForm
	case state == inRawHeredoc:
		return nil, "it is in lines that the shell passes on as they are"
	case state == inDouble && whole && s.text[to] == '"':
		return put(short)
	case state == inDouble, state == inHeredoc:
		return put(braces)
	case s.bare && state == inWord && short == "$"+variable && !(len(after) > 0 && isWord(after[0])):
		return put(short)
	case s.bare && state == inWord:
		return put(braces)
	case s.bare:
		return nil, whyForm
	case state == inSingle:
		return s.reopen(from, to, "'", short), ""
	case state == inANSI:
		return s.reopen(from, to, "$'", short), ""
	}
	return put(`"` + short + `"`)
}

// reopen ends a string in single quotes in front of text[from:to] and begins it again
// behind that, if anything is left of it there.
func (s script) reopen(from, to int, open, variable string) []edit {
	code := `'"` + variable + `"` + open
	if bytes.HasSuffix(s.text[:from], []byte(open)) {
		from, code = from-len(open), code[1:]
	}
	if to < len(s.text) && s.text[to] == '\'' {
		to, code = to+1, strings.TrimSuffix(code, open)
	}
	return []edit{{from, to, code}}
}

// assigns reports whether a script gives the variable a value right behind before.
func assigns(before []byte, variable string) bool {
	before = bytes.TrimRight(before, `"'$`)
	start, ok := bytes.CutSuffix(before, []byte(variable+"="))
	return ok && (len(start) == 0 || !isWord(start[len(start)-1]))
}
