package report

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"r8scan/internal/terminal"
	"r8scan/result"
)

// How much of a long list is shown unless Options.Verbose is set.
const (
	shownLocations = 5
	shownRefs      = 5
)

// writeText writes one block a finding for people, with an empty line between
// blocks: the token, where it stands, its life story and what to do next. It
// writes nothing when there are no findings; Summary says so instead, because
// the text is for standard output and the summary for standard error.
func writeText(w io.Writer, doc *Document, opts Options) error {
	for i, f := range doc.Findings {
		var b strings.Builder
		if i > 0 {
			b.WriteByte('\n')
		}
		textFinding(&b, f, opts)
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
	}
	return nil
}

func textFinding(b *strings.Builder, f Finding, opts Options) {
	fmt.Fprintf(b, "%s  id %s\n", terminal.Paint(opts.Color, terminal.Bold, terminal.Safe(f.Token)), terminal.Safe(f.TokenID))
	fmt.Fprintf(b, "  %s, confidence %s, %s\n",
		terminal.Safe(ruleTitle(f)), f.Confidence, terminal.Paint(opts.Color, exposureColor(f.Exposure), terminal.Safe(exposureWords(f))))
	if f.Verification.Status != StatusUnchecked {
		fmt.Fprintf(b, "  %s\n", verificationLine(f.Verification))
	}
	if line := recheckLine(f); line != "" {
		fmt.Fprintf(b, "  %s\n", line)
	}
	b.WriteString("  where\n")
	textLocations(b, f.Locations, opts)
	if f.History != nil {
		b.WriteString("  story\n")
		for _, line := range story(f.History, opts.Verbose) {
			fmt.Fprintf(b, "    %s\n", line)
		}
	}
	b.WriteString("  next\n")
	for i, line := range advice(f) {
		fmt.Fprintf(b, "    %d. %s\n", i+1, line)
	}
}

// ruleTitle returns a few words for a finding's rule; a rule that this version
// does not know, from a saved result, is called by its id.
func ruleTitle(f Finding) string {
	if r := f.ruleValue(); r != nil {
		return r.Title
	}
	return f.Rule
}

func exposureColor(e result.Exposure) string {
	switch e {
	case result.ExposureIgnored:
		return terminal.Dim
	case result.ExposureUntracked:
		return terminal.Yellow
	}
	return terminal.Red
}

func verificationLine(v Verification) string {
	line := "Replicate says: " + terminal.Safe(string(v.Status))
	if v.Status == StatusUnknown {
		line = "not known whether it is live"
	}
	if v.Account != nil {
		line += ", " + owner(v.Account)
	}
	if v.Reason != "" {
		line += ", " + terminal.Safe(v.Reason)
	}
	return line
}

// owner returns "user ada (Ada L.)".
func owner(a *Account) string {
	s := terminal.Safe(a.Type) + " " + terminal.Safe(a.Username)
	if a.Name != "" {
		s += " (" + terminal.Safe(a.Name) + ")"
	}
	return s
}

func textLocations(b *strings.Builder, locs []result.Location, opts Options) {
	shown := locs
	if !opts.Verbose && len(locs) > shownLocations {
		shown = locs[:shownLocations]
	}
	for _, l := range shown {
		where := place(l)
		if url := placeURL(l, opts); url != "" {
			where = terminal.Link(url, where)
		}
		if notes := locationNotes(l); notes != "" {
			where += " (" + notes + ")"
		}
		fmt.Fprintf(b, "    %s\n", where)
	}
	if rest := len(locs) - len(shown); rest > 0 {
		fmt.Fprintf(b, "    and %s more (see -v or -f json)\n", count(int64(rest)))
	}
}

// place returns path!member:line:column; in the path's stead it names the git
// object, or standard input.
func place(l result.Location) string {
	where := terminal.Safe(l.Path)
	switch {
	case where != "":
	case l.Kind == result.KindFile:
		where = "stdin"
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

// placeURL returns the file URL of a location that is a file on disk, else "".
func placeURL(l result.Location, opts Options) string {
	if !opts.Links || l.Path == "" || l.Kind != result.KindFile && l.Kind != result.KindConfig {
		return ""
	}
	return fileURL(opts.Root, l.Path)
}

// locationNotes says what a place is when it is no plain file, and how the
// token is written there.
func locationNotes(l result.Location) string {
	var notes []string
	if l.Kind != result.KindFile && l.Path != "" {
		notes = append(notes, strings.TrimSpace(terminal.Safe(l.Kind)+" "+short(l.Object)))
	}
	if l.Header != "" {
		notes = append(notes, "in its header "+terminal.Safe(l.Header))
	}
	if l.Commit != "" && l.Commit != l.Object {
		notes = append(notes, "commit "+short(l.Commit))
	}
	if len(l.Encoding) > 0 {
		notes = append(notes, "written in "+terminal.Safe(strings.Join(l.Encoding, " > ")))
	}
	if l.AllowedBy != "" {
		notes = append(notes, "allowed by "+terminal.Safe(l.AllowedBy))
	}
	return strings.Join(notes, ", ")
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
