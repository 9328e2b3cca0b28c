package scanner

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
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
	listed, fetched int // requests for refs and objects since the last visit
	rng             *rand.Rand
	n               int
}

func newVisited(t *testing.T, args ...string) *visited {
	v := &visited{t: t, r: gittest.New(t, args...), memory: t.TempDir(), rng: rand.New(rand.NewPCG(1, 1))}
	server := gittest.Serve(t, filepath.Dir(v.r.GitDir()), false, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				v.fetched++
			} else {
				v.listed++
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
	v.listed, v.fetched = 0, 0
	got, err := History(context.Background(), v.url, Options{Visits: v.memory})
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
	if res := v.visit("first"); res.Since != nil || v.fetched != 1 {
		t.Errorf("%d requests, %+v", v.fetched, res.Since)
	}
	if res := v.visit("second"); v.fetched != 0 || len(res.Since.Still) != 1 || !strings.Contains(fmt.Sprint(res.Notes), "has not changed") {
		t.Errorf("%d requests, %+v, %v", v.fetched, res.Since, res.Notes)
	}
	v.r.Write("c.py", "key = '"+token(2)+"'\n")
	v.r.Git("rm", "-q", "a/b.py")
	v.commit("two")
	if res := v.visit("third"); v.fetched != 1 || len(res.Since.New) != 1 || len(res.Since.Still) != 1 || len(res.Since.Refs.Advanced) != 1 {
		t.Errorf("%d requests, %+v", v.fetched, res.Since)
	}
	v.r.Git("reset", "-q", "--hard", "HEAD~1")
	res := v.visit("forced")
	if len(res.Since.Gone) != 1 || res.Since.Gone[0].TokenID == "" || len(res.Since.Refs.Rewritten) != 1 || !strings.Contains(fmt.Sprint(res.Notes), "refs/heads/main was rewritten") {
		t.Errorf("%+v, %v", res.Since, res.Notes)
	}
	v.noToken()
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
			v.rng = rand.New(rand.NewPCG(seed, 20))
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
				if v.listed == 1 {
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
