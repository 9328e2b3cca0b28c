package image

import (
	"encoding/json"
	"path"
	"strings"

	"r8scan/internal/dockerfile"

	"github.com/moby/patternmatcher"
)

// parse returns what a Dockerfile copies from its context. What it says in
// variables is unknown, and left out.
func parse(text []byte) []instruction {
	var out []instruction
	for _, in := range dockerfile.Parse(text) {
		if in.Keyword != "COPY" && in.Keyword != "ADD" {
			continue
		}
		if i, ok := parseCopy(in.Args); ok {
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
