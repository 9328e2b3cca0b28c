package fix

import (
	"bytes"
	"slices"
	"strings"

	"r8scan/internal/pattern"

	"go.yaml.in/yaml/v4"
)

var composeFallback = pattern.Of(`\$\{([A-Za-z_]\w*):?-$`)

// inYAML replaces a credential in the YAML of a tool.
func inYAML(d *document, t *target) answer {
	if d.tree == nil {
		tree, ok := parseYAML(d.text)
		if !ok {
			return left("the file is no YAML that can be read")
		}
		d.tree = tree
	}
	s, in, out := d.tree.holding(t.Start, t.End, t.Secret.Reveal())
	switch {
	case s == nil && yamlComment(d.text, t.Start):
		return named(t)
	case s == nil:
		return left("it is in no value on one line")
	case s.key:
		return left(whyKey)
	}
	v := value{scalar: s, tree: d.tree, in: in, out: out, t: t}
	switch t.row.ID {
	case "github-workflow":
		return v.workflow()
	case "gitlab-ci":
		return v.gitlab()
	case "circleci":
		return v.circle()
	case "kubernetes":
		return v.kubernetes()
	}
	if m := composeFallback().FindSubmatchIndex(d.text[in:t.Start]); m != nil && t.End < out && d.text[t.End] == '}' && string(d.text[in+m[2]:in+m[3]]) == t.variable {
		return answer{edits: []edit{{in + m[0], t.End + 1, t.lookup()}}}
	}
	return v.put(t.lookup())
}

// value is a scalar with a credential in text[in:out].
type value struct {
	*scalar
	tree    *yamlText
	in, out int
	t       *target
}

func (v value) text() []byte { return v.tree.text }

// put writes code in the credential's place. In a list in brackets, braces need
// quotes around the value.
func (v value) put(code string) answer {
	edits := []edit{{v.t.Start, v.t.End, code}}
	plain := v.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	if plain && v.flow && strings.ContainsAny(code, "{}") {
		if bytes.ContainsAny(v.text()[v.in:v.out], `"\`) {
			return left(whyForm)
		}
		edits = []edit{{v.in, v.in, `"`}, {v.t.Start, v.t.End, code}, {v.out, v.out, `"`}}
		if v.in == v.t.Start {
			edits = []edit{{v.in, v.t.End, `"` + code}, {v.out, v.out, `"`}}
		}
		if v.out == v.t.End {
			edits[len(edits)-2].text += `"`
			edits = edits[:len(edits)-1]
		}
	}
	return answer{edits: edits}
}

// script replaces a credential in a shell command.
func (v value) script() answer {
	raw := v.text()[v.in:v.out]
	s := script{text: raw, bare: v.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0}
	if v.Style&yaml.DoubleQuotedStyle != 0 && bytes.IndexByte(raw, '\\') >= 0 || v.Style&yaml.SingleQuotedStyle != 0 && bytes.Contains(raw, []byte("''")) {
		return left(whyForm)
	}
	edits, why := s.replace(v.t.Start-v.in, v.t.End-v.in, v.t.variable)
	if why != "" {
		return left(why)
	}
	plain := v.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	if plain && v.flow {
		return left(whyForm)
	}
	return answer{edits: shifted(edits, v.in)}
}

// holds reports whether one of the keys leads to the value.
func (v value) below(keys ...string) bool {
	return slices.ContainsFunc(keys, func(k string) bool { return slices.Contains(v.keys, k) })
}

// parentKey returns the key that leads to the mapping with the value.
func (v value) parentKey() string {
	if len(v.keys) < 2 {
		return ""
	}
	return v.keys[len(v.keys)-2]
}

// gitlab replaces a credential in a pipeline. A variable of the project has the same
// name, so that the pipeline's own has to go.
func (v value) gitlab() answer {
	switch {
	case v.below("script", "before_script", "after_script"):
		return v.script()
	case v.parentKey() == "variables" && v.lastKey() == v.t.variable && v.in == v.t.Start && v.out == v.t.End:
		return v.remove()
	case v.lastKey() == v.t.variable || v.parentKey() == v.t.variable:
		return left("it is the variable's own value")
	}
	return v.put(v.t.lookup())
}

// circle is gitlab for CircleCI, which has no variables in values.
func (v value) circle() answer {
	switch {
	case v.lastKey() == "run" || v.lastKey() == "command" && v.parentKey() == "run":
		return v.script()
	case v.parentKey() == "environment" && v.lastKey() == v.t.variable && v.in == v.t.Start && v.out == v.t.End:
		return v.remove()
	}
	return left("a look-up cannot stand there")
}

// kubernetes reads a variable of a container from a secret.
func (v value) kubernetes() answer {
	m := v.mapping()
	key, _ := child(m, "value")
	name, _ := child(m, "name")
	if key == nil || name == nil || v.lastKey() != "value" || v.in != v.t.Start || v.out != v.t.End || !slices.Contains(v.keys, "env") || v.flow {
		return left("only a variable of a container can come from a secret")
	}
	at := v.tree.offset(key.Line, key.Column)
	end := v.out
	if isIn(v.text()[v.in-1], `"'`) {
		end++
	}
	return answer{edits: []edit{{at, end, v.t.lookup()}}}
}

// remove takes the value and its key out of their mapping, and the key of the
// mapping too if nothing else is in it.
func (v value) remove() answer {
	m := v.mapping()
	key, _ := child(m, v.lastKey())
	if key == nil || v.flow {
		return left(whyForm)
	}
	from := v.tree.offset(key.Line, key.Column)
	text := v.text()
	if len(m.Content) == 2 {
		above := v.above(m)
		if above == nil || above.Line != key.Line-1 {
			return left("nothing else is in its mapping")
		}
		from = v.tree.offset(above.Line, above.Column)
	}
	start := lineStart(text, from)
	if len(bytes.TrimLeft(text[start:from], " ")) > 0 { // - before it
		return left(whyForm)
	}
	end := v.out
	return answer{edits: []edit{{start, behindLineEnd(text, end+lineLen(text[end:])), ""}}}
}

// above returns the key whose value is a mapping, if there are other keys beside it.
func (v value) above(m *yaml.Node) *yaml.Node {
	for _, n := range v.parent {
		if n.Kind != yaml.MappingNode || len(n.Content) < 4 {
			continue
		}
		for i := 1; i < len(n.Content); i += 2 {
			if n.Content[i] == m {
				return n.Content[i-1]
			}
		}
	}
	return nil
}
