package fix

import (
	"bytes"
	"strings"

	"r8scan/internal/pattern"
)

var (
	hclDefault  = pattern.Of(`^\s*default\s*=\s*$`)
	hclVariable = pattern.Of(`^\s*variable\s+"?\x01*"?\s*$`)
	hclFixed    = pattern.Of(`^\s*(terraform|backend|required_providers|module|import|moved)\b`)
	hclModule   = pattern.Of(`^\s*module\b`)
	hclArgument = pattern.Of(`^(\s*)([\w-]+)(\s*)=(\s*)(.*)$`)
	hclSource   = pattern.Of(`^\s*(source|version)\s*=\s*$`)
)

func replaceTerraform(s *site) {
	switch {
	case s.span.inner:
		s.leave(whyHole)
	case hclDefault().MatchString(s.head()) && blockIs(s, hclVariable):
		makeSensitive(s)
	case blockIs(s, hclFixed) && (hclSource().MatchString(s.head()) || !blockIs(s, hclModule)):
		s.leave(whyConstant)
	case isMapKey(s), s.next() == '{':
		s.leave(whyKey)
	case s.isWhole():
		s.put(s.lookup)
	default:
		s.putIn("${" + s.lookup + "}")
	}
}

// isMapKey reports whether the literal is a key of a map.
func isMapKey(s *site) bool {
	head, _ := s.line()
	tail := strings.TrimLeft(string(s.code[s.span.to:min(len(s.code), s.span.to+40)]), " \t")
	return (strings.TrimSpace(head) == "" || isIn(s.prev(), "{,")) && !strings.HasPrefix(tail, "==") && tail != "" && isIn(tail[0], "=:")
}

// blockIs reports whether the line that opens a block around the literal matches.
func blockIs(s *site, head pattern.Pattern) bool {
	for b := s.span.bracket; b >= 0; b = s.brackets[b].outer {
		at := s.brackets[b].at
		if s.brackets[b].char == '{' && head().Match(s.code[lineStart(s.text, at):at]) {
			return true
		}
	}
	return false
}

// makeSensitive puts sensitive = true in the place of a variable's default, or removes
// that if the variable is sensitive already.
func makeSensitive(s *site) {
	open := s.brackets[s.span.bracket].at
	end := open + max(bytes.IndexByte(s.code[open:], '}'), 0)
	head, tail := s.line()
	if !s.isWhole() || strings.TrimSpace(tail) != "" || lineStart(s.text, s.span.from) < open {
		s.leave(whyConstant)
		return
	}
	if bytes.Contains(s.code[open:end], []byte("sensitive")) {
		s.removeLine()
		return
	}
	start := s.span.from - len(head)
	block, at := arguments(s, start)
	width := len("sensitive")
	for _, m := range block {
		width = max(width, len(m[2]))
	}
	for _, m := range block {
		pad := strings.Repeat(" ", width-len(m[2])+1)
		if pad != m[3] {
			from := at[m[0]] + len(m[1]) + len(m[2])
			s.edits = append(s.edits, edit{from, from + len(m[3]), pad})
		}
	}
	indent := head[:len(head)-len(strings.TrimLeft(head, " \t"))]
	s.edits = append(s.edits, edit{start, s.span.to, indent + "sensitive" + strings.Repeat(" ", width-len("sensitive")+1) + "= true"})
}

// arguments returns the arguments on the lines around the one at start, which
// terraform fmt aligns, and where their lines start.
func arguments(s *site, start int) (found [][]string, at map[string]int) {
	at = map[string]int{}
	take := func(from int) bool {
		line := string(s.text[from : from+lineLen(s.text[from:])])
		m := hclArgument().FindStringSubmatch(line)
		if m == nil || strings.HasSuffix(strings.TrimSpace(line), "{") || strings.HasSuffix(strings.TrimSpace(line), "[") {
			return false
		}
		found, at[m[0]] = append(found, m), from
		return true
	}
	for from := start; from > 0; {
		if from = lineStart(s.text, len(bytes.TrimSuffix(bytes.TrimSuffix(s.text[:from], []byte("\n")), []byte("\r")))); !take(from) {
			break
		}
	}
	for next := behindLineEnd(s.text, start+lineLen(s.text[start:])); next < len(s.text) && take(next); {
		next = behindLineEnd(s.text, next+lineLen(s.text[next:]))
	}
	return found, at
}

var hclDeclared = pattern.Of(`(?m)^\s*variable\s+"?([\w-]+)"?\s*\{`)

// declare returns the edits that declare the variables which the targets need, at
// the end of the file.
func declare(d *document, targets []target) (edits []edit) {
	nl := lineEnd(d.text)
	known := map[string]bool{}
	for _, m := range hclDeclared().FindAllSubmatch(d.text, -1) {
		known[string(m[1])] = true
	}
	text := ""
	for i := range targets {
		t := &targets[i]
		name := strings.TrimPrefix(t.lookup(), "var.")
		if !t.needs || known[name] || d.declared != nil && d.declared(name) {
			continue
		}
		known[name] = true
		text += nl + strings.ReplaceAll(t.row.Needs(t.variable), "\n", nl) + nl
	}
	if text == "" {
		return nil
	}
	end := len(d.text)
	if end > 0 && !isIn(d.text[end-1], "\r\n") { // the file stays without a last line end
		text = nl + strings.TrimSuffix(text, nl)
	}
	return []edit{{end, end, text}}
}
