package doctor

import (
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/ask"
	"r8scan/internal/door"
	"r8scan/internal/regular"
	"r8scan/internal/shell"
	"r8scan/rules"
	"r8scan/scanner"
)

// place is a kind of file in which programs have the variables of what they start.
type place struct {
	reader    string   // who gets the variables
	globs     []string // relative to the current folder, or to the home folder with ~
	read      func(text []byte) (settings, error)
	reference string // what to write there instead of a token, "" if there is no such form
}

// settings are what a file gives to a program.
type settings struct {
	vars  []variable
	files []string // other files with variables, as it names them
}

var places = []place{
	{"the containers of Compose", []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml", "compose.override.y*ml", "docker-compose.*.y*ml"}, readCompose, "${REPLICATE_API_TOKEN}"},
	{"a systemd unit", []string{"*.service", "~/.config/systemd/user/*.service", "~/.config/systemd/user/*.service.d/*.conf"}, readUnit, ""},
	{"shells", []string{"~/.profile", "~/.bash_profile", "~/.bash_login", "~/.bashrc", "~/.zshenv", "~/.zprofile", "~/.zshrc", "~/.zlogin", "~/.config/fish/config.fish", "~/.config/fish/conf.d/*.fish"}, readShell, ""},
	{"Visual Studio Code", []string{".vscode/launch.json", ".vscode/settings.json", ".vscode/tasks.json", ".vscode/mcp.json"}, readJSON, "${env:REPLICATE_API_TOKEN}"},
	{"a JetBrains IDE", []string{".run/*.run.xml", ".idea/runConfigurations/*.xml", ".idea/workspace.xml"}, readJetBrains, ""},
	{"MCP servers of Cursor", []string{".cursor/mcp.json", "~/.cursor/mcp.json"}, readJSON, "${env:REPLICATE_API_TOKEN}"},
	{"MCP servers of Claude Code", []string{".mcp.json", "~/.claude.json", ".claude/settings*.json", "~/.claude/settings.json"}, readJSON, "${REPLICATE_API_TOKEN}"},
	{"MCP servers", []string{
		"~/.codeium/windsurf/mcp_config.json", "~/.gemini/settings.json", "~/.config/Claude/claude_desktop_config.json",
		"~/Library/Application Support/Claude/claude_desktop_config.json", "~/AppData/Roaming/Claude/claude_desktop_config.json",
	}, readJSON, ""},
	{"notebooks", []string{"~/.local/share/jupyter/kernels/*/kernel.json", "~/Library/Jupyter/kernels/*/kernel.json", ".venv/share/jupyter/kernels/*/kernel.json", "venv/share/jupyter/kernels/*/kernel.json"}, readJSON, "${REPLICATE_API_TOKEN}"},
}

// checkPlaces checks what programs give to the programs that they start here.
func checkPlaces(e *environment) []Check {
	var out []Check
	seen := map[string]bool{}
	for _, p := range places {
		for _, glob := range p.globs {
			dir := e.dir
			if rest, ok := strings.CutPrefix(glob, "~/"); ok {
				dir, glob = e.home, rest
			}
			if dir == "" {
				continue
			}
			found, _ := filepath.Glob(filepath.Join(regular.GlobQuoted(dir), filepath.FromSlash(glob))) // the pattern is sound
			for _, path := range found {
				if !seen[path] && !isFolder(path) {
					seen[path] = true
					out = append(out, checkPlace(e, p, path)...)
				}
			}
		}
	}
	return out
}

// checkPlace checks one file. What does not name Replicate is no concern, even if it is
// damaged.
func checkPlace(e *environment, p place, path string) []Check {
	about := door.Printable(e.shown(path))
	file, err := readConfig(path, maxState)
	if err != nil {
		return unread(about, err)
	}
	found, err := p.read(file.text)
	if err != nil {
		if !namesReplicate(file.text) {
			return nil
		}
		return []Check{{levelWarning, about, "was not read: " + err.Error(), "It names Replicate, but its settings were not checked, and " + p.reader + " may not get them.", "correct it, or restore it from a copy"}}
	}
	var out []Check
	taken := slices.ContainsFunc(found.vars, func(v variable) bool { return v.name == ask.TokenVariable })
	for _, v := range found.vars {
		if ch, ok := nameCheck(v.name, rules.Diagnose(v.value)); ok && !(taken && ch.Level == levelWarning) {
			ch.About, ch.Fix = about, "in "+about+", rename "+door.Printable(v.name)+" to "+ask.TokenVariable
			if ch.Level == levelError {
				ch.Fix = "remove " + door.Printable(v.name) + " from " + about + "; then disable the token at " + rules.TokensPage
			}
			out = append(out, ch)
		}
		if v.name == ask.TokenVariable {
			out = append(out, checkSetting(e, p, about, v)...)
		}
	}
	for _, name := range found.files {
		out = append(out, checkNamed(e, p, about, path, name)...)
	}
	if len(out) > 0 {
		out = append(file.formCheck(about), out...)
	}
	if holdsToken(file.text) {
		out = append(out, exposureCheck(about, scanner.Exposure(path)))
	}
	return out
}

// checkSetting checks the REPLICATE_API_TOKEN of a file.
func checkSetting(e *environment, p place, about string, v variable) []Check {
	set := "sets " + ask.TokenVariable + " for " + p.reader
	if p.reader == "shells" {
		return checkStartFile(e, about, v)
	}
	value := p.reference
	if value == "" {
		value = "<a token from " + rules.TokensPage + ">"
	}
	fix := "in " + about + ", give " + ask.TokenVariable + " the value " + value
	switch {
	case v.inherited || isReference(v.value):
		if len(e.token.Problems) > 0 || !e.set {
			return []Check{{levelWarning, about, "passes " + ask.TokenVariable + " on to " + p.reader + ", but here it is not set to a token", "What is started from here gets the same value.", setToken}}
		}
		return []Check{{levelOK, about, "passes " + ask.TokenVariable + " on to " + p.reader, "", ""}}
	case v.value == "":
		return []Check{{levelError, about, set + " to nothing", "A client there has no token.", fix}}
	}
	var out []Check
	for _, problem := range rules.Diagnose(v.value).Problems {
		out = append(out, Check{levelError, about, set + ": " + problem, "A client there sends the value as it is, and Replicate refuses it.", fix})
	}
	if out == nil {
		out = []Check{{levelOK, about, set, "", ""}}
	}
	return out
}

// checkStartFile checks an assignment in a file that a shell reads when it starts.
func checkStartFile(e *environment, about string, v variable) []Check {
	d := rules.Diagnose(v.value)
	if !v.exported && v.value != "" {
		return notExported(about)
	}
	if filepath.Ext(about) == ".fish" && e.set {
		return nil // its form is not that of the commands below
	}
	return checkAssignment(e, about, v, d, "")
}

// checkNamed checks a file with variables that another file names.
func checkNamed(e *environment, p place, about, from, name string) []Check {
	if strings.ContainsAny(name, "$%*") {
		return nil
	}
	path := filepath.FromSlash(name)
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(from), path)
	}
	if _, err := readConfig(path, maxConfig); err != nil {
		shown := door.Printable(e.shown(path))
		if unread(shown, err) == nil {
			return []Check{{levelWarning, about, "names " + shown + ", which does not exist", "It does not start, or without these variables.", "(umask 077; printf '" + ask.TokenVariable + "=%s\\n' \"$" + ask.TokenVariable + "\" >" + shell.QuoteHome(shown) + ")"}}
		}
		return unread(shown, err)
	}
	if strings.HasPrefix(filepath.Base(path), ".env") && filepath.Dir(path) == e.dir {
		return nil // checked with the other .env files
	}
	return checkDotenv(e, path, p.reader)
}
