package agent

import "strings"

// edit replaces a text of a file.
type edit struct {
	old, new string
	all      bool // each occurrence, not only the first
}

// Limits on the work for one file, in bytes that are looked at. An agent goes on
// without a hook that takes too long, so what needs more is refused.
const (
	maxEdited  = 1 << 29  // by all edits
	maxLoosely = 64 << 20 // while white space may be ignored: that takes longer
)

// apply returns the file as it will be, made of the content that it has now. loose
// are texts that will be in it at a place that is not known: the agent may find a
// place where this function does not. ok is false if that takes too much work.
func (c *change) apply(content string) (after string, loose []string, ok bool) {
	loose = c.loose
	if c.content != nil {
		content = *c.content
	}
	work := int64(0)
	for _, e := range c.edits {
		if work += int64(len(content)); work > maxEdited {
			return "", nil, false
		}
		var found bool
		if content, found = e.apply(content, work < maxLoosely); !found {
			loose = append(loose, e.new)
		}
	}
	if len(c.hunks) > 0 {
		if strings.Count(content, "\n")*len(c.hunks) > maxCompared {
			return "", nil, false
		}
		var lost []string
		content, lost = applyHunks(content, c.hunks)
		loose = append(loose, lost...)
	}
	return content, loose, true
}

// apply replaces the text. With loosely, white space may differ.
func (e edit) apply(content string, loosely bool) (after string, found bool) {
	switch {
	case e.old == "" && content == "": // a new file
		return e.new, true
	case e.old == "":
		return content, false
	}
	n := 1
	if e.all {
		n = -1
	}
	for _, form := range []func(string) string{asIs, withCR} {
		if old := form(e.old); strings.Contains(content, old) {
			return strings.Replace(content, old, form(e.new), n), true
		}
	}
	if loosely {
		if from, to, ok := fitLoosely(content, e.old); ok {
			return content[:from] + e.new + content[to:], true
		}
	}
	return content, false
}

// fitLoosely finds a text in content whatever the white space: some agents do.
func fitLoosely(content, old string) (from, to int, ok bool) {
	bare, places := withoutSpace(content)
	want, _ := withoutSpace(old)
	at := strings.Index(bare, want)
	if want == "" || at < 0 {
		return 0, 0, false
	}
	return places[at], places[at+len(want)-1] + 1, true
}

// withoutSpace returns the bytes of a text that are no white space, and where they
// stand in it.
func withoutSpace(text string) (bare string, places []int) {
	var b strings.Builder
	for i := range len(text) {
		if !strings.ContainsRune(" \t\r\n", rune(text[i])) {
			b.WriteByte(text[i])
			places = append(places, i)
		}
	}
	return b.String(), places
}

func asIs(s string) string { return s }

// withCR ends lines as files of Windows do: models write \n.
func withCR(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// undo returns the file as it was before edits that were made.
func undo(content string, edits []edit) string {
	for i := len(edits) - 1; i >= 0; i-- {
		content, _ = edit{old: edits[i].new, new: edits[i].old, all: edits[i].all}.apply(content, false)
	}
	return content
}
