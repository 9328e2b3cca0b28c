package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"r8scan/fleet/store"
	"r8scan/internal/git/gittest"
	"r8scan/rules"
	"r8scan/scanner"
)

// programs are the built commands: the usual one, and one with crash points.
var programs = struct{ usual, crashing string }{}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "r8scan-fleet-")
	if err != nil {
		panic(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // a test runs one as another user
		panic(err)
	}
	programs.usual, programs.crashing = filepath.Join(dir, "fleet.exe"), filepath.Join(dir, "crash.exe")
	for _, args := range [][]string{{"-o", programs.usual}, {"-tags", "crashpoints", "-o", programs.crashing}} {
		if out, err := exec.Command("go", append(append([]string{"build"}, args...), ".")...).CombinedOutput(); err != nil {
			panic(fmt.Sprintf("%v\n%s", err, out))
		}
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// world is what a fleet meets: repositories on a server, and a Replicate. It has a
// database of its own.
type world struct {
	t      *testing.T
	urls   []string
	tokens map[string]bool // ids that one local run finds
	known  []string        // the tokens themselves, to look for where none may be

	delay func(path string) time.Duration // before a server answers
	root  string
	forge http.HandlerFunc                              // answers as GitHub's API; nil for a server without one
	wrap  func(http.Handler) http.Handler               // changes what the git server does; nil for nothing
	judge func(out http.ResponseWriter, id string) bool // answers in Replicate's place, unless it returns false; nil for nothing

	mu    sync.Mutex
	packs int            // how often a pack was asked for
	asked map[string]int // by token id

	db, api string
}

// distinct is how many repositories differ; the others are copies, as forks are.
const distinct = 12

// newWorld makes n repositories. Each third has a token; of the tokens, each other
// one is live.
func newWorld(t *testing.T, n int, database string) *world {
	w := &world{t: t, tokens: map[string]bool{}, asked: map[string]int{}, db: database, root: t.TempDir()}
	for i := range n {
		dir := filepath.Join(w.root, fmt.Sprintf("r%d.git", i))
		if i >= distinct {
			if err := os.CopyFS(dir, os.DirFS(filepath.Join(w.root, fmt.Sprintf("r%d.git", i%distinct)))); err != nil {
				t.Fatal(err)
			}
			continue
		}
		w.repository(dir, i)
		res, err := scanner.History(t.Context(), dir, scanner.Options{MinConfidence: rules.Medium})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range res.Findings {
			w.tokens[f.Secret.ID()] = true
		}
	}
	w.serve(n)
	return w
}

func (w *world) repository(dir string, i int) {
	r := gittest.New(w.t, "--bare")
	var m gittest.Import
	first := m.Commit("refs/heads/main", "start", nil, gittest.File{Path: "README", Mark: m.Blob(fmt.Sprintf("repository %d\n", i))})
	if i%3 == 0 {
		for _, n := range []int{i, i + 1000} {
			w.known = append(w.known, gittest.Token(n))
		}
		leak := m.Commit("refs/heads/main", "add", []int{first}, gittest.File{Path: "app.env", Mark: m.Blob(
			"REPLICATE_API_TOKEN=" + gittest.Token(i) + "\nOTHER=" + gittest.Token(i+1000) + "\n")})
		m.Commit("refs/heads/main", "remove", []int{leak}, gittest.File{Path: "app.env", Mark: -1})
	}
	m.Run(r)
	if err := os.Rename(r.Dir, dir); err != nil {
		w.t.Fatal(err)
	}
}

// serve starts both servers.
func (w *world) serve(n int) {
	git := gittest.Serve(w.t, w.root, false, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			w.mu.Lock()
			forge := w.forge
			w.mu.Unlock()
			if strings.HasPrefix(r.URL.Path, "/api/") && forge != nil {
				forge(out, r)
				return
			}
			if strings.HasSuffix(r.URL.Path, "/git-upload-pack") {
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				if bytes.Contains(body, []byte("want ")) {
					w.mu.Lock()
					w.packs++
					w.mu.Unlock()
				}
			}
			w.mu.Lock()
			delay, wrap := w.delay, w.wrap
			w.mu.Unlock()
			if delay != nil {
				time.Sleep(delay(r.URL.Path)) // the server's latency
			}
			if wrap != nil {
				wrap(next).ServeHTTP(out, r)
				return
			}
			next.ServeHTTP(out, r)
		})
	})
	for i := range n {
		w.urls = append(w.urls, fmt.Sprintf("%s/r%d.git", git.URL, i))
	}
	api := httptest.NewServer(http.HandlerFunc(w.replicate))
	w.t.Cleanup(api.Close)
	w.api = api.URL
}

// fetched returns how often a pack was asked for.
func (w *world) fetched() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.packs
}

// questions returns how many tokens Replicate was asked about.
func (w *world) questions() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.asked)
}

// slow sets how long a server waits before it answers.
func (w *world) slow(delay func(path string) time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delay = delay
}

// replicate answers as Replicate's API does, and counts.
func (w *world) replicate(out http.ResponseWriter, r *http.Request) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	w.mu.Lock()
	id := rules.NewSecret(token, 5).ID()
	w.asked[id]++
	judge := w.judge
	w.mu.Unlock()
	if judge != nil && w.tokens[id] && judge(out, id) { // not what asks whether this is Replicate
		return
	}
	if i := slices.Index(w.known, token); i >= 0 && i%2 == 0 {
		fmt.Fprint(out, `{"type":"organization","username":"acme","name":"Acme, Inc.","github_url":"https://github.com/acme","avatar_url":null}`)
		return
	}
	out.Header().Set("Content-Type", "application/problem+json")
	out.WriteHeader(http.StatusUnauthorized)
	fmt.Fprint(out, `{"title":"Unauthenticated","detail":"You did not pass a valid authentication token","status":401}`)
}

// list writes a file of the URLs, and of lines that are none.
func (w *world) list(broken ...string) string {
	path := filepath.Join(w.t.TempDir(), "repos.txt")
	lines := append(slices.Clone(w.urls), broken...)
	rand.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	if err := os.WriteFile(path, []byte("# ours\n\n"+strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// process is a command that runs.
type process struct {
	*exec.Cmd
	out, err bytes.Buffer
	done     chan struct{} // closed when it has ended
}

// start starts the program with arguments and additions to its environment.
func (w *world) start(program string, env []string, args ...string) *process {
	w.t.Helper()
	return w.startTo(nil, program, env, args...)
}

// startTo is start with a log that can be read while the program runs.
func (w *world) startTo(log io.Writer, program string, env []string, args ...string) *process {
	w.t.Helper()
	p := &process{Cmd: exec.Command(program, args...), done: make(chan struct{})}
	p.Env = append(os.Environ(), append([]string{store.Variable + "=" + w.db}, env...)...)
	p.Stdout, p.Stderr = &p.out, &p.err
	if log != nil {
		p.Stderr = log
	}
	if err := p.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = p.Process.Kill(); <-p.done })
	go func() { _ = p.Wait(); close(p.done) }()
	return p
}

// wait returns the exit code, and checks that no token came out.
func (w *world) wait(p *process, most time.Duration) int {
	w.t.Helper()
	select {
	case <-p.done:
	case <-time.After(most):
		w.t.Fatalf("%v still runs after %s\n%s", p.Args[1:], most, p.err.String())
	}
	w.noToken(strings.Join(p.Args, " "), p.out.Bytes())
	w.noToken(strings.Join(p.Args, " "), p.err.Bytes())
	return p.ProcessState.ExitCode()
}

// run runs the program and returns its exit code, output and errors.
func (w *world) run(args ...string) (int, string, string) {
	w.t.Helper()
	p := w.start(programs.usual, nil, args...)
	code := w.wait(p, 3*time.Minute)
	return code, p.out.String(), p.err.String()
}

// work are the arguments of a worker.
func (w *world) work(more ...string) []string {
	return append([]string{"run", "--api-url", w.api, "--host-rate", "1000000", "--metrics", ""}, more...)
}

// until waits for something that happens soon.
func (w *world) until(happened func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !happened(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatal("it does not happen")
		}
	}
}

func (w *world) noToken(where string, text []byte) {
	w.t.Helper()
	for _, token := range w.known {
		for _, form := range []string{token[3:], base64.StdEncoding.EncodeToString([]byte(token))[:48], hex.EncodeToString([]byte(token))} {
			if bytes.Contains(text, []byte(form)) {
				w.t.Errorf("%s: a token came out", where)
			}
		}
	}
}

// query returns the one number of a query.
func (w *world) query(query string) (n int) {
	w.t.Helper()
	s, err := store.Open(context.Background(), w.db)
	if err != nil {
		w.t.Fatal(err)
	}
	defer s.Close()
	if err := s.DB.QueryRow(query).Scan(&n); err != nil && err != sql.ErrNoRows {
		w.t.Fatal(err)
	}
	return n
}

// finish runs a worker until nothing is left to do, which must come to a good end: see
// whole.
func (w *world) finish(visits int) {
	w.t.Helper()
	if code, _, errs := w.run(w.work("--until-idle")...); code != 0 {
		w.t.Errorf("run: %d\n%s", code, errs)
	}
	w.whole(visits)
}

// whole checks that each repository was committed as often as visits says, and that
// the tokens are those of a local run.
func (w *world) whole(visits int) {
	w.t.Helper()
	if n := w.query(fmt.Sprintf(`select count(*) from repo where state <> 'done' or commits <> %d`, visits)); n != 0 {
		_, status, _ := w.run("status")
		w.t.Errorf("%d repositories were not committed %d times\n%s", n, visits, status)
	}
	s, err := store.Open(context.Background(), w.db)
	if err != nil {
		w.t.Fatal(err)
	}
	defer s.Close()
	rows, err := s.DB.Query(`select id from token`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	got := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			w.t.Fatal(err)
		}
		got[id] = true
	}
	if !maps.Equal(got, w.tokens) {
		w.t.Errorf("the fleet found %d tokens, one local run %d", len(got), len(w.tokens))
	}
}

// extra returns how many questions were asked beyond one a token.
func (w *world) extra() (extra int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, n := range w.asked {
		if w.tokens[id] {
			extra += n - 1
		}
	}
	return extra
}

// onEach runs a test on SQLite and, if R8SCAN_FLEET_TEST_DB names a server on which
// databases can be made, on PostgreSQL.
func onEach(t *testing.T, test func(t *testing.T, database string)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, filepath.Join(t.TempDir(), "fleet.db"))
	})
	server := os.Getenv("R8SCAN_FLEET_TEST_DB")
	if server == "" {
		return
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		db, err := sql.Open("pgx", server)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		name := fmt.Sprintf("fleet%d", rand.Uint64())
		if _, err := db.Exec("create database " + name); err != nil {
			t.Fatal(err)
		}
		at := strings.LastIndexByte(server, '/')
		test(t, server[:at+1]+name)
	})
}

// repositories is how many a test scans that can use many.
func repositories(t *testing.T) int {
	text := os.Getenv("R8SCAN_FLEET_TEST_REPOS")
	if text == "" {
		return 30
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
