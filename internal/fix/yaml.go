package fix

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// yamlText is a YAML file with its nodes.
type yamlText struct {
	text  []byte
	lines []int // offsets
	all   []*scalar
}

// scalar is a value, or a key, of a YAML file.
type scalar struct {
	*yaml.Node
	at     int          // offset of its first character
	key    bool         // of a mapping
	keys   []string     // the keys that lead to it, with "" for items of lists
	parent []*yaml.Node // the nodes above it, the nearest last
	flow   bool         // in { } or [ ]
}

// parseYAML reads all documents of a file; false if it is no YAML.
func parseYAML(text []byte) (*yamlText, bool) {
	y := &yamlText{text: text}
	for at := range codeLines(text) {
		y.lines = append(y.lines, at)
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		if err := dec.Decode(&doc); err != nil {
			return y, errors.Is(err, io.EOF)
		}
		y.collect(&doc, nil, nil, false)
	}
}

// collect adds the scalars below a node.
func (y *yamlText) collect(n *yaml.Node, keys []string, parent []*yaml.Node, flow bool) {
	flow = flow || n.Style&yaml.FlowStyle != 0
	below := append(slices.Clip(parent), n)
	switch n.Kind {
	case yaml.ScalarNode:
		y.add(&scalar{Node: n, keys: keys, parent: parent, flow: flow})
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			if k.Kind == yaml.ScalarNode {
				y.add(&scalar{Node: k, key: true, keys: keys, parent: below, flow: flow})
			}
			y.collect(n.Content[i+1], append(slices.Clip(keys), k.Value), below, flow)
		}
	case yaml.SequenceNode:
		for _, c := range n.Content {
			y.collect(c, append(slices.Clip(keys), ""), below, flow)
		}
	case yaml.DocumentNode:
		for _, c := range n.Content {
			y.collect(c, keys, below, flow)
		}
	}
}

func (y *yamlText) add(s *scalar) {
	if s.at = y.offset(s.Line, s.Column); s.at >= 0 {
		y.all = append(y.all, s)
	}
}

// offset returns the offset of a line and a column, -1 if there is none. Columns
// count characters.
func (y *yamlText) offset(line, column int) int {
	if line < 1 || line > len(y.lines) {
		return -1
	}
	at := y.lines[line-1]
	for ; column > 1 && at < len(y.text); column-- {
		_, size := utf8.DecodeRune(y.text[at:])
		at += size
	}
	return at
}

// holding returns the scalar that text[from:to] is in, with the part of the text
// that its value stands in, nil if that is a comment or cannot be told.
func (y *yamlText) holding(from, to int, value string) (s *scalar, in, out int) {
	for _, c := range y.all {
		if c.at <= from && (s == nil || c.at >= s.at) {
			s = c
		}
	}
	if s == nil || !strings.Contains(s.Value, value) {
		return nil, 0, 0
	}
	in = s.at
	for in < len(y.text) && isIn(y.text[in], "!&") { // a tag or an anchor
		n := bytes.IndexAny(y.text[in:], " \t\r\n")
		if n < 0 {
			return nil, 0, 0
		}
		in += n + 1
	}
	switch {
	case s.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		in, out = y.block(in)
	case s.Style&yaml.SingleQuotedStyle != 0:
		in, out = quoted(y.text, in, '\'')
	case s.Style&yaml.DoubleQuotedStyle != 0:
		in, out = quoted(y.text, in, '"')
	default:
		out = in + len(s.Value)
		if out > len(y.text) || string(y.text[in:out]) != s.Value { // over several lines
			return nil, 0, 0
		}
	}
	if from < in || to > out {
		return nil, 0, 0
	}
	return s, in, out
}

// quoted returns the part between two quotes, the first of which is at at.
func quoted(text []byte, at int, q byte) (in, out int) {
	for i := at + 1; i < len(text); i++ {
		switch {
		case q == '"' && text[i] == '\\':
			i++
		case text[i] == q && q == '\'' && i+1 < len(text) && text[i+1] == q:
			i++
		case text[i] == q:
			return at + 1, i
		}
	}
	return at + 1, at + 1
}

// block returns the lines of a block scalar whose | or > is at at: those that are
// indented deeper than the line of its key.
func (y *yamlText) block(at int) (in, out int) {
	in = behindLineEnd(y.text, at+lineLen(y.text[at:]))
	out = in
	depth := -1
	for start := in; start < len(y.text); {
		line := y.text[start : start+lineLen(y.text[start:])]
		next := behindLineEnd(y.text, start+len(line))
		if len(bytes.TrimSpace(line)) > 0 {
			if n := indent(line); depth < 0 {
				depth = n
			} else if n < depth {
				break
			}
			out = start + len(line)
		}
		start = next
	}
	return in, out
}

func indent(line []byte) int { return len(line) - len(bytes.TrimLeft(line, " ")) }

// yamlComment reports whether text[at] is in a comment of YAML. It is asked about
// what is in no scalar.
func yamlComment(text []byte, at int) bool {
	line := text[lineStart(text, at):at]
	for i, c := range line {
		if c == '#' && (i == 0 || isIn(line[i-1], " \t")) {
			return true
		}
	}
	return false
}

// child returns the key and the value of a mapping's key, nil if it has none.
func child(n *yaml.Node, name string) (key, value *yaml.Node) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

// mapping returns the nearest mapping above a scalar, nil if there is none.
func (s *scalar) mapping() *yaml.Node {
	for i := len(s.parent) - 1; i >= 0; i-- {
		if s.parent[i].Kind == yaml.MappingNode {
			return s.parent[i]
		}
	}
	return nil
}

// lastKey returns the key that the scalar is the value of, "" for an item of a list.
func (s *scalar) lastKey() string {
	if len(s.keys) == 0 {
		return ""
	}
	return s.keys[len(s.keys)-1]
}
