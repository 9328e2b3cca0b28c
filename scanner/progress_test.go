package scanner

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/result"
)

// TestProgressAddsUp: at the end of each phase all that was announced is done, and
// what was counted is what coverage says.
func TestProgressAddsUp(t *testing.T) {
	r := gittest.New(t)
	for i := range 40 {
		r.Write(fmt.Sprintf("d%d/f%d.txt", i%3, i), strings.Repeat(fmt.Sprintf("line of %d\n", i), 200*i))
		r.Git("add", ".")
		r.Git("commit", "-qm", fmt.Sprint("change ", i))
	}
	r.Git("repack", "-adq")
	r.Write("loose.txt", "in a file of its own")
	r.Write("empty.txt", "")
	r.Git("add", ".")
	r.Git("commit", "-qm", "loose")
	r.Write(".gitignore", "*.gz\n")
	r.Write("bad.gz", "\x1f\x8b\x08\x00cut short")
	link(t, r, "gone", "a link")
	cache := t.TempDir()
	for _, tt := range []struct {
		name  string
		token bool // there is one from here on
		opts  Options
		scan  func(opts Options) (*result.Result, error)
		phase string
		total bool // something of the phase was to be read
	}{
		{"files", false, Options{}, func(o Options) (*result.Result, error) {
			return Files(t.Context(), []string{r.Dir + "/d0", r.Dir + "/d1/f1.txt"}, nil, o)
		}, "reading files", true},
		{"standard input", false, Options{}, func(o Options) (*result.Result, error) {
			return Files(t.Context(), []string{"-"}, strings.NewReader("12345"), o)
		}, "reading files", true},
		{"history", false, Options{Cache: cache}, func(o Options) (*result.Result, error) { return History(t.Context(), r.Dir, o) }, "reading packs", true},
		{"remembered", false, Options{Cache: cache}, func(o Options) (*result.Result, error) { return History(t.Context(), r.Dir, o) }, "reading packs", true},
		{"audit", false, Options{}, func(o Options) (*result.Result, error) { return Audit(t.Context(), r.Dir, o) }, "reading packs", true},
		{"stories", true, Options{}, func(o Options) (*result.Result, error) { return Audit(t.Context(), r.Dir, o) }, "following tokens through history", true},
		{"a short range", true, Options{}, func(o Options) (*result.Result, error) { return Range(t.Context(), r.Dir, "HEAD~3..HEAD~2", o) }, "reading what commits change", false},
		{"a long range", true, Options{longRanges: true}, func(o Options) (*result.Result, error) { return Range(t.Context(), r.Dir, "HEAD~3..HEAD", o) }, "following tokens through history", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.token && len(r.Git("log", "--grep=token", "--format=%h")) == 0 {
				r.Write("leak.txt", gittest.Token(1))
				r.Git("add", ".")
				r.Git("commit", "-qm", "token")
			}
			p := &Progress{Sizes: true}
			tt.opts.Progress, tt.opts.Jobs = p, 2
			res, err := tt.scan(tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			s := p.State()
			if s.Phase != tt.phase || s.Done != s.Total && tt.total || (s.Total > 0) != tt.total || s.Known != tt.total {
				t.Errorf("%+v", s)
			}
			if c := res.Coverage; s.Files != c.Files || s.Objects < c.Objects || s.AllObjects > 0 && !tt.opts.longRanges && s.Objects != s.AllObjects {
				t.Errorf("%+v, and coverage %+v", s, c)
			}
			if s.Tokens != len(res.Findings) {
				t.Errorf("%d tokens, and %d findings", s.Tokens, len(res.Findings))
			}
		})
	}
}

// link makes a symbolic link in the work tree, if the system can.
func link(t *testing.T, r *gittest.Repo, to, name string) {
	t.Helper()
	if err := os.Symlink(to, filepath.Join(r.Dir, name)); err != nil {
		t.Log(err)
	}
}
