package cog

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"r8scan/internal/fix"
	"r8scan/internal/pattern"
	"r8scan/rules"
)

// Param is an input of a model, as Python declares it.
type Param struct {
	Name    string
	Line    int  // that it begins on, from 1 on
	Secret  bool // its type is cog's Secret
	Text    bool // its type is str
	Choices bool // it takes one of a list
	Default bool // its default is a text that is not empty

	// Better is the declaration with the type Secret in place of str. Its default is left
	// out if it has a text other than a description: that may be a secret.
	Better string
	Whole  bool // Better has the default, or there is none
}

// Looks reports whether a parameter looks secret, and is not declared so.
func (p Param) Looks() bool { return p.Text && !p.Secret && !p.Choices && rules.NamesSecret(p.Name) }

// maxBases bounds how many base classes are looked at.
const maxBases = 5

// Params returns the inputs that a class or a function of a Python program takes:
// those of the function, or of the method that cog calls.
func Params(text []byte, e Entry) ([]Param, error) {
	code := fix.PythonCode(text)
	if code == nil {
		return nil, errors.New("its strings are too tangled")
	}
	p := program{text, code, secretNames(code)}
	object := e.Object
	for range maxBases {
		kind, at, end := p.object(object)
		if kind == "def" {
			return p.params(at)
		}
		if kind == "" && object == e.Object {
			return nil, errors.New("it has no class or function " + object)
		}
		if kind == "" {
			break
		}
		if at := p.method(at, end, e.Key); at >= 0 {
			return p.params(at)
		}
		if object = p.base(at); object == "" {
			break
		}
	}
	return nil, errors.New("the class " + e.Object + " has no method that cog calls, or inherits it from another file")
}

// program is a Python program.
type program struct {
	text    []byte
	code    []byte // text, with spaces for comments and \x01 for strings
	secrets map[string]bool
}

var secretAs = pattern.Of(`\bSecret\s+as\s+(\w+)`)

// secretNames returns the names that Secret has.
func secretNames(code []byte) map[string]bool {
	names := map[string]bool{"Secret": true, "SecretStr": true}
	for _, m := range secretAs().FindAllSubmatch(code, -1) {
		names[string(m[1])] = true
	}
	return names
}

// object returns what a name is at the top of the program, class or def, where its name
// ends, and where its block ends.
func (p program) object(name string) (kind string, at, end int) {
	found := regexp.MustCompile(`(?m)^(?:async[ \t]+)?(class|def)[ \t]+` + regexp.QuoteMeta(name) + `\b`).FindSubmatchIndex(p.code)
	if found == nil {
		return "", 0, 0
	}
	end = len(p.code)
	if next := nextTop().FindIndex(p.code[found[1]:]); next != nil {
		end = found[1] + next[0]
	}
	return string(p.code[found[2]:found[3]]), found[1], end
}

// nextTop is the start of a statement that ends the block before it. Others at the start
// of a line may be the rest of a list in brackets.
var nextTop = pattern.Of(`(?m)^(?:class|def|async|if|for|while|with|try|import|from|@)\b`)

var (
	predictMethod = pattern.Of(`(?m)^([ \t]+)(?:async[ \t]+)?def[ \t]+(?:run|predict)\b`)
	trainMethod   = pattern.Of(`(?m)^([ \t]+)(?:async[ \t]+)?def[ \t]+train\b`)
)

// method returns where the name of the method that cog calls ends, -1 if there is none.
// A function inside a method stands further in.
func (p program) method(at, end int, key string) int {
	named := predictMethod
	if key == "train" {
		named = trainMethod
	}
	name, least := -1, 0
	for _, m := range named().FindAllSubmatchIndex(p.code[at:end], -1) {
		if indent := m[3] - m[2]; name < 0 || indent < least {
			name, least = at+m[1], indent
		}
	}
	return name
}

var firstBase = pattern.Of(`^\s*\(\s*(\w+)\s*[,)]`)

// base returns the first base of a class whose name ends at at, "" for none.
func (p program) base(at int) string {
	if m := firstBase().FindSubmatch(p.code[at:]); m != nil {
		return string(m[1])
	}
	return ""
}

// params returns the parameters of the function whose name ends at at.
func (p program) params(at int) ([]Param, error) {
	open := at + len(p.code[at:]) - len(bytes.TrimLeft(p.code[at:], " \t\\\r\n"))
	if open == len(p.code) || p.code[open] != '(' {
		return nil, fmt.Errorf("line %d begins no list of parameters", p.line(at))
	}
	var found []Param
	for from := open + 1; ; {
		n := outside(p.code[from:], ",)]}")
		if n < 0 {
			return nil, fmt.Errorf("the parameters that begin on line %d have no end", p.line(open))
		}
		if param, ok := p.param(from, from+n); ok {
			found = append(found, param)
		}
		if len(found) > maxInputs {
			return nil, errors.New("it has more than 1,000 inputs")
		}
		if p.code[from+n] != ',' {
			return found, nil
		}
		from += n + 1
	}
}

var (
	declared = pattern.Of(`^[\s\\]*(\w+)\s*:`) // a * or / in front is no input
	choices  = pattern.Of(`\bchoices\s*=`)
	defaults = pattern.Of(`\bdefault\s*=\s*(\x01+)|^\s*(\x01+)\s*$`)
	word     = pattern.Of(`\w+`)
)

// param reads one parameter. ok is false if it has no type.
func (p program) param(from, to int) (param Param, ok bool) {
	m := declared().FindSubmatchIndex(p.code[from:to])
	if m == nil {
		return Param{}, false
	}
	param = Param{Name: string(p.text[from+m[2] : from+m[3]]), Line: p.line(from + m[2])}
	typed, value := from+m[1], to
	if i := outside(p.code[typed:to], "="); i >= 0 {
		value = typed + i
		p.readDefault(&param, value+1, to)
	}
	p.readType(&param, typed, value)
	if param.Text {
		param.Better = param.Name + ": " + str().ReplaceAllString(p.plain(typed, value), "Secret")
		param.Whole = value == to
		if value < to && to-value <= maxDefault && !otherText(p.code[value:to]) {
			param.Better, param.Whole = param.Better+" = "+p.plain(value+1, to), true
		}
	}
	return param, true
}

// maxDefault bounds the default in Better, in bytes of the program.
const maxDefault = 400

var (
	str       = pattern.Of(`\bstr\b`)
	described = pattern.Of(`\bdescription\s*=\s*\x01+`)
)

// otherText reports whether code has a string other than a description.
func otherText(code []byte) bool {
	return bytes.IndexByte(described().ReplaceAll(code, nil), 1) >= 0
}

// plain returns what is at [from, to) in one line, without comments. Strings stay as
// they are, apart from line ends.
func (p program) plain(from, to int) string {
	var b []byte
	space := false
	for i := from; i < to; i++ {
		c := p.code[i]
		if strings.IndexByte(" \t\r\n\\", c) >= 0 {
			space = len(b) > 0 && strings.IndexByte("([{", b[len(b)-1]) < 0
			continue
		}
		if space && strings.IndexByte(")]}", c) < 0 {
			b = append(b, ' ')
		}
		space = false
		if c == 1 {
			if c = p.text[i]; c == '\n' || c == '\r' {
				c = ' '
			}
		}
		b = append(b, c)
	}
	return string(b)
}

// outside returns where one of some characters stands outside of brackets, -1 if none
// does.
func outside(code []byte, chars string) int {
	depth := 0
	for i, c := range code {
		switch {
		case depth == 0 && strings.IndexByte(chars, c) >= 0:
			return i
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		}
	}
	return -1
}

// readType reads the type at [from, to). In code a type that is written as a string is
// hidden, so its text counts.
func (p program) readType(param *Param, from, to int) {
	written := bytes.Clone(p.code[from:to])
	for i, c := range written {
		if c == 1 {
			written[i] = p.text[from+i]
		}
	}
	many := false
	for _, at := range word().FindAllIndex(written, -1) {
		switch name := string(written[at[0]:at[1]]); {
		case p.secrets[name]:
			param.Secret = true
		case name == "str":
			param.Text = true
		case name == "Literal":
			param.Choices = true
		case slices.Contains(several, name):
			many = true
		}
	}
	param.Text = param.Text && !many
}

// several are types that hold others.
var several = []string{"list", "List", "dict", "Dict", "tuple", "Tuple", "set", "Set"}

func (p program) readDefault(param *Param, from, to int) {
	param.Choices = choices().Match(p.code[from:to])
	if m := defaults().FindSubmatchIndex(p.code[from:to]); m != nil {
		start, end := m[2], m[3]
		if start < 0 {
			start, end = m[4], m[5]
		}
		value := bytes.TrimLeft(p.text[from+start:from+end], "rRbBuUfF")
		param.Default = len(bytes.Trim(value, "\"'")) > 0
	}
}

func (p program) line(at int) int { return 1 + bytes.Count(p.text[:at], []byte("\n")) }
