package rules

import (
	"bytes"
	"slices"
	"strings"
)

// maxNested bounds the distance from Replicate's name to a setting under it.
const maxNested = 400

// tokenKeys are the plain names of a token among the settings for Replicate.
var tokenKeys = []string{"apitoken", "apikey", "token", "key", "auth", "authtoken", "bearertoken", "accesstoken", "secret", "secretkey", "apisecret", "credential", "withtoken",
	"withapitoken", "withapikey", "replicateapitoken", "replicateapikey", "password", "bearer"}

// nested calls found with each value of 40 hex digits among the settings of the
// Replicate whose name ends at i: in the object, block or section of that name,
// or next to it if the name is a value (provider: replicate).
func nested(b []byte, at, i int, found func(value int)) {
	n := nesting{b: b, column: columnOf(b, at), beside: isValue(b, at) || at > 0 && b[at-1] == '['}
	_, name := nameAround(b, at, i)
	variable := legacyName(plainName(b[at:name]))
	for end := min(len(b), i+maxNested); i < end && n.goesOn(i); i++ {
		if !isHex(b[i]) || isAlnum(b[i-1]) || isJoiner(b[i-1]) {
			continue
		}
		if !isHex40(b, i) {
			continue
		}
		if key := keyBefore(b, i); n.column >= 0 && (slices.Contains(tokenKeys, key) || variable && (key == "default" || key == "value" || key == "defaultvalue")) {
			found(i)
			return
		}
	}
}

// nesting follows brackets and indents from Replicate's name on.
type nesting struct {
	b      []byte
	column int  // where the text of the name's line begins
	beside bool // keys of the same column count
	depth  int
}

// goesOn looks at b[i] and reports whether it still belongs to the name.
func (n *nesting) goesOn(i int) bool {
	switch c := n.b[i]; c {
	case '{', '(':
		n.depth++
	case '}', ')':
		n.depth--
		return n.depth > 0 || n.depth == 0 && c == ')'
	case '\n':
		if n.depth > 0 {
			return true
		}
		j := runOf(n.b, i+1, maxIndent, func(c byte) bool { return c == ' ' || c == '\t' })
		if j < len(n.b) && (n.b[j] == '\n' || n.b[j] == '\r' || n.b[j] == '{' || n.b[j] == '#') {
			return true // an empty line
		}
		column := j - i - 1
		return column > n.column || column == n.column && n.beside && j < len(n.b) && n.b[j] != '[' && n.b[j] != '-'
	}
	return true
}

// columnOf returns the column where the text of the line with b[at] begins,
// without the dash of a list.
func columnOf(b []byte, at int) int {
	start := bytes.LastIndexByte(b[:at], '\n') + 1
	return runOf(b, start, at-start, func(c byte) bool { return c == ' ' || c == '\t' || c == '-' }) - start
}

// isValue reports whether the text at b[at] is the value of a key, such as
// provider or type.
func isValue(b []byte, at int) bool {
	i := at
	for i > 0 && at-i < 4 && bytes.IndexByte([]byte("\"' "), b[i-1]) >= 0 {
		i--
	}
	return i > 0 && (b[i-1] == ':' || b[i-1] == '=')
}

// keyBefore returns the plain name of the key whose value is at i.
func keyBefore(b []byte, i int) string {
	end := i
	for end > 0 && i-end < 24 && bytes.IndexByte([]byte("\"'` \t=:>(,@[]\\"), b[end-1]) >= 0 {
		end--
	}
	from := end
	for from > 0 && end-from < maxName && (isAlnum(b[from-1]) || isJoiner(b[from-1])) {
		from--
	}
	return plainName(b[from:end])
}

// constructors follow Replicate's name where a client is made whose first
// argument is its token.
var constructors = []string{"(", "Client(", "ApiClient(", "Api(", "API(", "Service(", "AsyncClient(", ".Client(", ".NewClient(", ".WithToken(", ".WithAPIToken(", "::Client.new(", ".Client.new(", "::Client::new(",
	`\Client(`, `\\Client(`, `\Replicate(`, "::client(", "::new(", "::with_token(", ".new(", "Config::new(", ".init(", ".client("}

// constructed returns where the first argument of a client begins, or -1 if the
// name that ends at i makes no client.
func constructed(b []byte, i int) int {
	for _, c := range constructors {
		if bytes.HasPrefix(b[i:], []byte(c)) {
			j := runOf(b, i+len(c), 24, func(c byte) bool { return bytes.IndexByte([]byte("\"'` \t\r\n&@"), c) >= 0 })
			return j
		}
	}
	return -1
}

// command returns the command line around b[at]: its start and its end. A
// backslash continues a line.
func command(b []byte, at int) (from, to int) {
	from = at
	for low := max(0, at-near); from > low; from-- {
		if b[from-1] == '\n' && !continued(b[:from-1]) {
			break
		}
	}
	for to = at; to < len(b) && to-at < anchorReach; to++ {
		if b[to] == '\n' && !continued(b[:to]) {
			break
		}
	}
	return from, to
}

func continued(line []byte) bool {
	line = bytes.TrimRight(line, "\r")
	return bytes.HasSuffix(line, []byte(`\`)) || bytes.HasSuffix(line, []byte("`"))
}

// logins calls found with each literal that a login at b[at] gets as input or
// as an argument.
func logins(b []byte, at int, found func(start, end int)) {
	from, to := command(b, at)
	for i := from; i < to; i++ {
		switch {
		case hasAt(b, i, "<<<"):
			literalAt(b, i+3, to, found)
		case i > from && b[i] == '-' && (isSpace(b[i-1]) || b[i-1] == '"' || b[i-1] == '\''):
			for _, flag := range []string{"--password=", "--token=", "--password", "--token", "-p"} {
				if hasAt(b[:to], i, flag) && !hasAt(b, i, flag+"-stdin") {
					literalAt(b, i+len(flag), to, found)
					break
				}
			}
		case i < at && (hasAt(b, i, "echo ") || hasAt(b, i, "printf ")):
			if pipe := bytes.IndexByte(b[i:at], '|'); pipe > 0 {
				echoed(b, i, i+pipe, found)
			}
		}
	}
	if doc := bytes.Index(b[at:to], []byte("<<")); doc >= 0 && !hasAt(b, at+doc, "<<<") && to < len(b) {
		literalAt(b, to+1, min(len(b), to+128), found)
	}
}

// literalAt calls found with the literal at b[i:to], behind spaces and quotes.
func literalAt(b []byte, i, to int, found func(start, end int)) {
	start := runOf(b[:to], i, 12, func(c byte) bool { return bytes.IndexByte([]byte(" \t\r\n\"'\\,="), c) >= 0 })
	end := runOf(b[:to], start, 256, isCogByte)
	if end-start >= minCogToken && (end == len(b) || endsValue(b[end]) || b[end] == ')') {
		found(start, end)
	}
}

// echoed calls found with each literal that a command prints, and with the
// literal of each variable that it prints.
func echoed(b []byte, i, to int, found func(start, end int)) {
	for i < to {
		end := runOf(b[:to], i, 256, isCogByte)
		if end == i {
			i++
			continue
		}
		word := b[i:end]
		switch {
		case i > 0 && (b[i-1] == '$' || b[i-1] == '{'):
			assignedTo(b[:i], word, found)
		case len(word) >= 20:
			literalAt(b, i, to, found)
		}
		i = end
	}
}

// assignedTo calls found with the last literal that b gives to a variable.
func assignedTo(b, name []byte, found func(start, end int)) {
	low := max(0, len(b)-near)
	for at := bytes.LastIndex(b, name); at >= low; at = bytes.LastIndex(b[:at], name) {
		if at > 0 && isNameByte(b[at-1]) || at+len(name) < len(b) && isNameByte(b[at+len(name)]) {
			continue
		}
		v := valueOf(b, at+len(name))
		if v.at > 0 && v.sign && (b[v.at-1] == '"' || b[v.at-1] == '\'' || b[v.at-1] == '=') {
			literalAt(b, v.at, len(b), found)
			return
		}
	}
}

// isUUIDOr40 reports whether a value has the form of a cog login token: a UUID
// or 40 hex digits.
func isUUIDOr40(value string) bool {
	if len(value) == 36 && strings.Count(value, "-") == 4 {
		value = strings.ReplaceAll(value, "-", "")
		return all([]byte(value), isHex)
	}
	return isHex40([]byte(value), 0)
}
