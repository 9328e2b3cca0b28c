package rules

// Encoders break what they write into lines, and where these lines stand each
// may have something around: an indent, the mark of a comment, of a diff or of
// a quoted mail, the quotes of a string.

const (
	maxIndent = 48 // how many bytes around a line break are passed over
	maxBreaks = 3  // written out, and real
)

// breaksWritten are line breaks that are written out.
var breaksWritten = []string{`\r\n`, `\n`, `\r`, "%0D%0A", "%0d%0a", "%0A", "%0a", "&#13;&#10;", "&#10;", "&#xA;", "&#xa;", "`r`n", "`n"}

// breakAt returns what follows a line break at text[i], real or written out; i
// if there is none.
func breakAt(text []byte, i int) int {
	if i >= len(text) {
		return i
	}
	switch text[i] {
	case '\n':
		return i + 1
	case '\r':
		if hasAt(text, i, "\r\n") {
			return i + 2
		}
		return i + 1
	case '\\', '%', '&', '`':
		j := i
		for hasAt(text, j, `\\`) && j-i < 3 { // in a string within a string
			j++
		}
		for _, s := range breaksWritten {
			if hasAt(text, j, s) {
				return j + len(s)
			}
		}
	}
	return i
}

// lineBreak returns what follows a line break at text[i], and the white space
// and marks of quoted mail behind it; i if there is none.
func lineBreak(text []byte, i int) int {
	j := breakAt(text, i)
	if j == i {
		return i
	}
	return runOf(text, j, 64, func(c byte) bool { return c == ' ' || c == '\t' || c == '>' })
}

// lineJoint returns where the next line's text begins if that of a line ends at
// text[i], behind all that is around both; i if it does not. In a diff a line
// begins with a + or - that is none of base64's.
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

// isTrailer reports whether c may stand between a line's text and its end.
func isTrailer(c byte) bool {
	switch c {
	case ' ', '\t', '"', '\'', '`', ',', ';', '+', ')', '&', '.', '_', '|', '\\':
		return true
	}
	return false
}

// isLeader reports whether c may stand between the start of a line and its
// text, and is nothing of base64.
func isLeader(c byte) bool {
	switch c {
	case ' ', '\t', '"', '\'', '`', '>', '#', '*', '|', ':', ';', '%', '&', '.', '<', '(', '!':
		return true
	}
	return false
}

// runOfLeaders returns where a line's text begins that begins itself at i.
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

// leader returns how long what is no text at text[i] is: some characters are
// that only in front of a space, a quote or each other.
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

// before returns where the character before text[i] stands, or the last one of
// the line before if a line begins there; -1 if there is none.
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

// mayLead reports whether c may stand between a line break and a line's text,
// or in a line break that is written out.
func mayLead(c byte) bool {
	if isLeader(c) {
		return true
	}
	switch c {
	case '+', '-', '/', '\\', 'b', 'B', 'r', 'R', 'u', 'U', 'f', 'F', 'L', '@', 'n', '\n', '\r', '0', 'A', 'a', 'D', 'd', '1', '3', 'x':
		return true
	}
	return false
}

// lastOf returns where the last character stands of a line's text whose line
// break begins at i, or is not before low.
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
		again := false
		for _, s := range append([]string{"\r\n", "\n", "\r"}, breaksWritten...) {
			if n := j - len(s); n >= low && hasAt(text, n, s) {
				i, again = n, true
				for i > low && text[i-1] == '\\' {
					i--
				}
				break
			}
		}
		if !again {
			return j - 1
		}
	}
	return i - 1
}
