package repo

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

// configs are configurations by people, programs and attackers.
var configs = []string{
	"",
	"[core]\n\tbare = false\n",
	"[core] bare\n[core]\nbare=\nBARE = TRUE\n",
	"[core] bare = 1 [core] x = 2\n",
	"\ufeff[core]\nx = 1\n",
	"\xef\xbb[core]\nx = 1\n",
	"[core]\r\n\tx = 1\r\n\ty\r\n[a \"b\"]\r\n",
	"[core]\n\tx = a\rb\r",
	"; comment\n# comment [x]\n[core] # behind\nx = 1 # no\ny = \"1 # yes\" ; no\n",
	"[core]\nx = one \\\n  two\\\nthree   \ny = a\\",
	"[core]\nx = \"open\\\nquote\"\n",
	"[core]\nx = \"open\n",
	"[core]\nx = \\t\\b\\n\\\\\\\"\n",
	"[core]\nx = \\q\n[a]\ny = 1\n",
	"[core]\nx =   a\tb  \"  c  \"  d  \n",
	"[core]\nx = \"\" a\ny = a \"\" \nz = \"\"\n",
	"[a \"B c\"]\nx = 1\n[a \"b\\\"\\\\\\c\"]\nx = 2\n",
	"[a \"\"]\nx = 1\n[a \"b.c\"]\nx = 2\n",
	"[A.B.c]\nx = 1\n[a.b \"C\"]\nX-y1 = 2\n",
	"[a.]\nx = 1\n[.a]\nx = 1\n",
	"[a\t\"b\"]\nx = 1\n[a  \"b\" ]\nx = 2\n",
	"[a \"b\nc\"]\n",
	"[a \"b\"x]\n",
	"[a b]\n",
	"[]\nx = 1\n",
	"[ \"a\"]\nx = 1\n",
	"[a",
	"[a \"b",
	"[a \"b\\",
	"x = 1\n",
	"x\n",
	"[a]\n1x = 2\n",
	"[a]\nx_y = 2\n",
	"[a]\nx y = 2\n",
	"[a]\nx\t = 2",
	"[a]\nx",
	"[a]x=\xe4\xf6\xfc\n[\xe4]\n",
	"[a \"\xe4\"]\nx = \xff\n",
	"[include]\n\tpath = other\n[includeIf \"gitdir:x\"]\n\tpath = other\n",
	"[a]\nx = 1\n\x0b\n",
	"[a]\nx = 1;2\ny = a\\\n#b\n",
	"[a]\nx = \\\r\n1\n",
}

// listed returns what the parser finds, as git config --list -z prints it.
func listed(text string) (string, error) {
	var b strings.Builder
	err := eachVariable([]byte(text), func(v *variable) {
		name := v.section
		if v.hasSub {
			name += "." + v.sub
		}
		if !strings.HasPrefix(text, "[") && name == "" { // git also accepts a key without a section
			b.WriteString(v.key)
		} else {
			b.WriteString(name + "." + v.key)
		}
		if !v.noValue {
			b.WriteString("\n" + string(v.value))
		}
		b.WriteByte(0)
	})
	return b.String(), err
}

// checkConfig compares the parser with git's. Before 2.45 git replaced every
// white space in a value with a space.
func checkConfig(t *testing.T, r *gittest.Repo, text string) {
	t.Helper()
	path := filepath.Join(r.Dir, "a-config")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	want, wantErr := r.Try("", "config", "--list", "-z", "--file", path)
	got, err := listed(text)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%q: %v, and git says %v", text, err, wantErr)
	}
	blank := strings.NewReplacer("\t", " ", "\r", " ", "\n", " ").Replace
	if blank(got) != blank(want) {
		t.Fatalf("%q\ngot  %q\nwant %q", text, got, want)
	}
}

func TestConfig(t *testing.T) {
	r := gittest.New(t)
	for _, text := range configs {
		checkConfig(t, r, text)
	}
}

// FuzzConfig compares the parser with git's.
func FuzzConfig(f *testing.F) {
	for _, text := range configs {
		f.Add(text)
	}
	r := gittest.New(f)
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsRune(text, 0) || strings.Contains(text, "[.") { // a NUL ends a C string, and a section needs a name
			t.Skip()
		}
		own := *r
		own.T = t
		own.Dir = t.TempDir()
		checkConfig(t, &own, text)
	})
}

// TestConfigLimits reads configurations that would take a parser with quadratic
// time too long, and one that is too large.
func TestConfigLimits(t *testing.T) {
	const n = 100_000
	var sections strings.Builder
	for i := range n {
		fmt.Fprintf(&sections, "[remote \"r%d\"]\n\turl = x\n", i)
	}
	for name, text := range map[string]string{
		"sections":      sections.String(),
		"line":          "[core]\nx = " + strings.Repeat("a", 4<<20),
		"blanks":        "[core]\nx = a" + strings.Repeat(" ", 4<<20) + "b",
		"continued":     "[core]\nx = " + strings.Repeat("a \\\n", 1<<20),
		"quotes":        "[core]\nx = " + strings.Repeat(`"a"`, 1<<20),
		"subsection":    "[core \"" + strings.Repeat(`\"`, 2<<20) + "\"]\nx = 1\n",
		"includes":      strings.Repeat("[include]\npath = x\n", n),
		"extensions":    "[core]\nbare = false\n[extensions]\n" + strings.Repeat("unknown = 1\n", n),
		"no end":        "[core \"" + strings.Repeat("a", 4<<20),
		"line too long": strings.Repeat("a", configMax+1),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(Place{Dir: t.TempDir(), Hash: 20})
			r.Common = r.Dir
			put(t, filepath.Join(r.Dir, "config"), text)
			r.Config.read()
			remotes := r.Config.Remotes(noEnv)
			if name == "sections" && (len(remotes) != n || remotes[n-1].Name != fmt.Sprint("r", n-1)) {
				t.Errorf("%d remotes", len(remotes))
			}
			bad := slices.Contains([]string{"extensions", "no end", "line too long"}, name)
			if (len(r.Problems) > 0) != bad || len(r.Problems) > maxProblems+1 {
				t.Errorf("%d problems", len(r.Problems))
			}
		})
	}
}
