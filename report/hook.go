package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	advise "r8scan/internal/advice"
	"r8scan/internal/door"
	"r8scan/internal/pattern"
	"r8scan/internal/shell"
	"r8scan/internal/terminal"
	"r8scan/result"
	"r8scan/rules"
)

// HookKind is the git hook that a scan was made for. Each has its own advice.
type HookKind string

// The hooks.
const (
	Staged  HookKind = "staged"  // before a commit
	Message HookKind = "message" // before a commit, for its message
	Push    HookKind = "push"    // before a push
	Receive HookKind = "receive" // where a push arrives
)

// HookOptions say what a hook tells. The zero value of all but Kind is plain;
// Hook panics if Kind is none of the hooks.
type HookOptions struct {
	Kind  HookKind
	Stops bool     // the hook fails, and git does not go on
	Color bool     // ANSI colors
	Notes []string // what the user should know besides
}

// A hook's text fits a screen of this size. What a server says git shows behind
// "remote: ".
const (
	screenLines   = 24
	screenColumns = 80
	remoteColumns = screenColumns - len("remote: ")
)

// Hook writes what the one who is stopped by a git hook should know: where each
// token is, why that matters, what to do, and how to override. It fits a
// screen of 24 lines, however much was found: the rest is counted. With nothing
// found it names what could not be read. Errors are those of writing to w.
func Hook(w io.Writer, doc *Document, opts HookOptions) error {
	doc, opts = door.Values(doc), door.Values(opts)
	doc.Findings = slices.Clone(doc.Findings)
	slices.SortFunc(doc.Findings, urgent)
	h := hookOf(opts.Kind, doc)
	s := &screen{color: opts.Color, left: screenLines, columns: screenColumns, rest: ": see -v"}
	if opts.Kind == Receive { // the one who pushes has no say in flags
		s.columns, s.rest = remoteColumns, ""
	}
	above, below := s.part(), s.part()
	above.line(terminal.Bold, hookHead(doc, h, opts.Stops))
	above.line("", "")
	if len(doc.Findings) > 0 {
		below.line("", "")
		below.text("", h.why)
		for i, step := range h.steps {
			below.text(fmt.Sprintf("  %d. ", i+1), step.text)
			if step.command != "" {
				below.line("", "       "+step.command)
			}
		}
		below.text("", h.leaked)
	}
	if opts.Stops {
		below.text("", h.regardless)
	}
	unread, notes := s.part(), s.part()
	unread.unread(doc.Coverage.Unread, len(doc.Findings) == 0)
	notes.notes(opts.Notes)
	found := s.part()
	found.findings(doc.Findings)
	_, err := io.WriteString(w, above.String()+found.String()+unread.String()+notes.String()+below.String())
	return err
}

// hookText is what a kind of hook says about findings. All of it is text of
// our own but for paths in commands.
type hookText struct {
	adds       string // what was scanned, to stand before "would add 3 tokens"
	why        string // why the findings matter
	steps      []hookStep
	leaked     string // what to do if they have left the machine already
	regardless string // how to override
}

// hookStep is one thing to do, and the command for it if there is one.
type hookStep struct{ text, command string }

// hookOf returns the text of a kind of hook.
func hookOf(kind HookKind, doc *Document) hookText {
	switch kind {
	case Staged:
		return stagedText(doc)
	case Message:
		return messageHookText(doc)
	case Push:
		return pushText(doc)
	case Receive:
		h := pushText(doc)
		if len(h.steps) > 0 { // the server follows no .r8scan.yaml that was pushed to it
			h.steps[len(h.steps)-1] = hookStep{text: `False alarm, or already disabled? Write "r8scan:allow" and why on its line, in the same commit.`}
		}
		h.regardless = "--no-verify does not help: this is the server's hook. Who runs it can allow it."
		return h
	}
	panic("report: no text for the hook " + string(kind))
}

// stagedText is what a pre-commit hook says.
func stagedText(doc *Document) hookText {
	var first Finding
	if len(doc.Findings) > 0 {
		first = doc.Findings[0]
	}
	r := remedyOf(first)
	return hookText{
		adds: "this commit",
		why: "Once committed it stays in git's history. Whoever gets a copy of that can " +
			r.Harm + ".",
		steps: []hookStep{
			{text: "Take it out of the file: " + r.Read + "."},
			{text: "Take the file out of the commit, then git add it without " + r.It + ":", command: unstage(doc)},
			allowStep(first),
		},
		leaked:     "Was it pushed or shared before? Then " + r.Short + " first.",
		regardless: "To commit anyway: git commit --no-verify",
	}
}

// messageHookText is what a commit-msg hook says.
func messageHookText(doc *Document) hookText {
	h := stagedText(doc)
	h.adds = "this commit's message"
	h.steps = []hookStep{{text: "Edit the message, and commit again:", command: "git commit -e -F " + shell.Quoted(doc.Target.Path)}}
	if len(doc.Findings) > 0 {
		h.steps = append(h.steps, allowStep(doc.Findings[0]))
	}
	return h
}

// pushText is what a pre-push hook says.
func pushText(doc *Document) hookText {
	var first Finding
	if len(doc.Findings) > 0 {
		first = doc.Findings[0]
	}
	r := remedyOf(first)
	steps := []hookStep{rewriteStep(doc), allowStep(first)}
	if slices.ContainsFunc(doc.Findings, inFile) {
		steps = slices.Insert(steps, 0, hookStep{text: "Take it out of the files: " + r.Read + "."})
	}
	return hookText{
		adds:       "this push",
		why:        "Once pushed, whoever can read it there can " + r.Harm + ", and taking it out again later does not undo that.",
		steps:      steps,
		leaked:     "Was it pushed or shared before? Then " + r.Short + " first.",
		regardless: "To push anyway: git push --no-verify",
	}
}

// inFile reports whether a finding stands in a file of some commit, not only in
// a name or a message.
func inFile(f Finding) bool {
	return slices.ContainsFunc(f.Locations, func(l result.Location) bool { return l.Kind == result.KindBlob })
}

// rewriteStep says how to take findings out of what is to be pushed.
func rewriteStep(doc *Document) hookStep {
	cases := make([]advise.Case, len(doc.Findings))
	for i, f := range doc.Findings {
		cases[i] = caseOf(doc.Run, f)
	}
	if step := advise.Rewrite(cases...); step != (advise.Step{}) {
		return hookStep{text: step.Text, command: step.Command}
	}
	return hookStep{text: "Push it by another name."}
}

// allowStep says how to allow a finding.
func allowStep(f Finding) hookStep {
	return hookStep{text: `False alarm, or already disabled? Write "r8scan:allow" and why on its line, or add it to .r8scan.yaml:`,
		command: "allow: [{id: " + terminal.Safe(f.TokenID) + ", reason: ...}]"}
}

// unstage returns the git command that takes the files with findings out of
// the index.
func unstage(doc *Document) string {
	var paths []string
	for _, f := range doc.Findings {
		for _, l := range f.Locations {
			paths = append(paths, l.Path)
		}
	}
	return advise.Unstage(doc.Target.Head, paths)
}

// hookHead is the first line.
func hookHead(doc *Document, h hookText, stops bool) string {
	what := h.adds + " would add " + terminal.Plural(int64(len(doc.Findings)), "token")
	if len(doc.Findings) == 0 {
		what = "not all that " + h.adds + " would add could be read"
	}
	if stops {
		return "r8scan: " + what + ", so it was stopped"
	}
	return "r8scan: " + what + "; continuing (--fail-on none)"
}

// screen shares its lines among parts. A part takes them when it is written.
type screen struct {
	color   bool
	left    int    // lines
	columns int    // a line has
	rest    string // where to see what there is no room for
}

// part is a piece of the text on a screen.
type part struct {
	strings.Builder
	screen *screen
}

func (s *screen) part() *part { return &part{screen: s} }

// line writes one line, which may be wider than the screen.
func (p *part) line(color, s string) {
	p.screen.left -= max(1, (columns(s)+p.screen.columns-1)/p.screen.columns)
	if color != "" {
		s = terminal.Paint(p.screen.color, color, s)
	}
	p.WriteString(s + "\n")
}

// text writes words of our own in lines that the screen is wide enough for,
// with lead before the first and as much room before the others.
func (p *part) text(lead, words string) {
	for _, line := range wrapped(lead, strings.Repeat(" ", len(lead)), words, p.screen.columns) {
		p.line("", line)
	}
}

// findings writes two lines for each finding, as many as there is room for.
func (p *part) findings(all []Finding) {
	shown := len(all)
	if room := max(3, p.screen.left); 2*shown > room {
		shown = (room - 1) / 2
	}
	for _, f := range all[:shown] {
		p.line(terminal.Red, "  "+terminal.Safe(f.Token)+"  id "+terminal.Safe(f.TokenID)+statusNote(f))
		p.line("", "    "+foundAt(f, p.screen.columns-len("    ")))
	}
	if rest := all[shown:]; len(rest) > 0 {
		p.line("", fmt.Sprintf("  and %s more in %s%s", terminal.Plural(int64(len(rest)), "token"), terminal.Plural(files(rest), "file"), p.screen.rest))
	}
}

// statusNote says what Replicate said about a token, and whether it may be none.
func statusNote(f Finding) string {
	switch {
	case f.Verification.Status == StatusLive, f.Verification.Status == StatusRevoked:
		return "  " + string(f.Verification.Status)
	case f.Confidence == rules.Low:
		return "  placeholder?"
	}
	return ""
}

// foundAt says what a finding is and where it stands, on one line that is not
// wider than room.
func foundAt(f Finding, room int) string {
	what := ", " + terminal.Safe(ruleTitle(f))
	if len(f.Locations) > 0 && f.Locations[0].Path != "" && f.Locations[0].Commit != "" {
		what = " in " + short(f.Locations[0].Commit) + what
	}
	if rest := len(f.Locations) - 1; rest > 0 {
		what += ", and " + terminal.Plural(int64(rest), "place") + " more"
	}
	if len(f.Locations) == 0 {
		return what
	}
	return shortened(place(f.Locations[0]), room-columns(what)) + what
}

// files counts the paths that findings stand in.
func files(all []Finding) int64 {
	seen := map[string]bool{}
	for _, f := range all {
		for _, l := range f.Locations {
			seen[cmp.Or(l.Path, l.Object)] = true
		}
	}
	return int64(len(seen))
}

// hookUnread is how many things are named that could not be read, where there
// is nothing else to tell.
const hookUnread = 10

// unread names what could not be read: beside findings, one thing.
func (p *part) unread(all []result.Unread, alone bool) {
	switch {
	case len(all) == 0:
	case !alone:
		p.line(terminal.Yellow, shortened(more("not read: ", unreadLine(all[0]), len(all)-1), p.screen.columns))
	default:
		for _, u := range all[:min(hookUnread, len(all))] {
			p.line("", shortened("  "+unreadLine(u), p.screen.columns))
		}
		if rest := len(all) - hookUnread; rest > 0 {
			p.line("", fmt.Sprintf("  and %s more%s", terminal.Count(int64(rest)), p.screen.rest))
		}
	}
}

// fullID matches the id of an object.
var fullID = pattern.Of(`\b[0-9a-f]{40,64}\b`)

// unreadLine names a thing, with ids as short as everywhere in a text.
func unreadLine(u result.Unread) string {
	return fullID().ReplaceAllStringFunc(terminal.Safe(u.What)+": "+terminal.Safe(u.Reason), short)
}

// notes names the first note.
func (p *part) notes(all []string) {
	if len(all) > 0 {
		p.line("", shortened(more("note: ", terminal.Safe(all[0]), len(all)-1), p.screen.columns))
	}
}

// more returns s behind lead, and how many more there are.
func more(lead, s string, rest int) string {
	if rest == 0 {
		return lead + s
	}
	lead = strings.TrimSuffix(lead, ": ")
	return fmt.Sprintf("%s (and %s more): %s", lead, terminal.Count(int64(rest)), s)
}

// shortened returns s with its middle left out where it is wider than most.
func shortened(s string, most int) string {
	most = max(most, 1) // what stands beside s may fill the line
	if columns(s) <= most {
		return s
	}
	r := []rune(s)
	half := min(len(r)/2, most)
	head, tail := r[:half], r[len(r)-half:]
	for columns(string(head))+columns(string(tail))+1 > most {
		if len(head) > len(tail)/2 { // ends of paths, with lines, tell more
			head = head[:len(head)-1]
		} else {
			tail = tail[1:]
		}
	}
	return string(head) + "…" + string(tail)
}

// columns is how wide a terminal shows s at most, a line without escapes:
// characters of East Asia and pictures take two columns.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r >= 0x2e80 || 0x1100 <= r && r < 0x1e00 {
			n++
		}
	}
	return n
}
