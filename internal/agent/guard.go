package agent

import (
	"bytes"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/agentsettings"
	"r8scan/internal/hooks"
	"r8scan/internal/policy"
	"r8scan/rules"
)

// weakens says how an edit of a file switches checks off, "" if it does not. before
// is what is in the file now, if that is known. Both the file's own path and that of
// a link to it tell what it is for.
func weakens(t target, known bool, before, after string, removed bool) string {
	if removed {
		after = ""
	}
	for _, path := range []string{t.named, t.real} {
		if why := weakensAt(filepath.ToSlash(path), t, known, before, after); why != "" {
			return why
		}
	}
	return ""
}

func weakensAt(file string, t target, known bool, before, after string) string {
	name := strings.ToLower(path.Base(file))
	switch {
	case agentsettings.Are(file):
		if !known {
			return "r8scan cannot see whether it would switch hooks off"
		}
		return sentence(agentsettings.Weaker(before, after))
	case name == policy.OwnConfig:
		return weakerConfig(before, after)
	case inGit(file) && name == "config" && count(after, "hookspath") > count(before, "hookspath"):
		return "it would send git to other hooks"
	case addsToBaseline(name, before, after):
		return "it would add tokens to a baseline, which are not reported any more"
	case name == ".gitignore" || inGit(file) && name == "exclude":
		return exposes(t, before, after)
	case hooks.IsManagerFile(name):
		return lacksLine(before, after)
	case isHook(file, before):
		return changesHook(before, after)
	}
	return ""
}

func sentence(what string) string {
	if what == "" {
		return ""
	}
	return "it " + what
}

// weakerConfig compares two configurations. One that cannot be parsed stops scans,
// so it hides nothing.
func weakerConfig(before, after string) string {
	now, err := policy.ParseConfig([]byte(after), rules.Default())
	if err != nil {
		return ""
	}
	was, err := policy.ParseConfig([]byte(before), rules.Default())
	if err != nil {
		was = &policy.Config{}
	}
	if keys := now.Adds(was); len(keys) > 0 {
		return "it would " + hides[keys[0]]
	}
	return ""
}

// hides says what more under each key of a configuration does.
var hides = map[string]string{policy.KeyExclude: "exclude files from scans", policy.KeyAllow: "allow a token",
	policy.KeyRules: "switch a rule off", policy.KeyUnread: "accept that something is not read"}

// addsToBaseline reports whether a file is a baseline with new token ids. Its name
// is the user's choice.
func addsToBaseline(name, before, after string) bool {
	if !strings.Contains(name, "baseline") && !strings.Contains(name, "r8scan") && !strings.HasPrefix(before, "# Ids of known tokens") {
		return false
	}
	now, err := policy.ParseBaseline([]byte(after))
	if err != nil || now.Len() == 0 {
		return false
	}
	was, err := policy.ParseBaseline([]byte(before))
	if err != nil {
		was = policy.NewBaseline()
	}
	for line := range bytes.Lines(now.Bytes()) {
		if id, _, _ := strings.Cut(strings.TrimSpace(string(line)), " "); policy.IsTokenID(id) {
			if _, known := was.Find(id, rules.Default()); !known {
				return true
			}
		}
	}
	return false
}

// lacksLine says that a line with r8scan goes.
func lacksLine(before, after string) string {
	for _, line := range runLines(before) {
		if !slices.Contains(runLines(after), line) {
			return "it would take r8scan out of the git hooks"
		}
	}
	return ""
}

// runLines returns the lines that name r8scan, without white space and comments.
func runLines(text string) (lines []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "r8scan") && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "//") {
			lines = append(lines, line)
		}
	}
	return lines
}

// isHook reports whether a file may be a git hook.
func isHook(file, text string) bool {
	return inGit(file) && strings.Contains(file, "/hooks") || strings.Contains(file, "/.husky/") || strings.Contains(file, "/.githooks/") ||
		strings.HasPrefix(text, "#!")
}

func inGit(file string) bool { return strings.Contains(strings.ToLower(file), "/.git/") }

// changesHook says that a hook would not run r8scan any more. What comes before the
// last line with it must stay: it may end the hook.
func changesHook(before, after string) string {
	lines := runLines(before)
	if len(lines) == 0 {
		return ""
	}
	last := strings.LastIndex(before, lines[len(lines)-1])
	if !strings.HasPrefix(after, before[:last+len(lines[len(lines)-1])]) {
		return "it would change a git hook that runs r8scan"
	}
	return ""
}

func count(text, word string) int { return strings.Count(strings.ToLower(text), word) }
