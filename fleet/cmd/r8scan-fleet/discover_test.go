package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// owner is an organization on a fake GitHub, whose pages have four repositories.
type owner struct {
	mu     sync.Mutex
	urls   []string
	size   int    // kilobytes, as it says
	pushed string // when all were pushed to, as it says
	broken bool   // the second page
	asked  int
}

func (o *owner) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	page = max(1, page)
	if r.URL.Path != "/api/v3/orgs/acme/repos" || o.broken && page == 2 {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	const perPage = 4
	from, to := min(len(o.urls), (page-1)*perPage), min(len(o.urls), page*perPage)
	list := []any{}
	for i, url := range o.urls[from:to] {
		list = append(list, map[string]any{"full_name": fmt.Sprintf("acme/r%d", from+i), "clone_url": url, "size": o.size, "pushed_at": cmp.Or(o.pushed, "2020-01-02T03:04:05Z")})
	}
	if page == 1 {
		list = append(list, map[string]any{"full_name": "acme/elsewhere", "clone_url": "https://example.com/acme/elsewhere.git"})
	}
	if to < len(o.urls) {
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page=%d>; rel="next"`, r.Host, r.URL.Path, page+1))
	}
	_ = json.NewEncoder(w).Encode(list)
}

// TestDiscover lists an organization, and visits what is in it: all pages, with what is not
// followed named, and again what has changed.
func TestDiscover(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, distinct, database)
		o := &owner{urls: w.urls}
		w.mu.Lock() // the server runs
		w.forge = o.ServeHTTP
		w.mu.Unlock()
		source := "github:" + strings.TrimSuffix(w.urls[0], "/r0.git") + "/acme"
		if code, out, errs := w.run("add", source); code != 0 || out != "sources: 1 queued\n" {
			t.Fatalf("add: %d\n%s%s", code, out, errs)
		}
		w.finish(1)
		_, out, _ := w.run("status")
		if !strings.Contains(out, "sources: 1 done\n") || !strings.Contains(out, "not read: "+source+": a repository of ") || !strings.Contains(out, "leads to another server") || w.query("select listed from source") != distinct {
			t.Errorf("status:\n%s", out)
		}

		// Nothing has changed since: the list is read, and no repository is visited.
		w.query("update source set due = 0 returning 1")
		if code, _, errs := w.run(w.work("--until-idle", "--role", "discover")...); code != 0 {
			t.Fatalf("run again: %d\n%s", code, errs)
		}
		if n := w.query("select count(*) from repo where due = 0"); n != 0 || w.query("select count(*) from repo") != distinct {
			t.Errorf("%d repositories are due", n)
		}
		// What was pushed to meanwhile is.
		o.mu.Lock()
		o.pushed = time.Now().UTC().Add(time.Minute).Format(time.RFC3339)
		o.mu.Unlock()
		if code, out, _ := w.run("add", source); code != 0 || out != "sources: 1 queued\n" {
			t.Errorf("add again: %d %s", code, out)
		}
		w.finish(2)

		if code, _, errs := w.run("forget", source); code != 0 || w.query("select count(*) from source") != 0 || w.query("select count(*) from repo") != distinct {
			t.Errorf("forget: %d %s", code, errs)
		}
	})
}

// TestDiscoverCrash kills a worker at each point of a listing: nothing is lost, and
// nothing there twice.
func TestDiscoverCrash(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, distinct, database)
		w.mu.Lock() // the server runs
		w.forge = (&owner{urls: w.urls, size: 200 << 10}).ServeHTTP
		w.mu.Unlock()
		w.run("add", "github:"+strings.TrimSuffix(w.urls[0], "/r0.git")+"/acme")
		for _, point := range []string{"2", "3"} {
			p := w.start(programs.crashing, []string{"R8SCAN_FLEET_CRASH=" + point}, w.work("--role", "discover")...)
			w.wait(p, time.Minute)
		}
		w.finish(1)
		if n := w.query("select count(*) from repo where size = 'medium'"); n != distinct || w.query("select listed from source") != distinct {
			t.Errorf("%d repositories of medium size", n)
		}
	})
}

// TestDiscoverBroken names a source that cannot be listed, keeps what was listed, and goes
// on.
func TestDiscoverBroken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, distinct, filepath.Join(t.TempDir(), "fleet.db"))
	o := &owner{urls: w.urls, broken: true}
	w.mu.Lock() // the server runs
	w.forge = o.ServeHTTP
	w.mu.Unlock()
	site := "github:" + strings.TrimSuffix(w.urls[0], "/r0.git")
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte(site+"/acme\n"+site+"/none\ngithub:\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := w.run("add", "file:"+list); code != exitIncomplete || out != "sources: 2 queued\nlines refused: 1\n" || !strings.Contains(errs, list+":3: ") {
		t.Errorf("add: %d %s%s", code, out, errs)
	}
	if code, _, errs := w.run(w.work("--until-idle")...); code != exitIncomplete || w.query("select count(*) from repo where state = 'done'") != 4 {
		t.Errorf("run: %d\n%s", code, errs)
	}
	_, out, _ := w.run("status")
	for _, want := range []string{"sources: 2 failed\n", "not read: " + site + "/none: GitHub knows no organization or user none", "not read: " + site + "/acme: GitHub "} {
		if !strings.Contains(out, want) {
			t.Errorf("status does not say %q:\n%s", want, out)
		}
	}
	o.mu.Lock()
	o.broken = false
	o.mu.Unlock()
	w.run("add", site+"/acme")
	if code, _, _ := w.run(w.work("--until-idle", "--role", "discover,scan")...); code != exitIncomplete || w.query("select count(*) from repo where state = 'done'") != distinct { // none is still none
		t.Errorf("run again: %d", code)
	}
}

// TestEvents takes the repositories of a file of GitHub's events, in gzip or not.
func TestEvents(t *testing.T) {
	t.Parallel()
	w := &world{t: t, db: filepath.Join(t.TempDir(), "fleet.db")}
	var b bytes.Buffer
	event := func(kind, name, at string) {
		fmt.Fprintf(&b, `{"id":"1","type":%q,"actor":{"login":"x"},"repo":{"id":2,"name":%q},"payload":{"before":"x","commits":[{"message":"y"}]},"public":true,"created_at":%q}`+"\n", kind, name, at)
	}
	const at = "2026-11-02T15:00:00Z"
	event("PushEvent", "o/one", at)
	event("PushEvent", "o/one", "2026-11-02T15:30:00Z")
	event("WatchEvent", "o/starred", at)
	event("PublicEvent", "o/two", at)
	event("PushEvent", "o/../../x", at)
	event("PushEvent", "o/x?y", at)
	event("PushEvent", "o/x/y", at)
	b.WriteString("no event\n\n")
	event("PullRequestEvent", "o/three", at)
	plain, zipped := filepath.Join(t.TempDir(), "a.json"), filepath.Join(t.TempDir(), "a.json.gz")
	var z bytes.Buffer
	gz := gzip.NewWriter(&z)
	if _, err := gz.Write(b.Bytes()); err != nil || gz.Close() != nil {
		t.Fatal(err)
	}
	for path, text := range map[string][]byte{plain: b.Bytes(), zipped: z.Bytes(), zipped + ".cut": z.Bytes()[:z.Len()/2]} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, out, errs := w.run("add", "gharchive:"+zipped); code != exitIncomplete || out != "repositories: 3 queued, 0 there already\nlines refused: 4\n" || !strings.Contains(errs, zipped+":5: ") {
		t.Errorf("add: %d %s%s", code, out, errs)
	}
	if n := w.query("select count(*) from repo where url in ('https://github.com/o/one', 'https://github.com/o/two', 'https://github.com/o/three')"); n != 3 {
		t.Errorf("%d repositories", n)
	}
	// One that was visited after the event is not visited again.
	after := time.Date(2026, 11, 2, 16, 0, 0, 0, time.UTC).UnixMilli()
	w.query(fmt.Sprintf("update repo set state = 'done', due = 7, scanned = case when url like '%%/one' then %d else 5 end returning 1", after))
	if code, out, _ := w.run("add", "gharchive:"+plain); code != exitIncomplete || !strings.HasPrefix(out, "repositories: 0 queued, 3 there already\n") {
		t.Errorf("add again: %d %s", code, out)
	}
	if n := w.query("select count(*) from repo where due = 0"); n != 2 || w.query("select count(*) from repo where due = 7 and url like '%/one'") != 1 {
		t.Errorf("%d are due", n)
	}
	if code, _, errs := w.run("add", "gharchive:"+zipped+".cut"); code != exitIncomplete || !strings.Contains(errs, "cannot be read") {
		t.Errorf("a file that is cut off: %d %s", code, errs)
	}
	if code, _, errs := w.run("add", "gharchive:/no/file"); code != exitUsage {
		t.Errorf("no file: %d %s", code, errs)
	}
}
