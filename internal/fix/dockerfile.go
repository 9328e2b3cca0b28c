package fix

import (
	"bytes"
	"regexp"
	"strings"

	"r8scan/internal/dockerfile"
	"r8scan/internal/pattern"
)

var (
	dockerSyntax = pattern.Of(`(?mi)^#\s*syntax\s*=`)
	dockerName   = pattern.Of(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// inDockerfile replaces a credential in a Dockerfile. What is built into the image
// goes: the variable comes when a container runs, and as a secret to the steps of
// the build that use it.
func inDockerfile(text []byte, t *target) answer {
	all := dockerfile.Parse(text)
	for i, in := range all {
		if t.Start < in.Body || t.End > in.To {
			continue
		}
		if start := lineStart(text, t.Start); bytes.HasPrefix(bytes.TrimSpace(text[start:t.Start]), []byte("#")) {
			break
		}
		exec := bytes.HasPrefix(bytes.TrimSpace(text[in.Body:in.To]), []byte("["))
		switch {
		case in.Keyword == "ENV":
			return unset(text, t, all, i, pairs(text, in))
		case in.Keyword == "ARG" && !hasFrom(all[:i]):
			return left("FROM may need it")
		case in.Keyword == "ARG":
			return unset(text, t, all, i, pairs(text, in))
		case exec:
			return left("no shell runs it, so that it cannot have a variable")
		case in.Keyword == "RUN", in.Keyword == "CMD", in.Keyword == "ENTRYPOINT":
			edits, why := script{text: text[in.Body:in.To]}.replace(t.Start-in.Body, t.End-in.Body, t.variable)
			if why != "" {
				return left(why)
			}
			edits = shifted(edits, in.Body)
			if in.Keyword == "RUN" {
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

func hasFrom(all []dockerfile.Instruction) bool {
	for _, in := range all {
		if in.Keyword == "FROM" {
			return true
		}
	}
	return false
}

// mount returns the edits that give a step of the build the variable as a secret.
func mount(text []byte, in dockerfile.Instruction, t *target, name string) []edit {
	flag := strings.Replace(strings.TrimPrefix(t.lookup(), "RUN "), "env="+t.variable, "env="+name, 1) + " "
	if bytes.Contains(text[in.Body:in.To], []byte(strings.TrimSpace(flag))) {
		return nil
	}
	edits := []edit{{in.Body, in.Body, flag}}
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
func pairs(text []byte, in dockerfile.Instruction) (all []pair) {
	body := string(text[in.Body:in.To])
	first := strings.IndexAny(body, "= \t")
	if first > 0 && body[first] != '=' && in.Keyword == "ENV" { // ENV NAME value
		return []pair{{in.Body, in.To, body[:first]}}
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
		all = append(all, pair{in.Body + start, in.Body + at, name})
	}
	return all
}

// unset takes a variable out of ENV or ARG, and gives it to the steps below that use
// it.
func unset(text []byte, t *target, all []dockerfile.Instruction, i int, set []pair) answer {
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
		cut = edit{in.From, behindLineEnd(text, in.To), ""}
	case k == 0:
		cut = edit{set[0].from, set[1].from, ""}
	default:
		cut = edit{set[k-1].to, set[k].to, ""}
	}
	edits := []edit{cut}
	uses := regexp.MustCompile(`\$(\{` + regexp.QuoteMeta(set[k].name) + `\b|` + regexp.QuoteMeta(set[k].name) + `\b)`)
	for _, later := range all[i+1:] {
		if later.Keyword == "FROM" {
			break
		}
		if !uses.Match(text[later.Body:later.To]) {
			continue
		}
		switch later.Keyword {
		case "RUN":
			edits = append(edits, mount(text, later, t, set[k].name)...)
		case "CMD", "ENTRYPOINT", "HEALTHCHECK":
		default:
			return left("another instruction uses it: " + later.Keyword)
		}
	}
	return answer{edits: edits}
}
