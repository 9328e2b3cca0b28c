package policy

import (
	"math/bits"
	"strings"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
)

// globs are compiled once and compared with many paths. They match what doublestar
// matches, which they ask only where a glob or a path is unusual.
type globs struct {
	all   []string  // as they were given, without a slash at the end
	plain []divided // those that are compared segment by segment
	other []string  // those that doublestar compares
}

// divided is a glob without braces, classes and escapes. It may begin at any folder.
type divided struct {
	segments []segment
	folders  uint64 // bit i is set if segment i is **
}

// segment is what stands between two slashes of a glob.
type segment struct {
	kind         segmentKind
	text, suffix string // text is all of it, or what is before its only star
}

type segmentKind uint8

const (
	literal segmentKind = iota
	oneStar             // text*suffix
	folders             // **, any number of them
	general             // doublestar compares it
)

// Bounds of what is compared segment by segment: the places in a glob are bits of a
// word.
const (
	maxSegments = 63
	maxSpelled  = 32 // globs that braces may stand for
)

// compile returns globs that doublestar calls valid.
func compile(all ...string) globs {
	var g globs
	for _, glob := range all {
		glob = strings.TrimSuffix(glob, "/")
		g.all = append(g.all, glob)
		if plain := segmented(glob); plain != nil {
			g.plain = append(g.plain, plain...)
		} else {
			g.other = append(g.other, glob)
		}
	}
	return g
}

// segmented divides a glob, once for each text that its braces stand for. It returns
// nil for a glob that must not be divided: with classes and escapes, and where
// doublestar compares the end of a path with an empty text.
func segmented(glob string) []divided {
	if glob == "" || !utf8.ValidString(glob) || strings.ContainsAny(glob, `[\`+string(utf8.RuneError)) {
		return nil
	}
	var all []divided
	for _, s := range spell([]string{""}, glob) {
		one, ok := divide(s)
		if !ok {
			return nil
		}
		all = append(all, one)
	}
	return all
}

// spell appends glob to all, and writes out braces that hold nothing but plain texts.
// It returns nil for others, and for too many.
func spell(all []string, glob string) []string {
	before, rest, braces := strings.Cut(glob, "{")
	for i := range all {
		all[i] += before
	}
	if !braces {
		return all
	}
	inside, after, _ := strings.Cut(rest, "}")
	if strings.ContainsAny(inside, "{*?") {
		return nil
	}
	var more []string
	for text := range strings.SplitSeq(inside, ",") {
		if text == "" || len(more)+len(all) > maxSpelled {
			return nil
		}
		for _, s := range all {
			more = append(more, s+text)
		}
	}
	return spell(more, after)
}

// divide divides a glob without braces. It returns false if that could match
// differently.
func divide(glob string) (p divided, ok bool) {
	if rest, any := strings.CutPrefix(glob, "**/"); any && rest != "" {
		glob = rest // it begins at any folder anyway
	}
	parts := strings.Split(glob, "/")
	if len(parts) > maxSegments {
		return p, false
	}
	for i, part := range parts {
		s := segmentOf(part)
		switch {
		case s.kind != folders && strings.Contains(part, "**"), part == "" && i > 0:
			return p, false
		case s.kind == folders && i > 0 && endsOddly(parts[i-1], i == len(parts)-1):
			return p, false
		case s.kind == folders:
			p.folders |= 1 << i
		}
		p.segments = append(p.segments, s)
	}
	return p, true
}

// endsOddly reports whether what is before a ** changes what that matches: for
// doublestar a**/** and ab*/** at the end do not match ab, but ab/** does.
func endsOddly(before string, last bool) bool {
	return before == "**" || last && before != "*" && strings.HasSuffix(before, "*")
}

func segmentOf(part string) segment {
	text, suffix, star := strings.Cut(part, "*")
	switch {
	case part == "**":
		return segment{kind: folders}
	case strings.Contains(part, "?"), strings.Contains(suffix, "*"):
		return segment{kind: general, text: part}
	case star:
		return segment{oneStar, text, suffix}
	}
	return segment{kind: literal, text: part}
}

// matches compares one segment of a path.
func (s *segment) matches(name string) bool {
	switch s.kind {
	case literal:
		return name == s.text
	case oneStar:
		return len(name) >= len(s.text)+len(s.suffix) && strings.HasPrefix(name, s.text) && strings.HasSuffix(name, s.suffix)
	case general:
		return doublestar.MatchUnvalidated(s.text, name)
	}
	return true
}

// none reports whether there are no globs.
func (g globs) none() bool { return len(g.all) == 0 }

// matchAny matches with path and the folders between it and top.
func (g globs) matchAny(path, top string) bool { return g.match(path, len(top)+1) }

// matchOne matches with the path from its start or from any folder on, so that *.py
// and vendor/** mean the same as in .gitignore.
func (g globs) matchOne(path string) bool { return g.match(path, len(path)) }

// match matches with path, and with the folders above it whose paths have least bytes
// or more.
func (g globs) match(path string, least int) bool {
	if g.none() {
		return false
	}
	if path == "" || path[len(path)-1] == '/' || strings.Contains(path, "//") {
		return slowly(g.all, path, least)
	}
	for i := range g.plain {
		if g.plain[i].match(path, least) {
			return true
		}
	}
	return slowly(g.other, path, least)
}

// match is globs.match. Bit i of at means that what is before the glob's segment i has
// matched what is before a segment of the path.
func (p *divided) match(path string, least int) bool {
	at, whole := uint64(0), uint64(1)<<len(p.segments)
	for from := 0; ; {
		end := len(path)
		if i := strings.IndexByte(path[from:], '/'); i >= 0 {
			end = from + i
		}
		at = p.orNone(at | 1)
		next := at & p.folders
		for at &= (whole - 1) &^ p.folders; at != 0; at &= at - 1 {
			if i := bits.TrailingZeros64(at); p.segments[i].matches(path[from:end]) {
				next |= 2 << i
			}
		}
		switch at = p.orNone(next); {
		case at&whole != 0 && (end >= least || end == len(path)):
			return true
		case end == len(path):
			return false
		}
		from = end + 1
	}
}

// orNone adds to at what follows if ** stands for no folder.
func (p *divided) orNone(at uint64) uint64 { return at | at&p.folders<<1 }

// slowly is match as doublestar does it.
func slowly(globs []string, path string, least int) bool {
	for _, g := range globs {
		from := "**/" + g
		for i := least; i < len(path); i++ {
			if path[i] == '/' && (doublestar.MatchUnvalidated(g, path[:i]) || doublestar.MatchUnvalidated(from, path[:i])) {
				return true
			}
		}
		if doublestar.MatchUnvalidated(g, path) || doublestar.MatchUnvalidated(from, path) {
			return true
		}
	}
	return false
}
