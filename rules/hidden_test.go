package rules

import (
	"bytes"
	"fmt"
	"html"
	"mime/quotedprintable"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// TestHiddenProbes looks for the probes of each word in its base64, at each
// alignment. A word must have one. Replicate's name must have two, because a line
// break may split one.
func TestHiddenProbes(t *testing.T) {
	for _, w := range []string{"replicate", "Replicate", "REPLICATE", "r8.im", "cog_token", "COG_TOKEN"} {
		for lead := range 3 {
			code := encode("x=,"[:lead]+w, "base64")
			probes, from := 0, 0
			for at := range len(code) - 2 {
				kind := wordProbes.at([]byte(code[at:]))
				if at >= from && kind >= formCode0 && kind <= formCode3 && int(kind-formCode0) == at%4 {
					probes, from = probes+1, at+probeLen-1
				}
			}
			if probes == 0 || probes == 1 && strings.EqualFold(w, replicate) {
				t.Errorf("%s behind %d bytes, %s: %d probes", w, lead, code, probes)
			}
		}
	}
}

// disguises are encodings of a text in which a sibling must be found.
var disguises = map[string]func(string) string{
	"base64":             func(s string) string { return "data: " + encode("# a file\n"+s+"\n# of more\n", "base64") },
	"base64url":          func(s string) string { return "?x=" + encode(" "+s+" ", "base64url") },
	"base64 in lines":    func(s string) string { return wrap(encode("# a file\n"+s+"\n# of more\n", "base64"), 76, "\n") },
	"base64 in a diff":   func(s string) string { return "> " + wrap(encode("# a file\n"+s+"\n", "base64"), 64, "\n> ") },
	"hex":                func(s string) string { return "x'" + encode(s, "hex") + "'" },
	"hex in capitals":    func(s string) string { return "0x" + strings.ToUpper(encode(s, "hex")) + " " },
	"hex in lines":       func(s string) string { return wrap(encode(s, "hex"), 60, "\n") },
	"utf-16le":           func(s string) string { return "\xff\xfe" + encode(s, "utf-16le") },
	"utf-16be":           func(s string) string { return "\xfe\xff" + encode(s, "utf-16be") },
	"percent":            func(s string) string { return "?q=" + url.PathEscape(s) + "&x=1" },
	"JSON in JSON":       func(s string) string { return `{"a": ` + strconv.Quote(s) + `}` },
	"JSON twice":         func(s string) string { return `{"a": ` + strconv.Quote(strconv.Quote(s)) + `}` },
	"quoted-printable":   func(s string) string { return quotedPrintable(s) },
	"HTML":               func(s string) string { return "<pre>" + html.EscapeString(s) + "</pre>" },
	"HTML by numbers":    func(s string) string { return punctuation(s, "&#%d;") },
	"unicode-escape":     func(s string) string { return `"` + punctuation(s, `\u%04x`) + `"` },
	"hex-escape":         func(s string) string { return `"` + punctuation(s, `\x%02x`) + `"` },
	"all of it, \\u":     func(s string) string { return `"` + encode(s, "unicode-escape") + `"` },
	"all of it, \\x":     func(s string) string { return `"` + encode(s, "hex-escape") + `"` },
	"all of it, percent": func(s string) string { return encode(s, "percent") },
	"all of it, HTML":    func(s string) string { return encode(s, "html-entity") },
}

func punctuation(s, format string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if !strings.ContainsRune("\"'<>&=", rune(c)) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, format, c)
		}
	}
	return b.String()
}

func quotedPrintable(s string) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

// TestEncodedSiblings finds each rule's credential in each encoding. It leaves out
// cog login, which has no probes in base64, and .dockerconfigjson: base64 in
// base64 is decoded for API tokens only.
func TestEncodedSiblings(t *testing.T) {
	for name, disguise := range disguises {
		lost, of := 0, 0
		for rule, cases := range siblingTexts() {
			for _, c := range cases {
				if c.want == Low || strings.Contains(c.text, "og login") || strings.Contains(c.text, "configjson") || strings.Contains(c.text, "hunter") {
					continue
				}
				text, secret := filled(rule, c)
				of++
				ms := findAll("some text\n" + disguise(text) + "\nmore text\n")
				if len(ms) != 1 || ms[0].Rule != rule || ms[0].Secret.Reveal() != secret || ms[0].Confidence < Medium {
					lost++
				}
			}
		}
		few := of / 10 // some credentials need two words far from each other
		if strings.HasPrefix(name, "all of it") {
			few = of / 3 // only Replicate's name has probes in its escapes
		}
		if t.Logf("%s: %d of %d are lost", name, lost, of); lost > few {
			t.Errorf("%s: %d of %d are lost", name, lost, of)
		}
	}
}

// TestManyEncodedWords finds a credential behind many encoded words. There, only
// the words at their probes are looked at.
func TestManyEncodedWords(t *testing.T) {
	for _, encoding := range []string{"base64", "hex", "utf-16le"} {
		for _, crowd := range []string{"replicate/a, ", "https://replicate.com/replicate ", "r8.im/a ", "cog_token\n"} {
			for lead := range 3 {
				text := strings.Repeat(crowd, 100) + "abc"[:lead] + "\nCOG_TOKEN=" + fakeCog + "\n" + strings.Repeat(crowd, 20)
				if ms := findAll(encode(text, encoding)); len(ms) != 1 || ms[0].Secret.Reveal() != fakeCog {
					t.Errorf("%s of %q: %s", encoding, crowd, summary(ms))
				}
			}
		}
	}
}

// TestStretchLeft goes back to the start of a run, over real and written line
// breaks.
func TestStretchLeft(t *testing.T) {
	for text, want := range map[string]int{
		"=QUJD":             1, // the = is not part of it
		"QUJD\nQUJD":        0,
		"QUJD\\nQUJDQUJD":   0,
		"QUJD%0AQUJDQUJD":   0,
		"QUJD%250AQUJD":     0,
		"QUJD&#10;QUJD":     0,
		"QUJD\\u000aQUJD":   0,
		"QUJD\"+\n b\"QUJD": 0,
		"QUJD&NewLine;QUJ":  0,
		"QUJD !QUJDnrA0":    6,
	} {
		if got := stretchLeft([]byte(text), len(text)-1, base64Chars); got != want {
			t.Errorf("%q: %d", text, got)
		}
	}
}

// TestValuesInBase64 finds a value in base64 under a plain name, as in a Kubernetes
// Secret.
func TestValuesInBase64(t *testing.T) {
	for text, want := range map[string]string{
		"kind: Secret\ndata:\n  REPLICATE_WEBHOOK_SECRET: {}\n":      fakeWebhook,
		"data:\n  REPLICATE_WEBHOOK_SIGNING_SECRET: \"{}\"\n":        fakeWebhook,
		`{"data":{"REPLICATE_API_TOKEN":"{}"},"kind":"Secret"}`:      fakeHex,
		"data:\n  REPLICATE_API_TOKEN: {}\n  OTHER: eA==\n":          fakeHex,
		"data:\n  COG_TOKEN: {}\n":                                   fakeCog,
		"data:\n  replicate-api-token: {}\n":                         fakeHex,
		"data:\n  STRIPE_WEBHOOK_SECRET: {}\n# " + "REPLICATE_URL\n": "",
	} {
		secret := want
		if secret == "" {
			secret = fakeWebhook
		}
		for _, end := range []string{"", "\n"} {
			ms := findAll(strings.Replace(text, "{}", encode(secret+end, "base64"), 1))
			if want == "" && len(ms) == 0 {
				continue
			}
			if len(ms) != 1 || ms[0].Secret.Reveal() != want || ms[0].Confidence != Medium || len(ms[0].Encoding) != 1 || ms[0].Encoding[0] != "base64" {
				t.Errorf("%s: %s %v", text, summary(ms), encodings(ms))
			}
		}
	}
}

// TestRedactEncodedSiblings masks encoded credentials, also if the text arrives line
// by line.
func TestRedactEncodedSiblings(t *testing.T) {
	for name, disguise := range disguises {
		text := disguise("# my file\nREPLICATE_WEBHOOK_SECRET=" + fakeWebhook + "\nREPLICATE_API_TOKEN=" + fakeHex + "\n")
		want := Redact(text)
		if want == text {
			t.Errorf("%s: nothing is masked", name)
		}
		var out bytes.Buffer
		if n, err := redactStream(standard, &out, &lineReader{text}, make([]byte, redactLen), 0); err != nil || n != 2 || out.String() != want {
			t.Errorf("%s: %v, %d masked, %q", name, err, n, out.String())
		}
	}
}
