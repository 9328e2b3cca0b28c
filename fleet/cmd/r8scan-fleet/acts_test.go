package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// operator is what an operator has: an endpoint that disables tokens and a webhook, both
// of which count, and a configuration that names them.
type operator struct {
	w    *world
	file string // the configuration
	url  string

	mu     sync.Mutex
	keys   map[string]int                                  // requests to disable, by idempotency key
	posts  map[string]int                                  // posts to the webhook, by idempotency key
	answer func(out http.ResponseWriter, path string) bool // answers in the endpoints' place, unless it returns false; nil for nothing
}

// newOperator starts the endpoints. act is what the configuration says.
func newOperator(w *world, act, disables bool) *operator {
	o := &operator{w: w, keys: map[string]int{}, posts: map[string]int{}, file: filepath.Join(w.t.TempDir(), "fleet.yaml")}
	server := httptest.NewServer(http.HandlerFunc(o.serve))
	w.t.Cleanup(server.Close)
	o.url = server.URL
	key := filepath.Join(w.t.TempDir(), "endpoint.key")
	if code, _, errs := w.run("key", key); code != 0 {
		w.t.Fatal(errs)
	}
	for name, value := range map[string]string{"secret": "a secret of the operator", "hook": o.url + "/hook"} {
		if err := os.WriteFile(o.beside(name), []byte(value+"\n"), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	o.configure(act, disables, key+".pub")
	return o
}

// beside returns a file in the folder of the configuration.
func (o *operator) beside(name string) string { return filepath.Join(filepath.Dir(o.file), name) }

func (o *operator) configure(act, disables bool, key string) {
	text := fmt.Sprintf(`act: %v
webhooks:
  - name: team
    kind: json
    url: %q
    secret: %q
`, act, "file:"+o.beside("hook"), "file:"+o.beside("secret"))
	if disables {
		text += fmt.Sprintf(`disable:
  url: %s/disable
  secret: %q
  seal_to: %q
`, o.url, "file:"+o.beside("secret"), key)
	}
	if err := os.WriteFile(o.file, []byte(text), 0o600); err != nil {
		o.w.t.Fatal(err)
	}
}

func (o *operator) serve(out http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	o.w.noToken("a request to "+r.URL.Path, body)
	key := r.Header.Get("Idempotency-Key")
	o.mu.Lock()
	if r.URL.Path == "/disable" {
		o.keys[key]++
	} else {
		o.posts[key]++
	}
	answer := o.answer
	o.mu.Unlock()
	if answer != nil && answer(out, r.URL.Path) {
		return
	}
	fmt.Fprint(out, `{"disabled": true}`)
}

// counted returns how many notices each endpoint had, and how many requests at most about
// one of them.
func (o *operator) counted() (disabled, posted, most int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, n := range slices.Concat(slices.Collect(maps.Values(o.keys)), slices.Collect(maps.Values(o.posts))) {
		most = max(most, n)
	}
	return len(o.keys), len(o.posts), most
}

// work are the arguments of a worker that acts.
func (o *operator) work(more ...string) []string {
	return o.w.work(append([]string{"--config", o.file}, more...)...)
}

// live is how many tokens of the world are live.
func (w *world) live() int { return (len(w.known) + 1) / 2 }

// TestActs: a dry run lists what it would do and does nothing; with act: true each live
// token is disabled once and told of once, and nothing more follows.
func TestActs(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, distinct, database)
		o := newOperator(w, false, true)
		w.run("add", "file:"+w.list())
		if code, _, errs := w.run(o.work("--until-idle")...); code != 0 {
			t.Fatalf("the dry run: %d\n%s", code, errs)
		}
		if disabled, posted, _ := o.counted(); disabled+posted != 0 {
			t.Errorf("the dry run acted: %d, %d", disabled, posted)
		}
		if _, list, _ := w.run("acts"); strings.Count(list, " planned ") != 2*w.live() {
			t.Errorf("it lists:\n%s", list)
		}
		o.configureAct(t)
		for range 2 {
			if code, _, errs := w.run(o.work("--until-idle")...); code != 0 {
				t.Fatalf("run: %d\n%s", code, errs)
			}
			if disabled, posted, most := o.counted(); disabled != w.live() || posted != w.live() || most != 1 {
				t.Errorf("%d disabled, %d told, of %d; %d requests about one", disabled, posted, w.live(), most)
			}
		}
		if _, list, _ := w.run("acts"); strings.Count(list, " sent ") != 2*w.live() {
			t.Errorf("it lists:\n%s", list)
		}
	})
}

// configureAct turns act on.
func (o *operator) configureAct(t *testing.T) {
	text, err := os.ReadFile(o.file)
	if err == nil {
		err = os.WriteFile(o.file, []byte(strings.Replace(string(text), "act: false", "act: true", 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestActsCrash stops a worker at the points between a notice and its mark. A token is
// disabled again with the same key; of who was told, a person has to say.
func TestActsCrash(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		point                                 int
		disables                              bool
		disabled, posted, uncertain, requests int
	}{
		{5, true, 1, 1, 0, 1}, // before the token is disabled
		{5, false, 0, 0, 1, 0},
		{6, true, 1, 1, 1, 1},
		{7, true, 1, 1, 0, 2},
	} {
		t.Run(fmt.Sprintf("%d %v", c.point, c.disables), func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, database string) {
				w := newWorld(t, 1, database)
				o := newOperator(w, true, c.disables)
				w.run("add", w.urls[0])
				crashed := w.start(programs.crashing, []string{fmt.Sprintf("R8SCAN_FLEET_CRASH=%d", c.point)}, o.work()...)
				if code := w.wait(crashed, time.Minute); code != -1 {
					t.Fatalf("it did not crash: %d\n%s", code, crashed.err.String())
				}
				if n := w.query(`select count(*) from notice where state = 'sending'`); n != 1 {
					t.Errorf("%d notices are being sent", n)
				}
				if code, _, errs := w.run(w.work("--until-idle")...); code != 0 { // without a configuration: it is not its work
					t.Fatalf("run: %d\n%s", code, errs)
				}
				want := 0
				if c.uncertain > 0 {
					want = exitIncomplete
				}
				if code, _, errs := w.run(o.work("--until-idle")...); code != want {
					t.Fatalf("run: %d\n%s", code, errs)
				}
				if disabled, posted, most := o.counted(); disabled != c.disabled || posted != c.posted || most != c.requests {
					t.Errorf("%d disabled, %d told; %d requests about one", disabled, posted, most)
				}
				if n := w.query(`select count(*) from notice where state = 'uncertain'`); n != c.uncertain {
					t.Errorf("%d are uncertain", n)
				}
				if n := w.query(`select count(*) from notice where state not in ('sent', 'uncertain')`); n != 0 {
					t.Errorf("%d are not done", n)
				}
			})
		})
	}
}

// TestActsPrivate: a token of a repository that its server shows only to those who log in
// is found and asked about, and nothing is done about it.
func TestActsPrivate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4, filepath.Join(t.TempDir(), "fleet.db")) // of which two have a live token
	var private atomic.Bool
	private.Store(true)
	w.mu.Lock() // the server runs
	w.wrap = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			if _, password, _ := r.BasicAuth(); private.Load() && strings.HasPrefix(r.URL.Path, "/r0.git/") && password != "open" {
				out.Header().Set("WWW-Authenticate", `Basic realm="git"`)
				out.WriteHeader(http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(out, r)
		})
	}
	w.mu.Unlock()
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".netrc"), []byte("machine 127.0.0.1 login ann password open\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := newOperator(w, true, true)
	w.run("add", "file:"+w.list())
	visit := func() {
		t.Helper()
		p := w.start(programs.usual, []string{"HOME=" + home, "USERPROFILE=" + home}, o.work("--until-idle")...)
		if code := w.wait(p, 2*time.Minute); code != 0 {
			t.Fatalf("run: %d\n%s", code, p.err.String())
		}
	}
	visit()
	if n := w.query(`select count(*) from token where status = 'live'`); n != 2 {
		t.Fatalf("%d live tokens", n)
	}
	if disabled, posted, _ := o.counted(); disabled != 1 || posted != 1 {
		t.Errorf("%d disabled, %d told, while one repository is private", disabled, posted)
	}
	private.Store(false) // its owner makes it public
	w.query("update repo set due = 0 returning 1")
	visit()
	if disabled, posted, _ := o.counted(); disabled != 2 || posted != 2 {
		t.Errorf("%d disabled, %d told, when it is public", disabled, posted)
	}
}

// TestActsUnanswered: an endpoint disables a token and its answer is lost. Replicate
// refuses the token by then, and yet the endpoint is asked again, and who is to be told is
// told that it is disabled.
func TestActsUnanswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, filepath.Join(t.TempDir(), "fleet.db"))
	o := newOperator(w, true, true)
	var dead atomic.Bool
	w.mu.Lock() // the servers run
	w.judge = func(out http.ResponseWriter, _ string) bool {
		if dead.Load() {
			out.Header().Set("Content-Type", "application/problem+json")
			out.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(out, `{"title":"Unauthenticated","detail":"You did not pass a valid authentication token","status":401}`)
		}
		return dead.Load()
	}
	w.mu.Unlock()
	o.mu.Lock()
	o.answer = func(out http.ResponseWriter, path string) bool {
		if path != "/disable" || dead.Swap(true) {
			return false
		}
		w.run("recheck")
		w.until(func() bool { return w.query(`select count(*) from token where status = 'live'`) == 0 })
		out.WriteHeader(http.StatusBadGateway)
		return true
	}
	o.mu.Unlock()
	w.run("add", w.urls[0])
	if code, _, errs := w.run(o.work("--until-idle")...); code != 0 {
		t.Fatalf("run: %d\n%s", code, errs)
	}
	if disabled, posted, most := o.counted(); disabled != 1 || posted != 1 || most != 2 {
		t.Errorf("%d disabled, %d told; %d requests about one", disabled, posted, most)
	}
	if n := w.query(`select count(*) from notice where state = 'sent'`); n != 2 {
		t.Errorf("%d notices are sent", n)
	}
}
