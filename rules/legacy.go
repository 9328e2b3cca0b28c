package rules

import (
	"bytes"
	"slices"
	"strings"
)

// LegacyToken is the rule for the API tokens of Replicate's first years.
var LegacyToken = &Rule{
	ID:    "replicate-legacy-token",
	Name:  "ReplicateLegacyToken",
	Title: "legacy Replicate API token",
	Description: "A Replicate API token of the old form: 40 hex digits, without a prefix. They look like a git commit's id, so they are matched only as " +
		"the value of a name such as REPLICATE_API_TOKEN, and behind \"Authorization: Token\" with api.replicate.com nearby.",
	Example:  "REPLICATE_API_TOKEN=0c4f1***********************************",
	Severity: "8.2",
	Context:  true,
	Remedy:   APIToken.Remedy, // it is disabled at the same page
	In:       Contents,
	Anchors: []Anchor{
		wordReplicate.leads(legacyNamed),
		besideName("uthorization", beside{near + maxHeader, isAPI}, legacyHeader),
	},
	Shown: keeps(shown),
}

// legacyNamed looks for a legacy token that is the value of a name with
// "replicate" in it.
func legacyNamed(b []byte, at int) []Found {
	_, end := nameAround(b, at, at+len(replicate))
	if legacyName(plainName(b[at:end])) || clientCall(b, at, &end) {
		if found := legacyAt(b, valueOf(b, end).at); found != nil {
			return found
		}
	}
	if found := legacyAt(b, constructed(b, at+len(replicate))); found != nil {
		return found
	}
	var found []Found
	nested(b, at, at+len(replicate), func(value int) { found = legacyAt(b, value) })
	return found
}

// legacyAt returns the 40 hex digits at i as a token, if there are any.
func legacyAt(b []byte, i int) []Found {
	if !isHex40(b, i) {
		return nil
	}
	c := Found{Start: i, End: i + hexLen, Confidence: Medium}
	if typedHex(string(b[i : i+hexLen])) {
		c.Why = "placeholder"
	}
	return []Found{c}
}

// legacyName reports whether a plain name that begins with "replicate" is the
// name of an API token: replicateapitoken, replicatekeyprod, replicatetoken2.
func legacyName(name string) bool {
	rest := strings.TrimPrefix(strings.TrimPrefix(name, replicate), "client")
	rest = strings.TrimRight(rest, "0123456789")
	for _, stage := range []string{"prod", "production", "dev", "development", "staging", "test", "live", "old", "new", "backup", "default", "value"} {
		if cut, ok := strings.CutSuffix(rest, stage); ok {
			rest = cut
			break
		}
	}
	return slices.Contains([]string{"apitoken", "apikey", "token", "key", "apiaccesstoken", "accesstoken", "accesskey", "authtoken",
		"authkey", "auth", "api", "secret", "apisecret", "secretkey", "bearertoken", "aitoken", "aikey", "aiapikey", "aiapitoken"}, rest)
}

// clientCall reports whether a Replicate client that takes a token as an
// argument is made at i, and moves end behind the argument's name:
// replicate.Client(api_token=, new Replicate({ auth:.
func clientCall(b []byte, i int, end *int) bool {
	at := i + len(replicate)
	for _, made := range []string{".Client", ".AsyncClient", ".client"} {
		if bytes.HasPrefix(b[at:], []byte(made)) {
			at += len(made)
			break
		}
	}
	open := runOf(b, at, 32, func(c byte) bool { return bytes.IndexByte([]byte("({ \t\r\n"), c) >= 0 })
	if open == at || b[at] != '(' {
		return false
	}
	*end = runOf(b, open, maxName, isNameByte)
	return slices.Contains([]string{"apitoken", "auth", "token", "bearertoken", "apikey"}, plainName(b[open:*end]))
}

// maxHeader bounds the header that "uthorization" is in.
const maxHeader = 128

// isAPI reports whether a name followed by b is the host of the API or its path
// in a gateway.
func isAPI(b []byte) bool {
	return startsWithAny(b, []string{".com", "/predictions", "/models", "/v1", "/trainings", "/deployments", ".ai"})
}

// hasAPI reports whether b contains a request to the API: to a host with "api"
// in its name, or through a gateway.
func hasAPI(b []byte) bool {
	for i := 0; ; i += len(replicate) {
		j := bytes.Index(b[i:], []byte(replicate))
		if j < 0 {
			return false
		}
		i += j
		follows := b[i+len(replicate):]
		from, _ := nameAround(b, i, i)
		if bytes.HasPrefix(follows, []byte(".com")) && (bytes.Contains(b[from:i], []byte("api")) || startsWithAny(follows, []string{".com/v1", ".com/api"})) ||
			i > 0 && b[i-1] == '/' && isAPI(follows) && follows[0] == '/' {
			return true
		}
	}
}

// legacyHeader looks at "uthorization", the end of a header's name. The value
// is behind it, or before it as in Swift's setValue.
func legacyHeader(b []byte, at int) []Found {
	high := min(len(b), at+96)
	low := max(0, at-96)
	low += bytes.LastIndexByte(b[low:at], '\n') + 1
	v := schemed(b, at, min(high, at+lineRest(b[at:])))
	if v < 0 {
		v = schemed(b, low, at)
	}
	if v < 0 {
		v = schemed(b, at, high) // on the next line
	}
	if v < 0 || !hasAPI(b[max(0, at-near):min(len(b), v+hexLen+near)]) {
		return nil
	}
	return legacyAt(b, v)
}

// schemed returns the place of the first 40 hex digits in b[low:high] that a
// header gives as a token, or -1.
func schemed(b []byte, low, high int) int {
	for i := low; i < high; i++ {
		if c := b[i] | 0x20; c != 't' && c != 'b' || i > 0 && isAlnum(b[i-1]) && !bytes.HasSuffix(b[:i], []byte("%20")) {
			continue
		}
		for _, scheme := range []string{"token", "bearer"} {
			end := i + len(scheme)
			if end > len(b) || !foldedEqual(b[i:end], scheme) {
				continue
			}
			v := runOf(b, end, 12, func(c byte) bool { return bytes.IndexByte([]byte(" \t\"'+,.&("), c) >= 0 })
			if bytes.HasPrefix(b[v:], []byte("%20")) {
				v += len("%20")
			}
			if v > end && isHex40(b, v) {
				return v
			}
		}
	}
	return -1
}

// maxSequence is the longest sequence of hex digits in a value that a machine made.
const maxSequence = 7

// typedHex is placeholder for hex digits. One random token in a million has six or
// fewer different digits, or seven in a row.
func typedHex(value string) bool {
	run, up, down := 1, 1, 1
	folded := strings.ToLower(value)
	for i := 1; i < len(folded); i++ {
		c, before := folded[i], folded[i-1]
		run = lengthen(run, c == before)
		up = lengthen(up, c == before+1 || before == '9' && (c == '0' || c == 'a'))
		down = lengthen(down, c == before-1)
		if run > maxRun || up > maxSequence || down > maxSequence {
			return true
		}
	}
	return distinct(folded) <= 6 || strings.Contains(folded, "deadbeef") || periodic(folded)
}

// periodic reports whether a value repeats its first 20 bytes or fewer.
func periodic(value string) bool {
	for n := 1; n <= len(value)/2; n++ {
		if strings.HasPrefix(value[n:], value[:len(value)-n]) {
			return true
		}
	}
	return false
}
