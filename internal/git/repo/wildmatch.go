package repo

import "strings"

// A glob is parsed into steps. Matching goes through a path once, with the set
// of all steps that may come next. The time is at most steps times bytes,
// however many stars a hostile file has.

// step is one part of a glob.
type step struct {
	kind stepKind
	char byte       // theByte
	set  *[256]bool // oneOf
}

type stepKind uint8

const (
	theByte   stepKind = iota // one byte
	oneOf                     // one byte of the set
	inName                    // any number of bytes within a name
	below                     // any number of bytes, including slashes
	folders                   // nothing, or what inFolders takes, which is always the next step
	inFolders                 // any number of names, each with its slash
)

// wildmatch reports whether a path with slashes matches a glob. A malformed
// glob matches nothing. It subtracts steps times bytes from work.
func wildmatch(glob, path string, work *int) bool {
	*work--
	if !strings.ContainsAny(glob, `*?[\`) {
		return glob == path
	}
	if !endsFit(glob, path) {
		return false
	}
	steps, ok := parseGlob(glob, len(path))
	*work -= perStep * len(steps)
	if !ok {
		return false
	}
	now, next := make([]bool, len(steps)+1), make([]bool, len(steps)+1)
	reach(steps, now, 0)
	for i := range len(path) {
		clear(next)
		any := false
		for at, s := range steps {
			if now[at] {
				any = true
				s.take(steps, next, at, path[i])
			}
		}
		*work -= len(steps)
		if !any {
			return false
		}
		now, next = next, now
	}
	return now[len(steps)]
}

// perStep is the cost of parsing a step, relative to matching it with a byte.
const perStep = 32

// endsFit reports whether the first and last byte of path fit a glob that
// starts or ends with a literal. This rejects most globs quickly.
func endsFit(glob, path string) bool {
	if path == "" || glob == "" {
		return true
	}
	first, last := glob[0], glob[len(glob)-1]
	return (strings.IndexByte(`*?[\`, first) >= 0 || first == path[0]) &&
		(strings.IndexByte(`*?]\`, last) >= 0 || last == path[len(path)-1])
}

// take adds to next the steps that the step at may lead to over one byte.
func (s step) take(steps []step, next []bool, at int, c byte) {
	switch s.kind {
	case theByte, oneOf:
		if s.takes(c) {
			reach(steps, next, at+1)
		}
	case inName:
		if c != '/' {
			reach(steps, next, at)
		}
	case below:
		reach(steps, next, at)
	case inFolders:
		next[at] = true
		if c == '/' {
			reach(steps, next, at+1)
		}
	}
}

// takes reports whether a step for one byte matches c.
func (s step) takes(c byte) bool { return s.kind == theByte && s.char == c || s.set != nil && s.set[c] }

// reach adds the step at to a set, and the steps after it that can be reached
// without a byte.
func reach(steps []step, set []bool, at int) {
	for ; !set[at]; at++ {
		set[at] = true
		if at == len(steps) {
			return
		}
		switch steps[at].kind {
		case folders:
			set[at+1] = true
			at++
		case theByte, oneOf, inFolders:
			return
		}
	}
}

// parseGlob parses a glob into steps. It gives up on one that needs more than
// max bytes, which no path has: a line of an ignore file may have millions.
func parseGlob(glob string, max int) (steps []step, ok bool) {
	atName := true // a name starts here
	bytes := 0
	for rest := glob; rest != ""; {
		c := rest[0]
		next := step{kind: oneOf}
		switch {
		case c == '*':
			stars := len(rest) - len(strings.TrimLeft(rest, "*"))
			rest = rest[stars:]
			tail := strings.TrimPrefix(rest, `\`)
			switch {
			case stars == 1 || !atName || tail != "" && tail[0] != '/' || tail == "" && rest != "":
				steps = append(steps, step{kind: inName})
			case tail == "":
				steps = append(steps, step{kind: below})
			default:
				if n := len(steps); n == 0 || steps[n-1].kind != inFolders { // repeating it changes nothing
					steps = append(steps, step{kind: folders}, step{kind: inFolders})
				}
				rest = tail[1:]
				continue // a name starts after the slash
			}
			atName = false
			continue
		case c == '?':
			next.set, rest = allBut('/'), rest[1:]
		case c == '[':
			if next.set, rest, ok = parseSet(rest[1:]); !ok {
				return nil, false
			}
		case c == '\\' && len(rest) == 1:
			return nil, false
		case c == '\\':
			next, rest = step{kind: theByte, char: rest[1]}, rest[2:]
		default:
			next, rest = step{kind: theByte, char: c}, rest[1:]
		}
		atName = next.takes('/')
		if bytes++; bytes > max {
			return steps, false
		}
		steps = append(steps, next)
	}
	return steps, true
}

func allBut(c byte) *[256]bool {
	var set [256]bool
	for i := range set {
		set[i] = i != int(c)
	}
	return &set
}

// parseSet parses a set after its opening bracket, and returns the rest. No set
// matches a slash.
func parseSet(glob string) (set *[256]bool, rest string, ok bool) {
	set = &[256]bool{}
	inverted := glob != "" && (glob[0] == '!' || glob[0] == '^')
	if inverted {
		glob = glob[1:]
	}
	from := -1 // a character that may start a range
	for first := true; glob != ""; first = false {
		if glob[0] == ']' && !first {
			for c := range set {
				set[c] = set[c] != inverted
			}
			set['/'] = false
			return set, glob[1:], true
		}
		if is, after, named, ok := parseClass(glob); named {
			if !ok {
				return nil, "", false
			}
			for c := range set {
				set[c] = set[c] || is(byte(c))
			}
			glob, from = after, -1
			continue
		}
		ranged := glob[0] == '-' && from >= 0 && len(glob) > 1 && glob[1] != ']'
		if ranged {
			glob = glob[1:]
		}
		if glob[0] == '\\' {
			glob = glob[1:]
		}
		if glob == "" {
			break
		}
		to := int(glob[0])
		glob = glob[1:]
		if !ranged {
			set[to], from = true, to
			continue
		}
		for c := from; c <= to; c++ {
			set[c] = true
		}
		from = -1
	}
	return nil, "", false // the set has no end
}

// parseClass parses a class such as [:digit:] at the start of a set's rest.
// Anything that only looks similar is a plain bracket.
func parseClass(glob string) (is func(byte) bool, rest string, named, ok bool) {
	body, begins := strings.CutPrefix(glob, "[:")
	if !begins {
		return nil, "", false, false
	}
	body, rest, closed := strings.Cut(body, "]")
	name, ends := strings.CutSuffix(body, ":")
	if closed && !ends {
		return nil, "", false, false
	}
	is, ok = namedClasses[name]
	return is, rest, true, ok && closed
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
