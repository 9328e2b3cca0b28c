package fix

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"r8scan/internal/pattern"
	"r8scan/rules"
)

// cell is a cell of a notebook: its source as one text, and where each byte of it
// stands in the file.
type cell struct {
	code bool
	text []byte
	at   []int  // by offset in text; one more for its end
	gap  string // what is between two strings of the file, if each line is one; "" if one string has all
}

var importsOSLine = pattern.Of(`(?m)^import\s+([\w., ]*,\s*)?os\s*(,.*)?$`)

// inNotebook replaces a credential in the source of a cell.
func inNotebook(d *document, t *target) answer {
	cells, language, ok := readCells(d.text)
	if !ok {
		return left("the file is no notebook that can be read")
	}
	imported := false
	for _, c := range cells {
		i := slices.Index(c.at, t.Start)
		if len(c.text) == 0 || i < 0 || i >= len(c.text) {
			imported = imported || c.code && importsOSLine().Match(c.text)
			continue
		}
		if !c.code {
			return named(t)
		}
		if language != "" && language != "python" {
			return left("r8scan cannot write the language of this notebook")
		}
		return c.replace(d, t, i, imported)
	}
	return left("it is in no cell's source, but in what a cell has printed or in the notebook's own data")
}

// replace replaces a credential in a cell of code, at an offset of its text.
func (c *cell) replace(d *document, t *target, at int, imported bool) answer {
	line := bytes.TrimSpace(c.text[lineStart(c.text, at):])
	if bytes.HasPrefix(bytes.TrimSpace(c.text), []byte("%%")) || len(line) > 0 && isIn(line[0], "!%") {
		return left("it is in a command of the notebook")
	}
	l := lex(python(), c.text)
	if l == nil {
		return left("its strings are too tangled")
	}
	inner := *t
	inner.Match = rules.Match{Rule: t.Rule, Start: at, End: at + t.End - t.Start, Secret: t.Secret, Variable: t.Variable}
	a := inCode(python(), l, &inner, d.path)
	if a.why != "" {
		return a
	}
	if a.needs && !imported {
		if e, ok := importPython(l, t.row.Import, at); ok {
			a.edits = append(a.edits, e)
		}
	}
	a.needs = false // its import is a matter of the cell
	for i, e := range a.edits {
		a.edits[i] = c.outer(e)
	}
	return a
}

// outer returns an edit of the cell's text as one of the file.
func (c *cell) outer(e edit) edit {
	text := jsonText(e.text)
	if c.gap != "" {
		text = strings.ReplaceAll(text, `\n`, `\n`+c.gap)
	}
	return edit{c.at[e.from], c.at[e.to], text}
}

// jsonText returns s as it stands inside a string of JSON.
func jsonText(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
}

// readCells reads the cells of a notebook and the name of its language.
func readCells(text []byte) (cells []cell, language string, ok bool) {
	var head struct {
		Metadata struct {
			Kernelspec   struct{ Language string }
			LanguageInfo struct{ Name string } `json:"language_info"`
		}
	}
	if json.Unmarshal(text, &head) != nil {
		return nil, "", false
	}
	language = head.Metadata.LanguageInfo.Name
	if language == "" {
		language = head.Metadata.Kernelspec.Language
	}
	r := jsonReader{text: text}
	r.object(func(key string) {
		if key != "cells" {
			r.skip()
			return
		}
		r.array(func() { cells = append(cells, r.cell()) })
	})
	return cells, strings.ToLower(language), true
}

// cell reads a cell.
func (r *jsonReader) cell() (c cell) {
	r.object(func(key string) {
		switch key {
		case "cell_type":
			t, _ := r.string()
			c.code = string(t) == "code"
		case "source":
			if r.peek() != '[' {
				c.add(r.string())
				break
			}
			first := r.at
			r.array(func() { c.add(r.string()) })
			if m := lineGap().Find(r.text[first:r.at]); m != nil {
				c.gap = `",` + string(m[1:])
			}
		default:
			r.skip()
		}
	})
	return c
}

// lineGap matches what is in front of the first line of a source.
var lineGap = pattern.Of(`^\[\s*"`)

// add adds a string to the source of a cell. at has one place more than text: where
// it ends.
func (c *cell) add(text []byte, at []int) {
	if len(c.at) > 0 {
		c.at = c.at[:len(c.at)-1]
	}
	c.text, c.at = append(c.text, text...), append(c.at, at...)
}

// jsonReader reads JSON that is known to be valid, with places.
type jsonReader struct {
	text []byte
	at   int
}

// peek returns the next character that is no white space.
func (r *jsonReader) peek() byte {
	for r.at < len(r.text) && isIn(r.text[r.at], " \t\r\n") {
		r.at++
	}
	if r.at == len(r.text) {
		return 0
	}
	return r.text[r.at]
}

// object calls use with each key of an object; use reads the value.
func (r *jsonReader) object(use func(key string)) {
	r.each('{', '}', func() {
		key, _ := r.string()
		r.peek()
		r.at++ // :
		use(string(key))
	})
}

// array calls use for each item of an array; use reads it.
func (r *jsonReader) array(use func()) { r.each('[', ']', use) }

func (r *jsonReader) each(open, closing byte, use func()) {
	if r.peek() != open {
		r.skip()
		return
	}
	r.at++
	for r.peek() != closing && r.at < len(r.text) {
		if r.peek() == ',' {
			r.at++
			continue
		}
		use()
	}
	r.at++
}

// skip reads any value.
func (r *jsonReader) skip() {
	switch r.peek() {
	case '"':
		r.string()
	case '{':
		r.object(func(string) { r.skip() })
	case '[':
		r.array(r.skip)
	default:
		for r.at < len(r.text) && !isIn(r.text[r.at], ",]} \t\r\n") {
			r.at++
		}
	}
}

// string reads a string, and says for each byte of it, and for its end, where it
// stands.
func (r *jsonReader) string() (text []byte, at []int) {
	if r.peek() != '"' {
		r.skip()
		return nil, []int{r.at}
	}
	for r.at++; r.at < len(r.text) && r.text[r.at] != '"'; {
		start := r.at
		if r.text[start] != '\\' {
			text, at = append(text, r.text[start]), append(at, start)
			r.at++
			continue
		}
		r.at += 2
		if start+1 < len(r.text) && r.text[start+1] == 'u' {
			r.at += 4
			if end := r.at + 6; end <= len(r.text) && r.text[r.at] == '\\' && r.text[r.at+1] == 'u' && isIn(r.text[start+2], "dD") {
				r.at = end // the other half of a pair
			}
		}
		var s string
		if json.Unmarshal(append(append([]byte{'"'}, r.text[start:min(r.at, len(r.text))]...), '"'), &s) != nil {
			s = "?"
		}
		for range len(s) {
			at = append(at, start)
		}
		text = append(text, s...)
	}
	at = append(at, r.at)
	r.at++
	return text, at
}
