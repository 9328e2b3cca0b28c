package doctor

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/tailscale/hujson"
	"go.yaml.in/yaml/v4"

	"r8scan/internal/plain"
)

// readJSON returns the variables of a JSON file, which may have comments and trailing
// commas: those of each object that is called env, as in MCP configurations, or
// terminal.integrated.env.linux.
func readJSON(text []byte) (settings, error) {
	var doc any
	if len(bytes.TrimSpace(text)) == 0 {
		return settings{}, nil
	}
	if json.Unmarshal(text, &doc) != nil {
		standard, err := hujson.Standardize(bytes.Clone(text)) // the library may keep it
		if err != nil || json.Unmarshal(standard, &doc) != nil {
			return settings{}, errors.New("it is not valid JSON, even with comments")
		}
	}
	var found settings
	found.addJSON(doc, false)
	return found, nil
}

func (s *settings) addJSON(value any, env bool) {
	switch value := value.(type) {
	case []any:
		for _, v := range value {
			s.addJSON(v, false)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			text, isText := value[key].(string)
			switch {
			case isText && env:
				s.vars = append(s.vars, variable{name: key, value: text})
			default:
				s.addJSON(value[key], key == "env" || strings.HasPrefix(key, "terminal.integrated.env."))
			}
		}
	}
}

// readCompose returns the variables of each service in a compose file.
func readCompose(text []byte) (settings, error) {
	var doc yaml.Node
	if yaml.Unmarshal(text, &doc) != nil {
		return settings{}, errors.New("it is not valid YAML")
	}
	var found settings
	if len(doc.Content) == 0 {
		return found, nil
	}
	for key, services := range pairs(doc.Content[0]) {
		if key != "services" {
			continue
		}
		for _, service := range pairs(services) {
			for key, value := range pairs(service) {
				switch key {
				case "environment":
					found.addEnvironment(value)
				case "env_file":
					found.addEnvFile(value)
				}
			}
		}
	}
	return found, nil
}

// pairs yields the keys and values of a mapping in YAML.
func pairs(n *yaml.Node) func(yield func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, n.Content[i+1]) {
				return
			}
		}
	}
}

func (s *settings) addEnvironment(n *yaml.Node) {
	for name, value := range pairs(n) {
		s.vars = append(s.vars, variable{name: name, value: value.Value, inherited: value.Tag == "!!null"})
	}
	for _, item := range n.Content {
		if n.Kind == yaml.SequenceNode {
			name, value, ok := strings.Cut(item.Value, "=")
			s.vars = append(s.vars, variable{name: name, value: value, inherited: !ok})
		}
	}
}

func (s *settings) addEnvFile(n *yaml.Node) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	for _, item := range items {
		path, required := item.Value, true
		for key, value := range pairs(item) {
			switch key {
			case "path":
				path = value.Value
			case "required":
				required = value.Value != "false"
			}
		}
		if path != "" && required {
			s.files = append(s.files, path)
		}
	}
}

// readUnit returns the variables of a systemd unit.
func readUnit(text []byte) (settings, error) {
	var found settings
	for line := range plain.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(string(line)), "=")
		switch strings.TrimSpace(key) {
		case "Environment":
			for _, word := range unitWords(value) {
				name, value, _ := strings.Cut(word, "=")
				found.vars = append(found.vars, variable{name: name, value: value})
			}
		case "PassEnvironment":
			for _, name := range strings.Fields(value) {
				found.vars = append(found.vars, variable{name: name, inherited: true})
			}
		case "EnvironmentFile":
			if value = strings.TrimSpace(value); value != "" && value[0] != '-' {
				found.files = append(found.files, value)
			}
		}
	}
	return found, nil
}

// unitWords splits a list of systemd's at spaces outside quotes.
func unitWords(s string) (words []string) {
	var word strings.Builder
	quote := rune(0)
	for _, c := range s + " " {
		switch {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		case quote == 0 && (c == ' ' || c == '\t'):
			if word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
		default:
			word.WriteRune(c)
		}
	}
	return words
}

// readShell returns the variables that a shell's start file sets. In a file that
// exports a name somewhere, the name counts as exported.
func readShell(text []byte) (settings, error) {
	found := settings{vars: parseDotenv(text)}
	exported := map[string]bool{}
	for line := range plain.Lines(text) {
		words := strings.Fields(string(line))
		if len(words) >= 2 && (words[0] == "export" || words[0] == "declare" || words[0] == "typeset") {
			for _, name := range words[1:] {
				exported[name] = true
			}
		}
		if len(words) >= 4 && words[0] == "set" && strings.HasPrefix(words[1], "-") && strings.Contains(words[1], "x") { // fish
			found.vars = append(found.vars, variable{name: words[2], value: strings.Trim(words[3], `"'`), exported: true})
		}
	}
	for i, v := range found.vars {
		found.vars[i].exported = v.exported || exported[v.name]
	}
	return found, nil
}

// readJetBrains returns the variables of run configurations.
func readJetBrains(text []byte) (settings, error) {
	var found settings
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return settings{}, errors.New("it is not valid XML")
		}
		element, ok := t.(xml.StartElement)
		if !ok || element.Name.Local != "env" {
			continue
		}
		var v variable
		for _, a := range element.Attr {
			switch a.Name.Local {
			case "name":
				v.name = a.Value
			case "value":
				v.value = a.Value
			}
		}
		found.vars = append(found.vars, v)
	}
}
