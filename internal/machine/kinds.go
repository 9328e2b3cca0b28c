package machine

import (
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"r8scan/internal/advice"
	"r8scan/result"
)

// kind is a kind of place where tokens are left behind.
type kind struct {
	id    string // stable, in lower case
	title string // a few words
	fix   string // what to do with the place, an order; "" if the kind of file says it
	sent  bool   // what stands there has been sent to somebody else
	login bool   // a token may be there: Replicate's own tools keep it there

	// globs are relative to the home folder, in lower case. {config}, {data}, {state}
	// and {cache} are where programs keep these, on each system.
	globs []string
}

// folders are what the names in globs stand for: on Linux, macOS and Windows. All of
// them are looked for everywhere: a home folder may hold a copy of another.
var folders = map[string][]string{
	"{config}": {".config", "library/application support", "appdata/roaming"},
	"{data}":   {".local/share", "library/application support", "appdata/local"},
	"{state}":  {".local/state", "library/application support", "appdata/local"},
	"{cache}":  {".cache", "library/caches", "appdata/local"},
}

// kinds are in the order in which they are tried. What none of them fits is told by the
// table of package advice: environment files, start files of shells, programs.
var kinds = []kind{
	{id: "agent-settings", title: "settings of a coding agent", globs: []string{
		".claude.json", ".claude/settings*.json", ".codex/config.toml", ".gemini/settings.json", ".cursor/mcp.json", ".codeium/windsurf/mcp_config.json",
		"{config}/claude/claude_desktop_config.json", "{config}/opencode/*.json*", "{config}/zed/settings.json", "{config}/goose/config.yaml", ".copilot/mcp-config.json", ".continue/config.*",
	}},
	{
		id: "shell-history", title: "history of a shell",
		fix: "close the other terminals, because each writes its lines back; then delete the line from the file with an editor",
		globs: []string{
			".bash_history", ".zsh_history", ".zhistory", ".histfile", ".history", ".sh_history", ".ash_history", ".ksh_history", ".mksh_history", ".tcsh_history", ".xonsh_history*",
			".bash_sessions/**", ".zsh_sessions/**", "{data}/fish/fish_history", "{config}/fish/fish_history", "{config}/nushell/history.*", "{data}/xonsh/**",
			"{data}/powershell/psreadline/*", "appdata/roaming/microsoft/windows/powershell/psreadline/*", "{data}/atuin/*.db*", "{data}/mcfly/*.db*", "{data}/clink/clink_history*", "{data}/hishtory/**", ".hishtory/**",
		},
	},
	{
		id: "program-history", title: "history of a program",
		fix: "end the program, and delete the line, or the file",
		globs: []string{
			".python_history", ".node_repl_history", ".ts_node_repl_history", ".bun_repl_history", ".deno_history", ".irb_history", ".pry_history", ".rdebug_hist", ".php_history", ".rhistory", ".julia/logs/**",
			".ipython/**/history.sqlite*", ".psql_history", ".mysql_history", ".sqlite_history", ".rediscli_history", ".mongorc_history", ".dbshell", ".lesshst", ".wget-hsts", ".gdb_history", ".lldb/**",
		},
	},
	{
		id: "agent-transcript", title: "transcript of a coding agent", sent: true,
		fix: "delete this session with the agent, or its file",
		globs: []string{
			".claude/**", ".codex/**", ".cursor/**", ".gemini/**", ".copilot/**", ".codeium/**", ".windsurf/**", ".continue/**", ".qwen/**", ".factory/**", ".amp/**", ".kiro/**", ".crush/**", ".aider*", ".aider*/**",
			"**/.aider.chat.history.md", "**/.aider.input.history", "**/.aider.llm.history", "**/.claude/projects/**", "{data}/opencode/**", "{state}/opencode/**", "{data}/goose/**", "{state}/goose/**", "{data}/crush/**", "{data}/amp/**", "{cache}/amp/**",
			"{config}/github-copilot/**", "{config}/claude/**", "{data}/claude/**", "{cache}/claude-cli-nodejs/**", "{config}/*/user/globalstorage/saoudrizwan.claude-dev/**", "{config}/*/user/globalstorage/rooveterinaryinc.roo-cline/**",
			"{config}/*/user/globalstorage/github.copilot*/**", "{config}/*/user/workspacestorage/*/chatsessions/**", "{config}/*/user/workspacestorage/*/chateditingsessions/**", "{data}/zed/conversations/**", "{data}/zed/threads/**", "{data}/zed/prompts/**",
			"{data}/io.datasette.llm/**", "{config}/io.datasette.llm/**",
		},
	},
	{
		id: "editor-state", title: "state of an editor: local history, undo, open files",
		fix: "close the editor, delete the file, and clear its local history",
		globs: []string{
			"{config}/*/user/history/**", "{config}/*/user/workspacestorage/**", "{config}/*/user/globalstorage/**", "{config}/*/backups/**", "{config}/*/logs/**", ".vscode-server/**", ".cursor-server/**",
			"{config}/jetbrains/**", "{cache}/jetbrains/**", "library/logs/jetbrains/**", "{config}/google/androidstudio*/**", "{cache}/google/androidstudio*/**", "**/.idea/**",
			".viminfo", ".vim/**", ".vimbackup/**", "{state}/nvim/**", "{data}/nvim/**", "appdata/local/nvim-data/**", "{cache}/vim/**", "{state}/vim/**", ".emacs.d/**", "{cache}/emacs/**", ".config/emacs/**",
			"{config}/sublime-text*/local/**", "{config}/sublime text*/local/**", "{data}/zed/**", "{config}/zed/**", "{state}/helix/**", "{cache}/helix/**", "{data}/kate/**", "{data}/gedit/**", "{state}/micro/**", "{config}/micro/buffers/**",
			"appdata/roaming/notepad++/**", "appdata/local/packages/microsoft.windowsnotepad_*/**", "library/autosave information/**", "library/saved application state/**", "library/containers/com.apple.textedit/**",
		},
	},
	{
		id: "editor-backup", title: "file that an editor has left behind",
		fix:   "close the editor, and delete the file",
		globs: []string{"**/*~", "**/#*#", "**/.#*", "**/.*.sw[a-p]", "**/*.un~", "**/.ipynb_checkpoints/**", "**/.history/**"},
	},
	{
		id: "clipboard", title: "history of a clipboard manager",
		fix: "clear the history in the clipboard manager, and have it ignore what password managers copy",
		globs: []string{
			"{data}/klipper/**", "{data}/plasma/klipper/**", "{data}/gpaste/**", "{config}/copyq/**", "{data}/copyq/**", "{data}/parcellite/**", "{data}/clipit/**", "{data}/diodon/**", "{data}/clipman*", "{cache}/clipman*", "{cache}/cliphist/**", "{data}/clipcat/**", "{cache}/clipcat/**", "{cache}/clipmenu*/**", "{cache}/greenclip*",
			"{cache}/clipboard-indicator@*/**", "{data}/clipboard-history@*/**", "{data}/xfce4/clipman/**", "{cache}/xfce4/clipman/**",
			"library/containers/org.p0deje.maccy/**", "library/application support/maccy/**", "library/application support/com.raycast.macos/**", "library/application support/alfred/**", "library/application support/paste/**", "library/containers/com.wiheads.paste*/**", "library/application support/flycut/**", "library/preferences/com.generalarcade.flycut.plist", "library/application support/clipy/**", "library/application support/copyclip/**", "library/containers/com.fiplab.*/**",
			"appdata/roaming/ditto/**", "appdata/local/ditto/**", "appdata/local/microsoft/windows/clipboard/**", "appdata/local/clipclip/**",
		},
	},
	{
		id: "replicate-login", title: "login of Replicate's command line or of cog", login: true,
		fix:   "leave it there, in a file of mode 600, or log out",
		globs: []string{"{config}/replicate/**", ".docker/config.json", "{config}/containers/auth.json"},
	},
	{
		id: "credential-store", title: "plain file of a credential store",
		fix: "log out with the program that keeps it, or delete the entry; where it has to stay, chmod 600",
		globs: []string{
			".netrc", "_netrc", ".authinfo", ".git-credentials", "{config}/git/credentials", ".npmrc", ".yarnrc*", ".pypirc", "{config}/pip/**", ".cargo/credentials*", ".aws/**", ".azure/**", ".kube/**",
			"{config}/gh/**", "{config}/glab-cli/**", "{config}/gcloud/**", "{config}/configstore/**", "{data}/keyrings/**", "{data}/kwalletd/**", ".password-store/**", ".huggingface/**", "{config}/rclone/**", "{config}/hub", ".ssh/**", ".gnupg/**", ".config/op/**", "library/preferences/**", "appdata/roaming/microsoft/credentials/**",
			".terraform.d/**", ".databrickscfg", ".modal.toml", ".kaggle/**", ".vault-token",
		},
	},
	{
		id: "session-start", title: "file that every session gets its variables from",
		fix:   "read it from a file of mode 600 or a secret manager instead",
		globs: []string{"{config}/environment.d/**", ".pam_environment", "{config}/systemd/user/**", "library/launchagents/**", "{config}/autostart/**", "/etc/environment", "/etc/profile", "/etc/profile.d/**"},
	},
	{
		id: "api-client", title: "state of an API client",
		fix:   "take it out of the request, and keep it in the client's vault or a secret variable",
		globs: []string{"{config}/postman/**", "postman/**", "{config}/insomnia/**", "{config}/bruno/**", "{config}/httpie/**", "{config}/hoppscotch*/**", "{config}/rapidapi/**", "library/containers/com.luckymarmot.paw/**"},
	},
	{
		id: "browser", title: "profile of a browser",
		fix: "close the browser, and delete the form entry, the history or the data of the site that has it",
		globs: []string{
			".mozilla/**", "{config}/google-chrome*/**", "{config}/chromium/**", "{config}/bravesoftware/**", "{config}/microsoft-edge*/**", "{config}/vivaldi/**", "snap/firefox/**", "snap/chromium/**", ".var/app/org.mozilla.firefox/**", ".var/app/com.google.chrome/**",
			"library/application support/google/chrome/**", "library/application support/firefox/**", "library/application support/arc/**", "library/application support/microsoft edge/**", "library/safari/**", "library/containers/com.apple.safari/**",
			"appdata/local/google/chrome/**", "appdata/local/microsoft/edge/**", "appdata/roaming/mozilla/**", "appdata/local/mozilla/**", "appdata/local/bravesoftware/**", "{cache}/google-chrome*/**", "{cache}/chromium/**", "{cache}/mozilla/**", "{cache}/google/chrome/**",
		},
	},
	{
		id: "message", title: "mail, chat or notes", sent: true,
		fix: "delete the message or the note, also for those who got it",
		globs: []string{
			".thunderbird/**", "library/thunderbird/**", "appdata/roaming/thunderbird/**", "library/mail/**", "library/messages/**", "{data}/evolution/**", "mail/**", "maildir/**", ".mail/**", "{config}/slack/**", "{config}/discord/**", "{config}/signal/**", "{config}/element/**", "{config}/microsoft/microsoft teams/**", "library/containers/com.tinyspeck.slackmacgap/**", "{data}/telegramdesktop/**", "library/group containers/group.com.apple.notes/**", "{config}/obsidian/**", "{config}/notion/**", "{config}/zoom*/**",
		},
	},
	{
		id: "trash", title: "trash",
		fix:   "empty the trash",
		globs: []string{"{data}/trash/**", ".trash/**", ".trashes/**", "**/.trash-*/**", "**/$recycle.bin/**"},
	},
	{
		id: "container", title: "image or volume of a container",
		fix:   "delete the image or volume, and build it again without the token",
		globs: []string{"{data}/docker/**", "{data}/containers/**", "library/containers/com.docker.docker/**", ".docker/desktop/**", ".lima/**", ".colima/**", ".orbstack/**", "appdata/local/docker/**", "{config}/virtualbox*/**", "virtualbox vms/**", ".minikube/**"},
	},
	{
		id: "cache", title: "cache or log of a program",
		fix:   "delete the file",
		globs: []string{".cache/**", "library/caches/**", "library/logs/**", "library/containers/*/data/library/caches/**", "appdata/local/temp/**", ".npm/**", ".local/state/**", "**/__pycache__/**", "**/node_modules/.cache/**", ".pm2/logs/**", ".xsession-errors*"},
	},
	{
		id: "download", title: "downloaded file",
		fix:   "delete the file if it is not needed",
		globs: []string{"downloads/**"},
	},
}

// spread returns a glob for each meaning of the names in it.
func spread(glob string) []string {
	for name, dirs := range folders {
		rest, ok := strings.CutPrefix(glob, name)
		if !ok {
			continue
		}
		var out []string
		for _, dir := range dirs {
			out = append(out, dir+rest)
		}
		return out
	}
	return []string{glob}
}

// table is kinds, ready to be looked up.
type table struct {
	globs [][]string      // of each kind
	known map[string]bool // folders and files of kinds, as far as they have a fixed name, and the folders above
}

func newTable() table {
	t := table{known: map[string]bool{}}
	for _, k := range kinds {
		var globs []string
		for _, g := range k.globs {
			globs = append(globs, spread(g)...)
		}
		t.globs = append(t.globs, globs)
		for _, g := range globs {
			fixed := g
			if i := strings.IndexAny(g, "*?[{"); i >= 0 {
				fixed, _ = path.Split(g[:i])
			}
			for fixed = strings.Trim(fixed, "/"); fixed != "" && fixed != "."; fixed = path.Dir(fixed) {
				t.known[fixed] = true
			}
		}
	}
	return t
}

// of returns the kind of a file by its path below the home folder, with slashes, or by
// an absolute one outside; nil if the file's own kind says more.
func (t table) of(rel string) *kind {
	lower := strings.ToLower(rel)
	for i := range kinds {
		if slices.ContainsFunc(t.globs[i], func(g string) bool { return doublestar.MatchUnvalidated(g, lower) }) {
			return &kinds[i]
		}
	}
	return nil
}

// adviceFor returns the kind of a place that none of kinds fits, or that has no fix
// of its own: the table of package advice has one for each kind of file.
func adviceFor(rule string, l result.Location) kind {
	row := advice.Of(advice.Place{Path: l.Path, Member: l.Member, Kind: l.Kind, Text: l.Variable})
	return kind{id: row.ID, title: row.Title, fix: row.Instead(advice.Variable(rule, l.Variable)).String(), login: row.ID == "env"}
}
