// Package agentsettings writes r8scan's hook into the settings of coding agents,
// and takes it out. It keeps everything else in the file as it is: other hooks,
// comments, the order of members and white space. It also tells whether a change
// of settings takes the hook out.
package agentsettings

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// spec is where an agent keeps its hooks, and in which form.
type spec struct {
	name, title string
	project     string // path in a repository, with slashes
	user        string // path in the user's home folder
	home        string // environment variable that names the first folder of user; "" for none
	events      []hookOf
	nested      bool   // hooks stand in groups with a matcher
	hook        hook   // without its command
	version     bool   // the file needs a version
	then        string // what else the person must do; "" for nothing
}

// hookOf is an event that r8scan answers.
type hookOf struct {
	event   string
	matcher string // "" for none
}

// hook is a hook as settings have it, and group those that share a matcher.
type (
	hook struct {
		Name    string `json:"name,omitempty"`
		Type    string `json:"type,omitempty"`
		Command string `json:"command"`
		Timeout int    `json:"timeout,omitempty"` // milliseconds for Gemini CLI, seconds for others
	}
	group struct {
		Matcher string `json:"matcher,omitempty"`
		Hooks   []hook `json:"hooks"`
	}
)

// specs are the agents, in the order that people read.
var specs = []*spec{
	{
		name: "claude", title: "Claude Code", nested: true, hook: hook{Type: "command", Timeout: 10},
		project: ".claude/settings.json", user: ".claude/settings.json", home: "CLAUDE_CONFIG_DIR",
		events: []hookOf{{"UserPromptSubmit", ""}, {"PreToolUse", "*"}, {"PostToolUse", "*"}},
	},
	{
		name: "cursor", title: "Cursor", version: true,
		project: ".cursor/hooks.json", user: ".cursor/hooks.json",
		events: []hookOf{{"beforeSubmitPrompt", ""}, {"preToolUse", ""}, {"beforeShellExecution", ""}, {"beforeMCPExecution", ""},
			{"beforeReadFile", ""}, {"afterFileEdit", ""}, {"postToolUse", ""}},
	},
	{
		name: "codex", title: "Codex", nested: true, hook: hook{Type: "command", Timeout: 10},
		project: ".codex/hooks.json", user: ".codex/hooks.json", home: "CODEX_HOME",
		events: []hookOf{{"UserPromptSubmit", ""}, {"PreToolUse", "*"}, {"PostToolUse", "*"}},
		then:   "Codex runs a new hook only after you trust it: type /hooks in Codex",
	},
	{
		name: "gemini", title: "Gemini CLI", nested: true, hook: hook{Name: "r8scan", Type: "command", Timeout: 10000},
		project: ".gemini/settings.json", user: ".gemini/settings.json",
		events: []hookOf{{"BeforeAgent", ""}, {"BeforeTool", ".*"}, {"AfterTool", ".*"}},
	},
	{
		name: "copilot", title: "Copilot in VS Code", hook: hook{Type: "command", Timeout: 10},
		project: ".github/hooks/r8scan.json", user: ".copilot/hooks/r8scan.json",
		events: []hookOf{{"UserPromptSubmit", ""}, {"PreToolUse", ""}, {"PostToolUse", ""}},
	},
}

// Names returns the names of the agents.
func Names() (names []string) {
	for _, s := range specs {
		names = append(names, s.name)
	}
	return names
}

func byName(name string) *spec {
	for _, s := range specs {
		if s.name == name {
			return s
		}
	}
	return nil
}

// userFile returns the path of the user's own settings.
func (s *spec) userFile() (string, error) {
	if dir := os.Getenv(s.home); s.home != "" && dir != "" {
		return filepath.Join(dir, path.Base(s.user)), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, filepath.FromSlash(s.user)), nil
}

// entry returns what stands in the list of an event, as JSON for a depth of indents.
func (s *spec) entry(h hookOf, command string, margin, indent string) ([]byte, error) {
	one := s.hook
	one.Command = command
	var v any = one
	if s.nested {
		v = group{h.matcher, []hook{one}}
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent(margin, indent)
	err := enc.Encode(v)
	return []byte(strings.TrimSuffix(b.String(), "\n")), err
}

// isOurs reports whether a hook's command runs r8scan agent.
func isOurs(command string) bool {
	before, after, ok := strings.Cut(command, " agent")
	if !ok || after != "" && after[0] != ' ' {
		return false
	}
	program := strings.ToLower(path.Base(strings.ReplaceAll(strings.Trim(before, `'"`), `\`, "/")))
	return program == "r8scan" || program == "r8scan.exe"
}
