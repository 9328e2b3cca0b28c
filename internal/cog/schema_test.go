package cog

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// modelAnswer returns what the API answers about a model with these inputs.
func modelAnswer(inputs string) string {
	return `{"owner":"ada","name":"m","latest_version":{"id":"abc","openapi_schema":{"openapi":"3.0.2","components":{"schemas":{"Input":` + inputs + `,"Output":{"type":"string"}}}}}}`
}

const secretProperty = `{"type":"string","title":"Api Key","format":"password","writeOnly":true,"x-cog-secret":true,"x-order":1}`

// TestInputs reads answers in the forms that the API and cog give.
func TestInputs(t *testing.T) {
	for _, c := range []struct{ name, answer, want string }{
		{"secret", modelAnswer(`{"required":["api_key"],"properties":{"prompt":{"type":"string"},"api_key":` + secretProperty + `}}`), "[{api_key false true true false} {prompt false false false false}]"},
		{"a version", `{"id":"abc","openapi_schema":{"components":{"schemas":{"Input":{"properties":{"api_key":` + secretProperty + `}}}}}}`, "[{api_key false false true false}]"},
		{"only the format", modelAnswer(`{"properties":{"x":{"type":"string","format":"password"}}}`), "[{x false false true false}]"},
		{"only the mark", modelAnswer(`{"properties":{"x":{"x-cog-secret":true}}}`), "[{x false false true false}]"},
		{"no mark", modelAnswer(`{"properties":{"x":{"x-cog-secret":false},"y":{"x-cog-secret":"true"}}}`), "[{x false false false false} {y false false false false}]"},
		{"optional", modelAnswer(`{"properties":{"x":{"anyOf":[` + secretProperty + `,{"type":"null"}]},"hf_token":{"anyOf":[{"type":"string"},{"type":"null"}]}}}`), "[{hf_token false false false true} {x false false true false}]"},
		{"looks", modelAnswer(`{"properties":{"hf_token":{"type":"string"},"password":{"type":"string","default":""},"max_tokens":{"type":"integer"},"seed_token":{"type":"integer"},"image_key":{"type":"string","format":"uri"},"note_key":{"type":"string","enum":["C"]},"key":{"type":"string"}}}`),
			"[{hf_token false false false true} {image_key false false false false} {key false false false false} {max_tokens false false false false} {note_key false false false false} {password false false false true} {seed_token false false false false}]"},
		{"training", `{"openapi_schema":{"components":{"schemas":{"TrainingInput":{"properties":{"hf_token":` + secretProperty + `}},"Input":{"properties":{"z":{}}}}}}}`, "[{z false false false false} {hf_token true false true false}]"},
		{"no input", modelAnswer(`{"type":"object","title":"Input"}`), "[]"},
		{"odd properties", modelAnswer(`{"required":"x","properties":{"a_key":7,"b_key":null,"c_key":[],"d_key":{"anyOf":7}}}`), "[{a_key false false false false} {b_key false false false false} {c_key false false false false} {d_key false false false false}]"},
	} {
		inputs, err := Inputs([]byte(c.answer))
		if got := fmt.Sprint(inputs); err != nil || got != c.want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", c.name, err, got, c.want)
		}
	}
	var many []string
	for i := range maxInputs + 1 {
		many = append(many, fmt.Sprintf(`"k%d":{}`, i))
	}
	for answer, want := range map[string]string{
		"":                        "not a model in JSON",
		"<html>":                  "not a model in JSON",
		"null":                    "not a model in JSON",
		"[]":                      "not a model in JSON",
		"{}":                      "has no schema",
		`{"latest_version":null}`: "it has no version",
		`{"latest_version":{}}`:   "has no schema",
		`{"latest_version":{"openapi_schema":null}}`:                         "has no schema",
		`{"openapi_schema":{}}`:                                              "another form",
		`{"openapi_schema":{"components":{"schemas":{"TrainingInput":{}}}}}`: "another form",
		modelAnswer(`[]`):                                                    "another form",
		modelAnswer(`{"properties":{` + strings.Join(many, ",") + `}}`):      "more than 1,000",
	} {
		if inputs, err := Inputs([]byte(answer)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, %v; want %s", answer, inputs, err, want)
		}
	}
}

// FuzzInputs reads any answer. Nothing may stop the reader, and it must find the same
// twice.
func FuzzInputs(f *testing.F) {
	f.Add(modelAnswer(`{"required":["api_key"],"properties":{"prompt":{"type":"string"},"api_key":` + secretProperty + `}}`))
	f.Add(`{"openapi_schema":{"components":{"schemas":{"Input":{"properties":{"a_token":{"anyOf":[{"allOf":[{"type":"string"}]}]}}}}}}}`)
	f.Fuzz(func(t *testing.T, answer string) {
		inputs, err := Inputs([]byte(answer))
		again, _ := Inputs([]byte(answer))
		if fmt.Sprint(inputs) != fmt.Sprint(again) || err != nil && len(inputs) > 0 || err == nil && !json.Valid([]byte(answer)) {
			t.Errorf("%q: %v, %v", answer, inputs, err)
		}
		for _, in := range inputs {
			if in.Secret && in.Looks {
				t.Errorf("%+v", in)
			}
		}
	})
}
