package agentsettings

import (
	"path"
	"slices"
	"strings"
)

// others are settings that can switch hooks off, beside those that install writes.
var others = []string{".claude/settings.local.json", ".codex/config.toml", ".vscode/settings.json"}

// Are reports whether the file at a path, with slashes, holds an agent's hooks, or
// can switch them off.
func Are(file string) bool {
	file = strings.ToLower(file)
	for _, s := range specs {
		for _, known := range []string{s.project, s.user} {
			if strings.HasSuffix("/"+file, "/"+known) {
				return true
			}
		}
	}
	for _, known := range others {
		if strings.HasSuffix("/"+file, "/"+known) {
			return true
		}
	}
	dir := "/" + path.Dir(file)
	return path.Ext(file) == ".json" && (strings.HasSuffix(dir, "/.github/hooks") || strings.HasSuffix(dir, "/.copilot/hooks"))
}

// Weaker says how a change of settings takes r8scan's hook out or switches hooks
// off. It returns "" if it does neither.
func Weaker(before, after string) string {
	was, now := switches(before), switches(after)
	for _, s := range now {
		if !slices.Contains(was, s) {
			return "sets " + s
		}
	}
	old, err := parse([]byte(before))
	if err != nil {
		return "" // no agent reads a hook there
	}
	had, err := old.installed()
	if err != nil || len(had) == 0 {
		return ""
	}
	d, err := parse([]byte(after))
	if err != nil {
		return "damages the file, which has r8scan's hook"
	}
	has, err := d.installed()
	if err != nil {
		return "damages the file, which has r8scan's hook"
	}
	for _, h := range had {
		if !slices.ContainsFunc(has, func(f found) bool {
			return f.event == h.event && f.matcher == h.matcher && f.command == h.command
		}) {
			return "takes r8scan's hook out"
		}
	}
	return ""
}

// switches returns the settings in a file that switch hooks off.
func switches(text string) (found []string) {
	if strings.Contains(strings.ReplaceAll(text, " ", ""), "hooks=false") { // TOML
		return []string{"hooks = false"}
	}
	d, err := parse([]byte(text))
	if err != nil {
		return nil
	}
	for _, s := range []struct{ pointer, value string }{
		{"/disableAllHooks", "true"}, {"/chat.useHooks", "false"}, {"/chat.hookFilesLocations", "false"},
		{"/tools/enableHooks", "false"}, {"/hooksConfig/enabled", "false"}, {"/hooks/enabled", "false"},
		{"/hooksConfig/disabled", "r8scan"}, {"/hooks/disabled", "r8scan"},
	} {
		if v := d.root.Find(s.pointer); v != nil && strings.Contains(v.Clone().String(), s.value) {
			found = append(found, dotted(s.pointer))
		}
	}
	return found
}
