// Package policy reads what a user allows: the configuration file .r8scan.yaml and
// baselines. It knows nothing of scans.
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

// Config is a configuration file. The zero value is an empty file.
//
// It has no setting for where tokens are sent, for verification, or for what is
// reported: the author of the scanned repository may have written it.
type Config struct {
	Exclude []string // valid globs
	Allow   []Allowance
	Off     []string // ids of rules, each of which exists
	Unread  []Acceptance
}

// Acceptance is something that cannot be read, and that the user accepts as unread.
type Acceptance struct {
	What    string // a valid glob for names in coverage
	Reason  string // not empty
	Expires string // as in Allowance
	Line    int    // as in Allowance
}

// Expired is like Allowance.Expired.
func (a Acceptance) Expired(day string) bool { return expired(a.Expires, day) }

// Matches reports whether a covers what, a name in coverage.
func (a Acceptance) Matches(what string) bool {
	return a.What == what || doublestar.MatchUnvalidated(a.What, what)
}

// Allowance is a token that is allowed everywhere.
type Allowance struct {
	ID      string
	Reason  string // not empty
	Expires string // the last day, as 2006-01-02; "" for no end
	Line    int    // in the file, from 1
}

// Expired reports whether the allowance has expired on day, written as 2006-01-02.
func (a Allowance) Expired(day string) bool { return expired(a.Expires, day) }

func expired(last, day string) bool { return last != "" && last < day }

// Error says what is wrong with a file, and where. Column is 0 for a whole line.
type Error struct {
	Line, Column int
	Message      string
}

// Error returns line:column: message. The caller puts the file's name and a colon
// before it.
func (e *Error) Error() string {
	if e.Column == 0 {
		return fmt.Sprintf("%d: %s", e.Line, e.Message)
	}
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
}

func wrong(n *yaml.Node, format string, args ...any) error {
	return &Error{n.Line, n.Column, fmt.Sprintf(format, args...)}
}

// ParseConfig reads a configuration file, which may name the rules of set. An error
// is an *Error. It walks the nodes by hand: values decoded into a struct lose their
// places, and an id of digits would become a number.
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
		return nil, wrong(&more, "a second YAML document begins here: keep only one")
	case !errors.Is(err, io.EOF):
		return nil, syntaxError(err)
	}
	return doc.Content[0], nil
}

// badByte says where text is not UTF-8.
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
	return &Error{line, column, "this byte is not UTF-8: save the file as UTF-8"}
}

// syntaxError converts an error of the YAML library.
func syntaxError(err error) error {
	if err == nil {
		return nil
	}
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		return &Error{1, 1, "this is not YAML: " + err.Error()}
	}
	hint := ""
	if strings.Contains(load.Message, "anchor") || strings.Contains(load.ContextMsg, "alias") {
		hint = ": put a glob that begins with * in quotes"
	}
	return &Error{max(load.Mark.Line, 1), max(load.Mark.Column, 1), "this is not YAML: " + load.Message + hint}
}

// eachKey passes the values of a mapping to the readers of their keys. An unknown
// key is an error, because a misspelled key must not be silently ignored.
func eachKey(n *yaml.Node, what string, readers map[string]func(*yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return wrong(n, "%s is %s, not a mapping: use the keys %s", what, kindOf(n), names(readers))
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
			return wrong(key, "%s is already on line %d: keep only one", key.Value, line)
		}
		first[key.Value] = key.Line
		if err := read(value); err != nil {
			return err
		}
	}
	return nil
}

// unknownKey explains keys that a file does not have on purpose.
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

// eachItem passes the items of a list to read. No value is an empty list: that is
// what remains when all items are comments.
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

// text returns a value that must be a string, not blank.
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

// kindOf says in words what a value is.
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
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
	return "of an unknown type"
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
			return wrong(item, "this item of allow has no reason: say why the token is allowed")
		case first[a.ID] > 0:
			return wrong(item, "token %s is already allowed on line %d: keep only one", a.ID, first[a.ID])
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
			return wrong(item, "this item of unread has no what: give a name that results list as not read, or a glob")
		case a.Reason == "":
			return wrong(item, "this item of unread has no reason: say why it need not be read")
		}
		c.Unread = append(c.Unread, a)
		return nil
	})
}

// unreadGlob refuses a glob that accepts everything.
func unreadGlob(n *yaml.Node) (string, error) {
	glob, err := text(n, "what")
	switch {
	case err != nil:
		return "", err
	case !doublestar.ValidatePattern(glob):
		return "", wrong(n, "glob %q is malformed: see docs/use.md on globs", glob)
	case strings.Trim(glob, "*?/!. ") == "":
		return "", wrong(n, "%q would accept everything: name what need not be read", glob)
	}
	return glob, nil
}

// tokenID returns a token id. Its error does not repeat the value, which may be a
// token.
func tokenID(n *yaml.Node) (string, error) {
	if n.Kind != yaml.ScalarNode || !IsTokenID(n.Value) {
		return "", wrong(n, "this is not a token id: use the 16 hex digits in lower case that results show as the token's id")
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
	return "", wrong(n, "expires is not a date: write the last day as YYYY-MM-DD")
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

// allowance returns the configuration's item for a token, or nil.
func (c *Config) allowance(id string) *Allowance {
	i := slices.IndexFunc(c.Allow, func(a Allowance) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return &c.Allow[i]
}
