package rules

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Diagnosis says what a text is that should be a Replicate token.
type Diagnosis struct {
	Secret   Secret   // the text without what was copied with it
	Provider string   // whose credential it looks like, such as "Replicate"; "" if that is not known
	Problems []string // what is wrong, in a few words each; none quotes the text

	// Wrapped reports whether the text is more than the token. A client that gets such a
	// text fails, even if the token works.
	Wrapped bool

	// Askable reports whether the text may be a Replicate token. Only then may it
	// be sent to Replicate: it may be another provider's key.
	Askable bool

	// Placeholder reports whether the text stands where somebody should have put a
	// token, as in a template.
	Placeholder bool
}

// Diagnose looks at text as a user gave it: a variable's value or a line of
// input. A client that gets the same text works only if there are no problems.
func Diagnose(text string) Diagnosis {
	core, problems := unwrap(text)
	d := Diagnosis{Secret: NewSecret(core, shown), Problems: problems, Wrapped: len(problems) > 0}
	switch {
	case core == "":
		d.Problems = append(d.Problems, "it is empty")
		return d
	case strings.Contains(core, "****"):
		d.Provider = providerOf(core)
		d.Problems = append(d.Problems, "it is masked: Replicate shows a whole token only when it is created, and later with asterisks")
		return d
	}
	d.Provider = providerOf(core)
	switch {
	case isVariable(core):
		d.Problems = append(d.Problems, "it is the name of a variable, which nothing replaced by its value")
	case fillIn(core, d.Provider):
		d.Placeholder = true
		d.Problems = append(d.Problems, isPlaceholder)
	case strings.HasPrefix(core, prefix):
		d.checkToken(core)
	case isLegacy(core):
		d.Provider, d.Askable = "Replicate", true
		d.Problems = append(d.Problems, "it does not begin with r8_: it may be a token of the old form, or no token at all")
	case d.Provider != "":
		d.Problems = append(d.Problems, fmt.Sprintf("it looks like a key of %s, not of Replicate", d.Provider))
	case len(core) >= len(prefix) && strings.EqualFold(core[:2], "r8"):
		d.Provider = "Replicate"
		d.Problems = append(d.Problems, "it does not begin with r8_ exactly: case and underscore matter")
	case len(core) == bodyLen && allAlnum(core):
		d.Problems = append(d.Problems, "it does not begin with r8_, but has the length of a token without r8_")
	default:
		d.Problems = append(d.Problems, "it does not begin with r8_")
	}
	return d
}

// checkToken looks at a text that begins like a token. Only a text of the known
// length and alphabet is Askable.
func (d *Diagnosis) checkToken(core string) {
	n := utf8.RuneCountInString(core)
	switch {
	case strings.Contains(core[len(prefix):], prefix):
		d.Problems = append(d.Problems, "it contains r8_ twice: it is two tokens, or one that was pasted twice")
		return
	case strings.ContainsFunc(core, unicode.IsSpace):
		d.Problems = append(d.Problems, "there is white space in it")
		return
	case n < tokenLen:
		d.Problems = append(d.Problems, fmt.Sprintf("it has %d characters instead of %d: a part is missing", n, tokenLen))
	case n > tokenLen:
		d.Problems = append(d.Problems, fmt.Sprintf("it has %d characters instead of %d: something else was pasted with it", n, tokenLen))
	}
	if !allAlnum(core[len(prefix):]) {
		d.Problems = append(d.Problems, "it has characters that no token has: only letters and digits follow r8_")
	} else if n == tokenLen {
		d.Askable = true
		if placeholder([]byte(core[len(prefix):])) {
			d.Placeholder = true
			d.Problems = append(d.Problems, isPlaceholder)
		}
	}
}

const isPlaceholder = "it looks like a placeholder, not a token"

// fillIns are words of templates.
var fillIns = []string{"your", "here", "xxxx", "token", "changeme", "placeholder", "example", "replace", "insert", "dummy", "todo"}

// fillIn reports whether a text that cannot be a credential of a provider was written
// for somebody to replace.
func fillIn(core, provider string) bool {
	if utf8.RuneCountInString(core) == tokenLen && provider == "Replicate" || provider != "" && provider != "Replicate" || isLegacy(core) {
		return false
	}
	if strings.HasPrefix(core, "<") && strings.HasSuffix(core, ">") || strings.Contains(core, "...") || strings.Contains(core, "…") {
		return true
	}
	folded := strings.ToLower(core)
	for _, word := range fillIns {
		if strings.Contains(folded, word) {
			return true
		}
	}
	return false
}

// isVariable reports whether a text is a reference to a variable: ${NAME}, $NAME,
// %NAME%, {{ name }} or ${{ secrets.NAME }}.
func isVariable(core string) bool {
	for _, form := range [][2]string{{"${", "}"}, {"{{", "}}"}, {"%", "%"}} {
		if len(core) > len(form[0])+len(form[1]) && strings.HasPrefix(core, form[0]) && strings.HasSuffix(core, form[1]) {
			return true
		}
	}
	return len(core) > 1 && core[0] == '$' && isName(core[1:])
}

// unwrap removes what is often copied with a token, from the outside in. It
// returns the rest, and what it removed.
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
		core = trimWords(core, note) // before the quotes, which may be around the value only
		core = trimQuotes(core, note)
		if body, ok := strings.CutPrefix(core, `r8\_`); ok {
			note("there is a backslash before its underscore, as in Markdown")
			core = prefix + body
		}
		if core == before {
			return core, problems
		}
	}
}

// blanks are the characters around a token that are hard or impossible to see.
// The most specific ones come first.
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

// trimWords removes what is before a token in a header, a shell or a
// configuration file, and a comma or semicolon after it.
func trimWords(s string, note func(string)) string {
	if core := strings.TrimRight(s, ",;"); core != s {
		note("there is a comma or semicolon after it")
		s = core
	}
	for _, w := range []string{"authorization:", "bearer ", "token "} {
		if len(s) > len(w) && strings.EqualFold(s[:len(w)], w) {
			note(fmt.Sprintf("there is %q before it", strings.TrimRight(s[:len(w)], " ")))
			return strings.TrimLeft(s[len(w):], " ")
		}
	}
	if i := strings.IndexAny(s, "=:"); i > 0 && isName(strings.TrimSpace(strings.TrimPrefix(s[:i], "export "))) {
		note("there is the name of a variable before it")
		return strings.TrimLeft(s[i+1:], " ")
	}
	return s
}

// isName reports whether s is the name of a variable, with or without quotes.
func isName(s string) bool {
	s = strings.ReplaceAll(strings.Trim(s, quotes), `\_`, "_") // as in Markdown
	return s != "" && !strings.HasPrefix(s, prefix) && !strings.ContainsFunc(s, func(r rune) bool {
		return r >= utf8.RuneSelf || !isAlnum(byte(r)) && r != '_'
	})
}

// others are credentials that people keep beside Replicate's. If two prefixes
// begin alike, the longer one comes first.
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

// isLegacy reports whether s has the form of a token from before the prefix: 40
// hex digits.
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
