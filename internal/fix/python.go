package fix

import (
	"strings"

	"r8scan/internal/pattern"
)

func python() *language {
	return &language{line: []string{"#"}, prefix: "rRbBuUfFtT", replace: replacePython,
		quotes: []quote{triple(`"""`, '\\'), triple(`'''`, '\\'), double, single}}
}

var (
	pythonPattern   = pattern.Of(`^\s*case\s[^:]*$|\bLiteral\[[^\]]*$`)
	pythonFallbacks = []fallback{
		{pattern.Of(`os\.(?:environ\.get|getenv)\(\s*(["'][A-Za-z_]\w*["'])\s*,\s*(?:default\s*=\s*)?$`), pattern.Of(`^\s*,?\s*\)`), `os.environ[$1]`},
		{pattern.Of(`os\.(?:environ\.get|getenv)\(\s*(["'][A-Za-z_]\w*["'])\s*\)\s*or\s*$`), pattern.Of(`^`), `os.environ[$1]`},
	}
	pythonAssigned = pattern.Of(`^os\.environ\[["']([A-Za-z_]\w*)["']\]\s*=\s*$`)
	osTaken        = pattern.Of(`(?m)^\s*os\s*=[^=]|\bas\s+os\b|\bfor\s+os\s+in\b|^\s*def\s+\w+\([^)]*\bos\b|^\s*(?:def|class)\s+os\b`)
	notASCII       = pattern.Of(`[^\x00-\x7f]`)
)

func replacePython(s *site) {
	rest := s.before() + s.after()
	bytes := strings.Contains(s.span.prefix, "b")
	switch {
	case isStatement(s):
		s.name() // a docstring: nothing reads a value there
	case s.span.inner:
		s.leave(whyHole)
	case osTaken().Match(s.code):
		s.leave(whyTaken)
	case touches(s):
		s.leave(whySplit)
	case pythonPattern().MatchString(s.head()):
		s.leave(whyPattern)
	case strings.Contains(s.span.prefix, "t"):
		s.leave(whyForm)
	case s.dropped(pythonFallbacks):
	case s.assigned(pythonAssigned):
		s.removeLine()
	case s.isWhole() && bytes:
		s.put(s.lookup + ".encode()")
	case s.isWhole():
		s.put(s.lookup)
	case bytes && (strings.ContainsAny(rest, "\\{}") || notASCII().MatchString(rest) || s.span.prefix != "b"):
		s.leave(whyForm)
	case bytes:
		formatString(s)
		s.edits = append(s.edits, edit{s.span.to, s.span.to, ".encode()"})
	default:
		formatString(s)
	}
}

// formatString makes the literal an f-string with the look-up in it. The quotes in it are
// the others, because Python before 3.12 takes no others.
func formatString(s *site) {
	lookup := s.lookup
	if strings.HasPrefix(s.span.quote.open, `"`) {
		lookup = strings.ReplaceAll(lookup, `"`, `'`)
	}
	rest := s.before() + s.after()
	if !strings.Contains(s.span.prefix, "f") {
		if strings.Contains(rest, `\N{`) && !strings.Contains(s.span.prefix, "r") {
			s.leave(whyForm) // no braces to be doubled
			return
		}
		for i := s.span.in; i < s.span.out; i++ {
			if isIn(s.text[i], "{}") {
				s.edits = append(s.edits, edit{i, i + 1, strings.Repeat(string(s.text[i]), 2)})
			}
		}
		prefix := "f"
		if strings.Contains(s.span.prefix, "r") {
			prefix = "rf"
		}
		s.edits = append(s.edits, edit{s.span.from, s.span.from + len(s.span.prefix), prefix})
	}
	s.putIn("{" + lookup + "}")
}

// isStatement reports whether the literal is a statement of its own, such as a
// docstring.
func isStatement(s *site) bool {
	head, tail := s.line()
	start := strings.TrimRight(string(s.code[:s.span.from]), " \t")
	begins := strings.TrimLeft(head, " \t\f") == "" && !strings.HasSuffix(strings.TrimRight(start, "\r\n"), `\`) ||
		strings.HasSuffix(start, ":") && docstringHead().MatchString(start[strings.LastIndexAny(start, "\r\n")+1:])
	tail, _, _ = strings.Cut(tail, "#")
	return s.in() == 0 && begins && strings.Trim(tail, " \t;") == ""
}

var docstringHead = pattern.Of(`^\s*(async\s+def|def|class)\s`)

var (
	touching = pattern.Of(`\x01(?:[ \t]|\\\r?\n)*$`)
	touched  = pattern.Of(`^(?:[ \t]|\\\r?\n)*\x01`)
)

// touches reports whether another literal stands beside this one: Python makes one
// string of both.
func touches(s *site) bool {
	before, after := string(s.code[:s.span.from]), string(s.code[s.span.to:])
	if s.in() != 0 { // line ends do not matter there
		before, after = strings.TrimRight(before, " \t\r\n\\"), strings.TrimLeft(after, " \t\r\n\\")
	}
	return touching().MatchString(before[max(0, len(before)-200):]) || touched().MatchString(after[:min(len(after), 200)])
}
