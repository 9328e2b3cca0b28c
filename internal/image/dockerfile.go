package image

import (
	"encoding/json"
	"path"
	"strings"

	"r8scan/internal/pattern"

	"github.com/moby/patternmatcher"
)

// parse returns what a Dockerfile copies from its context. What it says in
// variables is unknown, and left out.
func parse(text string) []instruction {
	var out []instruction
	for _, line := range instructions(text) {
		word, rest, _ := strings.Cut(line, " ")
		if word = strings.ToUpper(word); word != "COPY" && word != "ADD" {
			continue
		}
		if i, ok := parseCopy(rest); ok {
			out = append(out, i)
		}
	}
	return out
}

// parseCopy reads what stands behind COPY or ADD. It is nothing of the context's
// if it is from another stage, from the network, or a text in the Dockerfile.
func parseCopy(rest string) (i instruction, ok bool) {
	for {
		rest = strings.TrimSpace(rest)
		if !strings.HasPrefix(rest, "--") {
			break
		}
		flag, behind, _ := strings.Cut(rest, " ")
		if strings.HasPrefix(flag, "--from=") {
			return i, false
		}
		if pattern, ok := strings.CutPrefix(flag, "--exclude="); ok {
			i.excluded = append(i.excluded, strings.Trim(pattern, `"'`))
		}
		rest = behind
	}
	var words []string
	if json.Unmarshal([]byte(rest), &words) != nil {
		words = strings.Fields(rest)
	}
	if len(words) < 2 {
		return i, false
	}
	for _, w := range words[:len(words)-1] {
		w = strings.Trim(w, `"'`)
		if w == "" || strings.ContainsAny(w, "$") || strings.Contains(w, "://") || strings.HasPrefix(w, "git@") || strings.HasPrefix(w, "<<") {
			continue
		}
		i.sources = append(i.sources, strings.TrimPrefix(path.Clean("/"+w), "/"))
	}
	if len(i.excluded) > 0 {
		i.exclude, _ = patternmatcher.New(i.excluded) // Docker refuses one that is malformed
	}
	return i, len(i.sources) > 0
}

var (
	escapeDirective = pattern.Of("(?i)^#[ \t]*escape[ \t]*=[ \t]*`[ \t]*$")
	hereDocument    = pattern.Of(`(?:^|[^<])<<-?['"]?([A-Za-z_][A-Za-z0-9_]*)['"]?`)
)

// instructions returns the instructions of a Dockerfile, each as one line, with
// single spaces for tabs.
func instructions(text string) []string {
	lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(strings.ReplaceAll(line, "\t", " "))
	}
	escape := `\`
	for _, line := range lines { // directives are at the top
		if !strings.HasPrefix(line, "#") {
			break
		}
		if escapeDirective().MatchString(line) {
			escape = "`"
		}
	}
	last := map[string]int{} // where a text stands last as a line
	for i, line := range lines {
		last[line] = i
	}
	var out []string
	var current strings.Builder
	for at := 0; at < len(lines); at++ {
		line := lines[at]
		if line == "" || line[0] == '#' { // also between the lines of an instruction
			continue
		}
		head, more := strings.CutSuffix(line, escape)
		current.WriteString(head)
		if more && at < len(lines)-1 {
			current.WriteByte(' ')
			continue
		}
		out = append(out, current.String())
		current.Reset()
		for _, word := range hereDocument().FindAllStringSubmatch(out[len(out)-1], -1) {
			for end := at + 1; end <= last[word[1]]; end++ { // one without an end is none
				if lines[end] == word[1] {
					at = end
					break
				}
			}
		}
	}
	return append(out, current.String())
}
