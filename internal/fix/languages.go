package fix

import (
	"strings"

	"r8scan/internal/pattern"
)

var (
	cLine  = []string{"//"}
	cBlock = [][2]string{{"/*", "*/"}}
	double = quote{open: `"`, close: `"`, escape: '\\'}
	single = quote{open: `'`, close: `'`, escape: '\\'}
	rune_  = quote{open: `'`, close: `'`, escape: '\\', char: true}
)

// lines returns a quote that may hold line ends.
func lines(q quote) quote { q.lines = true; return q }

// holes returns a quote with expressions in it.
func holes(q quote, hole string) quote { q.hole = hole; return q }

// triple returns a string between three quotes, in which escape is 0 or a backslash.
func triple(q string, escape byte) quote {
	return quote{open: q, close: q, escape: escape, lines: true}
}

// languageOf returns the language of a file by the id of its row in the table of
// places and by its extension; nil if there is none.
func languageOf(row, ext string) *language {
	switch row {
	case "python", "notebook":
		return python()
	case "node", "web-server", "sveltekit", "deno":
		return javascript()
	case "ruby":
		return ruby()
	case "elixir":
		return elixir()
	case "php":
		return php()
	case "java":
		switch ext {
		case ".kt", ".kts":
			return kotlin()
		case ".groovy", ".gradle":
			return groovy()
		}
		return java()
	case "csharp":
		return csharp()
	case "rust":
		return rust()
	case "powershell":
		return powershell()
	case "terraform":
		return terraform()
	case "go":
		return golang()
	}
	return nil
}

func golang() *language {
	return &language{line: cLine, block: cBlock, replace: replaceGo,
		quotes: []quote{double, {open: "`", close: "`", lines: true}, rune_}}
}

func ruby() *language {
	return &language{line: []string{"#"}, block: [][2]string{{"\n=begin", "\n=end"}}, regex: true, percent: true, replace: replaceRuby,
		heredoc: heredocs{"<<", "#{"}, quotes: []quote{lines(holes(double, "#{")), lines(single), lines(holes(quote{open: "`", close: "`", escape: '\\'}, "#{"))}}
}

var rubyFallbacks = []fallback{
	{pattern.Of(`ENV\.fetch\(\s*(["'][A-Za-z_]\w*["'])\s*,\s*$`), pattern.Of(`^\s*\)`), `ENV.fetch($1)`},
	{pattern.Of(`ENV\[(["'][A-Za-z_]\w*["'])\]\s*\|\|\s*$`), pattern.Of(`^`), `ENV.fetch($1)`},
}

var rubyAssigned = pattern.Of(`^\s*ENV\[["']([A-Za-z_]\w*)["']\]\s*=\s*$`)

func replaceRuby(s *site) {
	switch {
	case s.dropped(rubyFallbacks):
	case s.assigned(rubyAssigned):
		s.removeLine()
	case touches(s):
		s.leave(whySplit)
	case s.span.to < len(s.text) && s.text[s.span.to] == ':' && !strings.HasPrefix(string(s.text[s.span.to:]), "::"):
		s.leave(whyKey)
	case s.isWhole():
		s.put(s.lookup)
	case s.span.quote.hole != "":
		s.putIn("#{" + s.lookup + "}")
	case s.span.heredoc:
		s.leave(whyForm)
	case strings.ContainsAny(s.before()+s.after(), "\\\"#"):
		s.join(" + ")
	default: // the same in double quotes, which have expressions
		s.edits = append(s.edits, edit{s.span.from, s.span.in, `"`}, edit{s.span.out, s.span.to, `"`})
		s.putIn("#{" + s.lookup + "}")
	}
}

func elixir() *language {
	return &language{line: []string{"#"}, replace: replaceElixir,
		quotes: []quote{holes(triple(`"""`, '\\'), "#{"), lines(holes(double, "#{")), lines(holes(single, "#{"))}}
}

// elixirAttribute is the head of a module attribute.
var elixirAttribute = pattern.Of(`^\s*@\w+\s*$`)

func replaceElixir(s *site) {
	switch {
	case elixirAttribute().MatchString(s.head()):
		s.leave(whyConstant) // it is read when the module is compiled
	case s.span.quote.open != `"` && s.isWhole():
		s.leave(whyForm)
	case s.isWhole():
		s.put(s.lookup)
	default:
		s.putIn("#{" + s.lookup + "}")
	}
}

func php() *language {
	return &language{line: []string{"//", "#"}, block: cBlock, tag: "<?", replace: replacePHP, heredoc: heredocs{"<<<", "{$"},
		quotes: []quote{lines(holes(double, "{$")), lines(single), lines(quote{open: "`", close: "`", escape: '\\'})}}
}

var (
	phpConstant  = pattern.Of(`(?i)(^|[\s;{}])((abstract|final)\s+)*(public|private|protected|static|var|readonly)\s[^;]*=\s*$|(^|[\s;{}])case\s*$|(^|[\s;{}])static\s+\$\w+\s*=\s*$`)
	phpConst     = pattern.Of(`(?i)^(<\?php\s+)?const\s+(\w+)\s*=\s*$`)
	phpConstIn   = pattern.Of(`(?i)(^|[\s;{}])const\s[^;]*$|#\[[^\]]*$`)
	phpParameter = pattern.Of(`(?i)\b(function|fn)\b[^(]*\([^)]*=\s*$`)
	phpFallbacks = []fallback{
		{pattern.Of(`(getenv\(\s*["'][A-Za-z_]\w*["']\s*\))\s*\?:\s*$`), pattern.Of(`^`), `$1`},
		{pattern.Of(`(\$_(?:ENV|SERVER)\[["'][A-Za-z_]\w*["']\])\s*(?:\?\?|\?:)\s*$`), pattern.Of(`^`), `$1`},
	}
)

func replacePHP(s *site) {
	head := s.head()
	if m := phpConst().FindStringSubmatchIndex(head); m != nil && s.in() == 0 && s.next() == ';' && s.isWhole() {
		from := s.span.from - len(head)
		if m[2] >= 0 {
			from += m[3]
		}
		s.edits = append(s.edits, edit{from, s.span.from, "define('" + head[m[4]:m[5]] + "', "})
		s.put(s.lookup + ")")
		return
	}
	switch {
	case phpConstIn().MatchString(head), phpConstant().MatchString(head), phpParameter().MatchString(head):
		s.leave(whyConstant)
	case s.dropped(phpFallbacks):
	case s.span.heredoc || s.span.quote.open == "`" || s.span.inner:
		s.leave(whyForm)
	case s.isWhole():
		s.put(s.lookup)
	default:
		s.join(" . ")
	}
}

func java() *language {
	return &language{line: cLine, block: cBlock, replace: replaceJava, quotes: []quote{triple(`"""`, '\\'), double, rune_}}
}

func kotlin() *language {
	return &language{line: cLine, block: cBlock, replace: replaceJava, quotes: []quote{holes(triple(`"""`, 0), "${"), holes(double, "${"), rune_}}
}

func groovy() *language {
	return &language{line: cLine, block: cBlock, regex: true, replace: replaceJava,
		quotes: []quote{holes(triple(`"""`, '\\'), "${"), triple(`'''`, '\\'), holes(double, "${"), single}}
}

var (
	annotation    = pattern.Of(`@[\w.:]+\s*\([^)]*$`)
	javaCase      = pattern.Of(`(^|[\s;{}])case\s[^:]*$`)
	kotlinConst   = pattern.Of(`\bconst\s+(val\s+\w+\s*(?::\s*String\s*)?=\s*)$`)
	javaFallbacks = []fallback{
		{pattern.Of(`(System\.getenv\(\s*"[A-Za-z_]\w*"\s*\)|System\.getenv\("[A-Za-z_]\w*"\))\s*\?:\s*$`), pattern.Of(`^`), `$1`},
	}
)

// replaceJava is for Java, Kotlin and Groovy.
func replaceJava(s *site) {
	head := s.head()
	switch m := kotlinConst().FindStringSubmatchIndex(head); {
	case annotation().MatchString(head), s.ext() == ".java" && javaCase().MatchString(head):
		s.leave(whyConstant)
	case s.span.inner:
		s.leave(whyHole)
	case s.dropped(javaFallbacks):
	case m != nil && !s.isWhole():
		s.leave(whyConstant)
	case m != nil: // no longer a constant of the compiler
		start := s.span.from - len(head)
		s.edits = append(s.edits, edit{start + m[0], start + m[2], ""})
		s.put(s.lookup)
	case s.isWhole():
		s.put(s.lookup)
	case s.span.quote.hole != "":
		s.putIn("${" + s.lookup + "}")
	default:
		s.join(" + ")
	}
}

func csharp() *language {
	interpolated := holes(double, "{")
	return &language{line: cLine, block: cBlock, replace: replaceCSharp, quotes: []quote{
		{open: `$"""`, close: `"""`, lines: true}, {open: `"""`, close: `"""`, lines: true},
		{open: `$@"`, close: `"`, doubled: true, lines: true, hole: "{"}, {open: `@$"`, close: `"`, doubled: true, lines: true, hole: "{"},
		{open: `@"`, close: `"`, doubled: true, lines: true},
		{open: `$"`, close: interpolated.close, escape: '\\', hole: "{"}, double, rune_}}
}

var (
	csharpConst     = pattern.Of(`\b(?:public|private|protected|internal)\s(?:.*\s)?(const)\s+string\s+\w+\s*=\s*$`)
	csharpAnyConst  = pattern.Of(`\bconst\s`)
	csharpAttribute = pattern.Of(`^\s*\[\s*(\w+\s*:\s*)?[A-Z][\w.]*\s*\([^)]*$`)
	csharpParameter = pattern.Of(`\(.*\bstring\??\s+\w+\s*=\s*$`)
	csharpFallbacks = []fallback{
		{pattern.Of(`((?:System\.)?Environment\.GetEnvironmentVariable\(\s*"[A-Za-z_]\w*"\s*\))\s*\?\?\s*$`), pattern.Of(`^`), `$1`},
	}
)

func replaceCSharp(s *site) {
	head := s.head()
	switch m := csharpConst().FindStringSubmatchIndex(head); {
	case m != nil:
		start := s.span.from - len(head)
		s.edits = append(s.edits, edit{start + m[2], start + m[3], "static readonly"})
		if s.isWhole() {
			s.put(s.lookup)
		} else {
			s.join(" + ")
		}
	case csharpAnyConst().MatchString(head), csharpAttribute().MatchString(head), csharpParameter().MatchString(head), javaCase().MatchString(head):
		s.leave(whyConstant)
	case s.span.inner:
		s.leave(whyHole)
	case s.dropped(csharpFallbacks):
	case s.isWhole():
		s.put(s.lookup)
	case strings.HasSuffix(s.span.quote.open, `"""`):
		s.leave(whyForm)
	default:
		s.join(" + ")
	}
}

func rust() *language {
	qs := []quote{}
	for _, b := range []string{"br", "cr", "r"} {
		for _, hashes := range []string{"###", "##", "#", ""} {
			qs = append(qs, quote{open: b + hashes + `"`, close: `"` + hashes, lines: true})
		}
	}
	return &language{line: cLine, block: cBlock, replace: replaceRust,
		quotes: append(qs, quote{open: `b"`, close: `"`, escape: '\\', lines: true}, quote{open: `c"`, close: `"`, escape: '\\', lines: true}, lines(double), rune_)}
}

var (
	rustConstant = pattern.Of(`\b(const|static)\s+(mut\s+)?\w+\s*:`)
	rustFormat   = pattern.Of(`\b\w+!\s*[(\[{]\s*$|\b(write|writeln|panic|assert)!\s*\([^,]*,\s*$`)
	rustLet      = pattern.Of(`\blet\s+(mut\s+)?\w+\s*(:\s*&(\s*'static)?\s*str\s*)?=\s*$`)
	rustOwned    = pattern.Of(`^\s*\.(to_string|to_owned|into|to_str|as_str|into_bytes|as_bytes|len|clone)\(`)
	rustFrom     = pattern.Of(`\bString::from\(\s*$`)
	rustArgument = pattern.Of(`[\w>!]\s*\((?:[^()]|\([^()]*\))*$`)
)

// replaceRust writes a look-up where a String, or a reference to one, is as good as
// a literal: the compiler takes no String for a &str.
func replaceRust(s *site) {
	head, tail := s.head(), string(s.text[s.span.to:min(len(s.text), s.span.to+40)])
	value := s.lookup
	if !s.isWhole() {
		if strings.ContainsAny(s.before()+s.after(), `\{}`) || strings.HasPrefix(s.span.quote.open, "r") {
			s.leave(whyForm)
			return
		}
		value = `format!("` + s.before() + `{}` + s.after() + `", ` + s.lookup + `)`
	}
	switch {
	case rustConstant().MatchString(head), strings.Contains(head, "#["):
		s.leave(whyConstant)
	case rustFormat().MatchString(head):
		s.leave(whyMacro)
	case strings.HasPrefix(s.span.quote.open, "b"), strings.HasPrefix(s.span.quote.open, "c"):
		s.leave(whyForm)
	case rustOwned().MatchString(tail), rustFrom().MatchString(head):
		s.put(value)
	case rustLet().MatchString(head) && s.next() == ';', s.in() == '(' && rustArgument().MatchString(head) && isIn(s.next(), ",)"):
		s.put("&" + value)
	default:
		s.leave("a literal lives longer there than a value that is looked up")
	}
}

func powershell() *language {
	return &language{line: []string{"#"}, block: [][2]string{{"<#", "#>"}}, replace: replacePowerShell, quotes: []quote{
		{open: "@\"\n", close: "\n\"@", lines: true, hole: "$("}, {open: "@\"\r\n", close: "\n\"@", lines: true, hole: "$("},
		{open: "@'\n", close: "\n'@", lines: true}, {open: "@'\r\n", close: "\n'@", lines: true},
		{open: `"`, close: `"`, escape: '`', doubled: true, lines: true, hole: "$("}, {open: `'`, close: `'`, doubled: true, lines: true}}}
}

var powershellAssigned = pattern.Of(`(?i)^\s*\$env:(\w+)\s*=\s*$`)

func replacePowerShell(s *site) {
	here := strings.HasPrefix(s.span.quote.open, "@")
	inside := "${env:" + s.variable + "}"
	switch {
	case s.assigned(powershellAssigned):
		s.removeLine()
	case s.isWhole() && !here:
		s.put(s.lookup)
	case strings.HasSuffix(s.span.quote.open, `'`) || strings.HasPrefix(s.span.quote.open, "@'"):
		if here || strings.ContainsAny(s.before()+s.after(), "$`\"'") {
			s.leave(whyForm)
			return
		}
		s.edits = append(s.edits, edit{s.span.from, s.span.in, `"`}, edit{s.span.out, s.span.to, `"`})
		s.putIn(inside)
	default:
		s.putIn(inside)
	}
}

func terraform() *language {
	return &language{line: []string{"#", "//"}, block: cBlock, heredoc: heredocs{"<<", "${"}, replace: replaceTerraform,
		quotes: []quote{holes(double, "${")}}
}
