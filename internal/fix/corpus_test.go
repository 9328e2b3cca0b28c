package fix

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"r8scan/internal/advice"
	"r8scan/internal/git/gittest"
	"r8scan/rules"
)

var update = flag.Bool("update", false, "write the texts that the corpus should become")

// example is a file of the corpus before and after.
type example struct {
	corpus, name string
	before       string
	after        string // with one line for each place that is left alone: why
}

// corpus reads testdata/corpus: an archive has a file, and behind it the same with
// -> before its name. If nothing is to change, that is empty apart from why.
func corpus(t testing.TB) (all []example) {
	files, err := filepath.Glob(filepath.FromSlash("testdata/corpus/*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		after := map[string]string{}
		for _, f := range archive.Files {
			if name, ok := strings.CutPrefix(f.Name, "-> "); ok {
				after[name] = string(f.Data)
			}
		}
		for _, f := range archive.Files {
			if !strings.HasPrefix(f.Name, "-> ") {
				all = append(all, example{filepath.Base(file), f.Name, string(f.Data), after[f.Name]})
			}
		}
	}
	return all
}

// credentials are what the markers of the corpus stand for. No file has a whole one.
var credentials = [][2]string{
	{"{{TOKEN}}", gittest.Token(1)},
	{"{{BODY}}", gittest.Token(1)[3:]},
	{"{{OTHER}}", gittest.Token(2)},
	{"{{KEY}}", "sk-" + gittest.Token(3)[3:35]},
	{"{{WEBHOOK}}", "whsec_" + gittest.Token(4)[3:35]},
}

func filled(s string) string {
	for _, c := range credentials {
		s = strings.ReplaceAll(s, c[0], c[1])
	}
	return s
}

func emptied(s string) string {
	for _, c := range credentials {
		s = strings.ReplaceAll(s, c[1], c[0])
	}
	return s
}

func revised(name, before string) revision {
	d := &document{path: name, text: []byte(before)}
	return d.revise(find(nil, d.text, rules.Medium))
}

// told returns a revision as the corpus has it.
func told(r revision, before string) string {
	out := ""
	for _, t := range r.targets {
		if t.why != "" {
			out += fmt.Sprintf("left at line %d: %s\n", 1+strings.Count(before[:t.Start], "\n"), t.why)
		}
	}
	if string(r.text) != before {
		out += string(r.text)
	}
	return emptied(out)
}

func TestCorpus(t *testing.T) {
	seen := map[string]bool{}
	got := map[string][]txtar.File{}
	for _, e := range corpus(t) {
		before := filled(e.before)
		r := revised(e.name, before)
		for _, target := range r.targets {
			seen[target.row.ID] = true
		}
		if len(r.targets) == 0 {
			t.Errorf("%s, %s: no credential is found", e.corpus, e.name)
		}
		out := told(r, before)
		got[e.corpus] = append(got[e.corpus], txtar.File{Name: e.name, Data: []byte(e.before)}, txtar.File{Name: "-> " + e.name, Data: []byte(out)})
		if out != e.after && !*update {
			t.Errorf("%s, %s:\n%s\nbecomes\n%s\nwant\n%s", e.corpus, e.name, e.before, out, e.after)
		}
	}
	if *update {
		for file, files := range got {
			if err := os.WriteFile(filepath.Join("testdata", "corpus", file), txtar.Format(&txtar.Archive{Files: files}), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, row := range advice.Rows() {
		if row.Code != "" && !seen[row.ID] {
			t.Errorf("the corpus has no file of the row %s", row.ID)
		}
	}
	for _, row := range []string{"swift", "android", "browser", "bundle", "public-name", "data", "env"} {
		if !seen[row] {
			t.Errorf("the corpus has no file of the row %s, which is left alone", row)
		}
	}
}

// TestCorpusForms fixes each file with other line ends, a byte order mark, without
// its last line end, and with a byte of Latin-1 in its last line.
func TestCorpusForms(t *testing.T) {
	forms := map[string]func(string) string{
		"CRLF":       func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"mark":       func(s string) string { return mark + s },
		"unfinished": func(s string) string { return strings.TrimSuffix(s, "\n") },
	}
	for _, e := range corpus(t) {
		before := filled(e.before)
		plain := revised(e.name, before)
		for form, change := range forms {
			if form != "mark" && path.Ext(e.name) == ".go" || form == "mark" && strings.HasPrefix(before, "#!") {
				continue // gofmt and the kernel take none
			}
			r := revised(e.name, change(before))
			if got, want := emptied(string(r.text)), emptied(change(string(plain.text))); got != want && string(plain.text) != before {
				t.Errorf("%s, %s, %s: becomes\n%q\nwant\n%q", e.corpus, e.name, form, got, want)
			}
		}
	}
}

// TestCorpusTwice: what was fixed holds no credential any more but those that were
// left, and fixing it again changes nothing.
func TestCorpusTwice(t *testing.T) {
	for _, e := range corpus(t) {
		once := revised(e.name, filled(e.before))
		left := map[string]bool{}
		for _, target := range once.targets {
			if target.why != "" {
				left[target.Secret.Reveal()] = true
			}
		}
		for _, target := range once.targets {
			if token := target.Secret.Reveal(); !left[token] && bytes.Contains(once.text, []byte(token)) {
				t.Errorf("%s, %s: the credential is still there", e.corpus, e.name)
			}
		}
		if again := revised(e.name, string(once.text)); !bytes.Equal(again.text, once.text) {
			t.Errorf("%s, %s: fixed again, it becomes\n%s", e.corpus, e.name, emptied(string(again.text)))
		}
	}
}
