package page

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

// TestBrowser serves pages of fleets on this machine. With R8SCAN_TEST_BROWSER it prints
// where, and waits for the end of standard input: .ci/browser opens them in a browser.
func TestBrowser(t *testing.T) {
	cfg := byToken(t)
	served := map[string]string{"token": secret}
	for name, fill := range map[string]func(*site){
		"fleet":   func(s *site) { seedWorld(s) },
		"hostile": func(s *site) { seedHostile(s) },
		"many":    func(s *site) { seedMany(s, 2000, 300) },
	} {
		s := serve(t, cfg)
		fill(s)
		web := httptest.NewServer(s.handler)
		t.Cleanup(web.Close)
		served[name] = web.URL
		resp, err := http.Get(web.URL + "/login")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", name, resp.Status)
		}
	}
	if os.Getenv("R8SCAN_TEST_BROWSER") == "" {
		return
	}
	if err := json.NewEncoder(os.Stdout).Encode(served); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// seedWorld is seed with a story of some days.
func seedWorld(s *site) {
	id := seed(s)
	for i, status := range []string{"unknown", "live", "live", "live"} {
		at := start - 2*day + int64(i)*(8*60*minute)
		s.exec(`insert into verdict(token, generation, at, status, reason) values($1, $2, $3, $4, 'HTTP 200')`, id, 10+i, at, status)
	}
	s.exec(`update token set checked = $1, due = $2 where id = $3`, start-2*60*minute, start+22*60*minute, id)
	s.exec(`update repo set commits = 31, scans = 4, scanned = $1 where state = 'done'`, start-10*minute)
	s.exec(`insert into worker(id, started, until) values('w', $1, $2)`, start-time.Hour.Milliseconds(), start+minute)
}
