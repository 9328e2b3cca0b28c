// Package cog reads what says which inputs a model has: a Cog project (cog.yaml and the
// signature of a Python function) and the schema that Replicate gives of a model.
package cog

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Entry is what cog runs: an object in a Python file of a project.
type Entry struct {
	Key    string // of cog.yaml: run, predict or train
	File   string // as cog.yaml names it, with slashes
	Object string // a class or a function
}

// Entries reads a cog.yaml. It may name none: then cog builds an environment only.
func Entries(text []byte) ([]Entry, error) {
	var doc yaml.Node
	if yaml.Unmarshal(text, &doc) != nil {
		return nil, errors.New("it is not valid YAML")
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, errors.New("it has no keys, so it is no configuration of cog")
	}
	var found []Entry
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i].Value, top.Content[i+1]
		if key != "run" && key != "predict" && key != "train" {
			continue
		}
		file, object, ok := strings.Cut(value.Value, ":")
		if value.Kind != yaml.ScalarNode || !ok || !strings.HasSuffix(file, ".py") || !isName(object) {
			return nil, errors.New("its " + key + " does not name a Python file and an object in it, as in predict.py:Predictor")
		}
		found = append(found, Entry{key, file, object})
	}
	return found, nil
}

// isName reports whether s is a name in Python.
func isName(s string) bool {
	return s != "" && !isDigit(s[0]) && strings.IndexFunc(s, func(r rune) bool { return r < 0x80 && !isWord(byte(r)) }) < 0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isWord reports whether c may be in a name: also what begins a character beyond ASCII.
func isWord(c byte) bool {
	return c == '_' || isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= 0x80
}
