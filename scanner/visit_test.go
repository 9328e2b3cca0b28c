package scanner

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/result"
)

// comparedVisit is what must be equal of a first and a second visit.
func comparedVisit(t *testing.T, res *result.Result) string {
	t.Helper()
	text, err := json.MarshalIndent([]any{res.Findings, res.Allowed, res.LeftOut, res.Coverage, res.Target}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// visited is a server with a repository that is visited again and again.
type visited struct {
	t               *testing.T
	r               *gittest.Repo
	url             string
	memory          string
	listed, fetched atomic.Int64 // requests for refs and objects since the last visit
	rng             *rand.Rand
	n               int
	cleanFor        int // changes without tokens
}

func newVisited(t *testing.T, args ...string) *visited {
	v := &visited{t: t, r: gittest.New(t, args...), memory: t.TempDir(), rng: rand.New(rand.NewPCG(1, 1))}
	server := gittest.Serve(t, filepath.Dir(v.r.GitDir()), false, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				v.fetched.Add(1)
			} else {
				v.listed.Add(1)
			}
			next.ServeHTTP(w, r)
		})
	})
	v.url = server.URL + "/.git"
	return v
}

func (v *visited) commit(message string) {
	v.n++
	v.try("add", "-A")
	v.try("commit", "-q", "--allow-empty", "-m", message)
}

// visit scans with memory and without. The results must be the same.
func (v *visited) visit(what string) *result.Result {
	v.t.Helper()
	want, err := History(context.Background(), v.url, Options{})
	if err != nil {
		v.t.Fatal(err)
	}
	v.listed.Store(0)
	v.fetched.Store(0)
	got, err := History(context.Background(), v.url, Options{Visits: VisitsIn(v.memory)})
	if err != nil {
		v.t.Fatal(err)
	}
	if w, g := comparedVisit(v.t, want), comparedVisit(v.t, got); w != g {
		v.t.Fatalf("%s: with what is remembered:\n%s\nwithout:\n%s", what, g, w)
	}
	return got
}

// TestVisitAgain: what did not change is not fetched, and news are told.
func TestVisitAgain(t *testing.T) {
	v := newVisited(t)
	v.r.Write("README", "text")
	v.r.Write("a/b.py", "key = '"+token(1)+"'\n")
	v.commit("one")
	if res := v.visit("first"); res.Since != nil || v.fetched.Load() != 1 {
		t.Errorf("%d requests, %+v", v.fetched.Load(), res.Since)
	}
	if res := v.visit("second"); v.fetched.Load() != 0 || len(res.Since.Still) != 1 || !strings.Contains(fmt.Sprint(res.Notes), "nothing has changed in ") {
		t.Errorf("%d requests, %+v, %v", v.fetched.Load(), res.Since, res.Notes)
	}
	v.r.Write("c.py", "key = '"+token(2)+"'\n")
	v.r.Git("rm", "-q", "a/b.py")
	v.commit("two")
	if res := v.visit("third"); v.fetched.Load() != 1 || len(res.Since.New) != 1 || len(res.Since.Still) != 1 || len(res.Since.Refs.Advanced) != 1 {
		t.Errorf("%d requests, %+v", v.fetched.Load(), res.Since)
	}
	v.r.Git("reset", "-q", "--hard", "HEAD~1")
	res := v.visit("forced")
	if len(res.Since.Gone) != 1 || res.Since.Gone[0].TokenID == "" || len(res.Since.Refs.Rewritten) != 1 || !strings.Contains(fmt.Sprint(res.Notes), "refs/heads/main was rewritten") {
		t.Errorf("%+v, %v", res.Since, res.Notes)
	}
	v.noToken()
}

// TestVisitNoHead visits a server whose HEAD names a branch that is not there.
func TestVisitNoHead(t *testing.T) {
	v := newVisited(t)
	v.r.Write("README", "text")
	v.commit("one")
	v.r.Git("symbolic-ref", "HEAD", "refs/heads/gone")
	v.visit("first")
	if v.visit("second"); v.fetched.Load() != 0 {
		t.Errorf("%d requests", v.fetched.Load())
	}
	v.r.Git("symbolic-ref", "HEAD", "refs/heads/main")
	v.r.Write("a.py", "key = '"+token(1)+"'\n")
	v.commit("two")
	v.r.Git("symbolic-ref", "HEAD", "refs/heads/gone")
	if res := v.visit("third"); len(res.Findings) != 1 {
		t.Errorf("%v", res.Findings)
	}
}

// noToken makes sure that what is remembered holds no token, and no name of the server.
func (v *visited) noToken() {
	v.t.Helper()
	files, err := filepath.Glob(filepath.Join(v.memory, "*"))
	if err != nil || len(files) == 0 {
		v.t.Fatalf("nothing is remembered: %v", err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			v.t.Fatal(err)
		}
		for n := range uint64(60) {
			if strings.Contains(string(text), token(n)[6:20]) {
				v.t.Errorf("%s holds a token", path)
			}
		}
		if strings.Contains(string(text)+path, "127.0.0.1") {
			v.t.Errorf("%s names the server", path)
		}
	}
}

// TestVisitTakesAll: whenever what is remembered cannot serve, all is read, and the
// result is the same.
func TestVisitTakesAll(t *testing.T) {
	for name, c := range map[string]struct {
		change func(v *visited)
		opts   Options
	}{
		"a damaged file":       {func(v *visited) { v.edit(func(b []byte) []byte { b[len(b)/2] ^= 1; return b }) }, Options{}},
		"a truncated file":     {func(v *visited) { v.edit(func(b []byte) []byte { return b[:len(b)/2] }) }, Options{}},
		"a foreign file":       {func(v *visited) { v.edit(func([]byte) []byte { return []byte("hello\n") }) }, Options{}},
		"an empty file":        {func(v *visited) { v.edit(func([]byte) []byte { return nil }) }, Options{}},
		"secrets are needed":   {func(v *visited) {}, Options{NeedSecrets: true}},
		"ids are checked":      {func(v *visited) {}, Options{CheckIDs: true}},
		"less memory":          {func(v *visited) {}, Options{MaxMemory: MinMemory}},
		"a deleted branch":     {func(v *visited) { v.r.Git("branch", "-D", "side") }, Options{}},
		"a deleted tag":        {func(v *visited) { v.r.Git("tag", "-d", "v1") }, Options{}},
		"another history":      {func(v *visited) { v.replace() }, Options{}},
		"HEAD is another one":  {func(v *visited) { v.r.Git("symbolic-ref", "HEAD", "refs/heads/side") }, Options{}},
		"a name says more now": {func(v *visited) { v.r.Write("x.br", "some text\n"); v.commit("br") }, Options{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVisited(t)
			v.story()
			v.visit("first")
			c.change(v)
			c.opts.Visits = VisitsIn(v.memory)
			want, err := History(context.Background(), v.url, Options{CheckIDs: c.opts.CheckIDs, MaxMemory: c.opts.MaxMemory})
			if err != nil {
				t.Fatal(err)
			}
			posts := v.fetched.Load()
			got, err := History(context.Background(), v.url, c.opts)
			if err != nil {
				t.Fatal(err)
			}
			if w, g := comparedVisit(t, want), comparedVisit(t, got); w != g {
				t.Errorf("with what is remembered:\n%s\nwithout:\n%s", g, w)
			}
			if v.fetched.Load() == posts {
				t.Error("nothing was fetched")
			}
			if c.opts.NeedSecrets && slices.ContainsFunc(got.Findings, func(f result.Finding) bool { return f.Secret.Reveal() == "" }) {
				t.Error("a secret has no value")
			}
			v.noToken()
		})
	}
}

// edit changes the file that is remembered.
func (v *visited) edit(change func(b []byte) []byte) {
	v.t.Helper()
	files, err := filepath.Glob(filepath.Join(v.memory, "*"))
	if err != nil || len(files) != 1 {
		v.t.Fatal(files, err)
	}
	b, err := os.ReadFile(files[0])
	if err == nil {
		err = os.WriteFile(files[0], change(b), 0o600)
	}
	if err != nil {
		v.t.Fatal(err)
	}
}

// story makes a history with tokens, a branch and a tag.
func (v *visited) story() {
	v.r.Write("README", "some text\n")
	v.commit("start")
	v.r.Write("a/b.py", "key = '"+token(1)+"'\n")
	v.commit("one")
	v.r.Git("tag", "-a", "-m", "tag "+token(2), "v1")
	v.r.Git("checkout", "-q", "-b", "side")
	v.r.Write("side", "text")
	v.commit("side")
	v.r.Git("checkout", "-q", "main")
	v.r.Git("rm", "-q", "a/b.py")
	v.commit("two")
}

// replace replaces the history by another one.
func (v *visited) replace() {
	v.r.Git("checkout", "-q", "--orphan", "new")
	v.r.Write("README", "other text\n")
	v.r.Write("c.py", "key = '"+token(3)+"'\n")
	v.commit("new")
	v.r.Git("branch", "-M", "new", "main")
	v.r.Git("branch", "-D", "side")
	v.r.Git("tag", "-d", "v1")
}

// TestVisitSame: what only moves refs to commits that are remembered needs no objects,
// and a merged branch may be deleted.
func TestVisitSame(t *testing.T) {
	v := newVisited(t)
	v.story()
	v.visit("first")
	v.r.Git("branch", "old", "main~1")
	if res := v.visit("an old commit"); v.fetched.Load() != 0 || len(res.Since.Refs.New) != 1 {
		t.Errorf("%d requests, %+v", v.fetched.Load(), res.Since)
	}
	v.try("merge", "-q", "-m", "merge", "side")
	v.r.Git("branch", "-D", "side", "old")
	if res := v.visit("a merge"); v.listed.Load() != 1 || v.fetched.Load() != 1 || len(res.Since.Refs.Gone) != 2 {
		t.Errorf("%d and %d requests, %+v", v.listed.Load(), v.fetched.Load(), res.Since)
	}
}

// TestVisitOldTree: a commit may have the tree of an old one, which the server does not
// send again.
func TestVisitOldTree(t *testing.T) {
	v := newVisited(t)
	v.r.Write("README", "some text\n")
	v.commit("start")
	v.r.Git("checkout", "-q", "-b", "side")
	v.commit("the same tree")
	v.r.Git("checkout", "-q", "main")
	v.r.Write("a.py", "key = '"+token(1)+"'\n")
	v.commit("a token")
	v.r.Git("symbolic-ref", "HEAD", "refs/heads/side")
	v.visit("first")
	v.r.Git("branch", "-f", "main", v.r.Git("commit-tree", "side^{tree}", "-p", "main", "-p", "side", "-m", "as it was"))
	if res := v.visit("second"); v.listed.Load() != 1 || res.Findings[0].History.Removed == nil {
		t.Errorf("%d requests, %+v", v.listed.Load(), res.Findings[0].History)
	}
}

// TestVisitNames: a file that was read as it is may get a name that says what it holds.
func TestVisitNames(t *testing.T) {
	v := newVisited(t)
	v.r.Write("README", "some text\n")
	n := 0
	packed := withoutSignature(t, "key = '"+token(1)+"'\n")
	for _, text := range packed {
		v.r.Write(fmt.Sprint("f", n), text)
		n++
	}
	v.commit("start")
	v.visit("first")
	for name, text := range packed {
		v.r.Write("d/"+name, text)
	}
	v.commit("names")
	if res := v.visit("second"); len(res.Findings) != 1 {
		t.Errorf("%+v", res.Findings)
	}
}

// TestVisitFirstToken: the first token comes with a later visit, and is remembered.
func TestVisitFirstToken(t *testing.T) {
	v := newVisited(t)
	v.r.Write("README", "some text\n")
	v.r.Write("big", "version https://git-lfs.github.com/spec/v1\noid sha256:"+strings.Repeat("ab", 32)+"\nsize 5\n")
	v.commit("start")
	v.visit("first")
	v.r.Write("b", "text")
	v.commit("two")
	v.visit("no token")
	v.r.Write("a.py", "key = '"+token(1)+"'\n")
	v.commit("a token")
	v.r.Write("big2", "version https://git-lfs.github.com/spec/v1\noid sha256:"+strings.Repeat("cd", 32)+"\nsize 5\n")
	v.commit("another large file")
	for _, what := range []string{"a token", "the same"} {
		res := v.visit(what)
		if v.listed.Load() != 1 || len(res.Findings) != 1 || (v.fetched.Load() == 0) != (what == "the same") {
			t.Errorf("%s: %d and %d requests, %+v", what, v.listed.Load(), v.fetched.Load(), res.Findings)
		}
		if u := fmt.Sprint(res.Coverage.Unread); !strings.Contains(u, "2 files of Git LFS") {
			t.Errorf("%s: unread are %s", what, u)
		}
	}
}

// TestVisitMasks: tokens in names of people, tags and branches are remembered as masks.
// With one in the name of a folder or file that matters, nothing is remembered.
func TestVisitMasks(t *testing.T) {
	v := newVisited(t)
	v.story()
	v.r.Env = append(v.r.Env, "GIT_AUTHOR_NAME="+token(12), "GIT_COMMITTER_NAME="+token(13))
	v.commit("by a token")
	v.r.Git("tag", "-a", "-m", "tag", "by-a-token")
	v.r.Git("branch", "b-"+token(14))
	v.visit("first")
	v.noToken()
	if v.visit("second"); v.fetched.Load() != 0 {
		t.Error("it is not remembered")
	}
	v.r.Write("text", "text")
	v.commit("more")
	v.visit("third")
	v.noToken()
	v.r.Write(token(15)+".br", "text")
	v.commit("a name that cannot be remembered")
	v.visit("fourth")
	v.noToken()
	v.r.Git("reset", "-q", "--hard", "HEAD~1")
	v.visit("fifth")
	v.r.Write("dir-"+token(11)+"/a.py", "key = '"+token(10)+"'\n")
	v.commit("a folder")
	for range 2 {
		if v.visit("a folder"); v.fetched.Load() == 0 {
			t.Error("it is remembered")
		}
		v.noToken()
	}
}

// TestVisitServers: a server may send what was read before, all of it too. What it does
// not send is named.
func TestVisitServers(t *testing.T) {
	r := gittest.New(t)
	var answer []byte
	server := gittest.Serve(t, filepath.Dir(r.GitDir()), false, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if answer != nil {
				sends(answer)(next).ServeHTTP(w, req)
				return
			}
			next.ServeHTTP(w, req)
		})
	})
	url, opts := server.URL+"/.git", Options{Visits: VisitsIn(t.TempDir())}
	scan := func(opts Options) *result.Result {
		t.Helper()
		res, err := History(t.Context(), url, opts)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	commit := func(text string) {
		r.Write("d/f", strings.Repeat("a line that stays\n", 50)+text)
		r.Write("d/g", text)
		r.Write("README", "text")
		r.Git("add", ".")
		r.Git("commit", "-qm", text)
	}
	pack := func(without string) []byte {
		ids := strings.Join(slices.DeleteFunc(gittest.Lines(r.Git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")), func(id string) bool { return id == without }), "\n") + "\n"
		file := filepath.Join(t.TempDir(), "sent")
		b, err := os.ReadFile(file + "-" + r.GitInput(ids, "pack-objects", "-q", "--delta-base-offset", file) + ".pack")
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	commit(token(1))
	scan(opts)
	commit("text")
	answer = pack("")
	if want, got := comparedVisit(t, scan(Options{})), comparedVisit(t, scan(opts)); want != got {
		t.Errorf("a server that ignores what is there:\n%s\nwant\n%s", got, want)
	}
	answer = nil
	commit(token(2))
	missing := r.Git("rev-parse", "HEAD:d/g")
	answer = pack(missing)
	if res := scan(opts); !strings.Contains(fmt.Sprint(res.Coverage.Unread), missing) {
		t.Errorf("%s is missing, and unread are %v", missing, res.Coverage.Unread)
	}
	answer = nil
	if want, got := comparedVisit(t, scan(Options{})), comparedVisit(t, scan(opts)); want != got {
		t.Errorf("after a server that left something out:\n%s\nwant\n%s", got, want)
	}
}

// TestVisitTogether: scans at the same time do not disturb each other.
func TestVisitTogether(t *testing.T) {
	v := newVisited(t)
	v.story()
	want, err := History(t.Context(), v.url, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 6 {
		wait.Go(func() {
			res, err := History(t.Context(), v.url, Options{Visits: VisitsIn(v.memory)})
			if err != nil || comparedVisit(t, res) != comparedVisit(t, want) {
				t.Errorf("another result, %v", err)
			}
		})
	}
	wait.Wait()
	v.visit("after all")
}

// TestVisitSameKey: only the first bytes of ids are remembered. An object whose id begins
// like that of another one, as can be made on purpose, is searched all the same.
func TestVisitSameKey(t *testing.T) {
	v := newVisited(t)
	v.r.Write("README", "text")
	v.commit("one")
	v.visit("first")
	v.r.Write("a.py", "key = '"+token(1)+"'\n")
	v.commit("two")
	id, err := hex.DecodeString(v.r.Git("rev-parse", "HEAD:a.py"))
	if err != nil {
		t.Fatal(err)
	}
	v.edit(func(b []byte) []byte {
		_, body, _ := bytes.Cut(b, []byte("\n"))
		body = append(body, id[:8]...)
		return append([]byte(fmt.Sprintf("%x\n", sha256.Sum256(body))), body...)
	})
	res, err := History(context.Background(), v.url, Options{Visits: VisitsIn(v.memory)})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Findings) != 1 || res.Since == nil {
		t.Errorf("%v, %+v", res.Findings, res.Since)
	}
}

// TestVisitRandom: whatever happens on a server, the result with memory is that
// without it.
func TestVisitRandom(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			var args []string
			if seed%2 == 1 {
				args = append(args, "--object-format=sha256")
			}
			v := newVisited(t, args...)
			v.rng, v.cleanFor = rand.New(rand.NewPCG(seed, 20)), int(seed)*10
			v.r.Write("README", "text")
			v.commit("start")
			v.visit("start")
			served := 0
			for step := range 20 {
				what := ""
				for range 1 + v.rng.IntN(3) {
					what += v.change() + "; "
				}
				v.visit(fmt.Sprint("step ", step, ": ", what))
				if v.listed.Load() == 1 {
					served++
				}
			}
			if v.noToken(); served < 3 {
				t.Errorf("what is remembered served %d times only", served)
			}
		})
	}
}

// try runs git, and takes it if git refuses. Each time is another second, mostly a
// later one.
func (v *visited) try(args ...string) {
	at := fmt.Sprintf("%d +0200", 1_700_000_000+v.n*100-v.rng.IntN(4)*90)
	v.r.Env = append(v.r.Env, "GIT_AUTHOR_DATE="+at, "GIT_COMMITTER_DATE="+at)
	_, _ = v.r.Try("", args...)
}

// change changes something on the server, and says what.
func (v *visited) change() string {
	v.n++
	r, n := v.r, v.rng.IntN(12)
	name := fmt.Sprintf("d%d/f%d", v.rng.IntN(3), v.rng.IntN(4))
	branch := fmt.Sprintf("b%d", v.rng.IntN(3))
	tok := token(uint64(v.rng.IntN(6)))
	if v.n < v.cleanFor {
		tok = "none"
	}
	switch n {
	case 0, 1:
		r.Write(name, "key = '"+tok+"'\n"+strings.Repeat(fmt.Sprint("line ", v.n, "\n"), 30))
		v.commit("add")
		return "a token in " + name
	case 2:
		r.Write(name, strings.Repeat(fmt.Sprint("line ", v.n, "\n"), 30))
		v.commit("edit")
		return "no token in " + name
	case 3:
		v.try("rm", "-rq", "--ignore-unmatch", name)
		v.commit("remove " + name)
		return "removed " + name
	case 4:
		v.commit("message " + tok)
		return "a token in a message"
	case 5:
		v.try("tag", "-f", "-a", "-m", "tag "+tok, fmt.Sprint("t", v.rng.IntN(3)))
		return "a tag"
	case 6:
		v.try("checkout", "-q", "-B", branch)
		return "made " + branch
	case 7:
		v.try("checkout", "-q", branch)
		return "went to " + branch
	case 8:
		v.try("merge", "-q", "-X", "ours", "-m", "merge", branch)
		v.try("merge", "--abort")
		return "merged " + branch
	case 9:
		v.try("branch", "-D", branch)
		return "deleted " + branch
	case 10:
		v.try("reset", "-q", "--hard", "HEAD~1")
		return "went back"
	default:
		v.try("revert", "--no-edit", "HEAD")
		v.try("revert", "--abort")
		return "reverted"
	}
}
