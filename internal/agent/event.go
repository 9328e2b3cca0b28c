package agent

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
)

// kind is what an event is about.
type kind int

const (
	prompt kind = iota // a person has sent a prompt
	before             // a tool is about to run
	after              // a tool has run
	shown              // a file's content is about to go to the model
	edited             // a file was edited: too late to refuse
)

// event is an event of any agent.
type event struct {
	kind       kind
	name       string   // as the agent writes it
	folders    []string // that the agent works in, the current one first
	transcript string   // path of the session's record; may be ""
	prompt     string
	tool       string
	input      any  // of the tool, as JSON
	output     any  // of the tool, or the content of a file that is shown
	hides      bool // the answer can keep the output from the model
}

// fields are a JSON object.
type fields = map[string]any

// dialect is how an agent writes events and reads answers.
type dialect struct {
	is     func(f fields) bool // whether an event is of this agent
	kinds  map[string]kind     // by the names of events
	read   func(e *event, f fields)
	hides  func(e *event) bool            // whether an answer keeps a tool's output from the model
	answer func(e *event, v *verdict) any // a value for JSON
}

// recognize finds the agent of an event, and reads it. The event is nil if it is
// none that is judged.
func recognize(f fields) (*dialect, *event) {
	for _, d := range []*dialect{&cursor, &gemini, &copilot, &codex, &claude} {
		if !d.is(f) {
			continue
		}
		name := nameOf(f)
		k, ok := d.kinds[name]
		if !ok {
			return d, nil
		}
		e := &event{kind: k, name: name, prompt: text(f, "prompt"), transcript: text(f, "transcript_path"),
			tool: text(f, "tool_name"), input: f["tool_input"], folders: foldersOf(f)}
		d.read(e, f)
		e.hides = d.hides(e)
		return d, e
	}
	return nil, nil
}

// nameOf returns the name of an event.
func nameOf(f fields) string { return text(f, "hook_event_name", "hookEventName") }

// foldersOf returns the folders that the agent works in: by default the current
// one of this process, which the agent has started there.
func foldersOf(f fields) (folders []string) {
	if cwd := text(f, "cwd"); cwd != "" {
		folders = append(folders, cwd)
	}
	roots, _ := f["workspace_roots"].([]any)
	for _, r := range roots {
		if s, ok := r.(string); ok && s != "" {
			folders = append(folders, s)
		}
	}
	if len(folders) == 0 {
		if here, err := os.Getwd(); err == nil {
			folders = append(folders, here)
		}
	}
	return folders
}

func always(*event) bool { return true }

func never(*event) bool { return false }

// text returns the first of the members that is a text.
func text(f fields, names ...string) string {
	s, _ := lookText(f, names...)
	return s
}

// lookText is text that also tells whether there is one.
func lookText(f fields, names ...string) (string, bool) {
	for _, name := range names {
		if s, ok := f[name].(string); ok {
			return s, true
		}
	}
	return "", false
}

// unpacked returns a value that may be JSON in a text.
func unpacked(v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	var inner any
	if json.Unmarshal([]byte(s), &inner) != nil {
		return v
	}
	if _, isObject := inner.(fields); !isObject {
		return v
	}
	return inner
}

// eachText calls use with each text in a JSON value, keys of objects included. The
// order is the same each time.
func eachText(v any, use func(text string, isKey bool)) {
	switch v := v.(type) {
	case string:
		use(v, false)
	case []any:
		for _, item := range v {
			eachText(item, use)
		}
	case fields:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			use(key, true)
			eachText(v[key], use)
		}
	}
}

// allText returns the texts of a JSON value, one after the other.
func allText(v any) string {
	var all []string
	eachText(v, func(s string, isKey bool) {
		if !isKey {
			all = append(all, s)
		}
	})
	return strings.Join(all, "\n")
}

// masked returns a copy of a JSON value without the tokens in its texts. The copy
// has the same form, so an agent can use it in the value's place.
func masked(v any, mask func(string) string) any {
	switch v := v.(type) {
	case string:
		return mask(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = masked(item, mask)
		}
		return out
	case fields:
		out := make(fields, len(v))
		for key, item := range v {
			out[mask(key)] = masked(item, mask)
		}
		return out
	}
	return v
}
