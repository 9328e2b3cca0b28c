package machine

import (
	"slices"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
)

// TestKinds has a path of each kind, as it is on each system.
func TestKinds(t *testing.T) {
	table := newTable()
	for path, want := range map[string]string{
		".bash_history":                  "shell-history",
		".zsh_sessions/1234.history":     "shell-history",
		".local/share/fish/fish_history": "shell-history",
		".local/share/powershell/PSReadLine/ConsoleHost_history.txt":                      "shell-history",
		"AppData/Roaming/Microsoft/Windows/PowerShell/PSReadLine/ConsoleHost_history.txt": "shell-history",
		".python_history":                         "program-history",
		".ipython/profile_default/history.sqlite": "program-history",
		".claude.json":                            "agent-settings",
		".claude/settings.local.json":             "agent-settings",
		"Library/Application Support/Claude/claude_desktop_config.json": "agent-settings",
		"AppData/Roaming/Claude/claude_desktop_config.json":             "agent-settings",
		".cursor/mcp.json":                                         "agent-settings",
		".claude/projects/-home-me-app/0f.jsonl":                   "agent-transcript",
		".codex/sessions/2026/01/02/rollout.jsonl":                 "agent-transcript",
		".gemini/tmp/1/chats/x.json":                               "agent-transcript",
		".cursor/chats/1/store.db":                                 "agent-transcript",
		"code/app/.aider.chat.history.md":                          "agent-transcript",
		".config/Code/User/workspaceStorage/1/chatSessions/2.json": "agent-transcript",
		"Library/Application Support/Code/User/globalStorage/saoudrizwan.claude-dev/t.json":         "agent-transcript",
		".config/Code/User/History/-1a/2.py":                                                        "editor-state",
		"Library/Application Support/Code/Backups/1/file/2":                                         "editor-state",
		"AppData/Roaming/Code/User/History/-1a/2.py":                                                "editor-state",
		".config/Cursor/User/workspaceStorage/1/state.vscdb":                                        "editor-state",
		".cache/JetBrains/PyCharm2025.1/LocalHistory/changes.storageData":                           "editor-state",
		"code/app/.idea/workspace.xml":                                                              "editor-state",
		"AppData/Local/Packages/Microsoft.WindowsNotepad_8wekyb3d8bbwe/LocalState/TabState/1.bin":   "editor-state",
		".local/state/nvim/undo/%home%me%x":                                                         "editor-state",
		"code/app/.main.py.swp":                                                                     "editor-backup",
		"code/app/main.py~":                                                                         "editor-backup",
		"nb/.ipynb_checkpoints/a-checkpoint.ipynb":                                                  "editor-backup",
		".local/share/klipper/history2.lst":                                                         "clipboard",
		".cache/cliphist/db":                                                                        "clipboard",
		"Library/Containers/org.p0deje.Maccy/Data/Library/Application Support/Maccy/Storage.sqlite": "clipboard",
		"AppData/Roaming/Ditto/Ditto.db":                                                            "clipboard",
		".config/replicate/hosts":                                                                   "replicate-login",
		".docker/config.json":                                                                       "replicate-login",
		".netrc":                                                                                    "credential-store",
		"_netrc":                                                                                    "credential-store",
		".git-credentials":                                                                          "credential-store",
		".config/environment.d/50.conf":                                                             "session-start",
		"Library/LaunchAgents/a.plist":                                                              "session-start",
		"/etc/environment":                                                                          "session-start",
		".config/Postman/x":                                                                         "api-client",
		".mozilla/firefox/a.default/formhistory.sqlite":                                             "browser",
		"AppData/Local/Google/Chrome/User Data/Default/History":                                     "browser",
		".thunderbird/a/Mail/x":                                                                     "message",
		".local/share/Trash/files/.env":                                                             "trash",
		".Trash/.env":                                                                               "trash",
		".cache/pip/x":                                                                              "cache",
		"AppData/Local/Temp/x.txt":                                                                  "cache",
		"Downloads/x.txt":                                                                           "download",
		"code/app/.env":                                                                             "",
		".bashrc":                                                                                   "",
		"Documents/notes.txt":                                                                       "",
		"history/notes.txt":                                                                         "",
	} {
		got := ""
		if k := table.of(path); k != nil {
			got = k.id
		}
		if got != want {
			t.Errorf("%s is of the kind %q, want %q", path, got, want)
		}
	}
}

// TestTable: each row is complete, its globs are sound and in lower case, and its id is
// its own.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for i, k := range kinds {
		if k.id == "" || k.title == "" || seen[k.id] || len(k.globs) == 0 || strings.HasSuffix(k.fix, ".") {
			t.Errorf("row %d: %q", i, k.id)
		}
		seen[k.id] = true
		for _, g := range newTable().globs[i] {
			if !doublestar.ValidatePattern(g) || g != strings.ToLower(g) || strings.ContainsAny(g, "{}") {
				t.Errorf("%s: glob %q", k.id, g)
			}
		}
	}
}

// TestKnown: folders that lead to a kind come first, and others do not.
func TestKnown(t *testing.T) {
	known := newTable().known
	for _, dir := range []string{".claude", ".config", "appdata", "appdata/local/packages", "library/application support", ".bash_history", "etc/profile.d"} {
		if !known[dir] {
			t.Errorf("%s is not known", dir)
		}
	}
	for _, dir := range []string{"", ".", "code", "documents"} {
		if known[dir] {
			t.Errorf("%s is known", dir)
		}
	}
	if !slices.ContainsFunc(kinds, func(k kind) bool { return k.login }) {
		t.Error("a token may be nowhere")
	}
}
