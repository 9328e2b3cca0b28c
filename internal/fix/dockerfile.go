package fix

import (
	"bytes"
	"regexp"
	"strings"

	"r8scan/internal/pattern"
)

// instruction is one of a Dockerfile, with the lines that continue it.
type instruction struct {
	from, to int // whole lines, without the last line end
	body     int // behind its keyword
	word     string
}

var (
	dockerEscape  = pattern.Of("(?mi)^#\\s*escape\\s*=\\s*`")
	dockerSyntax  = pattern.Of(`(?mi)^#\s*syntax\s*=`)
	dockerWord    = pattern.Of(`^\s*([A-Za-z]+)\s+`)
	dockerName    = pattern.Of(`^[A-Za-z_][A-Za-z0-9_]*$`)
	dockerHeredoc = pattern.Of(`<<-?\s*["']?([A-Za-z_]\w*)["']?`)
)

// instructions returns the instructions of a Dockerfile.
func instructions(text []byte) (all []instruction) {
	escape := `\`
	if dockerEscape().Match(text[:min(len(text), 512)]) {
		escape = "`"
	}
	var open *instruction
	end := "" // of a heredoc
	for at, line := range codeLines(text) {
		bare := strings.TrimSpace(line)
		switch {
		case end != "":
			open.to = at + len(line)
			if bare == end {
				end, open = "", nil
			}
			continue
		case strings.HasPrefix(bare, "#"), bare == "" && open == nil:
			continue
		case open == nil:
			m := dockerWord().FindStringSubmatchIndex(line)
			if m == nil {
				continue
			}
			all = append(all, instruction{from: at, body: at + m[1], word: strings.ToUpper(line[m[2]:m[3]])})
			open = &all[len(all)-1]
		}
		open.to = at + len(line)
		if m := dockerHeredoc().FindStringSubmatch(line); m != nil && open.word == "RUN" {
			end = m[1]
			continue
		}
		if !strings.HasSuffix(bare, escape) {
			open = nil
		}
	}
	return all
}

// inDockerfile replaces a credential in a Dockerfile. What is built into the image
// goes: the variable comes when a container runs, and as a secret to the steps of
// the build that use it.
func inDockerfile(text []byte, t *target) answer {
	all := instructions(text)
	for i, in := range all {
		if t.Start < in.body || t.End > in.to {
			continue
		}
		if start := lineStart(text, t.Start); bytes.HasPrefix(bytes.TrimSpace(text[start:t.Start]), []byte("#")) {
			break
		}
		exec := bytes.HasPrefix(bytes.TrimSpace(text[in.body:in.to]), []byte("["))
		switch {
		case in.word == "ENV":
			return unset(text, t, all, i, pairs(text, in))
		case in.word == "ARG" && !hasFrom(all[:i]):
			return left("FROM may need it")
		case in.word == "ARG":
			return unset(text, t, all, i, pairs(text, in))
		case exec:
			return left("no shell runs it, so that it cannot have a variable")
		case in.word == "RUN", in.word == "CMD", in.word == "ENTRYPOINT":
			edits, why := script{text: text[in.body:in.to]}.replace(t.Start-in.body, t.End-in.body, t.variable)
			if why != "" {
				return left(why)
			}
			edits = shifted(edits, in.body)
			if in.word == "RUN" {
				edits = append(edits, mount(text, in, t, t.variable)...)
			}
			return answer{edits: edits}
		}
		return left("it is written into the image")
	}
	if start := lineStart(text, t.Start); bytes.HasPrefix(bytes.TrimSpace(text[start:t.Start]), []byte("#")) {
		return named(t)
	}
	return left("it is in no instruction")
}

func hasFrom(all []instruction) bool {
	for _, in := range all {
		if in.word == "FROM" {
			return true
		}
	}
	return false
}

// mount returns the edits that give a step of the build the variable as a secret.
func mount(text []byte, in instruction, t *target, name string) []edit {
	flag := strings.Replace(strings.TrimPrefix(t.lookup(), "RUN "), "env="+t.variable, "env="+name, 1) + " "
	if bytes.Contains(text[in.body:in.to], []byte(strings.TrimSpace(flag))) {
		return nil
	}
	edits := []edit{{in.body, in.body, flag}}
	if !dockerSyntax().Match(text[:min(len(text), 512)]) {
		edits = append(edits, edit{0, 0, "# syntax=docker/dockerfile:1" + lineEnd(text)})
	}
	return edits
}

// pair is a variable that ENV or ARG sets.
type pair struct {
	from, to int
	name     string
}

// pairs returns the variables of ENV or ARG.
func pairs(text []byte, in instruction) (all []pair) {
	body := string(text[in.body:in.to])
	first := strings.IndexAny(body, "= \t")
	if first > 0 && body[first] != '=' && in.word == "ENV" { // ENV NAME value
		return []pair{{in.body, in.to, body[:first]}}
	}
	for at := 0; at < len(body); {
		if isIn(body[at], " \t\r\n\\`") {
			at++
			continue
		}
		if body[at] == '#' && lineStart([]byte(body), at) > 0 {
			at += lineLen([]byte(body[at:]))
			continue
		}
		start, q := at, byte(0)
		for ; at < len(body); at++ {
			c := body[at]
			switch {
			case c == '\\' && q != '\'' && at+1 < len(body) && !isIn(body[at+1], "\r\n"):
				at++
			case q != 0 && c == q:
				q = 0
			case q == 0 && isIn(c, `"'`):
				q = c
			case q == 0 && (isIn(c, " \t\r\n") || c == '\\'):
				goto end
			}
		}
	end:
		at = min(at, len(body))
		name, _, _ := strings.Cut(body[start:at], "=")
		all = append(all, pair{in.body + start, in.body + at, name})
	}
	return all
}

// unset takes a variable out of ENV or ARG, and gives it to the steps below that use
// it.
func unset(text []byte, t *target, all []instruction, i int, set []pair) answer {
	in, k := all[i], -1
	for n, p := range set {
		if p.from <= t.Start && t.End <= p.to {
			k = n
		}
	}
	if k < 0 || !dockerName().MatchString(set[k].name) || t.Start < set[k].from+len(set[k].name) {
		return left(whyForm)
	}
	var cut edit
	switch {
	case len(set) == 1:
		cut = edit{in.from, behindLineEnd(text, in.to), ""}
	case k == 0:
		cut = edit{set[0].from, set[1].from, ""}
	default:
		cut = edit{set[k-1].to, set[k].to, ""}
	}
	edits := []edit{cut}
	uses := regexp.MustCompile(`\$(\{` + regexp.QuoteMeta(set[k].name) + `\b|` + regexp.QuoteMeta(set[k].name) + `\b)`)
	for _, later := range all[i+1:] {
		if later.word == "FROM" {
			break
		}
		if !uses.Match(text[later.body:later.to]) {
			continue
		}
		switch later.word {
		case "RUN":
			edits = append(edits, mount(text, later, t, set[k].name)...)
		case "CMD", "ENTRYPOINT", "HEALTHCHECK":
		default:
			return left("another instruction uses it: " + later.word)
		}
	}
	return answer{edits: edits}
}
