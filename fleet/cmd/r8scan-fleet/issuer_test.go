package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestIssuerTrouble: each token gets a clear answer in the end, though Replicate fails at
// first, and the repositories are visited meanwhile.
func TestIssuerTrouble(t *testing.T) {
	t.Parallel()
	for name, answer := range badAnswers("application/json", `{"type":"organization","username":"acme"`) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, distinct, filepath.Join(t.TempDir(), "fleet.db"))
			var mu sync.Mutex
			failed := map[string]bool{}
			w.mu.Lock() // the servers run
			w.judge = func(out http.ResponseWriter, id string) bool {
				mu.Lock()
				first := !failed[id]
				failed[id] = true
				mu.Unlock()
				if first {
					answer(out)
				}
				return first
			}
			w.mu.Unlock()
			w.run("add", "file:"+w.list())
			w.finish(1)
			w.answered(2)
		})
	}
}

// answered checks that each token has a clear answer, and that each was asked about as
// often as times says.
func (w *world) answered(times int) {
	w.t.Helper()
	if n := w.query(`select count(*) from token where status not in ('live', 'revoked') or tries > 0`); n != 0 {
		w.t.Errorf("%d tokens have no clear answer", n)
	}
	if extra, want := w.extra(), (times-1)*len(w.tokens); extra != want {
		w.t.Errorf("%d questions beyond one a token, not %d", extra, want)
	}
}

// TestIssuerAsksToWait: when Replicate throttles, no process asks it before the time that
// it names, repositories are visited meanwhile, and then each token gets its answer.
func TestIssuerAsksToWait(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, distinct, database)
		const wait = 8 * time.Second
		var mu sync.Mutex
		var until time.Time
		throttled := 0
		w.mu.Lock() // the servers run
		w.judge = func(out http.ResponseWriter, _ string) bool {
			mu.Lock()
			defer mu.Unlock()
			if until.IsZero() {
				until = time.Now().Add(wait)
			} else if time.Now().After(until) {
				return false
			}
			throttled++
			out.Header().Set("Retry-After", "8")
			out.WriteHeader(http.StatusTooManyRequests)
			return true
		}
		w.mu.Unlock()
		w.run("add", "file:"+w.list())
		running := []*process{w.start(programs.usual, nil, w.work("--until-idle")...)}
		w.until(func() bool { return w.query(`select count(*) from token where tries > 0`) > 0 })
		for range 2 { // they know of the throttle by the database alone
			running = append(running, w.start(programs.usual, nil, w.work("--until-idle")...))
		}
		for _, p := range running {
			if code := w.wait(p, 3*time.Minute); code != 0 {
				t.Errorf("run: %d\n%s", code, p.err.String())
			}
		}
		w.whole(1)
		if throttled != 1 {
			t.Errorf("%d questions came before the time that Replicate asked for", throttled-1)
		}
		if n := w.query(`select count(*) from token where status not in ('live', 'revoked')`); n != 0 {
			t.Errorf("%d tokens have no clear answer", n)
		}
	})
}

// TestIssuerAway: a run that ends when nothing is left to do does not wait for a Replicate
// that throttles for long. It says so, and the next run asks.
func TestIssuerAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, distinct, filepath.Join(t.TempDir(), "fleet.db"))
	var mu sync.Mutex
	away, throttled := true, 0
	w.mu.Lock() // the servers run
	w.judge = func(out http.ResponseWriter, _ string) bool {
		mu.Lock()
		defer mu.Unlock()
		if away {
			throttled++
			out.WriteHeader(http.StatusTooManyRequests) // it does not say for how long
		}
		return away
	}
	w.mu.Unlock()
	w.run("add", "file:"+w.list())
	if code, _, errs := w.run(w.work("--until-idle")...); code != exitIncomplete {
		t.Errorf("run: %d\n%s", code, errs)
	}
	if throttled != 1 {
		t.Errorf("it was asked %d times", throttled)
	}
	if _, out, _ := w.run("status"); !strings.Contains(out, "without a clear answer from Replicate: 1\n") {
		t.Errorf("status:\n%s", out)
	}
	mu.Lock()
	away = false
	mu.Unlock()
	w.query(`update budget set free = 0 returning 1`) // the time is over, and somebody asks at once
	w.run("recheck")
	w.finish(1)
}

// TestIssuerHangs: a question that gets no answer holds up no other process.
func TestIssuerHangs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, distinct, filepath.Join(t.TempDir(), "fleet.db"))
	var mu sync.Mutex
	hung, release := "", make(chan struct{})
	w.mu.Lock() // the servers run
	w.judge = func(_ http.ResponseWriter, id string) bool {
		mu.Lock()
		first := hung == ""
		if first {
			hung = id
		}
		mu.Unlock()
		if first {
			<-release
			panic(http.ErrAbortHandler)
		}
		return false
	}
	w.mu.Unlock()
	w.run("add", "file:"+w.list())
	first, second := w.start(programs.usual, nil, w.work("--until-idle")...), w.start(programs.usual, nil, w.work("--until-idle")...)
	w.until(func() bool {
		return w.query(`select count(*) from token where status in ('live', 'revoked')`) == len(w.tokens)-1
	})
	close(release)
	for _, p := range []*process{first, second} {
		if code := w.wait(p, 3*time.Minute); code != 0 {
			t.Errorf("run: %d\n%s", code, p.err.String())
		}
	}
	w.whole(1)
	if w.extra() != 1 {
		t.Errorf("%d questions too many", w.extra())
	}
}
