package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// expressions are the parts of a value that the runner evaluates.
var expressions = regexp.MustCompile(`\$\{\{(.*?)\}\}`)

// words are the parts of an expression: the few that action.yml uses.
var words = regexp.MustCompile(`\s*('(?:[^']|'')*'|==|&&|\|\||[()]|[a-z_]+(?:\.[a-z0-9_-]+)*|\S)`)

// expression evaluates the language of GitHub's expressions as far as action.yml
// needs it. All values are strings, and false is "false" or "".
type expression struct {
	words []string
	look  func(name string) (string, error) // a value such as inputs.path
	err   error
}

// evaluate replaces each ${{ }} in text by its value.
func evaluate(text string, look func(string) (string, error)) (string, error) {
	var failed error
	out := expressions.ReplaceAllStringFunc(text, func(s string) string {
		value, err := evaluateBare(expressions.FindStringSubmatch(s)[1], look)
		if err != nil {
			failed = err
		}
		return value
	})
	if failed == nil && strings.Contains(expressions.ReplaceAllString(text, ""), "${{") {
		failed = fmt.Errorf("an expression in %q does not end", text)
	}
	return out, failed
}

// evaluateBare evaluates one expression without ${{ }}, as after if.
func evaluateBare(text string, look func(string) (string, error)) (string, error) {
	e := &expression{look: look}
	for _, m := range words.FindAllStringSubmatch(text, -1) {
		e.words = append(e.words, m[1])
	}
	value := e.or()
	if e.err == nil && len(e.words) > 0 {
		e.err = fmt.Errorf("in %q: %q is not understood", text, e.words[0])
	}
	return value, e.err
}

func (e *expression) take(word string) bool {
	if len(e.words) == 0 || e.words[0] != word {
		return false
	}
	e.words = e.words[1:]
	return true
}

func isTrue(s string) bool { return s != "" && s != "false" }

func (e *expression) or() string {
	left := e.and()
	for e.take("||") {
		if right := e.and(); !isTrue(left) {
			left = right
		}
	}
	return left
}

func (e *expression) and() string {
	left := e.equal()
	for e.take("&&") {
		if right := e.equal(); isTrue(left) {
			left = right
		}
	}
	return left
}

func (e *expression) equal() string {
	left := e.operand()
	if e.take("==") {
		return fmt.Sprint(strings.EqualFold(left, e.operand())) // as the runner compares
	}
	return left
}

func (e *expression) operand() string {
	if e.take("(") {
		value := e.or()
		if !e.take(")") && e.err == nil {
			e.err = fmt.Errorf("a parenthesis is not closed")
		}
		return value
	}
	if len(e.words) == 0 {
		e.err = fmt.Errorf("an expression ends too early")
		return ""
	}
	word := e.words[0]
	e.words = e.words[1:]
	if quoted, ok := strings.CutPrefix(word, "'"); ok {
		return strings.ReplaceAll(strings.TrimSuffix(quoted, "'"), "''", "'")
	}
	value, err := e.look(word)
	if err != nil && e.err == nil {
		e.err = err
	}
	return value
}

func TestExpressions(t *testing.T) {
	look := func(name string) (string, error) {
		value, ok := map[string]string{"a.b": "x", "a.none": "", "a.yes": "true"}[name]
		if !ok {
			return "", fmt.Errorf("no %s", name)
		}
		return value, nil
	}
	for text, want := range map[string]string{
		"plain": "plain", "${{ a.b }}": "x", "<${{a.b}}-${{ 'it''s' }}>": "<x-it's>", "${{ a.none || 'false' }}": "false",
		"${{ a.b == 'X' && (a.none == 'y' || a.yes == 'true') }}": "true", "${{ a.b == 'y' || a.none == 'y' }}": "false",
		"${{ a.yes && a.b }}": "x", "${{ a.b": "error", "${{ nope }}": "error", "${{ a.b != 'x' }}": "error", "${{ (a.b }}": "error", "${{ }}": "error", "${{ a.b 'x' }}": "error",
	} {
		got, err := evaluate(text, look)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}
