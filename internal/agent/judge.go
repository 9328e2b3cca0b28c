package agent

import (
	"fmt"

	"r8scan/internal/advice"
	"r8scan/internal/search"
	"r8scan/result"
)

// verdict is what an event is answered with.
type verdict struct {
	refused bool
	person  string   // one line for the person
	model   string   // for the model: the same, and what to do instead
	instead string   // of it, what to do instead
	masked  any      // a tool's output without tokens
	notes   []string // for standard error
}

// judge judges an event.
func judge(e *event) *verdict {
	v := &verdict{}
	switch e.kind {
	case prompt:
		judgePrompt(v, e)
	case before:
		judgeCall(v, e)
	case after, shown:
		judgeOutput(v, e)
	case edited:
		judgeEdited(v, e)
	}
	return v
}

// judgePrompt stops a prompt with a token.
func judgePrompt(v *verdict, e *event) {
	found := find(e.prompt)
	if len(found) > 0 {
		found = openCommitted(repoOf(e.folders[0])).refuses(found, "")
	}
	if len(found) == 0 {
		return
	}
	v.refused, v.person = true, wordsOnPrompt(found[0], e.transcript)
}

// judgeCall stops a call that would put a token into a file that git has or would
// take, that carries one elsewhere, or that weakens what guards against it.
func judgeCall(v *verdict, e *event) {
	changes, rest := changesOf(e.tool, e.input)
	s := openSite(e.folders)
	if len(changes) > 1 {
		changes = joined(changes, func(path string) string { return s.locate(path).real })
	}
	for i := range changes {
		if judgeChange(v, s, &changes[i]); v.refused {
			return
		}
	}
	command := commandOf(e, rest)
	if why := weakensByCommand(s, command); why != "" {
		v.refuse("a command", why, guarded)
		return
	}
	if judgeFlow(v, s, command); v.refused {
		return
	}
	found := findIn(rest)
	for _, c := range changes {
		found = append(found, find(c.path)...)
	}
	if len(found) == 0 {
		return
	}
	if found = openCommitted(repoOf(e.folders[0])).refuses(found, ""); len(found) > 0 {
		what := "a call of " + e.tool
		if command != "" {
			what = "a command"
		}
		v.refuse(what, "it carries a "+named(found[0]), insteadInCall(command, found[0]))
	}
}

// judgeChange judges what a call does to one file.
func judgeChange(v *verdict, s *site, c *change) {
	t := s.locate(c.path)
	old, known := t.content()
	source := old
	if c.from != "" {
		source, _ = s.locate(c.from).content()
	}
	now, loose, ok := c.apply(source)
	if !ok {
		v.refuse("an edit of "+t.shown, "it has more edits of a large file than r8scan can judge", "Make fewer edits at a time.")
		return
	}
	if why := weakens(t, known, old, now, c.removed); why != "" {
		v.refuse("an edit of "+t.shown, why, guarded)
		return
	}
	if c.from != "" {
		from := s.locate(c.from)
		if why := weakens(from, true, source, "", true); why != "" {
			v.refuse("an edit of "+from.shown, why, guarded)
			return
		}
	}
	if !c.removed {
		judgeFile(v, t, old, now, loose)
	}
}

// judgeFile judges a file as it will be. Tokens that it has now are no work of the
// edit.
func judgeFile(v *verdict, t target, old, now string, loose []string) {
	found := find(now)
	for _, text := range loose {
		found = append(found, find(text)...)
	}
	if len(found) == 0 {
		return
	}
	added := except(found, keys(old))
	if len(added) < len(found) {
		v.notes = append(v.notes, fmt.Sprintf("%s already had a token, which this edit keeps: see r8scan files", t.shown))
	}
	if len(added) == 0 {
		return
	}
	custody, r, rel := t.custody()
	if custody == ignored || custody == noGit && mayHold(t.shown) {
		return
	}
	if added = openCommitted(r).refuses(added, rel); len(added) == 0 {
		return
	}
	place := advice.Place{Path: t.shown, Kind: result.KindFile, Text: added[0].context}
	v.refuse("an edit of "+t.shown, fmt.Sprintf("it would put a %s into a file %s", named(added[0]), custody.words()), instead(place, added[0]))
}

// judgeOutput withholds a tool's output that shows a token. What the call itself
// had is known to the model.
func judgeOutput(v *verdict, e *event) {
	found := findIn(e.output)
	if len(found) == 0 {
		return
	}
	r, rel := repoOf(e.folders[0]), ""
	if f, ok := e.input.(fields); ok && text(f, pathNames...) != "" {
		if _, own, path := openSite(e.folders).locate(text(f, pathNames...)).custody(); own != nil {
			r, rel = own, path
		}
	}
	inCall := map[search.Key]bool{}
	for _, f := range findIn(e.input) {
		inCall[search.KeyOf(&f.Match)] = true
	}
	found = openCommitted(r).refuses(except(found, inCall), rel)
	if len(found) == 0 {
		return
	}
	v.refused, v.masked = true, masked(e.output, redact)
	v.person, v.model = wordsOnOutput(e, found[0])
}

// judgeEdited tells of an edit that cannot be refused any more.
func judgeEdited(v *verdict, e *event) {
	changes, _ := changesOf(e.tool, e.input)
	s := openSite(e.folders)
	for _, c := range changes {
		t := s.locate(c.path)
		now, _ := t.content()
		if judgeFile(v, t, undo(now, c.edits), now, nil); v.refused {
			v.notes = append(v.notes, fmt.Sprintf("%s has a new token, and the agent cannot be stopped: %s", t.shown, v.instead))
			return
		}
	}
}
