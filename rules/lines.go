package rules

// Encoders break their output into lines. Each line may have something around
// it: an indent, the mark of a comment, a diff or quoted mail, the quotes of a
// string.

const (
	maxIndent = 48 // how many bytes around a line break are passed over
	maxBreaks = 3  // written out, and real
)

// breakAt returns the place after a line break, real or written out, at
// text[i], or i if there is none.
func breakAt(text []byte, i int) int {
	if i >= len(text) {
		return i
	}
	switch c := text[i]; c {
	case '\n':
		return i + 1
	case '\r':
		if hasAt(text, i, "\r\n") {
			return i + 2
		}
		return i + 1
	case '\\', '%', '&', '`', '=', '#', '<':
		next, value := oneBreak(text, i)
		if again, lf := oneBreak(text, next); value == '\r' && lf == '\n' && again > next && text[next] == c {
			return again
		}
		return next
	}
	return i
}

// tags break a line in HTML.
var tags = []string{"<br>", "<br/>", "<br />", "&NewLine;"}

// oneBreak returns the place after a written line break at text[i], and which
// one it is, or i if there is none.
func oneBreak(text []byte, i int) (next int, value byte) {
	if i >= len(text) {
		return i, 0
	}
	name := i + 1
	switch text[i] {
	case '\\':
		for hasAt(text, name-1, `\\`) && name-i < 4 { // in a string within a string
			name++
		}
		fallthrough
	case '`':
		if hasAt(text, name, "n") {
			return name + 1, '\n'
		}
		if hasAt(text, name, "r") {
			return name + 1, '\r'
		}
	case '%':
		for hasAt(text, name, "25") && name-i < 4 { // in a URL within a URL
			name += len("25")
		}
		if v := digitsAt(text, name, 2, 16); v == '\n' || v == '\r' {
			return name + 2, byte(v)
		}
	case '#': // of syslog
		if v := digitsAt(text, name, 3, 8); v == '\n' || v == '\r' {
			return name + 3, byte(v)
		}
	case '&', '<':
		for _, tag := range tags {
			if hasAt(text, i, tag) {
				return i + len(tag), '\n'
			}
		}
	}
	if v, next := numbered(text, i); v == '\n' || v == '\r' {
		return next, byte(v)
	}
	return i, 0
}

// lineBreak returns the place after a line break at text[i] and after the white
// space and marks of quoted mail behind it, or i if there is none.
func lineBreak(text []byte, i int) int {
	j := breakAt(text, i)
	if j == i {
		return i
	}
	return runOf(text, j, 64, func(c byte) bool { return c == ' ' || c == '\t' || c == '>' })
}

// lineJoint returns where the text of the next line begins if that of a line
// ends at text[i], or i if it does not. It skips what is around both. In a
// diff, a line begins with a + or - that is not part of base64.
func lineJoint(text []byte, i int, diff bool) int {
	end := min(len(text), i+maxIndent)
	j := i
	for range maxBreaks {
		k := j
		for k < end && isTrailer(text[k]) && breakAt(text, k) == k {
			k++
		}
		next := breakAt(text, k)
		if next == k {
			break
		}
		j = next
	}
	if j == i {
		return i
	}
	return runOfLeaders(text, j, end, diff)
}

// isTrailer reports whether c may be between the text of a line and the line's
// end.
func isTrailer(c byte) bool {
	switch c {
	case ' ', '\t', '"', '\'', '`', ',', ';', '+', ')', '&', '.', '_', '|', '\\':
		return true
	}
	return false
}

// isLeader reports whether c may be between the start of a line and its text,
// and is not part of base64.
func isLeader(c byte) bool {
	switch c {
	case ' ', '\t', '"', '\'', '`', '>', '#', '*', '|', ':', ';', '%', '&', '.', '<', '(', '!':
		return true
	}
	return false
}

// runOfLeaders returns where the text begins of the line that begins at i.
func runOfLeaders(text []byte, i, end int, diff bool) int {
	if diff {
		j := runOf(text[:end], i, maxIndent, func(c byte) bool { return c == '>' || c == ' ' }) // a mail may quote it
		if j < end && (text[j] == '+' || text[j] == '-') {
			i = j + 1
		}
	}
	for i < end {
		n := leader(text, i)
		if n == 0 {
			break
		}
		i += n
	}
	return i
}

// leader returns the length of what is not text at text[i]. Some characters
// count only before a space, a quote or each other.
func leader(text []byte, i int) int {
	next := byte(0)
	if i+1 < len(text) {
		next = text[i+1]
	}
	isQuote := next == '"' || next == '\'' || next == '`'
	switch c := text[i]; {
	case isLeader(c):
		return 1
	case c == '+' || c == '-':
		if next == ' ' || isQuote || next == c && i+2 < len(text) && text[i+2] == ' ' {
			return 1
		}
	case c == '/':
		run := runOf(text, i, 4, func(c byte) bool { return c == '/' })
		if run < len(text) && text[run] == ' ' && run-i > 1 {
			return run - i
		}
	case c == '\\' || c|0x20 == 'b' || c|0x20 == 'r' || c|0x20 == 'u' || c|0x20 == 'f' || c == 'L' || c == '@': // in front of a string
		if isQuote {
			return 1
		}
	}
	return 0
}

// before returns the place of the character before text[i], or of the last one
// of the previous line if a line's text begins at i, or -1.
func before(text []byte, i int, diff bool) int {
	low := max(0, i-maxIndent)
	// A line's text begins at i if what is between it and a line break is what
	// lineJoint passes over.
	for j := i - 1; j >= low; j-- {
		if k := breakAt(text, j); k == j || k > i || runOfLeaders(text, k, i, diff) != i {
			if k == j && !mayLead(text[j]) {
				break
			}
			continue
		}
		return lastOf(text, j, low)
	}
	return i - 1
}

// mayLead reports whether c may be between a line break and a line's text, or
// in a written line break.
func mayLead(c byte) bool {
	if isLeader(c) {
		return true
	}
	switch c {
	case '+', '-', '/', '\\', 'b', 'B', 'r', 'R', 'u', 'U', 'f', 'F', 'L', '@', 'n', '\n', '\r', '0', 'A', 'a', 'D', 'd', '1', '2', '3', '5', 'x', 'e', 'w', 'i', 'N', '=', '{', '}':
		return true
	}
	return false
}

// lastOf returns the place of the last character of the line whose break begins
// at i. It does not go before low.
func lastOf(text []byte, i, low int) int {
	for range maxBreaks {
		j := i
		for j > low && isTrailer(text[j-1]) {
			j--
		}
		// A + or _ is the text's own unless something else is between.
		for j < i && isBase64Any(text[j]) {
			j++
		}
		start := breakBefore(text, j, low)
		if start == j {
			return j - 1
		}
		i = start
	}
	return i - 1
}

// maxBreak is how long a line break may be, written out.
const maxBreak = 14

// breakBefore returns where the longest line break begins that ends at text[j],
// or j if there is none.
func breakBefore(text []byte, j, low int) int {
	if j == 0 {
		return 0
	}
	switch text[j-1] {
	case '\n', '\r', 'n', 'r', 'A', 'a', 'D', 'd', '0', '2', '3', '5', ';', '}', '>': // with which a break may end; 0 and 3 are of &#10; and &#13;, whose semicolon may be passed over
		for i := max(low, j-maxBreak); i < j; i++ {
			if breakAt(text[:j], i) == j { // without a line feed that is behind
				return i
			}
		}
	}
	return j
}
