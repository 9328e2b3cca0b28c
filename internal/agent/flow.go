package agent

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxSources bounds how many words of a simple command are looked at as files.
const maxSources = 100

// judgeFlow stops a command that copies a token to a file that git has or would
// take: from another file, or from a variable. The model need not know the token
// for that. A shell can do so in more ways than this function knows: the check of
// the commit sees the rest.
func judgeFlow(v *verdict, s *site, command string) {
	command = spaced(command)
	for _, pipeline := range strings.FieldsFunc(command, func(r rune) bool { return strings.ContainsRune(";&\n", r) }) {
		text := "" // what goes through the pipeline, as far as it is known
		for _, words := range partsOf(pipeline) {
			to, from := flowOf(words)
			if len(words) > 1 && words[0] == "git" && words[1] == "add" && forces(words) {
				judgeForced(v, s, from)
			}
			for _, w := range from[:min(len(from), maxSources)] {
				content, _ := s.locate(w).content()
				text += "\n" + content
			}
			if slices.Contains(printers, words[0]) {
				text += "\n" + tokensIn(pipeline, command)
			}
			if v.refused {
				return
			}
			if to == "" || len(find(text)) == 0 {
				continue
			}
			t := s.locate(to)
			if info, err := os.Stat(t.real); t.inside && err == nil && info.IsDir() && len(from) > 0 {
				t = s.locate(filepath.Join(to, path.Base(filepath.ToSlash(from[0]))))
			}
			old, _ := t.content()
			if judgeFile(v, t, old, text, nil); v.refused {
				return
			}
		}
	}
}

// forces reports whether git add takes what git ignores.
func forces(words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool {
		return w == "--force" || strings.HasPrefix(w, "-") && !strings.HasPrefix(w, "--") && strings.Contains(w, "f")
	})
}

// judgeForced stops git from taking an ignored file with a token.
func judgeForced(v *verdict, s *site, files []string) {
	for _, file := range files {
		t := s.locate(file)
		content, _ := t.content()
		found := find(content)
		if len(found) == 0 {
			continue
		}
		if c, _, _ := t.custody(); c == ignored {
			v.refuse("a command", fmt.Sprintf("it would add %s to git, which holds a %s", t.shown, named(found[0])), keepOut)
			return
		}
	}
}

// flowOf returns the file that a simple command writes, "" for none, and words that
// may be files that it reads.
func flowOf(words []string) (to string, from []string) {
	for n, w := range words {
		switch {
		case n == 0 || strings.HasPrefix(w, "-") || w == ">":
		case words[n-1] == ">":
			to = w
		default:
			from = append(from, w)
		}
	}
	if (words[0] == "cp" || words[0] == "mv" || words[0] == "tee" || words[0] == "install") && len(from) > 0 && to == "" {
		to, from = from[len(from)-1], from[:len(from)-1]
	}
	if to == "/dev/null" {
		to = ""
	}
	return to, from
}

// printers are programs that write what they are given, variables included.
var printers = []string{"echo", "printf", "cat", "tee", "env", "printenv", "export", "set"}

// tokensIn returns the values of the variables in a pipeline that hold a token, and
// those of all if it prints all. Between single quotes, and in a here-document with a
// quoted end, a shell looks no variables up. The lines of a here-document are behind
// the pipeline in the command.
func tokensIn(pipeline, command string) (values string) {
	text := pipeline
	if strings.Contains(pipeline, "<<") {
		text = command
	}
	if strings.Contains(text, "<<'") || strings.Contains(text, `<<"`) || strings.Contains(text, `<<\`) {
		return ""
	}
	open := text
	if !strings.Contains(pipeline, "<<") { // quotes are text in a here-document
		open = ""
		for n, part := range strings.Split(text, "'") {
			if n%2 == 0 {
				open += part
			}
		}
	}
	all := slices.ContainsFunc(partsOf(pipeline), func(words []string) bool {
		prints := slices.Contains([]string{"printenv", "env", "export", "set"}, words[0])
		return prints && (len(words) == 1 || words[1] == "-p" || words[1] == ">")
	})
	for _, kv := range os.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		named := strings.Contains(open, "$"+name) || strings.Contains(open, "${"+name) || strings.Contains(open, "printenv "+name)
		if (all || named) && len(find(value)) > 0 {
			values += "\n" + value
		}
	}
	return values
}
