package fix

import (
	"slices"
	"strings"

	"r8scan/internal/pattern"
)

func javascript() *language {
	return &language{line: cLine, block: cBlock, regex: true, replace: replaceJavaScript,
		quotes: []quote{lines(holes(quote{open: "`", close: "`", escape: '\\'}, "${")), double, single}}
}

var (
	scriptFallbacks = []fallback{
		{pattern.Of(`((?:process\.env|Bun\.env|import\.meta\.env)(?:\.[A-Za-z_]\w*|\[["'][A-Za-z_]\w*["']\]))\s*(?:\|\||\?\?)\s*$`), pattern.Of(`^`), `$1`},
		{pattern.Of(`(Deno\.env\.get\(\s*["'][A-Za-z_]\w*["']\s*\))\s*(?:\|\||\?\?)\s*$`), pattern.Of(`^`), `$1`},
	}
	scriptAssigned = pattern.Of(`^\s*process\.env(?:\.|\[["'])([A-Za-z_]\w*)(?:["']\])?\s*=\s*$`)
	scriptEnv      = pattern.Of(`process\.env[.\[][^=;]*\|?\|?=\s*$`)
	processTaken   = pattern.Of(`\b(?:const|let|var|function|class)\s+(?:process|Deno)\b`)
	octal          = pattern.Of(`\\[0-9]`)
	typed          = pattern.Of(`:\s*string\s*=\s*$`)
	moduleName     = pattern.Of(`(^|[\s;{}])(from|import)\s*\(?\s*$`)
	typeName       = pattern.Of(`^\s*(export\s+)?(declare\s+)?type\s+\w+[^=]*=[^;]*$|\bas\s*$|:\s*$`)
)

func replaceJavaScript(s *site) {
	head := s.head()
	template := s.span.quote.open == "`"
	jsx := strings.HasSuffix(s.ext(), "x")
	typescript := slices.Contains([]string{".ts", ".tsx", ".mts", ".cts"}, s.ext())
	switch {
	case jsx && s.span.from > 0 && s.text[s.span.from-1] == '=':
		s.leave("it may be the value of an attribute of a tag")
	case !template && s.next() == ':' && isIn(s.prev(), "{,"):
		s.leave(whyKey)
	case moduleName().MatchString(head), typescript && typeName().MatchString(head) && s.in() != '{' && s.in() != '(':
		s.leave(whyPattern)
	case processTaken().Match(s.code):
		s.leave(whyTaken)
	case s.dropped(scriptFallbacks):
	case s.assigned(scriptAssigned) && !isIn(endBefore(s), ")e"):
		s.removeLine()
	case scriptEnv().MatchString(head):
		s.leave("it is written into the environment itself: remove the line")
	case s.isWhole():
		sure := ""
		if typescript && (typed().MatchString(head) || isIn(s.next(), ".[") || s.next() == 'a' && isCast(s.code[s.span.to:])) {
			sure = "!" // the compiler knows that a variable may be missing
		}
		s.put(s.lookup + sure)
	case template:
		s.putIn("${" + s.lookup + "}")
	case octal().MatchString(s.before() + s.after()):
		s.leave(whyForm)
	default:
		makeTemplate(s)
	}
}

func isCast(code []byte) bool {
	return strings.HasPrefix(strings.TrimSpace(string(code[:min(len(code), 12)])), "as string")
}

// makeTemplate makes the literal a template with the look-up in it.
func makeTemplate(s *site) {
	for i := s.span.in; i < s.span.out; i++ {
		switch c := s.text[i]; {
		case c == '\\':
			i++
		case c == '`', c == '$' && s.text[i+1] == '{':
			s.edits = append(s.edits, edit{i, i, `\`})
		}
	}
	s.edits = append(s.edits, edit{s.span.from, s.span.in, "`"}, edit{s.span.out, s.span.to, "`"})
	s.putIn("${" + s.lookup + "}")
}

// endBefore returns the last character of the code before the literal's line.
func endBefore(s *site) byte {
	code := strings.TrimRight(string(s.code[:lineStart(s.text, s.span.from)]), " \t\r\n")
	if code == "" {
		return 0
	}
	if c := code[len(code)-1]; c != 'e' || strings.HasSuffix(code, "else") {
		return c
	}
	return 0
}
