package rules

import "bytes"

// The result of an anchor depends on near bytes before the anchor and on
// siblingAhead bytes from its start. A match starts within anchorReach of it.
// For a plain anchor a match may start maxLead bytes earlier, so its view ends
// sooner.
const (
	near         = 512
	anchorReach  = 768
	siblingAhead = 1536 // a Kubernetes secret with the logins of four registries is 1.2 kB

	siblingBehind = anchorReach + near
	plainAhead    = siblingAhead - maxLead

	// The match of an anchor of this package may start earlier: the text that
	// is piped into a login has the login's arguments behind it.
	ownLead  = 160
	ownAhead = siblingAhead - ownLead
)

// beside limits where an anchor counts: within near bytes before one of
// Replicate's names, or within reach bytes after it. Nothing else is searched:
// names are rare.
type beside struct {
	reach int
	is    func(follows []byte) bool // whether a name counts, given what follows it; nil: all do
}

// besideName returns an anchor that counts only beside Replicate's name.
func besideName(text string, b beside, find func(view []byte, at int) []Found) Anchor {
	return Anchor{Text: text, Find: find, beside: &b}
}

// anchored appends to dst the matches that start in text[from:to], of the rules
// with anchors for a kind of text, in order.
func anchored(s *Set, dst []Match, text []byte, from, to int, in Texts) []Match {
	f := &finder{set: s, in: in, text: text, from: from, to: to, anchors: max(0, from-anchorReach), last: -1}
	f.words(max(0, from-siblingBehind), min(len(text), to+siblingAhead))
	for i := range s.besides {
		f.around(&s.besides[i])
	}
	for i := range s.plain {
		f.everywhere(&s.plain[i])
	}
	Sort(f.found)
	for i, m := range f.found {
		// Two anchors may lead to one place; the first rule has it.
		if i == 0 || m.Start != f.found[i-1].Start || m.Rule == f.found[i-1].Rule && m.Secret.Reveal() != f.found[i-1].Secret.Reveal() {
			dst = append(dst, m)
		}
	}
	return dst
}

// finder collects the matches that start in text[from:to].
type finder struct {
	set      *Set
	in       Texts // rules for other kinds of text are left out
	text     []byte
	from, to int
	anchors  int   // where the first anchor may be that leads there
	names    []int // where Replicate's names start, in all that such anchors may look at
	depth    int   // how often text was decoded
	recent   recent
	room     room
	found    []Match

	last     int      // the place that was looked at last, -1 for none
	readings readings // of the view of that place
}

// look calls an anchor's Find with the view around a place, and keeps the
// result. It tries the readings of the view first: they read an escape as what
// it stands for.
func (f *finder) look(l *look, at int) {
	if l.in&f.in == 0 {
		return
	}
	low, ahead := max(0, at-near), plainAhead
	if l.own() {
		ahead = ownAhead
	}
	view := f.text[low:min(len(f.text), at+ahead)]
	plain := decoded{bytes: view}
	if !l.own() || f.in != Contents {
		f.read(l, view, at-low, low, plain)
		return
	}
	if f.last != at {
		f.last, f.readings = at, readingsOf(view, at-low)
	}
	for _, d := range []decoded{f.readings.revealed, f.readings.unescaped, plain} {
		if d.bytes != nil && f.read(l, view, at-low, low, d) {
			return
		}
	}
}

// read calls an anchor's Find with one reading of a view, and reports whether
// it finds something.
func (f *finder) read(l *look, view []byte, at, off int, d decoded) bool {
	place, ok := d.place(at)
	if !ok {
		return false
	}
	found := l.Find(d.bytes, place)
	for _, c := range found {
		if d.at != nil {
			c = d.found(view, c)
		}
		f.add(l, view, at, off, c)
	}
	return len(found) > 0
}

// own reports whether the anchor is a word or counts beside Replicate's name
// only.
func (l *look) own() bool { return l.word != nil || l.beside != nil }

// words looks at each anchor among the words that start in text[low:high].
func (f *finder) words(low, high int) {
	eachHint(f.text, low, high, func(at int, w *word) bool {
		if w.is != nil && !w.is(f.text, at) {
			return true // it is no hint
		}
		if w == wordReplicate {
			f.names = append(f.names, at)
		}
		if at < f.anchors || at >= f.to+ownLead {
			return true
		}
		led := f.set.led[w.number()]
		for i := range led {
			f.look(&led[i], at)
		}
		if w == wordReplicate && f.last == at && f.readings.revealed.bytes != nil {
			f.besideRevealed(at)
		}
		return true
	}, func(at int, kind form) bool {
		if f.in == Contents {
			f.hidden(at, kind)
		}
		return true
	})
}

// besideRevealed looks at the anchors beside the Replicate name at a place that
// only the decoded base64 has.
func (f *finder) besideRevealed(at int) {
	d, low := f.readings.revealed, max(0, at-near)
	view := f.text[low:min(len(f.text), at+ownAhead)]
	place, ok := d.place(at - low)
	for i := range f.set.besides {
		l := &f.set.besides[i]
		for p := max(0, place-near); ok && p < min(len(d.bytes), place+near); p++ {
			k := bytes.Index(d.bytes[p:], []byte(l.Text))
			if k < 0 {
				break
			}
			if p += k; l.in&f.in == 0 || hasAt(view, d.at[p], l.Text) {
				continue
			}
			for _, c := range l.Find(d.bytes, p) {
				f.add(l, view, at-low, low, d.found(view, c))
			}
		}
	}
}

// around looks at each occurrence of an anchor beside one of Replicate's names.
func (f *finder) around(l *look) {
	done := f.anchors
	for _, name := range f.names {
		if l.beside.is != nil && !l.beside.is(f.text[name+len(replicate):]) {
			continue
		}
		from, to := max(done, name-l.beside.reach), min(f.to+ownLead, name+near+1)
		f.each(l, from, to)
		done = max(done, to)
	}
}

// everywhere looks at each occurrence of an anchor that may lead to a match in
// the range.
func (f *finder) everywhere(l *look) {
	f.each(l, f.anchors, f.to+maxLead)
}

// each looks at each occurrence of an anchor that starts in text[from:to].
func (f *finder) each(l *look, from, to int) {
	end := min(len(f.text), to+len(l.Text)-1)
	for at := from; at < end; at++ {
		i := bytes.Index(f.text[at:end], []byte(l.Text))
		if i < 0 {
			return
		}
		at += i
		f.look(l, at)
	}
}

// crowded reports whether a view has so many anchors before the one at a place
// that the text looks hostile. Each anchor may lead to a search of hundreds of
// bytes.
func crowded(view []byte, at int, anchor string) bool {
	return bytes.Count(view[:at], []byte(anchor)) >= maxAnchors
}

// maxAnchors in near bytes is one in 32 bytes. No real text has that many
// anchors with an object behind them.
const maxAnchors = near / 32

// add keeps what an anchor leads to. It drops what breaks the promises of Find,
// because the result would depend on where a text is cut. It drops what holds
// an API token, because another rule finds that.
func (f *finder) add(l *look, view []byte, at, off int, c Found) {
	lead := maxLead
	if l.own() {
		lead = ownLead
	}
	if c.Start < max(0, at-lead) || c.Start-at > anchorReach || c.End <= c.Start || c.End > len(view) {
		return
	}
	start, end := c.Start+off, c.End+off
	if start < f.from || start >= f.to {
		return
	}
	if c.Secret == "" {
		c.Secret = string(view[c.Start:c.End])
	}
	if f.holdsToken(c.Secret) {
		return
	}
	if c.Why == "" && isFixture(c.Secret) {
		c.Why = "known from public tests"
	}
	if c.Why != "" {
		c.Confidence = Low
	}
	n := 0
	if l.rule.Shown != nil {
		n = l.rule.Shown(c.Secret)
	}
	f.found = append(f.found, Match{Rule: l.rule, Start: start, End: end, Confidence: c.Confidence,
		Encoding: c.Encoding, Why: c.Why, Secret: NewSecret(c.Secret, n)})
}

// holdsToken reports whether a value contains an API token of any confidence.
func (f *finder) holdsToken(value string) bool {
	return len(f.set.FindTokens(nil, []byte(value), 0, len(value))) > 0
}
