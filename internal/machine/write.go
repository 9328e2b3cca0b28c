package machine

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"r8scan/internal/door"
	"r8scan/internal/shell"
	"r8scan/internal/terminal"
	"r8scan/report"
	"r8scan/result"
	"r8scan/scanner"
)

// WriteJSON writes what doctor --machine -f json writes.
func (f *Found) WriteJSON(w io.Writer, tool report.Tool) error {
	return door.EncodeJSON(w, struct {
		Schema string      `json:"schema"`
		Tool   report.Tool `json:"tool"`
		*Found
	}{"r8scan-machine/1", tool, f})
}

// How much the text shows of one thing; JSON has all of it.
const (
	maxPlaces = 8 // of a kind
	maxThings = 5 // that were not searched, of a reason
	maxUnread = 20
)

// WriteText writes each token with its places by kind, what to do at each kind and with
// the token, and at the end what was not read.
func (f *Found) WriteText(w io.Writer, color bool) error {
	b := &writer{color: color}
	for _, t := range f.sorted() {
		b.token(t)
	}
	for _, n := range f.NotSearched {
		b.notSearched(n)
	}
	for i, u := range f.Unread {
		if i == maxUnread {
			b.check(terminal.Yellow, "warning", fmt.Sprintf("%d more things were not read: -f json names them", len(f.Unread)-i))
			break
		}
		b.check(terminal.Yellow, "warning", u.What+" was not read: "+u.Reason)
	}
	for _, note := range f.Notes {
		b.check("", "note", note)
	}
	if !f.Continued.IsZero() {
		b.check("", "note", "a search that was stopped began at "+f.Continued.Format(time.RFC3339)+", and this one went on with it; --no-cache begins anew")
	}
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	b.WriteString(f.summary() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// summary says in a line what was found and read.
func (f *Found) summary() string {
	found := "no tokens found"
	switch n := len(f.Tokens); {
	case n > 0 && !f.Failed():
		found = terminal.Plural(int64(n), "token") + " found, only where a token may be"
	case n > 0:
		found = terminal.Plural(int64(n), "token") + " found"
	}
	if !f.Complete {
		found += "; incomplete: " + terminal.Plural(int64(len(f.Unread)), "thing") + " not read"
	}
	low := 0
	for _, n := range f.LeftOut {
		low += n
	}
	if low > 0 {
		found += "; " + terminal.Plural(int64(low), "placeholder") + " or the like left out"
	}
	return fmt.Sprintf("%s (%s, %s, in %s)", found, terminal.Plural(f.Files, "file"), terminal.Plural(f.Bytes, "byte"), strings.Join(printable(f.Searched), ", "))
}

func printable(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, door.Printable(s))
	}
	return out
}

// sorted returns the tokens, those that need something done first.
func (f *Found) sorted() []Token {
	rank := func(t Token) int {
		switch {
		case t.Verification.Status == report.StatusRevoked:
			return 2
		case t.MayStay:
			return 1
		}
		return 0
	}
	out := slices.Clone(f.Tokens)
	slices.SortStableFunc(out, func(a, b Token) int { return rank(a) - rank(b) })
	return out
}

// writer writes an answer in the form of doctor's checks.
type writer struct {
	strings.Builder
	color bool
}

// check writes the first line of something.
func (b *writer) check(color, label, text string) {
	label = fmt.Sprintf("%-8s", label)
	if color != "" {
		label = terminal.Paint(b.color, color, label)
	}
	fmt.Fprintf(b, "%s %s\n", label, door.Printable(text))
}

// more writes a further line of it, indented by so many steps.
func (b *writer) more(steps int, text string) {
	fmt.Fprintf(b, "%s%s\n", strings.Repeat(" ", 9+2*steps), door.Printable(text))
}

// token writes a token and its places.
func (b *writer) token(t Token) {
	text := fmt.Sprintf("%s: %s, id %s, in %s", t.Token, t.title, t.TokenID, terminal.Plural(int64(len(t.Places)), "place"))
	switch t.Verification.Status {
	case report.StatusLive:
		text += ", live"
		if t.Verification.Account != nil {
			text += " (account " + t.Verification.Account.Username + ")"
		}
	case report.StatusRevoked:
		text += ", revoked"
	case report.StatusUnknown:
		text += ", not known whether it is live: " + t.Verification.Reason
	}
	switch {
	case t.MayStay:
		b.check(terminal.Green, "ok", text)
	case t.Verification.Status == report.StatusRevoked:
		b.check(terminal.Yellow, "warning", text)
	default:
		b.check(terminal.BrightRed, "error", text)
	}
	for _, places := range byKind(t.Places) {
		b.kind(places)
	}
	if !t.MayStay && t.Verification.Status != report.StatusRevoked && t.remedy.Disable != "" {
		b.more(0, "then: "+t.remedy.Disable+t.remedy.Another)
	}
}

// kind writes the places of one kind, and what to do there.
func (b *writer) kind(places []Place) {
	title := places[0].Title
	if places[0].Sent {
		title += " (what is there was also sent to its service)"
	}
	b.more(0, title)
	mayStay := true
	for i, p := range places {
		mayStay = mayStay && p.MayStay
		if i < maxPlaces {
			b.more(1, p.String())
		}
	}
	if n := len(places) - maxPlaces; n > 0 {
		b.more(1, terminal.Count(int64(n))+" more: -f json names them")
	}
	if mayStay {
		b.more(1, "a token may be here")
		return
	}
	b.more(1, "fix: "+places[0].Fix)
	b.orders(places)
}

// orders writes what else to do about places: for each exposure, and for each
// repository that does not ignore the file.
func (b *writer) orders(places []Place) {
	var orders []string
	for _, p := range places {
		for _, e := range p.Exposed {
			orders = append(orders, e.Fix)
		}
		if p.Repository != "" && p.Git != result.ExposureIgnored {
			orders = append(orders, "see whether it was committed: r8scan audit "+shell.QuoteHome(p.Repository))
		}
	}
	seen := map[string]bool{}
	for _, order := range orders {
		if seen[order] {
			continue
		}
		if seen[order] = true; len(seen) > maxPlaces {
			b.more(1, "and more: -f json names them")
			return
		}
		b.more(1, "     "+order)
	}
}

// String says where a place is, and who else can get at it.
func (p Place) String() string {
	s := p.Path
	if p.Member != "" {
		s += "!" + p.Member
	}
	s = fmt.Sprintf("%s:%d", s, p.Line)
	for _, e := range p.Exposed {
		s += ", " + e.String()
	}
	if p.Repository != "" {
		s += ", in the repository " + p.Repository
		switch p.Git {
		case result.ExposureIgnored:
			s += ", which ignores it"
		case result.ExposureTracked:
			s += ", which tracks it"
		case result.ExposureUntracked:
			s += ", which does not track it"
		case result.ExposureStaged:
			s += ", staged"
		}
	}
	return s
}

// byKind groups places, in the order of the first of each kind.
func byKind(places []Place) [][]Place {
	var out [][]Place
	at := map[[2]string]int{}
	for _, p := range places {
		key := [2]string{p.Kind, p.Fix}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], p)
	}
	return out
}

// notSearched says what was left out for a reason, and what reads it.
func (b *writer) notSearched(n NotSearched) {
	b.check("", "note", "not searched: "+terminal.Count(int64(n.Count))+" × "+n.Reason)
	for i, what := range n.First {
		if i == maxThings {
			b.more(0, fmt.Sprintf("and %s more", terminal.Count(int64(n.Count-i))))
			break
		}
		b.more(0, what)
	}
	switch {
	case n.Reason == scanner.LeftObjects:
		b.more(0, "r8scan audit FOLDER reads it")
	case n.Reason != scanner.LeftSpecial && !strings.HasPrefix(n.Reason, pseudoFS):
		b.more(0, "r8scan files PATH reads it")
	}
}
