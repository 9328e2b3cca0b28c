package rules

import (
	"bytes"
	"cmp"
	"slices"
)

// TokensPage is the page where the owner of an API token disables it and
// creates a new one.
const TokensPage = "https://replicate.com/account/api-tokens"

// APIToken is the rule for Replicate API tokens. It finds them in every
// encoding that keeps them whole: base64, hex, UTF-16, escapes and split string
// literals, also inside each other.
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
	In:      Contents | Names,
	Anchors: []Anchor{wordReplicate.leads(nearMisses)},
	Shown:   keeps(shown),
	find:    findTokens,
}

const (
	prefix   = "r8_"
	bodyLen  = 37
	tokenLen = len(prefix) + bodyLen
	shown    = 5 // bytes of a token that its mask keeps, as on Replicate's pages
)

// TokenBehind and TokenAhead are for FindTokens what Behind and Ahead are for
// Find.
const (
	TokenBehind = 128 // base64 that begins before the token, on the line above
	TokenAhead  = 512 // the longest of the encoded forms, and what is behind it
)

// findTokens appends to dst the API tokens that start in text[from:to], in
// order. Bytes outside that range are context. The ends of text count as edges.
func findTokens(dst []Match, text []byte, from, to int) []Match {
	return find(dst, text, from, to, 0)
}

// find is findTokens for a text that is the result of depth decodings.
func find(dst []Match, text []byte, from, to, depth int) []Match {
	return findBy(passes[0], dst, text, from, to, depth)
}

func findBy(p pass, dst []Match, text []byte, from, to, depth int) []Match {
	first := len(dst)
	// A probe may be a few bytes after the start of its match.
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
				amidBinary(&m, text)
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

// judge checks whether a token starts at the "r8_" at start.
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
	// In r8_r8_… the token begins at the last prefix. Otherwise a text of
	// prefixes only would be full of matches.
	if !plain && bytes.Contains(text[start+1:min(len(text), start+tokenLen+len(prefix)-1)], []byte(prefix)) {
		return Match{}, false
	}
	why := whyJoined
	if plain {
		if why = edges(leftEdge(text[max(0, start-edgeLen):start]), text[start+tokenLen:]); why == "" && placeholder(body) {
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

// whyJoined means that the body has characters that Replicate's tokens do not
// have.
const whyJoined = "_ or - in the body"

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// isJoiner reports whether c joins words in names.
func isJoiner(c byte) bool { return c == '_' || c == '-' }
