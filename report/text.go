package report

import (
	"fmt"
	"io"
	"strings"

	advise "r8scan/internal/advice"
	"r8scan/internal/door"
	"r8scan/internal/terminal"
	"r8scan/result"
	"r8scan/rules"
)

// How much of a long list is shown unless Options.Verbose is set.
const (
	shownPlaces   = 3
	shownRefs     = 2
	shownFindings = 30 // of a group in full: more have a line each
	shownOfMany   = 5  // the same for many repositories, whose tokens have many places
)

// defaultWidth is that of a line in a file or a pipe.
const defaultWidth = 80

// textWriter writes findings for people.
type textWriter struct {
	strings.Builder
	run  Run
	opts Options
}

// writeText writes what has to be done now in its first line, and then the
// findings, most urgent first, in groups of those with the same steps: the steps
// once, and under each token a line a place and its story. It writes nothing when
// there are no findings; Summary says so instead, because the text is for standard
// output and the summary for standard error.
func writeText(w io.Writer, doc *Document, opts Options) error {
	if doc.Found() == 0 {
		return nil
	}
	if opts.Width == 0 {
		opts.Width = defaultWidth
	}
	t := &textWriter{run: doc.Run, opts: opts}
	all := groups(doc.Run, doc.Findings)
	t.words("", "", terminal.Bold, headline(all)+".")
	t.words("", "", "", howToAsk(doc.Run, doc.Findings))
	t.words("", "", "", notListed(doc.NotListed))
	for _, g := range all {
		t.group(g)
		if _, err := io.WriteString(w, t.String()); err != nil { // one group at a time
			return err
		}
		t.Reset()
	}
	_, err := io.WriteString(w, t.String())
	return err
}

func (t *textWriter) group(g *group) {
	t.WriteByte('\n')
	t.words("", "", groupColor(g), g.head())
	steps := g.steps()
	for i, step := range steps {
		lead := fmt.Sprintf("  %d. ", i+1)
		if len(steps) == 1 {
			lead = "  "
		}
		t.words(lead, strings.Repeat(" ", len(lead)), "", step.Text)
		if step.Command != "" {
			fmt.Fprintf(t, "%s  %s\n", strings.Repeat(" ", len(lead)), step.Command)
		}
	}
	if note := old(t.run, g.findings...); note != "" && g.order() != noAction {
		t.words("  ", "  ", "", note)
	}
	t.WriteByte('\n')
	quiet := g.order() == noAction || g.order() == noDisabling
	most := shownFindings
	if t.run.Target.Kind == "repositories" {
		most = shownOfMany
	}
	brief := !t.opts.Verbose && t.run.Rechecked == nil && (quiet || len(g.findings) > most)
	for _, f := range g.findings {
		if brief {
			t.brief(f)
		} else {
			t.finding(f)
		}
	}
}

func groupColor(g *group) string {
	switch order := g.order(); {
	case order == noAction || order == noDisabling:
		return terminal.Dim
	case order == disableNow && !doubtful(g.findings[0]):
		return terminal.Red
	}
	return terminal.Yellow
}

// brief writes a finding in one line.
func (t *textWriter) brief(f Finding) {
	mask := strings.TrimRight(f.Token, "*")
	lead := fmt.Sprintf("  %-8s  %s  ", terminal.Safe(mask)+"***", terminal.Safe(f.TokenID))
	spots, rest := spotsOf(f.Locations, false), ""
	switch repositories, places := len(f.Elsewhere), len(spots)-1; {
	case repositories > 0:
		rest = fmt.Sprintf(" and %s more", terminal.Count(int64(repositories)))
	case places > 0:
		rest = fmt.Sprintf(" (+%s)", terminal.Count(int64(places)))
	}
	switch h := f.History; {
	case h != nil && stillThere(f):
		rest += ", still there"
	case h != nil && h.Removed != nil:
		rest += ", removed later"
	}
	at := spots[0].at
	room := t.opts.Width - columns(lead) - columns(rest)
	where := place(at)
	if at.Repository != "" && columns(where) > room {
		where = repositoryName(at.Repository)
	}
	where = shortened(where, room)
	fmt.Fprintf(t, "%s%s%s\n", lead, t.link(at, where), rest)
}

// finding writes the token, what is known of it, its places and its story.
func (t *textWriter) finding(f Finding) {
	fmt.Fprintf(t, "  %s  id %s\n", terminal.Paint(t.opts.Color, terminal.Bold, terminal.Safe(f.Token)), terminal.Safe(f.TokenID))
	if known := strings.Join(knownOf(f), ", "); known != "" {
		fmt.Fprintf(t, "    %s\n", known)
	}
	t.words("    ", "    ", "", recheckLine(f))
	if f.CopiedBy != "" {
		fmt.Fprintf(t, "    copied into images by %s\n", terminal.Safe(f.CopiedBy))
	}
	spots := spotsOf(f.Locations, t.opts.Verbose)
	shown := spots
	if !t.opts.Verbose && len(spots) > shownPlaces {
		shown = spots[:shownPlaces]
	}
	for _, s := range shown {
		t.spot(f, s)
	}
	if rest := len(spots) - len(shown); rest > 0 {
		fmt.Fprintf(t, "    and %s (-v lists them)\n", terminal.Plural(int64(rest), "more place"))
	}
	if f.History != nil {
		t.story(f.History)
	}
	t.words("    ", "      ", "", elsewhere(f, t.opts.Verbose))
	t.words("    ", "    ", "", advise.Shared(caseOf(t.run, f)))
}

// spot writes the line of a place.
func (t *textWriter) spot(f Finding, s spot) {
	where := t.link(s.at, place(s.at))
	if notes := s.notes(t.opts.Verbose); notes != "" {
		where += " (" + notes + ")"
	}
	fmt.Fprintf(t, "    %s\n", where)
	if t.opts.Code != nil {
		if line := t.opts.Code(s.at, t.opts.Width-len("      ")); line != "" {
			fmt.Fprintf(t, "      %s\n", terminal.Paint(t.opts.Color, terminal.Dim, door.Printable(line)))
		}
	}
	if url := permalink(t.run.Target, f.History, s); url != "" {
		fmt.Fprintf(t, "      %s\n", terminal.Safe(url))
	}
	if f.Verification.Status != StatusRevoked && !f.MayStay() && s.isThere() {
		t.words("      ", "      ", "", instead(f, s.at).String())
	}
}

// story writes the life of a token in git, in one line if it is wide enough.
func (t *textWriter) story(h *result.History) {
	line := "   "
	for i, part := range storyParts(h, t.opts.Verbose) {
		if i > 0 {
			line += ","
		}
		if len(line) > len("   ") && columns(line)+1+columns(part) > t.opts.Width {
			fmt.Fprintf(t, "%s\n", line)
			line = "     "
		}
		line += " " + part
	}
	fmt.Fprintf(t, "%s\n", line)
}

// words writes text of our own, wrapped to the width, with first before the first
// line and next before the others.
func (t *textWriter) words(first, next, color, text string) {
	if text == "" {
		return
	}
	for _, line := range wrapped(first, next, text, t.opts.Width) {
		if color != "" {
			line = terminal.Paint(t.opts.Color, color, line)
		}
		t.WriteString(line + "\n")
	}
}

// link makes a place that is a file on disk a link, where those are shown.
func (t *textWriter) link(l result.Location, shown string) string {
	if !t.opts.Links {
		return shown
	}
	if url := placeURL(l, t.opts.Root); url != "" {
		return terminal.Link(url, shown)
	}
	return shown
}

// knownOf says what is remarkable about a finding beside its place: what it is if
// it is no API token, how sure that is, and what Replicate said.
func knownOf(f Finding) []string {
	var known []string
	if f.Rule != rules.APIToken.ID {
		known = append(known, terminal.Safe(ruleTitle(f)))
	}
	if f.Confidence != rules.High {
		known = append(known, "confidence "+f.Confidence.String())
	}
	v := f.Verification
	if v.Account != nil {
		known = append(known, owner(v.Account))
	}
	if v.Reason != "" {
		known = append(known, terminal.Safe(v.Reason))
	}
	return known
}

// ruleTitle returns a few words for a finding's rule; a rule that this version
// does not know, from a saved result, is called by its id.
func ruleTitle(f Finding) string {
	if r := f.ruleValue(); r != nil {
		return r.Title
	}
	return f.Rule
}

// owner returns "user ada (Ada L.)".
func owner(a *Account) string {
	s := terminal.Safe(a.Type) + " " + terminal.Safe(a.Username)
	if a.Name != "" {
		s += " (" + terminal.Safe(a.Name) + ")"
	}
	return s
}
