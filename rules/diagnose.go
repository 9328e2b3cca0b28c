package rules

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Diagnosis says what somebody has, who was told to have a Replicate token.
type Diagnosis struct {
	Secret   Secret   // the text without what was pasted along
	Provider string   // whose credential it looks like: "Replicate", another's name, or "" if that is open
	Problems []string // what is wrong, in a few words each; none of them repeats the text

	// Askable is set if the text can be a token of Replicate's, so that it is
	// worth asking, and may be sent there: another provider's key may not.
	Askable bool
}

// Diagnose looks at text as it was given: a variable's value, a line of input.
// A client that is given the text as it stands works only if there are no
// problems.
func Diagnose(text string) Diagnosis {
	core, problems := unwrap(text)
	d := Diagnosis{Secret: NewSecret(core, shown), Problems: problems}
	switch {
	case core == "":
		d.Problems = append(d.Problems, "it is empty")
		return d
	case strings.Contains(core, "****"):
		d.Provider = providerOf(core)
		d.Problems = append(d.Problems, "it is masked: Replicate shows a token whole only where it was made, later with asterisks")
		return d
	}
	d.Provider = providerOf(core)
	switch {
	case strings.HasPrefix(core, prefix):
		d.checkToken(core)
	case isLegacy(core):
		d.Provider, d.Askable = "Replicate", true
		d.Problems = append(d.Problems, "it has no r8_ in front: it may be a token of the old form, or not a token at all")
	case d.Provider != "":
		d.Problems = append(d.Problems, fmt.Sprintf("it looks like a key of %s, not of Replicate", d.Provider))
	case len(core) >= len(prefix) && strings.EqualFold(core[:2], "r8"):
		d.Provider = "Replicate"
		d.Problems = append(d.Problems, "it does not begin with r8_ exactly: case and underscore matter")
	case len(core) == bodyLen && allAlnum(core):
		d.Problems = append(d.Problems, "it does not begin with r8_, and has the length of a token without it")
	default:
		d.Problems = append(d.Problems, "it does not begin with r8_")
	}
	return d
}

// checkToken looks at a text that begins like a token. Its body's length is
// not taken on trust: what is longer or holds other characters was never seen,
// but only Replicate knows its tokens.
func (d *Diagnosis) checkToken(core string) {
	n := utf8.RuneCountInString(core)
	switch {
	case strings.Contains(core[len(prefix):], prefix):
		d.Problems = append(d.Problems, "it holds r8_ twice: two tokens in one, or one pasted twice")
		return
	case strings.ContainsFunc(core, unicode.IsSpace):
		d.Problems = append(d.Problems, "there is white space within it")
		return
	case n < tokenLen:
		d.Problems = append(d.Problems, fmt.Sprintf("it has %d characters instead of %d: a part is missing", n, tokenLen))
	case n > tokenLen:
		d.Problems = append(d.Problems, fmt.Sprintf("it has %d characters instead of %d: something was pasted along", n, tokenLen))
	}
	if !allAlnum(core[len(prefix):]) {
		d.Problems = append(d.Problems, "there are characters in it that no token has: after r8_ come letters and digits only")
	} else if n == tokenLen {
		d.Askable = true
		if placeholder([]byte(core[len(prefix):])) {
			d.Problems = append(d.Problems, "it looks like a placeholder, not like a token")
		}
	}
}

// unwrap takes off what is often copied along with a token, from the outside
// in, and says what it was.
func unwrap(text string) (core string, problems []string) {
	note := func(problem string) {
		for _, p := range problems {
			if p == problem {
				return
			}
		}
		problems = append(problems, problem)
	}
	core = text
	for {
		before := core
		core = trimBlank(core, note)
		core = trimWords(core, note) // before the quotes, which may stand around the value only
		core = trimQuotes(core, note)
		if body, ok := strings.CutPrefix(core, `r8\_`); ok {
			note("a backslash stands before its underscore, as Markdown has it")
			core = prefix + body
		}
		if core == before {
			return core, problems
		}
	}
}

// blanks are the characters around a token that are seen badly or not at all,
// the ones that say most first.
var blanks = []struct{ chars, problem string }{
	{"\r", "there is a carriage return around it, as in files from Windows"},
	{"\n", "there is a line break around it"},
	{"\t", "there is a tab around it"},
	{" ", "there is a space around it"},
	{"\u00a0\u2007\u202f", "there is a no-break space around it, as in web pages and documents"},
	{"\ufeff\u200b\u200c\u200d\u2060\u200e\u200f\u00ad", "there is an invisible character around it, as in web pages and documents"},
}

func trimBlank(s string, note func(string)) string {
	isBlank := func(r rune) bool {
		if unicode.IsSpace(r) {
			return true
		}
		for _, b := range blanks {
			if strings.ContainsRune(b.chars, r) {
				return true
			}
		}
		return false
	}
	core := strings.TrimFunc(s, isBlank)
	if core == s {
		return s
	}
	start := strings.Index(s, core) // 0 if nothing is left
	around := s[:start] + s[start+len(core):]
	known := false
	for _, b := range blanks {
		if strings.ContainsAny(around, b.chars) {
			note(b.problem)
			known = true
		}
	}
	if !known {
		note("there is white space around it")
	}
	return core
}

const quotes = "\"'`“”„‘’‚«»"

func trimQuotes(s string, note func(string)) string {
	core := strings.Trim(s, quotes)
	switch {
	case core == s:
	case len(s) >= 2 && strings.HasPrefix(s, core) != strings.HasSuffix(s, core):
		note("there is a quote on one side of it")
	default:
		note("there are quotes around it")
	}
	return core
}

// trimWords takes off what stands in front of a token in a header, a shell or
// a configuration file, and a comma or semicolon behind it.
func trimWords(s string, note func(string)) string {
	if core := strings.TrimRight(s, ",;"); core != s {
		note("a comma or semicolon stands behind it")
		s = core
	}
	for _, w := range []string{"authorization:", "bearer ", "token "} {
		if len(s) > len(w) && strings.EqualFold(s[:len(w)], w) {
			note(fmt.Sprintf("%q stands in front of it", strings.TrimRight(s[:len(w)], " ")))
			return strings.TrimLeft(s[len(w):], " ")
		}
	}
	if i := strings.IndexAny(s, "=:"); i > 0 && isName(strings.TrimSpace(strings.TrimPrefix(s[:i], "export "))) {
		note("the name of a variable stands in front of it")
		return strings.TrimLeft(s[i+1:], " ")
	}
	return s
}

// isName reports whether s is the name of a variable, maybe in quotes.
func isName(s string) bool {
	s = strings.ReplaceAll(strings.Trim(s, quotes), `\_`, "_") // as Markdown has it
	return s != "" && !strings.HasPrefix(s, prefix) && !strings.ContainsFunc(s, func(r rune) bool {
		return r >= utf8.RuneSelf || !isAlnum(byte(r)) && r != '_'
	})
}

// others are credentials that people keep beside Replicate's; the longer
// prefix of two comes first.
var others = []struct{ prefix, provider string }{
	{prefix, "Replicate"},
	{"sk-ant-", "Anthropic"},
	{"sk-or-", "OpenRouter"},
	{"sk-", "OpenAI"},
	{"hf_", "Hugging Face"},
	{"github_pat_", "GitHub"}, {"ghp_", "GitHub"}, {"gho_", "GitHub"}, {"ghs_", "GitHub"},
	{"AIza", "Google"},
	{"AKIA", "Amazon Web Services"},
	{"gsk_", "Groq"},
	{"xoxb-", "Slack"},
	{"whsec_", "a webhook (a signing secret)"},
}

func providerOf(s string) string {
	for _, o := range others {
		if strings.HasPrefix(s, o.prefix) {
			return o.provider
		}
	}
	return ""
}

// isLegacy reports whether s has the form that tokens had before they got a
// prefix: 40 hex digits.
func isLegacy(s string) bool {
	return len(s) == tokenLen && hexRun([]byte(s), tokenLen) == tokenLen
}

func allAlnum(s string) bool {
	for i := range len(s) {
		if !isAlnum(s[i]) {
			return false
		}
	}
	return true
}
