package report

import (
	"cmp"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"r8scan/internal/terminal"
	"r8scan/result"
)

// place returns path!member:line:column; in the path's stead it names the git
// object, or standard input. Of one of many repositories it begins with its name.
func place(l result.Location) string {
	if l.Repository != "" {
		return repositoryName(l.Repository) + ": " + placeIn(l)
	}
	return placeIn(l)
}

// placeIn is place without the repository.
func placeIn(l result.Location) string {
	where := terminal.Safe(l.Path)
	switch {
	case where != "":
	case l.Kind == result.KindFile:
		where = "stdin"
	case isNextMessage(l):
		where = "the commit message"
	default:
		where = strings.TrimSpace(terminal.Safe(l.Kind) + " " + short(l.Object))
	}
	if l.Member != "" {
		where += "!" + terminal.Safe(l.Member)
	}
	if l.Line > 0 {
		where += fmt.Sprintf(":%d:%d", l.Line, l.Column)
	}
	return where
}

// placeAndPage returns place and, of a text beside a repository, its page.
func placeAndPage(l result.Location) string {
	if page := pageOf(l); page != "" {
		return place(l) + ", " + terminal.Safe(page)
	}
	return place(l)
}

// isNextMessage reports whether a place is in the message of a commit that is not
// made yet.
func isNextMessage(l result.Location) bool { return l.Kind == result.KindCommit && l.Object == "" }

// spot is one place for a reader: a line of a file, with git's copies of the file
// and what else of it has the token.
type spot struct {
	at       result.Location
	commit   string // id of the first one that has this version of the file; "" if none is known
	lines    int    // other places in the same version of the file
	versions int    // other versions of the file that git holds
}

// spotsOf returns the places of a token, in their order: one for each file, or
// each location if all are to be shown.
func spotsOf(locs []result.Location, all bool) []spot {
	type file struct{ repository, path, member string }
	var spots []spot
	index := map[file]int{}
	seen := map[file]map[string]bool{} // objects
	for _, l := range locs {
		at := file{l.Repository, l.Path, l.Member}
		i, ok := index[at]
		if all || !ok || !isVersion(l) || !isVersion(spots[i].at) {
			index[at] = len(spots)
			seen[at] = map[string]bool{l.Object: true}
			spots = append(spots, spot{at: l, commit: l.Commit})
			continue
		}
		s := &spots[i]
		sameLine := s.at.Line == l.Line && s.at.Column == l.Column
		switch {
		case l.Object == s.at.Object && !sameLine:
			s.lines++
		case sameLine && (l.Kind == result.KindIndex || l.Current): // git's copy of the file
			s.commit = cmp.Or(s.commit, l.Commit)
		case !seen[at][l.Object]:
			s.versions++
		}
		seen[at][l.Object] = true
	}
	return spots
}

// isVersion reports whether a place is in the contents of a file with a path.
func isVersion(l result.Location) bool {
	return l.Path != "" && (l.Kind == result.KindFile || l.Kind == result.KindIndex || l.Kind == result.KindBlob)
}

// isThere reports whether the place is in a file that is there now, in the work
// tree or what it is made from.
func (s spot) isThere() bool {
	return s.at.Path != "" && (s.at.Kind == result.KindFile || s.at.Kind == result.KindIndex || s.at.Current)
}

// notes says what a place is when it is no plain file, how the token is written
// there, and what else the spot stands for.
func (s spot) notes(verbose bool) string {
	var notes []string
	if own := locationNotes(s.at, verbose); own != "" {
		notes = append(notes, own)
	}
	if s.lines > 0 {
		notes = append(notes, terminal.Plural(int64(s.lines), "more place")+" in it")
	}
	if s.versions > 0 {
		notes = append(notes, "and in "+terminal.Plural(int64(s.versions), "other version")+" in git")
	}
	return strings.Join(notes, ", ")
}

// locationNotes says what a place is when it is no plain file, and how the
// token is written there. Of a file in a commit the blob is named if verbose.
func locationNotes(l result.Location, verbose bool) string {
	notes := gitNotes(l, verbose)
	if inImage(l) {
		notes = imageNotes(l, verbose)
	}
	if len(l.Encoding) > 0 {
		notes = append(notes, "written in "+terminal.Safe(strings.Join(l.Encoding, " > ")))
	}
	if l.AllowedBy != "" {
		notes = append(notes, "allowed by "+terminal.Safe(l.AllowedBy))
	}
	return strings.Join(notes, ", ")
}

// gitNotes tells what a place is that is no plain file, and which commit it is in.
func gitNotes(l result.Location, verbose bool) (notes []string) {
	inCommit := l.Kind == result.KindBlob && l.Commit != ""
	if result.IsPosted(l.Kind) {
		notes = append(notes, strings.TrimSpace(strings.ReplaceAll(terminal.Safe(l.Kind), "_", " ")+" "+terminal.Safe(l.Part)))
	} else if l.Kind != result.KindFile && l.Path != "" && (verbose || !inCommit) {
		notes = append(notes, strings.TrimSpace(terminal.Safe(l.Kind)+" "+short(l.Object)))
	}
	if l.Header != "" {
		notes = append(notes, "in its header "+terminal.Safe(l.Header))
	}
	if l.Commit != "" && l.Commit != l.Object {
		notes = append(notes, "commit "+short(l.Commit))
	}
	return notes
}

// inImage reports whether a place is in a container image.
func inImage(l result.Location) bool { return l.Kind == result.KindLayer || l.Kind == result.KindImage }

// maxMadeBy bounds an instruction in a text for people: RUN may be a script.
const maxMadeBy = 120

// imageNotes tells which layer of an image a place is in, what brought it, and whether
// a later one hides it; or which field of its configuration has it. It names the digest
// if verbose.
func imageNotes(l result.Location, verbose bool) (notes []string) {
	if l.Header != "" {
		notes = append(notes, "in its "+terminal.Safe(l.Header))
	}
	if l.MadeBy != "" {
		by := strings.Join(strings.Fields(terminal.Safe(l.MadeBy)), " ")
		if r := []rune(by); len(r) > maxMadeBy {
			by = string(r[:maxMadeBy]) + "…"
		}
		notes = append(notes, fmt.Sprintf("layer %d, made by %s", l.Layer, by))
	} else if l.Layer > 0 {
		notes = append(notes, fmt.Sprintf("layer %d", l.Layer))
	}
	if verbose && l.Object != "" {
		notes = append(notes, terminal.Safe(l.Object))
	}
	if l.GoneIn > 0 {
		notes = append(notes, fmt.Sprintf("removed or replaced in layer %d, and still in layer %d", l.GoneIn, l.Layer))
	}
	return notes
}

// placeURL returns the file URL of a location that is a file on disk, with the
// line and column in the form that editors read, else "".
func placeURL(l result.Location, root string) string {
	if l.Path == "" || l.Kind != result.KindFile && l.Kind != result.KindConfig {
		return ""
	}
	target := fileURL(root, l.Path)
	if target == "" || l.Member != "" || l.Line == 0 {
		return target
	}
	return fmt.Sprintf("%s#L%d,%d", target, l.Line, l.Column)
}

// fileURL returns the file URL of path, which may be relative to root, or ""
// where that gives no absolute path.
func fileURL(root, path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(root, path)
	}
	if !filepath.IsAbs(path) {
		return ""
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // file:///C:/x
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}
