package fix

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"r8scan/rules"
)

// applied is a text with the edits for an editor. They take no character apart and no
// line end: an editor has no position there.
func applied(t *testing.T, text string, edits []Edit) string {
	t.Helper()
	out := text
	for _, e := range slices.Backward(edits) {
		for _, at := range []int{e.From, e.To} {
			if at < len(text) && !utf8.RuneStart(text[at]) || 0 < at && at < len(text) && text[at-1] == '\r' && text[at] == '\n' {
				t.Fatalf("%q is divided at %d", emptied(text), at)
			}
		}
		out = out[:e.From] + e.Text + out[e.To:]
	}
	return out
}

// TestReplace: in each file of the corpus the one place that is fixed becomes what the
// whole fix makes of it.
func TestReplace(t *testing.T) {
	tried := 0
	for _, e := range corpus(t) {
		text := filled(e.before)
		r := revised(e.name, text)
		matches := find(nil, []byte(text), rules.Medium)
		for i := range matches {
			edits := Replace(e.name, []byte(text), matches, i)
			got := applied(t, text, edits)
			if len(matches) == 1 && len(edits) > 0 {
				if tried++; got != string(r.text) {
					t.Errorf("%s, %s: it becomes\n%s\nwant\n%s", e.corpus, e.name, emptied(got), emptied(string(r.text)))
				}
			}
		}
	}
	if tried < 25 {
		t.Errorf("only %d files have one place", tried)
	}
}

// TestComment writes a comment where one can stand. ~ is a token.
func TestComment(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a.rb", "a = '~' \n", "a = '~'  # why\n"},
		{"a.php", "<?php $a = '~';", "<?php $a = '~'; // why"},
		{"a.c", "/* ~\n*/", ""},
		{"a.java", "/* ~\n*/", "/* ~ why\n*/"},
		{"a.js", "a = `~\n`", ""},
		{"a.js", "f('~', /* b */\n)", "f('~', /* b */ // why\n)"},
		{"a.sh", "# ~", "# ~ why"},
		{"a.sh", "cat <<A\n~\nA\n", ""},
		{"a.sh", "a=\"~\nb\"", ""},
		{"k8s.yaml", "kind: Pod\na: ~\n", ""},
		{".gitlab-ci.yml", "a:\n  script:\n    - |\n      x ~\n", ""},
		{".gitlab-ci.yml", "variables:\n  A: '~'\r\n", "variables:\n  A: '~' # why\r\n"},
		{".gitlab-ci.yml", "# ~\n", "# ~ why\n"},
		{"a.ipynb", "{\"cells\": [\"~\"]}", ""},
		{"README.md", "~\n", ""},
		{"a.py", "x = '~' + \\\n'b'", ""},
	} {
		text := strings.ReplaceAll(c.text, "~", credentials[0][1])
		matches := find(nil, []byte(text), rules.Medium)
		if len(matches) != 1 {
			t.Fatalf("%s: %d matches", c.name, len(matches))
		}
		got := ""
		if e, ok := Comment(c.name, []byte(text), matches[0], "why"); ok {
			got = applied(t, text, []Edit{e})
		}
		if want := strings.ReplaceAll(c.want, "~", credentials[0][1]); got != want {
			t.Errorf("%s: %q becomes %q", c.name, c.text, strings.ReplaceAll(got, credentials[0][1], "~"))
		}
	}
}

func FuzzChanges(f *testing.F) {
	f.Add("a\r\nb\n", "a\nb\r\n")
	f.Add("ä\nö", "ü\n\nö")
	f.Fuzz(func(t *testing.T, before, after string) {
		before, after = strings.ToValidUTF8(before, "?"), strings.ToValidUTF8(after, "?")
		if got := applied(t, before, changes([]byte(before), []byte(after))); got != after {
			t.Fatalf("%q becomes %q, want %q", before, got, after)
		}
	})
}
