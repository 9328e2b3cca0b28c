package agentsettings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"
)

// document is a settings file: JSON, perhaps with comments and trailing commas.
type document struct {
	root   hujson.Value
	indent string
	eol    string // what ends lines
}

// parse reads a settings file. An empty one is an empty object.
func parse(text []byte) (*document, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("{\n}\n")
	}
	text = bytes.Clone(text) // the library may keep it
	root, err := hujson.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	if _, ok := root.Value.(*hujson.Object); !ok {
		return nil, errors.New("it is not a JSON object")
	}
	eol := "\n"
	if n := bytes.Count(text, []byte("\r\n")); n > 0 && n == bytes.Count(text, []byte("\n")) {
		eol = "\r\n"
	}
	return &document{root, indentOf(text), eol}, nil
}

// indentOf returns what the first indented line begins with.
func indentOf(text []byte) string {
	for line := range bytes.Lines(text) {
		rest := bytes.TrimLeft(line, " \t")
		if n := len(line) - len(rest); n > 0 && len(rest) > 0 && rest[0] == '"' {
			return string(line[:n])
		}
	}
	return "  "
}

func (d *document) bytes() []byte {
	text := d.root.Pack()
	if d.eol != "\n" { // the library writes \n where it removes something
		text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte(d.eol), []byte("\n")), []byte("\n"), []byte(d.eol))
	}
	return text
}

// member returns a member of the object at a pointer, nil if there is none. A name
// that stands twice is an error: readers differ in which one counts.
func (d *document) member(pointer, name string) (*hujson.Value, error) {
	v := d.root.Find(pointer)
	object, ok := v.Value.(*hujson.Object)
	if !ok {
		return nil, fmt.Errorf("%s is not an object", dotted(pointer))
	}
	var found *hujson.Value
	for i := range object.Members {
		if m := &object.Members[i]; nameOf(m) == name {
			if found != nil {
				return nil, fmt.Errorf("%s stands twice in %s", name, dotted(pointer))
			}
			found = &m.Value
		}
	}
	return found, nil
}

func dotted(pointer string) string {
	if pointer == "" {
		return "the file"
	}
	return strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", ".")
}

func nameOf(m *hujson.ObjectMember) string {
	name, _ := m.Name.Value.(hujson.Literal)
	if name.Kind() != '"' {
		return ""
	}
	return name.String()
}

// patch applies one operation on the value at a pointer.
func (d *document) patch(op, pointer string, value []byte) error {
	text := fmt.Sprintf(`[{"op": %q, "path": %q`, op, pointer)
	if value != nil {
		text += `, "value": ` + string(value)
	}
	return d.root.Patch([]byte(text + "}]"))
}

// addMember adds a member to the end of the object at a pointer, on a line of its
// own.
func (d *document) addMember(pointer, name string, value []byte, depth int) error {
	if err := d.patch("add", pointer+"/"+name, value); err != nil {
		return err
	}
	object := d.root.Find(pointer).Value.(*hujson.Object)
	last := &object.Members[len(object.Members)-1]
	last.Name.BeforeExtra = d.onLine(last.Name.BeforeExtra, depth)
	last.Value.BeforeExtra = []byte(" ")
	if len(object.Members) == 1 {
		object.AfterExtra = d.onLine(nil, depth-1)
	}
	return nil
}

// addElement adds a value to the end of the list at a pointer, on a line of its own.
func (d *document) addElement(pointer string, value []byte, depth int) error {
	if err := d.patch("add", pointer+"/-", value); err != nil {
		return err
	}
	list := d.root.Find(pointer).Value.(*hujson.Array)
	last := &list.Elements[len(list.Elements)-1]
	last.BeforeExtra = d.onLine(last.BeforeExtra, depth)
	if len(list.Elements) == 1 {
		list.AfterExtra = d.onLine(nil, depth-1)
	}
	return nil
}

// onLine puts what follows extra on a line of its own.
func (d *document) onLine(extra hujson.Extra, depth int) hujson.Extra {
	extra = bytes.TrimRight(extra, " \t\r\n")
	return append(extra[:len(extra):len(extra)], d.eol+strings.Repeat(d.indent, depth)...)
}

// ensure makes sure that there is a member of a kind, and adds it if not.
func (d *document) ensure(pointer, name string, empty string, depth int) error {
	v, err := d.member(pointer, name)
	switch {
	case err != nil:
		return err
	case v == nil:
		return d.addMember(pointer, name, []byte(empty), depth)
	case empty != "1" && v.Value.Kind() != hujson.Kind(empty[0]):
		return fmt.Errorf("%s has an unknown form", strings.TrimPrefix(dotted(pointer+"/"+name), "."))
	}
	return nil
}

// installed returns the hooks that run r8scan, each as its event, its matcher and
// its command.
func (d *document) installed() (all []found, err error) {
	hooks, err := d.member("", "hooks")
	if hooks == nil || err != nil {
		return nil, err
	}
	object, ok := hooks.Value.(*hujson.Object)
	if !ok {
		return nil, errors.New("hooks is not an object")
	}
	for i := range object.Members {
		event := nameOf(&object.Members[i])
		if _, err := d.member("/hooks", event); err != nil {
			return nil, err
		}
		list, ok := object.Members[i].Value.Value.(*hujson.Array)
		if !ok {
			continue
		}
		for n, v := range list.Elements {
			group := plain(v)
			add := func(hook any, pointer string) {
				f, _ := hook.(map[string]any)
				if command, _ := f["command"].(string); isOurs(command) {
					matcher, _ := group["matcher"].(string)
					all = append(all, found{event, matcher, command, pointer})
				}
			}
			at := "/hooks/" + event + "/" + strconv.Itoa(n)
			add(group, at)
			inner, _ := group["hooks"].([]any)
			for k, hook := range inner {
				pointer := at + "/hooks/" + strconv.Itoa(k)
				if len(inner) == 1 { // the group is for this hook
					pointer = at
				}
				add(hook, pointer)
			}
		}
	}
	return all, nil
}

// found is a hook that runs r8scan.
type found struct{ event, matcher, command, pointer string }

// plain returns a value without its comments.
func plain(v hujson.Value) map[string]any {
	v = v.Clone()
	v.Standardize()
	var f map[string]any
	_ = json.Unmarshal(v.Pack(), &f) // what is no object has no hooks
	return f
}

// add adds the hooks of an agent.
func (d *document) add(s *spec, command string) error {
	if s.version {
		if err := d.ensure("", "version", "1", 1); err != nil {
			return err
		}
	}
	if err := d.ensure("", "hooks", "{}", 1); err != nil {
		return err
	}
	for _, h := range s.events {
		if err := d.ensure("/hooks", h.event, "[]", 2); err != nil {
			return err
		}
		entry, err := s.entry(h, command, strings.Repeat(d.indent, 3), d.indent)
		if err != nil {
			return err
		}
		entry = bytes.ReplaceAll(entry, []byte("\n"), []byte(d.eol))
		if err := d.addElement("/hooks/"+h.event, entry, 3); err != nil {
			return err
		}
	}
	return nil
}

// remove takes the hooks out that run r8scan, with the groups and lists that hold
// nothing else. It reports whether there were any.
func (d *document) remove() (bool, error) {
	all, err := d.installed()
	for _, f := range slices.Backward(all) {
		if err := d.removeAt(f.pointer); err != nil {
			return false, err
		}
		pointer := f.pointer
		for strings.Count(pointer, "/") > 1 { // up to hooks itself
			pointer = pointer[:strings.LastIndexByte(pointer, '/')]
			if !isEmpty(d.root.Find(pointer)) {
				break
			}
			if err := d.removeAt(pointer); err != nil {
				return false, err
			}
		}
	}
	return len(all) > 0, err
}

// removeAt removes the value at a pointer. If it was the last one, the closing
// bracket goes back to where it stood.
func (d *document) removeAt(pointer string) error {
	if err := d.patch("remove", pointer, nil); err != nil {
		return err
	}
	parent := pointer[:strings.LastIndexByte(pointer, '/')]
	var end *hujson.Extra
	switch c := d.root.Find(parent).Value.(type) {
	case *hujson.Array:
		end = &c.AfterExtra
	case *hujson.Object:
		end = &c.AfterExtra
	default:
		return nil
	}
	if i := bytes.LastIndexByte(*end, '\n'); i >= 0 && len(bytes.TrimLeft((*end)[i:], "\n \t")) == 0 {
		*end = append((*end)[:i+1:i+1], strings.Repeat(d.indent, strings.Count(parent, "/"))...)
	}
	return nil
}

// isEmpty reports whether a list or an object holds nothing.
func isEmpty(v *hujson.Value) bool {
	switch c := v.Value.(type) {
	case *hujson.Array:
		return len(c.Elements) == 0
	case *hujson.Object:
		return len(c.Members) == 0
	}
	return false
}

// holdsNothing reports whether nothing is left in the file but a version.
func (d *document) holdsNothing() bool {
	for _, m := range d.root.Value.(*hujson.Object).Members {
		if nameOf(&m) != "version" {
			return false
		}
	}
	return d.root.Clone().IsStandard()
}
