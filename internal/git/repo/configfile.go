package repo

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// configMax limits a configuration file, in bytes. Those of clones with a
// hundred thousand branches have a few megabytes.
const configMax = 16 << 20

// variable is one setting of a configuration. Its bytes are valid until the
// next one is read.
type variable struct {
	section string // in lower case
	sub     string // the subsection, as it is written
	hasSub  bool
	key     string // in lower case
	value   []byte
	noValue bool // there is no =, which means true
}

// is reports whether the variable has a section, no subsection, and a key.
func (v *variable) is(section, key string) bool {
	return !v.hasSub && v.section == section && v.key == key
}

// yes reports whether git takes the value for true.
func (v *variable) yes() bool {
	switch text := strings.ToLower(string(v.value)); {
	case v.noValue, text == "true", text == "yes", text == "on":
		return true
	default:
		n, err := strconv.ParseInt(text, 0, 64)
		return err == nil && n != 0
	}
}

// eachVariable calls each with the variables of a configuration in order. It
// stops with an error, which has the line, where git would. It does not read
// includes.
func eachVariable(text []byte, each func(v *variable)) error {
	p := configParser{text: bytes.TrimPrefix(text, []byte("\ufeff")), line: 1}
	for {
		c, ok := p.next()
		if !ok {
			return nil
		}
		var err error
		switch {
		case isConfigSpace(c):
		case c == '#' || c == ';':
			p.skipLine()
		case c == '[':
			err = p.header()
		case isLetter(c):
			if err = p.variable(c); err == nil {
				each(&p.v)
			}
		default:
			err = errors.New("a line of it begins with what no name does")
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", p.line, err)
		}
	}
}

// configParser parses a configuration byte by byte, as git does.
type configParser struct {
	text []byte // the rest of the text
	line int
	last byte // the byte that next returned
	v    variable
	name []byte // the name of a section or a key
}

// next returns the next byte, with CRLF as one LF; false at the end.
func (p *configParser) next() (byte, bool) {
	if p.last == '\n' {
		p.line++
	}
	p.last = 0
	if len(p.text) == 0 {
		return '\n', false
	}
	if len(p.text) > 1 && p.text[0] == '\r' && p.text[1] == '\n' {
		p.text = p.text[1:]
	}
	p.last = p.text[0]
	p.text = p.text[1:]
	return p.last, true
}

func (p *configParser) skipLine() {
	for c, ok := p.next(); ok && c != '\n'; {
		c, ok = p.next()
	}
}

var errHeader = errors.New("a section's name is damaged")

// header parses a section header after its bracket.
func (p *configParser) header() error {
	p.name = p.name[:0]
	for {
		c, ok := p.next()
		switch {
		case !ok:
			return errHeader
		case c == ']':
			if len(p.name) == 0 {
				return errHeader
			}
			p.setSection(nil, false)
			return nil
		case isConfigSpace(c):
			return p.subsection(c)
		case !isKeyByte(c) && c != '.':
			return errHeader
		}
		p.name = append(p.name, toLower(c))
	}
}

// subsection parses the quoted name after the section's name.
func (p *configParser) subsection(c byte) error {
	ok := true
	for ; isConfigSpace(c); c, ok = p.next() {
		if c == '\n' {
			return errHeader
		}
	}
	if !ok || c != '"' {
		return errHeader
	}
	var sub []byte
	for {
		c, ok := p.next()
		if c == '"' {
			break
		}
		if ok && c == '\\' {
			c, ok = p.next()
		}
		if !ok || c == '\n' {
			return errHeader
		}
		sub = append(sub, c)
	}
	if c, ok := p.next(); !ok || c != ']' {
		return errHeader
	}
	p.setSection(sub, true)
	return nil
}

// setSection starts a section. The text after the first dot of a section's name
// is another way to write a subsection.
func (p *configParser) setSection(sub []byte, quoted bool) {
	name, old, dotted := strings.Cut(string(p.name), ".")
	p.v.section, p.v.sub, p.v.hasSub = name, old, dotted || quoted
	switch {
	case dotted && quoted:
		p.v.sub = old + "." + string(sub)
	case quoted:
		p.v.sub = string(sub)
	}
}

// variable parses a variable whose name starts with c.
func (p *configParser) variable(c byte) error {
	p.name = p.name[:0]
	ok := true
	for ; ok && isKeyByte(c); c, ok = p.next() {
		p.name = append(p.name, toLower(c))
	}
	for ok && (c == ' ' || c == '\t') {
		c, ok = p.next()
	}
	p.v.key = string(p.name)
	p.v.value = p.v.value[:0]
	p.v.noValue = c == '\n'
	switch c {
	case '\n':
		return nil
	case '=':
		return p.value()
	}
	return errors.New("a name is followed by something else than =")
}

// value parses a variable's value after the =.
func (p *configParser) value() error {
	quoted, kept := false, 0 // kept: the length of the value without trailing spaces
	for {
		c, _ := p.next()
		switch {
		case c == '\n' && quoted:
			return errors.New("a quote has no end")
		case c == '\n':
			p.endValue(kept)
			return nil
		case !quoted && isConfigSpace(c):
			if kept == 0 {
				continue
			}
			p.v.value = append(p.v.value, c)
			continue
		case !quoted && (c == ';' || c == '#'):
			p.skipLine()
			p.endValue(kept)
			return nil
		case c == '"':
			quoted = !quoted
			kept = len(p.v.value)
			continue
		case c == '\\':
			escaped, ok := p.next()
			if !ok || escaped == '\n' { // the value continues in the next line
				kept = len(p.v.value)
				continue
			}
			if c = unescaped(escaped); c == 0 {
				return errors.New("a value has an escape that is unknown")
			}
		}
		p.v.value = append(p.v.value, c)
		kept = len(p.v.value)
	}
}

// endValue cuts the value at a length. Like git, it also cuts it at a NUL.
func (p *configParser) endValue(at int) {
	p.v.value, _, _ = bytes.Cut(p.v.value[:at], []byte{0})
}

// unescaped returns the byte that a backslash and c stand for, 0 for an invalid
// escape.
func unescaped(c byte) byte {
	switch c {
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'n':
		return '\n'
	case '\\', '"':
		return c
	}
	return 0
}

func isConfigSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func isKeyByte(c byte) bool     { return isLetter(c) || isDigit(c) || c == '-' }

func toLower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c |= 0x20
	}
	return c
}
