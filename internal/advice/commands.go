package advice

import (
	"strings"
	"unicode"

	"r8scan/internal/shell"
	"r8scan/internal/terminal"
	"r8scan/result"
)

// Rewrite says how to take tokens out of commits that were not pushed: a commit
// on top does not. It is the zero Step if they are in none, only in names of refs.
func Rewrite(cases ...Case) Step {
	commit, head, tags, others := "", "", true, false
	for _, c := range cases {
		for _, l := range c.Locations {
			tags = tags && l.Kind == result.KindTag
		}
		if c.History != nil && c.History.Introduced != nil && isID(c.History.Introduced.Commit) {
			others = others || commit != "" && commit != c.History.Introduced.Commit
			commit, head = c.History.Introduced.Commit, c.Head
		}
	}
	switch {
	case tags:
		return Step{Text: "Make the tag again, with another message:", Command: "git tag -f -a NAME"}
	case commit == "":
		return Step{}
	case others:
		return Step{Text: "Take it out of each commit that has it, with edit in the list of git rebase -i."}
	case commit == head:
		return Step{Text: "Take it out of the last commit:", Command: "git commit --amend"}
	}
	return Step{Text: "Take it out of every commit (edit in the list; --root if the first one has it):",
		Command: "git rebase -i " + commit[:shortID] + "~"}
}

// shortID is how many digits of a commit's id are shown.
const shortID = 10

// isID reports whether s is the whole id of an object.
func isID(s string) bool { return len(s) >= 40 && strings.Trim(s, "0123456789abcdef") == "" }

// maxUnstage is how long a command may be, in bytes: some two lines.
const maxUnstage = 150

// Unstage returns the git command that takes files out of the index, by their
// paths in the work tree; everything, if they are too many to name. head is the
// id of the commit at HEAD, "" if there is none.
func Unstage(head string, paths []string) string {
	command := "git restore --staged"
	if head == "" { // nothing that a file could be restored from
		command = "git reset -q --"
	}
	files := command
	seen := map[string]bool{}
	for _, p := range paths {
		if p == "" || seen[p] {
			continue
		}
		seen[p] = true
		files += " " + pathspec(p)
		if len(files) > maxUnstage {
			return command + " :/"
		}
	}
	if files == command {
		return command + " :/"
	}
	return files
}

// Fix returns the command that replaces tokens in files of the work tree by
// look-ups, "" if none of their places is one where a look-up can stand.
func Fix(cases ...Case) string {
	const command = "r8scan fix"
	files := command
	seen := map[string]bool{}
	for _, c := range cases {
		if c.Doubt { // a fix does not touch it
			continue
		}
		for _, l := range c.Locations {
			row := Of(Place{Path: l.Path, Member: l.Member, Kind: l.Kind, Text: l.Variable})
			if l.Kind != result.KindFile || row.Code == "" || row.Ships || seen[l.Path] || len(l.Encoding) > 0 || terminal.Safe(l.Path) != l.Path || l.Path[0] == '-' {
				continue
			}
			seen[l.Path] = true
			files += " " + shell.Quote(l.Path)
		}
	}
	switch {
	case len(seen) == 0:
		return ""
	case len(files) > maxUnstage:
		return command
	}
	return files
}

// pathspec returns a path in the work tree as a word of a POSIX shell that git
// takes for this path, whatever folder it is used in. What a terminal must not
// show becomes a ?, which stands for any character there, and so does what masks a
// token.
func pathspec(path string) string {
	shown := strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || terminal.Safe(string(r)) != string(r) {
			return '?'
		}
		return r
	}, path)
	glob := shown != path || strings.Contains(path, masked)
	switch {
	case !glob && strings.ContainsAny(path, `*?[\`):
		return shell.Quote(":(top,literal)" + path)
	case isPlainStart(shown[0]):
		return shell.Quote(":/" + shown)
	}
	return shell.Quote(":(top)" + shown)
}

// isPlainStart reports whether c behind :/ is the start of a path. To git most
// punctuation there is a letter of pathspec magic, which it does not know.
func isPlainStart(c byte) bool {
	return c == '.' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= 0x80
}
