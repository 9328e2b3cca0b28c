// Package advice knows what to do about a token that was found: what to write in
// its place, by the kind of file that it stands in, and which steps to take, by
// where it got to. Reports show both, and a fix of files goes by the same table.
//
// All of its texts are its own, apart from the names of remotes, the ids of
// commits and the paths in commands: those are shown only where they are plain,
// or quoted for a shell. Nothing in it ever holds a token.
package advice

import (
	"path"
	"strings"

	"r8scan/result"
)

// Row is a kind of place that a token may stand in, and what to do there.
type Row struct {
	ID    string // stable, in lower case
	Title string // a few words without a period

	// Code is what to write in the token's place: a look-up of the variable {}, or
	// {lower} in lower case. In code it replaces the whole string that is the token,
	// its quotes included; in configuration it replaces the value. It is "" where
	// there is no such text.
	Code   string
	Import string // what Code needs, as a line or a block of the same language; may name the variable
	Ships  bool   // what has the token goes to users, so no look-up helps: see Ships
	Note   string // what else to do, in sentences; may name the variable

	names []string // globs of the file's name, in lower case
	is    func(p place) bool
}

// Place is where a token stands.
type Place struct {
	Path   string // with slashes; "" if there is none
	Member string // inside an archive
	Kind   string // a Kind constant of package result
	Text   string // the line of the token, or all that is known around it; may be ""
	File   string // all text of the file; "" if it is not known
}

// place is a Place as rows look at it: in lower case.
type place struct {
	path, name string
	dirs       []string
	text, file string // as they are
}

// in reports whether the file is in one of the folders, at any depth.
func (p place) in(folders ...string) bool {
	for _, dir := range p.dirs {
		for _, f := range folders {
			if dir == f {
				return true
			}
		}
	}
	return false
}

// below reports whether one of the texts begins a path at a folder's start, as
// src/main/ does in app/src/main/x.java.
func (p place) below(parts ...string) bool {
	for _, part := range parts {
		if strings.HasPrefix(p.path, part) || strings.Contains(p.path, "/"+part) {
			return true
		}
	}
	return false
}

// says reports whether the text has one of the words.
func (p place) says(words ...string) bool {
	for _, w := range words {
		if strings.Contains(p.text, w) {
			return true
		}
	}
	return false
}

// declares is says for words that may be anywhere in the file.
func (p place) declares(words ...string) bool {
	for _, w := range words {
		if strings.Contains(p.file, w) {
			return true
		}
	}
	return p.says(words...)
}

// named reports whether the file's name matches one of the globs.
func (p place) named(globs ...string) bool {
	for _, g := range globs {
		if ok, err := path.Match(g, p.name); ok && err == nil {
			return true
		}
	}
	return false
}

// Of returns the row of a place. There is one for every place. What is known of
// the text counts more than the file's name: a name such as
// NEXT_PUBLIC_REPLICATE_API_TOKEN says where a value goes.
func Of(p Place) *Row {
	if r := byKind(p); r != nil {
		return r
	}
	if p.Member != "" {
		return byMember(p)
	}
	lower := strings.ToLower(p.Path)
	low := place{path: lower, name: path.Base(lower), text: p.Text, file: p.File}
	if dir := path.Dir(lower); dir != "." {
		low.dirs = strings.Split(dir, "/")
	}
	if publicIn(p.Text) != "" {
		return rowPublic
	}
	for _, r := range files {
		if low.named(r.names...) || r.is != nil && r.is(low) {
			return r
		}
	}
	return rowOther
}

// masked is what is left of a token in a path.
const masked = "********"

// byKind returns the row of what is no file's content, nil if it is one.
func byKind(p Place) *Row {
	if result.IsPosted(p.Kind) {
		return rowPosted
	}
	switch p.Kind {
	case result.KindCommit:
		return rowCommit
	case result.KindTag:
		return rowTag
	case result.KindTree, result.KindRef:
		return rowName
	case result.KindLayer, result.KindImage:
		return rowLayer
	case result.KindReflog:
		return rowReflog
	case result.KindConfig:
		return rowConfig
	}
	switch {
	case p.Path == "" && p.Member == "":
		return rowOther
	case strings.Contains(p.Path, masked):
		return rowName
	case strings.HasPrefix(p.Path, ".git/"), strings.Contains(p.Path, "/.git/"):
		return rowGitDir
	}
	return nil
}

// byMember tells an image's layer from other archives. docker save writes layers
// as ID/layer.tar, and since version 25 as blobs/sha256/ID.
func byMember(p Place) *Row {
	if strings.Contains(p.Member, "layer.tar!") || strings.HasPrefix(p.Member, "blobs/sha256/") || strings.Contains(p.Member, "!blobs/sha256/") {
		return rowLayer
	}
	return rowArchive
}

// Line is what to write in a place, for people.
type Line struct {
	Code   string // a look-up; "" if there is none, or if it would not help
	Import string // what Code needs; may have several lines
	Note   string // sentences; "" for none
}

// String returns the line as one sentence or more.
func (l Line) String() string {
	var parts []string
	if l.Code != "" {
		s := "Write " + l.Code + " instead"
		if l.Import != "" {
			s += " (it needs " + strings.Join(strings.Fields(l.Import), " ") + ")"
		}
		parts = append(parts, s+".")
	}
	if l.Note != "" {
		parts = append(parts, l.Note)
	}
	return strings.Join(parts, " ")
}

// Lookup returns Code for a variable, which must be a name that Variable returns.
func (r *Row) Lookup(variable string) string { return fill(r.Code, variable) }

// Needs returns Import for a variable.
func (r *Row) Needs(variable string) string { return fill(r.Import, variable) }

// Instead says what to write in a place of the row. In what ships to users it
// has no code: there the program must not have the token at all.
func (r *Row) Instead(variable string) Line {
	l := Line{Code: r.Lookup(variable), Import: r.Needs(variable), Note: fill(r.Note, variable)}
	if r.Ships {
		l.Code, l.Import = "", ""
		l.Note = strings.TrimSpace(l.Note + " " + ships)
	}
	return l
}

// ships is what an app that goes to users needs.
const ships = "Put a server of your own between the app and Replicate: the token stays on the server."

func fill(s, variable string) string {
	return strings.NewReplacer("{}", variable, "{lower}", strings.ToLower(variable)).Replace(s)
}
