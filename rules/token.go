package rules

import (
	"bytes"
	"cmp"
	"slices"
)

// TokensPage is where the owner of an API token disables it and makes a new one.
const TokensPage = "https://replicate.com/account/api-tokens"

// APIToken is the rule for Replicate API tokens. They are found in every
// encoding that keeps them whole: base64, hex, UTF-16, escapes, string
// literals that are put together, and these inside each other.
var APIToken = &Rule{
	ID:          "replicate-api-token",
	Name:        "ReplicateApiToken",
	Title:       "Replicate API token",
	Description: "A Replicate API token: r8_ and 37 letters or digits. Who has it can run models and spend money on the owner's account.",
	Example:     "REPLICATE_API_TOKEN=r8_Hw***********************************",
	Severity:    "9.1",
	Askable:     true,
	Remedy: Remedy{
		It:      "the token",
		Page:    TokensPage,
		Disable: "disable the token at " + TokensPage,
		Effect:  "Programs that use it stop working at once.",
		Renew:   "Create a new token there. Keep the new token in an environment variable or a secret manager, not in a file that git tracks.",
		Another: " and create a new one.",
		Short:   "disable it at " + TokensPage,
		Harm:    "run models at your expense and read your data",
		Read:    "set REPLICATE_API_TOKEN, which Replicate's clients read",
	},
	In:    Contents | Names,
	Shown: keeps(shown),
	find:  findTokens,
}

const (
	prefix   = "r8_"
	bodyLen  = 37
	tokenLen = len(prefix) + bodyLen
	shown    = 5 // bytes of a token that its mask keeps, as on Replicate's pages
)

// How far a match of FindTokens looks around its first byte, as Behind and
// Ahead are for Find.
const (
	TokenBehind = 128 // base64 that begins before the token, on the line above
	TokenAhead  = 512 // the longest of the encoded forms, and what is behind it
)

// edgeLen is how far back leftEdge looks: the longest escape that it knows,
// ESC [ 38;2;255;255;255 m, has 20 bytes.
const edgeLen = 32

// findTokens appends to dst the API tokens that start in text[from:to], in
// order. Bytes of text outside that range count as context; the ends of text
// count as edges.
func findTokens(dst []Match, text []byte, from, to int) []Match {
	return find(dst, text, from, to, 0)
}

// find is findTokens for a text that was decoded depth times.
func find(dst []Match, text []byte, from, to, depth int) []Match {
	return findBy(passes[0], dst, text, from, to, depth)
}

func findBy(p pass, dst []Match, text []byte, from, to, depth int) []Match {
	first := len(dst)
	// A probe may stand a few bytes behind the start of its match.
	lead := maxLead
	if depth > 0 {
		lead = nextLead
	}
	tokenProbes.eachBy(p, text, from, min(to+lead, len(text)), func(at int, kind form) bool {
		if kind == formPlain {
			if at >= to {
				return true
			}
			if m, ok := judge(text, at); ok {
				dst = append(dst, m)
				return true
			}
		}
		dst = appendEncoded(dst, text, at, kind, from, to, depth)
		return true
	})
	if found := dst[first:]; len(found) > 1 {
		slices.SortStableFunc(found, func(a, b Match) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End)) })
		found = slices.CompactFunc(found, func(a, b Match) bool { return a.Start == b.Start && a.End == b.End })
		dst = dst[:first+len(found)]
	}
	return dst
}

// judge looks at the text from "r8_" at start on.
func judge(text []byte, start int) (Match, bool) {
	if start+tokenLen > len(text) {
		return Match{}, false
	}
	body := text[start+len(prefix) : start+tokenLen]
	plain := true
	for _, c := range body {
		if !isAlnum(c) {
			if c != '_' && c != '-' {
				return Match{}, false
			}
			plain = false
		}
	}
	// In r8_r8_… the last prefix begins the token. Without this a text of
	// nothing but prefixes would match all over.
	if !plain && bytes.Contains(text[start+1:min(len(text), start+tokenLen+len(prefix)-1)], []byte(prefix)) {
		return Match{}, false
	}
	why := whyJoined
	if plain {
		next := byte(0)
		if start+tokenLen < len(text) {
			next = text[start+tokenLen]
		}
		if why = edges(leftEdge(text[max(0, start-edgeLen):start]), next); why == "" && placeholder(body) {
			why = "placeholder"
		}
	}
	m := Match{Start: start, End: start + tokenLen, Confidence: High, Why: why,
		Secret: NewSecret(string(text[start:start+tokenLen]), shown)}
	if why != "" {
		m.Confidence = Low
	}
	return m, true
}

// whyJoined says that the body has characters that Replicate's tokens lack.
const whyJoined = "_ or - in the body"

// edges says what is wrong with the edges of a token, "" for nothing; next is
// the character behind it, 0 at the end.
func edges(left bool, next byte) string {
	switch {
	case !left || isAlnum(next):
		return "part of a longer word"
	case next == '_' || next == '-':
		return "_ or - right behind"
	}
	return ""
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// isJoiner reports whether c joins words in names.
func isJoiner(c byte) bool { return c == '_' || c == '-' }

// leftEdge reports whether a token may start behind before: at no letter or
// digit, or at the end of an escape that only looks like a letter or digit.
func leftEdge(before []byte) bool {
	n := len(before)
	return n == 0 || !isAlnum(before[n-1]) || endsEscape(before)
}

// endsEscape reports whether b ends in \n and its like, \x22, \u0022, \042,
// %20, %2520, =3D (quoted-printable) or a colour code such as ESC[31m.
func endsEscape(b []byte) bool {
	n := len(b)
	last := b[n-1]
	if n >= 2 && b[n-2] == '\\' && bytes.IndexByte([]byte("abefnrtv0"), last) >= 0 {
		return true
	}
	if last == 'm' {
		i := n - 1
		for i > 0 && ('0' <= b[i-1] && b[i-1] <= '9' || b[i-1] == ';') {
			i--
		}
		return i > 0 && b[i-1] == '['
	}
	if n >= 3 && isHex(last) && isHex(b[n-2]) && percentBefore(b[:n-2]) {
		return true
	}
	switch digits := hexRun(b, 8); {
	case digits >= 2 && escapedBy(b[:n-2], "x"),
		digits >= 4 && escapedBy(b[:n-4], "u"),
		digits >= 8 && escapedBy(b[:n-8], "U"):
		return true
	}
	return n >= 4 && b[n-4] == '\\' && isOctal(b[n-3]) && isOctal(b[n-2]) && isOctal(last) ||
		bytes.HasSuffix(b, []byte("=3D")) || bytes.HasSuffix(b, []byte("=20")) || bytes.HasSuffix(b, []byte("=22"))
}

// percentBefore reports whether b ends in a percent sign, which may itself be
// escaped any number of times (%25).
func percentBefore(b []byte) bool {
	for bytes.HasSuffix(b, []byte("25")) {
		b = b[:len(b)-2]
	}
	return bytes.HasSuffix(b, []byte("%"))
}

func escapedBy(b []byte, letter string) bool { return bytes.HasSuffix(b, []byte(`\`+letter)) }

// hexRun counts the hex digits at b's end, up to limit.
func hexRun(b []byte, limit int) int {
	n := 0
	for n < limit && n < len(b) && isHex(b[len(b)-1-n]) {
		n++
	}
	return n
}

func isOctal(c byte) bool { return '0' <= c && c <= '7' }
