package cog

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"r8scan/rules"
)

// Input is an input of a model, as its schema declares it.
type Input struct {
	Name     string
	Training bool // of a training, not of a prediction
	Required bool
	Secret   bool
	Looks    bool // it looks secret, and is not declared so
}

// schemas are the parts of a schema that have inputs.
var schemas = []struct {
	name     string
	training bool
}{{"Input", false}, {"TrainingInput", true}}

// maxInputs bounds the inputs of a model. Real ones have some tens, but whoever makes a
// model writes its schema.
const maxInputs = 1000

// object is one of JSON's.
type object = map[string]any

// Inputs reads what Replicate's API answers about a model or a version of one, and
// returns its inputs: those of predictions first, each kind by name.
func Inputs(answer []byte) ([]Input, error) {
	var top object
	if json.Unmarshal(answer, &top) != nil || top == nil {
		return nil, errors.New("the answer is not a model in JSON")
	}
	of := top
	if latest, isModel := top["latest_version"]; isModel {
		if of, _ = latest.(object); of == nil {
			return nil, errors.New("it has no version, so it has no inputs yet")
		}
	}
	openAPI, ok := of["openapi_schema"].(object)
	if !ok {
		return nil, errors.New("the answer has no schema")
	}
	var found []Input
	known := false
	components, _ := openAPI["components"].(object)
	all, _ := components["schemas"].(object)
	for _, s := range schemas {
		schema, ok := all[s.name].(object)
		known = known || ok && !s.training
		required, _ := schema["required"].([]any)
		properties, _ := schema["properties"].(object) // none, if the model takes no input
		if len(properties) > maxInputs || len(required) > maxInputs {
			return nil, errors.New("its schema has more than 1,000 inputs")
		}
		for name, value := range properties {
			property, _ := value.(object)
			in := Input{Name: name, Training: s.training, Secret: isSecret(property, 0)}
			in.Required = slices.ContainsFunc(required, func(v any) bool { return v == name })
			in.Looks = !in.Secret && isText(property) && rules.NamesSecret(name)
			found = append(found, in)
		}
	}
	if !known {
		return nil, errors.New("its schema has another form: there is no Input in it")
	}
	slices.SortFunc(found, func(a, b Input) int {
		switch {
		case a.Training == b.Training:
			return strings.Compare(a.Name, b.Name)
		case a.Training:
			return 1
		}
		return -1
	})
	return found, nil
}

// maxNesting is how deep a type may be in others: an optional one is in anyOf.
const maxNesting = 4

// choicesOf are the keys under which a property has several types.
var choicesOf = []string{"anyOf", "oneOf", "allOf"}

func isSecret(property object, depth int) bool {
	if property["x-cog-secret"] == true || property["format"] == "password" {
		return true
	}
	return anyOf(property, depth, isSecret)
}

func anyOf(property object, depth int, is func(object, int) bool) bool {
	if depth == maxNesting {
		return false
	}
	for _, key := range choicesOf {
		list, _ := property[key].([]any)
		if slices.ContainsFunc(list, func(v any) bool { of, _ := v.(object); return is(of, depth+1) }) {
			return true
		}
	}
	return false
}

// isText reports whether any text can be given: not a file, and not one of a list.
func isText(property object) bool {
	var is func(object, int) bool
	is = func(p object, depth int) bool {
		if p["enum"] != nil || p["format"] != nil {
			return false
		}
		return p["type"] == "string" || anyOf(p, depth, is)
	}
	return is(property, 0)
}
