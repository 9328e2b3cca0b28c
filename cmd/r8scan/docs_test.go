package main

import (
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"r8scan/report"
	"r8scan/rules"
)

// pages returns the project's documents by their slash-separated paths.
func pages(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		files, err := filepath.Glob(filepath.Join(filepath.FromSlash(top), filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts[path.Join(path.Dir(pattern), filepath.Base(file))] = string(text)
		}
	}
	if len(texts) < 10 {
		t.Fatalf("%d pages", len(texts))
	}
	return texts
}

// flagNames finds the flags in a help text, without the words after them.
var flagNames = regexp.MustCompile(`(?m)--[a-z-]+\b`)

// TestDocsNameAll makes sure that every command, flag and format is documented,
// and that help says what each command does.
func TestDocsNameAll(t *testing.T) {
	var all strings.Builder
	for _, text := range pages(t) {
		all.WriteString("\n" + text)
	}
	names := func(what string) {
		t.Helper()
		if !strings.Contains(all.String(), what) {
			t.Errorf("no page has %q", what)
		}
	}
	for _, cmd := range (command{}).root().Commands() {
		if cmd.Name() == "help" {
			continue
		}
		names("# `r8scan " + strings.Fields(cmd.Use)[0]) // a heading
		for _, flag := range flagNames.FindAllString(cmd.LocalFlags().FlagUsages(), -1) {
			if flag != "--help" {
				names("`" + flag)
			}
		}
		checkHelp(t, cmd)
	}
	for _, format := range report.Formats() {
		names("| `" + format + "` |")
	}
}

// checkHelp makes sure that a command's help says what it does.
func checkHelp(t *testing.T, cmd *cobra.Command) {
	t.Helper()
	if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
		t.Errorf("%s: its one line of help is %q", cmd.CommandPath(), cmd.Short)
	}
	if cmd.Flags().Lookup("format") != nil && (!strings.Contains(cmd.Long, "\nExit codes") || cmd.Example == "") {
		t.Errorf("%s: its help lacks the exit codes or an example", cmd.CommandPath())
	}
}

// TestReadme makes sure that the README is short and has the two commands that a
// newcomer needs.
func TestReadme(t *testing.T) {
	all := pages(t)
	readme := all["README.md"]
	if n := strings.Count(readme, "\n"); n > 150 {
		t.Errorf("the README has %d lines, more than 150", n)
	}
	for _, line := range []string{"go run ./cmd/r8scan audit", "go test ./... && go -C fleet test ./..."} { // .ci/run runs the second
		if strings.Count(readme, "\n    "+line+"\n") != 1 {
			t.Errorf("the README does not have exactly one line %q", line)
		}
	}
	const says = "put the address"
	if strings.Count(readme, says) != 1 {
		t.Error("the README does not say once what <owner>/r8scan stands for")
	}
	for page, text := range all {
		if page == "README.md" {
			continue
		}
		if strings.Contains(text, says) {
			t.Errorf("%s says again what <owner>/r8scan stands for", page)
		}
		if strings.Contains(text, "<owner>/r8scan") && !strings.Contains(text, "[`<owner>/r8scan`](../README.md#") {
			t.Errorf("%s does not link to the README for <owner>/r8scan", page)
		}
	}
}

// TestDocsHoldNoToken makes sure that no page shows what a scan would report.
func TestDocsHoldNoToken(t *testing.T) {
	for page, text := range pages(t) {
		if rules.Redact(text) != text {
			t.Errorf("%s holds a whole token", page)
		}
	}
}

var (
	fenced  = regexp.MustCompile("(?ms)^ *```[a-z]*\n(.*?)^ *```$")
	literal = regexp.MustCompile("``[^`]+``|`[^`\n]+(?:\n[^`\n]+)?`")
	linked  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	noSlug  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors returns the anchors of a page's headings, as GitHub makes them.
func anchors(text string) map[string]bool {
	found := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		slug := strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")
		name := slug
		for n := 1; found[name]; n++ {
			name = slug + "-" + strconv.Itoa(n)
		}
		found[name] = true
	}
	return found
}

// TestDocsLinks makes sure that every relative link leads to a file of this
// repository, and to a heading in it.
func TestDocsLinks(t *testing.T) {
	all := pages(t)
	for page, text := range all {
		shown := literal.ReplaceAllString(fenced.ReplaceAllString(text, ""), "")
		for _, m := range linked.FindAllStringSubmatch(shown, -1) {
			if strings.HasPrefix(m[1], "https://") {
				continue
			}
			file, anchor, _ := strings.Cut(m[1], "#")
			target := path.Join(path.Dir(page), file)
			if file == "" {
				target = page
			}
			if strings.HasPrefix(target, "..") {
				t.Errorf("%s: the link %s leaves the repository", page, m[1])
			}
			if _, err := os.Stat(filepath.Join(filepath.FromSlash(top), filepath.FromSlash(target))); err != nil {
				t.Errorf("%s: the link %s leads nowhere: %v", page, m[1], err)
			}
			if anchor != "" && !anchors(all[target])[anchor] {
				t.Errorf("%s: the link %s leads to no heading", page, m[1])
			}
		}
	}
}

// started matches r8scan where a shell starts it, and the character before it.
var started = regexp.MustCompile(`(^|[\s'"/])r8scan(?: |$)`)

// TestDocsCommands makes sure that every command line on a page is valid: the command,
// its flags and the number of arguments.
func TestDocsCommands(t *testing.T) {
	checked := 0
	for page, text := range pages(t) {
		for _, line := range shownLines(text) {
			for _, args := range commandLines(line) {
				checked++
				if err := parses(args); err != nil {
					t.Errorf("%s: %s: %v", page, line, err)
				}
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d command lines were found", checked)
	}
}

// shownLines returns the lines of a page's code blocks, and the code spans that call
// r8scan.
func shownLines(text string) []string {
	var lines []string
	for _, m := range fenced.FindAllStringSubmatch(text, -1) {
		lines = append(lines, strings.Split(m[1], "\n")...)
	}
	text = fenced.ReplaceAllString(text, "")
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "    ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	for _, span := range literal.FindAllString(text, -1) {
		span = strings.Join(strings.Fields(strings.Trim(span, "` ")), " ")
		if started.MatchString(span) {
			lines = append(lines, span)
		}
	}
	return lines
}

// commandLines returns the arguments of each r8scan that a line starts. Programs that
// get its name or folder as an argument do not start it.
func commandLines(line string) [][]string {
	for _, other := range []string{"go test ", "go build ", "go install ", "docker build ", "- id:", "name:"} {
		if strings.HasPrefix(strings.TrimSpace(line), other) {
			return nil
		}
	}
	var calls [][]string
	for _, m := range started.FindAllStringSubmatchIndex(line, -1) {
		rest := line[m[1]:]
		if quote := line[m[2]:m[3]]; quote == "'" || quote == `"` { // an argument of another program
			rest, _, _ = strings.Cut(rest, quote)
		}
		calls = append(calls, shellWords(rest))
	}
	return calls
}

// shellWords splits a command line up to the end of its command, as a shell does,
// without escapes and variables.
func shellWords(line string) []string {
	var list []string
	var word strings.Builder
	var quote rune
	inWord := false
	for _, r := range line + "\n" {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, inWord = r, true
		case strings.ContainsRune(" \n|;&<>#", r):
			if inWord {
				list = append(list, word.String())
			}
			word.Reset()
			inWord = false
			if !strings.ContainsRune(" \n", r) {
				return list
			}
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	return list
}

// parses returns an error if the arguments of r8scan are invalid.
func parses(args []string) error {
	root := command{}.root()
	root.InitDefaultVersionFlag()
	cmd, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if len(args) == 1 && cmd.HasParent() { // the name of a command in a sentence
		return nil
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

// TestDocsJSON makes sure that docs/results.md has every field of a result, in
// the outline and in the tables.
func TestDocsJSON(t *testing.T) {
	page := pages(t)["docs/results.md"]
	outline := ""
	for _, m := range fenced.FindAllStringSubmatch(page, -1) {
		outline += m[1]
	}
	explained := map[string]bool{}
	for _, span := range literal.FindAllString(fenced.ReplaceAllString(page, ""), -1) {
		for _, word := range strings.FieldsFunc(span, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
			explained[word] = true
		}
	}
	for _, name := range jsonNames(reflect.TypeFor[report.Document](), map[reflect.Type]bool{}) {
		if !strings.Contains(outline, `"`+name+`"`) {
			t.Errorf("the outline does not have %q", name)
		}
		if !explained[name] {
			t.Errorf("no table explains `%s`", name)
		}
	}
}

// jsonNames returns the JSON names of all fields of t and of the types in it.
func jsonNames(t reflect.Type, seen map[reflect.Type]bool) []string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return jsonNames(t.Elem(), seen)
	case reflect.Struct:
	default:
		return nil
	}
	if seen[t] || t == reflect.TypeFor[time.Time]() {
		return nil
	}
	seen[t] = true
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
		names = append(names, jsonNames(f.Type, seen)...)
	}
	return names
}
