package repo

import (
	"bytes"
	"slices"
	"strings"
)

// Cleanup is how git cleans a commit message.
type Cleanup struct {
	scissors bool     // what begins at the scissors line is left out
	comments []string // what begins a line that is left out
	marks    []string // what may begin the scissors line
}

// The characters that git chooses from with core.commentChar=auto.
const commentChars = "#;@!$%^&|:"

// CleanupOf returns how git cleans the message of a commit in r whose hooks have the
// environment variables of getenv. git tells them whether an editor was used, and
// not which --cleanup the command has.
func CleanupOf(r *Repo, getenv Lookup) Cleanup {
	mode, comment := "default", "#"
	r.Config.every(getenv, func(v *variable) {
		switch {
		case v.is("commit", "cleanup"):
			mode = string(v.value)
		case v.is("core", "commentchar") || v.is("core", "commentstring"):
			comment = string(v.value)
		}
	})
	editor, _ := getenv("GIT_EDITOR")
	return newCleanup(mode, comment, editor != ":")
}

func newCleanup(mode, comment string, edited bool) Cleanup {
	clean := Cleanup{scissors: edited, marks: []string{comment}}
	if strings.EqualFold(comment, "auto") { // a character that no line of the message begins with
		clean.marks = strings.Split(commentChars, "")
		return clean
	}
	if comment != "" && (mode == "strip" || mode == "default" && edited) {
		clean.comments = clean.marks
	}
	return clean
}

// scissorsLine is what git writes above the changes, behind a comment character.
const scissorsLine = " ------------------------ >8 ------------------------\n"

// Committed returns a message without what git leaves out of the commit. Lines keep
// their numbers. comments are the lines that are left out above the scissors line.
func (c Cleanup) Committed(message []byte) (kept, comments []byte) {
	for line := range bytes.Lines(message) {
		switch {
		case c.scissors && c.cuts(line):
			return kept, comments
		case slices.ContainsFunc(c.comments, func(mark string) bool { return bytes.HasPrefix(line, []byte(mark)) }):
			kept, comments = append(kept, '\n'), append(comments, line...)
		default:
			kept = append(kept, line...)
		}
	}
	return kept, comments
}

func (c Cleanup) cuts(line []byte) bool {
	for _, mark := range c.marks {
		if rest, ok := bytes.CutPrefix(line, []byte(mark)); ok && string(rest) == scissorsLine {
			return true
		}
	}
	return false
}
