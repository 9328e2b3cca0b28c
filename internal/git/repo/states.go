package repo

import (
	"path/filepath"
	"strings"
)

// states passes on what the state of a merge, rebase, am, cherry-pick, revert
// or bisect names, other than refs.
func (f *rootFinder) states() {
	for _, name := range []string{
		"rebase-merge/onto", "rebase-merge/orig-head", "rebase-merge/head", "rebase-merge/squash-onto",
		"rebase-merge/amend", "rebase-merge/stopped-sha", "rebase-merge/autostash",
		"rebase-apply/onto", "rebase-apply/orig-head", "rebase-apply/original-commit", "rebase-apply/autostash",
		"sequencer/head",
	} {
		f.file(name, fileForm{short: true})
	}
	for _, name := range []string{"rebase-merge/rewritten-list", "rebase-merge/rewritten-pending", "rebase-apply/rewritten"} {
		f.file(name, fileForm{every: true, words: true, mayBeEmpty: true})
	}
	f.file("rebase-apply/abort-safety", fileForm{mayBeEmpty: true})
	f.file("sequencer/abort-safety", fileForm{mayBeEmpty: true})
	for _, name := range []string{"rebase-merge/git-rebase-todo", "rebase-merge/git-rebase-todo.backup", "rebase-merge/done", "sequencer/todo", "sequencer/done"} {
		f.lines(name, f.todo)
	}
	f.lines("rebase-merge/update-refs", f.fullIDs) // names of refs, with their old and new ids
	f.lines("BISECT_START", f.fullIDs)             // an id or the name of a branch
	f.lines("BISECT_LOG", f.bisected)
}

// lines passes on the ids that pick finds in each line of a file.
func (f *rootFinder) lines(name string, pick func(line string) []string) {
	path := filepath.Join(f.repo.Dir, filepath.FromSlash(name))
	text, _ := f.read(path)
	for line := range strings.Lines(text) {
		for _, id := range pick(strings.TrimSpace(line)) {
			f.found(Root{File: path, ID: id})
		}
	}
}

// fullIDs returns the words of a line that are full ids, with or without
// quotes.
func (f *rootFinder) fullIDs(line string) (ids []string) {
	for word := range strings.FieldsSeq(line) {
		if word = strings.Trim(word, `'"`); f.isID(word) {
			ids = append(ids, word)
		}
	}
	return ids
}

// todo returns the commit in a line of a todo list.
func (f *rootFinder) todo(line string) []string {
	words := strings.Fields(line)
	if len(words) < 2 {
		return nil
	}
	switch words[0] {
	case "pick", "p", "reword", "r", "edit", "e", "squash", "s", "fixup", "f", "drop", "d", "revert":
	case "merge", "m":
		if words[1] != "-C" && words[1] != "-c" { // a label is a ref
			return nil
		}
	default:
		return nil
	}
	if words = words[1:]; len(words) > 1 && (words[0] == "-C" || words[0] == "-c") {
		words = words[1:]
	}
	if !f.isShortID(words[0]) { // text that the user wrote
		return nil
	}
	return words[:1]
}

// bisected returns the commits in a line of a bisect log. A comment has one in
// brackets, followed by a subject.
func (f *rootFinder) bisected(line string) []string {
	if !strings.HasPrefix(line, "#") {
		return f.fullIDs(line)
	}
	_, rest, _ := strings.Cut(line, "[")
	if id, _, ok := strings.Cut(rest, "]"); ok && f.isID(id) {
		return []string{id}
	}
	return nil
}
