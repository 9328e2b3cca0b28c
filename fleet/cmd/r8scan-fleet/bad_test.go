package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// trouble is a git server that answers badly at first.
type trouble struct {
	mu     sync.Mutex
	asked  map[string]int // by path
	answer func(w http.ResponseWriter, path string, times int) bool
}

// badly makes a world's git server answer with answer, unless that returns false. times is
// how often the path was asked for before.
func (w *world) badly(answer func(out http.ResponseWriter, path string, times int) bool) *trouble {
	tr := &trouble{asked: map[string]int{}, answer: answer}
	w.mu.Lock() // the servers run
	w.wrap = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			if !tr.answered(out, r.URL.Path) {
				next.ServeHTTP(out, r)
			}
		})
	}
	w.mu.Unlock()
	return tr
}

func (tr *trouble) answered(out http.ResponseWriter, path string) bool {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	times := tr.asked[path]
	tr.asked[path]++
	return tr.answer(out, path, times)
}

// badAnswers are answers that no client can use. One has half of a good answer.
func badAnswers(kind, half string) map[string]func(http.ResponseWriter) {
	return map[string]func(http.ResponseWriter){
		"500":    func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) },
		"a page": func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>maintenance</html>")) },
		"reset":  func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"half": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(half))
		},
	}
}

// TestServerTrouble: servers that fail, cut an answer, or send something else lose nothing:
// each repository is visited in the end.
func TestServerTrouble(t *testing.T) {
	t.Parallel()
	for name, answer := range badAnswers("application/x-git-upload-pack-result", "0008NAK\n0014\x01PACK\x00\x00\x00\x02") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, distinct, filepath.Join(t.TempDir(), "fleet.db"))
			w.badly(func(out http.ResponseWriter, path string, times int) bool {
				if times > 0 || (name == "half") != strings.HasSuffix(path, "/git-upload-pack") {
					return false
				}
				answer(out)
				return true
			})
			w.run("add", "file:"+w.list())
			if code, _, errs := w.run(w.work("--until-idle", "--role", "scan")...); code != 0 && name != "half" || code == exitUsage {
				t.Errorf("run: %d\n%s", code, errs)
			}
			if name == "half" { // what came was scanned, and the next visit reads the rest
				w.query("update repo set due = 0, refs = '' returning 1")
				if code, _, errs := w.run(w.work("--until-idle", "--role", "scan")...); code != 0 {
					t.Errorf("run again: %d\n%s", code, errs)
				}
				w.whole(2)
				return
			}
			w.whole(1)
		})
	}
}

// TestAskedToWait: when a host asks to wait, no process asks it before, and then all of
// its repositories are visited. That is no failure of theirs.
func TestAskedToWait(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, distinct, database)
		const wait = 6 * time.Second
		var until time.Time
		early := 0
		tr := w.badly(func(out http.ResponseWriter, _ string, _ int) bool {
			if until.IsZero() {
				until = time.Now().Add(wait)
			} else if time.Now().Before(until) {
				early++
			} else {
				return false
			}
			out.Header().Set("Retry-After", "6")
			out.WriteHeader(http.StatusTooManyRequests)
			return true
		})
		w.run("add", "file:"+w.list())
		work := w.work("--until-idle", "--role", "scan", "-j", "2")
		first, second := w.start(programs.usual, nil, work...), w.start(programs.usual, nil, work...)
		for _, p := range []*process{first, second} {
			if code := w.wait(p, 3*time.Minute); code != 0 {
				t.Errorf("run: %d\n%s", code, p.err.String())
			}
		}
		w.whole(1)
		tr.mu.Lock()
		defer tr.mu.Unlock()
		if early > 3 { // those that were under way
			t.Errorf("%d requests came before the time that the server asked for", early)
		}
		if n := w.query("select count(*) from repo where failures > 0 or epoch > 1"); n != 0 {
			t.Errorf("%d repositories have failed", n)
		}
	})
}

// TestHostAway: a host that asks to wait for long does not keep others waiting, nor a run
// that ends when nothing is left to do.
func TestHostAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, distinct, filepath.Join(t.TempDir(), "fleet.db"))
	away := "http://localhost" + strings.TrimPrefix(w.urls[0], "http://127.0.0.1")
	w.badly(func(out http.ResponseWriter, path string, _ int) bool {
		if !strings.HasPrefix(path, "/away") {
			return false
		}
		out.WriteHeader(http.StatusTooManyRequests) // a minute, since it does not say
		return true
	})
	w.run("add", "file:"+w.list())
	w.run("add", strings.Replace(away, "/r0.git", "/away0.git", 1))
	w.run("add", strings.Replace(away, "/r0.git", "/away1.git", 1))
	if code, _, errs := w.run(w.work("--until-idle", "--role", "scan")...); code != exitIncomplete {
		t.Errorf("run: %d\n%s", code, errs)
	}
	if done, left := w.query("select count(*) from repo where state = 'done'"), w.query("select count(*) from repo where host = 'localhost' and state <> 'failed'"); done != distinct || left != 2 {
		t.Errorf("%d are done, %d left", done, left)
	}
	if _, out, _ := w.run("status"); !strings.Contains(out, "/away1.git: it was not visited yet") {
		t.Errorf("status:\n%s", out)
	}
}

// TestServerHangs: a server that stops in the middle of an answer holds up no other
// repository. When the connection ends, its repository is visited again.
func TestServerHangs(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]string{
		"after the headers": "",
		"in the pack":       "0008NAK\n0014\x01PACK\x00\x00\x00\x02",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, distinct, filepath.Join(t.TempDir(), "fleet.db"))
			release := make(chan struct{})
			var once sync.Once
			w.mu.Lock() // the servers run
			w.wrap = func(usual http.Handler) http.Handler {
				return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
					hang := false
					if strings.HasSuffix(r.URL.Path, "/r0.git/git-upload-pack") {
						once.Do(func() { hang = true })
					}
					if !hang {
						usual.ServeHTTP(out, r)
						return
					}
					out.Header().Set("Content-Type", "application/x-git-upload-pack-result")
					_, _ = out.Write([]byte(begin))
					_ = http.NewResponseController(out).Flush()
					<-release
					panic(http.ErrAbortHandler)
				})
			}
			w.mu.Unlock()
			w.run("add", "file:"+w.list())
			p := w.start(programs.usual, nil, w.work("--until-idle", "--role", "scan", "-j", "2")...)
			w.until(func() bool { return w.query(`select count(*) from repo where state = 'done'`) == distinct-1 })
			close(release)
			if code := w.wait(p, 3*time.Minute); code == exitUsage {
				t.Errorf("run: %d\n%s", code, p.err.String())
			}
			w.query("update repo set due = 0, refs = '' where unread <> '[]' returning 1") // what came was scanned
			if code, _, errs := w.run(w.work("--until-idle", "--role", "scan")...); code != 0 {
				t.Errorf("run again: %d\n%s", code, errs)
			}
			if n := w.query(`select count(*) from repo where state <> 'done' or unread <> '[]'`); n != 0 {
				t.Errorf("%d repositories were not read", n)
			}
		})
	}
}
