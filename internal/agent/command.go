package agent

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/agentsettings"
	"r8scan/internal/policy"
	"r8scan/internal/regular"
)

// commandOf returns the shell command of a call, "" if it is none.
func commandOf(e *event, rest any) string {
	f, ok := rest.(fields)
	if !ok || strings.HasPrefix(e.tool, "mcp__") || strings.HasPrefix(e.tool, "MCP:") {
		return ""
	}
	for _, name := range []string{"command", "cmd"} {
		switch v := f[name].(type) {
		case string:
			return v
		case []any:
			return strings.ReplaceAll(allText(v), "\n", " ")
		}
	}
	return ""
}

// weakensByCommand says how a command switches checks off. A shell can do so in more
// ways than this function knows.
func weakensByCommand(s *site, command string) string {
	if command == "" {
		return ""
	}
	for _, words := range partsOf(spaced(command)) {
		program := words[0]
		switch {
		case program == "r8scan" && len(words) > 1 && (words[1] == "uninstall" || words[1] == "baseline"):
			return "it would weaken r8scan's checks"
		case program == "git" && strings.Contains(strings.ToLower(strings.Join(words, " ")), "core.hookspath"):
			return "it would send git to other hooks"
		}
		for n, w := range words {
			if isProtected(w) && (!reads(program, words) || writesTo(words, n)) {
				return "it may change " + path.Base(filepath.ToSlash(w)) + ", which holds or runs r8scan's checks"
			}
		}
	}
	for _, words := range partsOf(spaced(withoutSentences(command))) {
		if words[0] == "git" && skipsHooks(words) && s.hasGitHook() {
			return "it would skip the git hook that runs r8scan"
		}
	}
	return ""
}

// withoutSentences leaves out quoted texts with spaces, such as the messages of
// commits.
func withoutSentences(command string) string {
	var out strings.Builder
	for {
		i := strings.IndexAny(command, `'"`)
		if i < 0 {
			break
		}
		end := strings.IndexByte(command[i+1:], command[i])
		if end < 0 {
			break
		}
		out.WriteString(command[:i])
		if quoted := command[i+1 : i+1+end]; !strings.ContainsAny(quoted, " \t\n") {
			out.WriteString(quoted)
		}
		command = command[i+1+end+1:]
	}
	return out.String() + command
}

// spaced puts spaces around what sends output to a file, and writes all forms of it
// as >.
func spaced(command string) string {
	return strings.NewReplacer(">>", " > ", ">|", " > ", "&>", " > ", ">&", ">&", ">", " > ").Replace(command)
}

// partsOf returns the words of each simple command in a shell command, without
// quotes. The first word is the program's name, without its path. It is no parser of
// shells: it only has to see what is written plainly.
func partsOf(command string) (parts [][]string) {
	for _, part := range strings.FieldsFunc(command, func(r rune) bool { return strings.ContainsRune(";|&\n()`", r) }) {
		words := strings.Fields(strings.NewReplacer(`"`, "", `'`, "", `\`, "").Replace(part))
		for len(words) > 1 && words[1] != ">" && (strings.Contains(words[0], "=") || slices.Contains(prefixes, words[0])) {
			words = words[1:]
		}
		if len(words) > 0 {
			words[0] = strings.TrimSuffix(path.Base(filepath.ToSlash(words[0])), ".exe")
			parts = append(parts, words)
		}
	}
	return parts
}

// prefixes run what follows them.
var prefixes = []string{"sudo", "env", "command", "exec", "nohup", "time", "then", "do", "else", "!", "{"}

// readers are programs that only read the files that they name. git restores files
// too, but what git has is what counts.
var readers = []string{"cat", "head", "tail", "less", "more", "grep", "rg", "ls", "wc", "jq", "file", "stat", "test", "[", "diff", "cmp", "git", "r8scan", "echo", "printf", "cd", "find"}

func reads(program string, words []string) bool {
	if program == "sed" {
		return !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, "-i") || strings.HasPrefix(w, "--in-place") })
	}
	return slices.Contains(readers, program)
}

// writesTo reports whether the word at n is written to.
func writesTo(words []string, n int) bool {
	return n > 0 && words[n-1] == ">"
}

// skipsHooks reports whether a git command runs without hooks.
func skipsHooks(words []string) bool {
	commits := slices.Contains(words, "commit")
	for _, w := range words[1:] {
		if strings.HasPrefix(w, "--no-ver") && strings.HasPrefix("--no-verify", w) {
			return true
		}
		if commits && strings.HasPrefix(w, "-") && !strings.HasPrefix(w, "--") {
			if i := strings.IndexAny(w, "mFuCcSt"); i > 0 { // the rest is a value
				w = w[:i]
			}
			if strings.Contains(w, "n") {
				return true
			}
		}
	}
	return false
}

// maxHook bounds how much of a hook is read.
const maxHook = 1 << 20

// hasGitHook reports whether the repository's own hooks run r8scan.
func (s *site) hasGitHook() bool {
	r := repoOf(s.folders[0])
	if r == nil {
		return false
	}
	for _, name := range []string{"pre-commit", "pre-push"} {
		text, err := regular.Read(filepath.Join(r.Common, "hooks", name), maxHook)
		if err == nil && len(runLines(string(text))) > 0 {
			return true
		}
	}
	return false
}

// isProtected reports whether a word of a command names a file that can switch
// checks off.
func isProtected(word string) bool {
	word = strings.ToLower(filepath.ToSlash(word))
	return path.Base(word) == policy.OwnConfig || agentsettings.Are(word) || strings.Contains("/"+word, "/.git/hooks")
}
