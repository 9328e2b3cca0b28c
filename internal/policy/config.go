// Package policy reads what a user has allowed: the configuration file
// .r8scan.yaml and baselines. It knows their form, and nothing of scans.
package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
	"go.yaml.in/yaml/v4"

	"r8scan/internal/plain"
	"r8scan/rules"
)

// Config is a configuration file. Its zero value is that of an empty file.
//
// It has no setting for where tokens are sent, for verification, or for what
// is reported at all: the file may come from whoever wrote the repository that
// is scanned.
type Config struct {
	Exclude []string // valid globs
	Allow   []Allowance
	Off     []string // ids of rules, each of which exists
	Unread  []Acceptance
}

// Acceptance is something that cannot be read and is not to count.
type Acceptance struct {
	What    string // a valid glob for what coverage names
	Reason  string // not empty
	Expires string // as in an Allowance
	Line    int    // likewise
}

// Expired is that of an Allowance.
func (a Acceptance) Expired(day string) bool { return expired(a.Expires, day) }

// Matches reports whether a is about what coverage names.
func (a Acceptance) Matches(what string) bool {
	return a.What == what || doublestar.MatchUnvalidated(a.What, what)
}

// Allowance is a token that may stand anywhere.
type Allowance struct {
	ID      string
	Reason  string // not empty
	Expires string // last day on which it holds, as 2006-01-02; "" for no end
	Line    int    // where it stands in the file, from 1
}

// Expired reports whether the allowance holds no longer on a day, written as
// 2006-01-02.
func (a Allowance) Expired(day string) bool { return expired(a.Expires, day) }

func expired(last, day string) bool { return last != "" && last < day }

// Error is what is wrong with a file, and where. Column is 0 if it is the whole
// line.
type Error struct {
	Line, Column int
	Message      string
}

// Error returns line:column: message, for the file's name and a colon to stand
// before.
func (e *Error) Error() string {
	if e.Column == 0 {
		return fmt.Sprintf("%d: %s", e.Line, e.Message)
	}
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
}

func wrong(n *yaml.Node, format string, args ...any) error {
	return &Error{n.Line, n.Column, fmt.Sprintf(format, args...)}
}

// ParseConfig reads a configuration file, in which the rules of a set may be
// named. An error is an *Error. Nodes are
// walked by hand: values decoded into a struct have lost their places, and an
// id of digits only would have become a number.
func ParseConfig(text []byte, set *rules.Set) (*Config, error) {
	root, err := document(text)
	c := &Config{}
	if err != nil || root == nil || isNull(root) {
		return c, err
	}
	return c, eachKey(root, "the file", map[string]func(*yaml.Node) error{
		"exclude": c.readExclude,
		"allow":   c.readAllow,
		"rules":   func(n *yaml.Node) error { return c.readRules(n, set) },
		"unread":  c.readUnread,
	})
}

// document returns the root of the one document in text, nil if it is empty.
func document(text []byte) (*yaml.Node, error) {
	if text = plain.Text(text); !utf8.Valid(text) {
		return nil, badByte(text)
	}
	loader, err := yaml.NewLoader(bytes.NewReader(text))
	if err != nil {
		return nil, syntaxError(err)
	}
	var doc, more yaml.Node
	if err := loader.Load(&doc); err != nil || len(doc.Content) == 0 {
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return nil, syntaxError(err)
	}
	switch err := loader.Load(&more); {
	case err == nil:
		return nil, wrong(&more, "a second document begins here: keep one")
	case !errors.Is(err, io.EOF):
		return nil, syntaxError(err)
	}
	return doc.Content[0], nil
}

// badByte says where text is no UTF-8.
func badByte(text []byte) error {
	line, column := 1, 1
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			break
		}
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
		text = text[size:]
	}
	return &Error{line, column, "this byte is no UTF-8: save the file as UTF-8"}
}

// syntaxError gives the YAML library's errors our form.
func syntaxError(err error) error {
	if err == nil {
		return nil
	}
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		return &Error{1, 1, "this is no YAML: " + err.Error()}
	}
	hint := ""
	if strings.Contains(load.Message, "anchor") || strings.Contains(load.ContextMsg, "alias") {
		hint = ": put a glob that begins with * in quotes"
	}
	return &Error{max(load.Mark.Line, 1), max(load.Mark.Column, 1), "this is no YAML: " + load.Message + hint}
}

// eachKey hands the values of a mapping to the readers of their keys. A key
// that none knows is an error: a misspelled one must not be taken for done.
func eachKey(n *yaml.Node, what string, readers map[string]func(*yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return wrong(n, "%s is %s, not keys with values: use %s", what, kindOf(n), names(readers))
	}
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			return wrong(key, "this key is %s: use %s", kindOf(key), names(readers))
		}
		read, ok := readers[key.Value]
		if !ok {
			return unknownKey(key, names(readers))
		}
		if line, ok := first[key.Value]; ok {
			return wrong(key, "%s stands on line %d already: keep one", key.Value, line)
		}
		first[key.Value] = key.Line
		if err := read(value); err != nil {
			return err
		}
	}
	return nil
}

// unknownKey says more about keys that a file is not to have on purpose.
func unknownKey(key *yaml.Node, use string) error {
	switch strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(key.Value)) {
	case "apiurl", "api", "url", "endpoint":
		return wrong(key, "%s: no file can change where tokens are sent: use the flag --api-url", key.Value)
	case "verify", "verification", "verifier":
		return wrong(key, "%s: no file can switch verification on: use the flag --verify", key.Value)
	}
	return wrong(key, "unknown key %q: use %s", key.Value, use)
}

func names(readers map[string]func(*yaml.Node) error) string {
	return strings.Join(slices.Sorted(maps.Keys(readers)), ", ")
}

// eachItem hands the items of a list to read. No value is an empty list: that
// is what is left when all items are commented out.
func eachItem(n *yaml.Node, what string, read func(*yaml.Node) error) error {
	if isNull(n) {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		return wrong(n, "%s is %s, not a list: put each item on a line that begins with -", what, kindOf(n))
	}
	for _, item := range n.Content {
		if err := read(item); err != nil {
			return err
		}
	}
	return nil
}

// text returns a value that must be a string with something in it.
func text(n *yaml.Node, what string) (string, error) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		return "", wrong(n, "%s is %s, not a text: put it in quotes", what, kindOf(n))
	}
	if strings.TrimSpace(n.Value) == "" {
		return "", wrong(n, "%s is empty", what)
	}
	return n.Value, nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// kindOf says what a value is, in words.
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys with values"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.ShortTag() {
	case "!!null":
		return "empty"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a date"
	case "!!str":
		return "a text"
	}
	return "of a type that is not known here"
}

func (c *Config) readExclude(n *yaml.Node) error {
	return eachItem(n, "exclude", func(item *yaml.Node) error {
		glob, err := text(item, "this glob")
		if err != nil {
			return err
		}
		if !doublestar.ValidatePattern(glob) {
			return wrong(item, "glob %q is malformed: see docs/use.md on globs", glob)
		}
		c.Exclude = append(c.Exclude, glob)
		return nil
	})
}

func (c *Config) readAllow(n *yaml.Node) error {
	first := map[string]int{}
	return eachItem(n, "allow", func(item *yaml.Node) error {
		a := Allowance{Line: item.Line}
		err := eachKey(item, "this item of allow", map[string]func(*yaml.Node) error{
			"id":      func(n *yaml.Node) (err error) { a.ID, err = tokenID(n); return err },
			"reason":  func(n *yaml.Node) (err error) { a.Reason, err = text(n, "reason"); return err },
			"expires": func(n *yaml.Node) (err error) { a.Expires, err = date(n); return err },
		})
		switch {
		case err != nil:
			return err
		case a.ID == "":
			return wrong(item, "this item of allow has no id: give the token's id")
		case a.Reason == "":
			return wrong(item, "this item of allow has no reason: say why the token may stand there")
		case first[a.ID] > 0:
			return wrong(item, "token %s is allowed on line %d already: keep one", a.ID, first[a.ID])
		}
		first[a.ID] = a.Line
		c.Allow = append(c.Allow, a)
		return nil
	})
}

func (c *Config) readUnread(n *yaml.Node) error {
	return eachItem(n, "unread", func(item *yaml.Node) error {
		a := Acceptance{Line: item.Line}
		err := eachKey(item, "this item of unread", map[string]func(*yaml.Node) error{
			"what":    func(n *yaml.Node) (err error) { a.What, err = unreadGlob(n); return err },
			"reason":  func(n *yaml.Node) (err error) { a.Reason, err = text(n, "reason"); return err },
			"expires": func(n *yaml.Node) (err error) { a.Expires, err = date(n); return err },
		})
		switch {
		case err != nil:
			return err
		case a.What == "":
			return wrong(item, "this item of unread has no what: give what results name as not read, or a glob for it")
		case a.Reason == "":
			return wrong(item, "this item of unread has no reason: say why it need not be read")
		}
		c.Unread = append(c.Unread, a)
		return nil
	})
}

// unreadGlob refuses what would accept anything at all.
func unreadGlob(n *yaml.Node) (string, error) {
	glob, err := text(n, "what")
	switch {
	case err != nil:
		return "", err
	case !doublestar.ValidatePattern(glob):
		return "", wrong(n, "glob %q is malformed: see docs/use.md on globs", glob)
	case strings.Trim(glob, "*?/!. ") == "":
		return "", wrong(n, "%q would accept anything: name what need not be read", glob)
	}
	return glob, nil
}

// tokenID does not repeat what it refuses, which may be a token.
func tokenID(n *yaml.Node) (string, error) {
	if n.Kind != yaml.ScalarNode || !IsTokenID(n.Value) {
		return "", wrong(n, "this is no token id: use the 16 hex digits, in small letters, that results name as the token's id")
	}
	return n.Value, nil
}

// IsTokenID reports whether s has the form of a token id.
func IsTokenID(s string) bool { return len(s) == 16 && strings.Trim(s, "0123456789abcdef") == "" }

func date(n *yaml.Node) (string, error) {
	if n.Kind == yaml.ScalarNode {
		if _, err := time.Parse(time.DateOnly, n.Value); err == nil {
			return n.Value, nil
		}
	}
	return "", wrong(n, "expires is no date: write the last day on which it holds as YYYY-MM-DD")
}

func (c *Config) readRules(n *yaml.Node, set *rules.Set) error {
	return eachKey(n, "rules", map[string]func(*yaml.Node) error{"off": func(n *yaml.Node) error { return c.readOff(n, set) }})
}

func (c *Config) readOff(n *yaml.Node, set *rules.Set) error {
	return eachItem(n, "off", func(item *yaml.Node) error {
		id, err := text(item, "this rule")
		if err != nil {
			return err
		}
		if set.ByID(id) == nil {
			return wrong(item, "unknown rule %q: see r8scan rules", id)
		}
		c.Off = append(c.Off, id)
		return nil
	})
}
