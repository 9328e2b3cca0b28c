package page

import (
	"bytes"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"

	"r8scan/fleet/ledger"
	"r8scan/report"
)

var update = flag.Bool("update", false, "renew the golden files")

// seed fills a small fleet: repositories in each state, tokens of which one is dead, and
// acts. It returns the id of a live token.
func seed(s *site) string {
	s.repo("r1", "https://github.com/acme/app", ledger.Done, "")
	s.repo("r2", "https://github.com/acme/broken", ledger.Failed, "https://github.com/acme/broken: connection refused")
	s.repo("r3", "https://github.com/acme/killer", ledger.Aside, "its workers died, one after the other")
	s.repo("r4", "https://github.com/acme/next", ledger.Queued, "")
	id := s.token("r1", "A", "src/app.py", report.StatusLive, start-3*day)
	s.token("r1", "B", "old.env", report.StatusRevoked, start-2*day)
	younger := s.token("r4", "C", "x.py", report.StatusLive, start-day)
	s.notice("n1", id, ledger.Mail, ledger.Uncertain, "the server closed the connection")
	s.notice("n2", id, ledger.Disable, ledger.Sent, "")
	s.notice("n3", younger, "ops", ledger.Refused, "HTTP 404")
	s.exec(`insert into told(token, source, kind, url, at) values($1, 'github', 'issue_comment', 'https://github.com/acme/app/issues/1', $2)`, id, start-day)
	s.tx(func(tx *sql.Tx) error {
		return ledger.Log(s.t.Context(), tx, ledger.Entry{At: start - 5*minute, Who: "w", Act: "uncertain", Token: id, Channel: ledger.Mail, Why: "the server closed the connection"})
	})
	return id
}

// unchanging takes out of a page what is new in each run, and the stylesheet.
func unchanging(page string) string {
	page = regexp.MustCompile(`(?s)<style>.*?</style>`).ReplaceAllString(page, "<style></style>")
	page = regexp.MustCompile(`sha256-[^'&]*`).ReplaceAllString(page, "sha256-")
	return sealField.ReplaceAllString(page, `name="seal" value=""`)
}

// TestPages compares each page with its golden file.
func TestPages(t *testing.T) {
	s := serve(t, byToken(t)).login("ada")
	id := seed(s)
	for name, path := range map[string]string{
		"live": "/", "dead": "/tokens?status=revoked", "story": "/tokens/" + id, "acts": "/acts", "refused": "/acts?state=refused", "sent": "/acts?state=sent",
		"repositories": "/repositories", "log": "/log", "forget-token": "/tokens/" + id + "/forget", "forget-repository": "/repositories/r2/forget",
	} {
		compare(t, name, s.get(path))
	}
	_, body := s.do(http.MethodGet, "/tokens/none", nil)
	compare(t, "problem", body)
	s.cookies = nil
	compare(t, "login", s.get("/login?to=/acts"))
}

func compare(t *testing.T, name, page string) {
	t.Helper()
	file := filepath.Join("testdata", name+".html")
	got := unchanging(page)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))) {
		t.Errorf("%s: %v: the page differs (renew it with -update):\n%s", name, err, got)
	}
}

// TestEmpty: a fleet without anything has pages too.
func TestEmpty(t *testing.T) {
	s := serve(t, byToken(t)).login("ada")
	for _, path := range []string{"/", "/tokens?status=unknown", "/repositories", "/acts", "/log"} {
		s.get(path)
	}
}

// TestSettle: what a person says of an act is recorded with who and why, and what is to be
// sent again is queued.
func TestSettle(t *testing.T) {
	for _, c := range []struct{ choice, notice, state, act string }{
		{"arrived", "n1", ledger.Sent, "settled as sent"}, {"again", "n1", ledger.Due, "settled as due"}, {"again", "n3", ledger.Due, "settled as due"},
	} {
		s := serve(t, byToken(t)).login("Ada")
		seed(s)
		form := url.Values{"choice": {c.choice}, "why": {"I called her about " + fakeToken("D")}}
		resp, body := s.post("/acts", "/acts/"+c.notice, form)
		if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/acts?done="+c.choice {
			t.Fatalf("%s: %s\n%s", c.choice, resp.Status, body)
		}
		var state string
		if err := s.store.DB.QueryRow(`select state from notice where id = $1`, c.notice).Scan(&state); err != nil || state != c.state {
			t.Errorf("%s: %s, %v", c.choice, state, err)
		}
		if want := c.state == ledger.Due; want != (len(s.queued.acts) == 1) || want && s.queued.acts[0].Notice != c.notice {
			t.Errorf("%s: queued %v", c.choice, s.queued.acts)
		}
		last, err := ledger.Entries(t.Context(), s.store.DB, "", 1)
		if err != nil || len(last) != 1 || last[0].Who != "Ada" || last[0].Act != c.act || !strings.HasPrefix(last[0].Why, "I called her about r8_Aq") && !strings.HasPrefix(last[0].Why, "I called her about r8_Dq") || strings.Contains(last[0].Why, fakeToken("D")[5:20]) {
			t.Errorf("%s: the log has %+v, %v", c.choice, last, err)
		}
		s.get("/acts?done=" + c.choice)
		if resp, _ := s.post("/acts?state=refused", "/acts/"+c.notice, form); resp.StatusCode != http.StatusConflict {
			t.Errorf("%s: twice: %s", c.choice, resp.Status)
		}
		form.Set("choice", "x")
		if resp, _ := s.post("/acts?state=refused", "/acts/n3", form); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: no choice: %s", c.choice, resp.Status)
		}
	}
}

// TestRecheck queues a question about a token that may be asked about.
func TestRecheck(t *testing.T) {
	s := serve(t, byToken(t)).login("ada")
	id := seed(s)
	resp, _ := s.post("/", "/tokens/"+id+"/recheck", url.Values{"why": {"she says it is gone"}})
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/tokens/"+id+"?done=recheck" || len(s.queued.questions) != 1 || s.queued.questions[0] != (ledger.Question{Token: id, Generation: 3}) {
		t.Errorf("%s, queued %v", resp.Status, s.queued.questions)
	}
	if body := s.get("/tokens/" + id + "?done=recheck"); !strings.Contains(body, "ada: <strong>recheck</strong>") || !strings.Contains(body, "she says it is gone") || !strings.Contains(body, "Replicate is asked") {
		t.Errorf("the story does not tell it:\n%s", body)
	}
	s.exec(`update token set open = 0 where id = $1`, id)
	if resp, _ := s.post("/", "/tokens/"+id+"/recheck", url.Values{"why": {"x"}}); resp.StatusCode != http.StatusConflict || len(s.queued.questions) != 1 {
		t.Errorf("a closed one: %s", resp.Status)
	}
}

// TestForget removes a token or a repository, and the log says so without its name.
func TestForget(t *testing.T) {
	s := serve(t, byToken(t)).login("ada")
	id := seed(s)
	now := start
	s.server.now = func(context.Context) (int64, error) { now++; return now, nil } // the log goes by time
	for _, c := range []struct{ path, gone, act string }{
		{"/tokens/" + id, "/tokens/" + id, "forget a token"}, {"/repositories/r1", "/repositories/r1/forget", "forget a repository"},
	} {
		resp, body := s.post(c.path+"/forget", c.path+"/forget", url.Values{"why": {"asked to"}})
		if resp.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %s\n%s", c.path, resp.Status, body)
		}
		if resp, _ := s.do(http.MethodGet, c.gone, nil); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s is there: %s", c.path, resp.Status)
		}
		if resp, _ := s.post("/", c.path+"/forget", url.Values{"why": {"asked to"}}); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s twice: %s", c.path, resp.Status)
		}
		last, err := ledger.Entries(t.Context(), s.store.DB, "", 1)
		if err != nil || len(last) != 1 || last[0].Act != c.act || last[0].Who != "ada" || last[0].Why != "asked to" || last[0].Token != "" {
			t.Errorf("%s: the log has %+v, %v", c.path, last, err)
		}
	}
}

// hostile are texts that others choose.
var hostile = []string{
	"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "' onfocus='alert(1)", "\u202eevil", "new\nline\r::error::x", "a&lt;b", "{{.}}", "javascript:alert(1)", "\x00\x1b[31m\x7f\xff", "\u200b\u2066\U000e0041", strings.Repeat("x", 500),
	"https://u:p@example.com/", "/../../..", "%2e%2e%2f", fakeToken("H"),
}

// seedHostile fills a fleet with them, and returns the ids of its tokens.
func seedHostile(s *site) (ids []string) {
	for i, bad := range hostile {
		letter := string(rune('A' + i))
		repo := "r/" + letter + bad
		s.repo(repo, "https://example.com/"+bad+letter, ledger.Failed, bad)
		id := s.token(repo, letter, bad, report.StatusLive, start-day)
		s.exec(`update token set account = json_object('type', $1, 'username', $2, 'name', $3), reason = $4, rule = $5 where id = $6`, bad, bad, bad, bad, bad, id)
		s.exec(`update verdict set reason = $1 where token = $2`, bad, id)
		s.exec(`insert into told(token, source, kind, url, at) values($1, $2, $3, $4, 1)`, id, bad, bad, bad)
		s.notice("n"+letter+bad, id, bad, ledger.Uncertain, bad)
		s.tx(func(tx *sql.Tx) error {
			return ledger.Log(s.t.Context(), tx, ledger.Entry{At: start, Who: bad, Act: bad, Token: id, Channel: bad, Why: bad})
		})
		ids = append(ids, id)
	}
	return ids
}

// TestHostile: names that others choose are shown as text, with what is invisible in them
// escaped, and no token is shown.
func TestHostile(t *testing.T) {
	s := serve(t, byToken(t)).login(hostile[0])
	ids := seedHostile(s)
	pages := []string{"/", "/repositories", "/acts", "/log"}
	for i, id := range ids {
		pages = append(pages, "/tokens/"+id, "/tokens/"+id+"/forget", "/repositories/"+url.PathEscape("r/"+string(rune('A'+i))+hostile[i])+"/forget")
	}
	for _, path := range pages {
		harmless(t, path, s.get(path))
	}
	for i, bad := range hostile { // a path with such an id is the right one
		resp, body := s.post("/acts", "/acts/"+url.PathEscape("n"+string(rune('A'+i))+bad), url.Values{"choice": {"arrived"}, "why": {bad}})
		if resp.StatusCode != http.StatusSeeOther {
			t.Errorf("%q: %s\n%s", bad, resp.Status, body)
		}
	}
	harmless(t, "/log", s.get("/log"))
}

// harmless reads a page as a browser does.
func harmless(t *testing.T, path, page string) {
	t.Helper()
	if at := strings.IndexFunc(page, func(r rune) bool {
		return r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
	}); at >= 0 {
		t.Errorf("%s: the page has controls: %q", path, page[max(0, at-50):at+10])
	}
	if strings.Contains(page, fakeToken("H")[5:25]) {
		t.Errorf("%s: the page shows a token", path)
	}
	for line := range strings.Lines(unchanging(page)) {
		if !strings.HasPrefix(line, "<") {
			t.Errorf("%s: a line begins with no tag: %q", path, line)
		}
	}
	z := html.NewTokenizer(strings.NewReader(page))
	for z.Next() != html.ErrorToken {
		tok := z.Token()
		if tok.Type != html.StartTagToken && tok.Type != html.SelfClosingTagToken {
			continue
		}
		if tok.Data == "script" || tok.Data == "img" || tok.Data == "iframe" {
			t.Errorf("%s: the page has %s", path, tok)
		}
		for _, a := range tok.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || (a.Key == "href" || a.Key == "action") && !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "https://example.com/") && !strings.HasPrefix(a.Val, "#") && a.Val != "data:," {
				t.Errorf("%s: the page has %s", path, tok)
			}
		}
	}
}

// seedMany fills a large fleet.
func seedMany(s *site, repos, tokens int) {
	s.exec(`with recursive n(i) as (select 0 union all select i + 1 from n where i < $1) insert into repo(id, url, host, state, scanned, due)
		select 'r' || i, 'https://example.com/' || i, 'example.com', case when i % 1000 = 7 then 'failed' when i % 1000 = 8 then 'aside' else 'done' end, $2, $3 from n`, repos-1, start-minute, start)
	s.exec(`with recursive n(i) as (select 0 union all select i + 1 from n where i < $1) insert into token(id, rule, mask, first_seen, open, status, generation)
		select printf('%016x', i), 'r', 'r8_' || i, $2 + i / 7, 1, 'live', 1 from n`, tokens-1, start-day)
	s.exec(`insert into finding(repo, token, first_seen, body) select 'r' || (rowid % $1), id, first_seen, '{}' from token`, repos)
	s.exec(`insert into notice(id, token, channel, state, since, due) select 'n' || id, id, 'mail', 'uncertain', $1, 0 from token`, start)
	s.exec(`insert into entry(id, at, who, act, token) select 'e' || id, $1, 'w', 'sent', id from token`, start)
}

// TestMany: a page of 5,000 tokens and 100,000 repositories is as long as any other, and
// each of them is on one page.
func TestMany(t *testing.T) {
	repos, tokens := 100_000, 5_000
	if testing.Short() {
		repos, tokens = 1_000, 300
	}
	s := serve(t, byToken(t)).login("ada")
	s.rows = 500
	seedMany(s, repos, tokens)
	next := regexp.MustCompile(`<a href="([^"]*)" rel="next">`)
	for _, c := range []struct {
		path, row string
		want      int
	}{{"/", `<dt>Token id</dt><dd><code>([0-9a-f]*)<`, tokens}, {"/acts", ` action="/acts/([^"]*)"`, tokens}, {"/log", `<li>.*<code>([0-9a-f]*)</code>`, tokens}, {"/repositories", `aria-label="Forget ([^"]*)"`, repos}} {
		row := regexp.MustCompile(c.row)
		seen := map[string]bool{}
		var first []string
		for path := c.path; path != ""; {
			body := s.get(path)
			if len(body) > 1_500*s.rows {
				t.Fatalf("%s has %d bytes", path, len(body))
			}
			for _, m := range row.FindAllStringSubmatch(body, -1) {
				if seen[m[1]] {
					t.Fatalf("%s has %s again", path, m[1])
				}
				if seen[m[1]] = true; len(first) < 300 {
					first = append(first, m[1])
				}
			}
			path = ""
			if m := next.FindStringSubmatch(body); m != nil {
				path = strings.ReplaceAll(m[1], "&amp;", "&")
			}
		}
		if len(seen) != c.want {
			t.Errorf("%s lists %d, want %d", c.path, len(seen), c.want)
		}
		for i, name := range first[:min(len(first), repos/500)] {
			if n, ok := strings.CutPrefix(name, "https://example.com/"); ok && !strings.HasSuffix(n, "007") && !strings.HasSuffix(n, "008") && n != "7" && n != "8" {
				t.Fatalf("repository %d of the list is %s", i, name)
			}
		}
	}
	for _, cursor := range []string{"at=abc&id=x", "at=-9223372036854775808", "at=99999999999999999999"} {
		if n := strings.Count(s.get("/?"+cursor), "<article>"); n != min(tokens, s.rows) {
			t.Errorf("a cursor that is none: %d tokens", n)
		}
		if n := strings.Count(s.get("/repositories?"+cursor), ">Forget<"); n != s.rows {
			t.Errorf("a cursor that is none: %d repositories", n)
		}
	}
	if n := strings.Count(s.get("/repositories?at=9223372036854775807"), ">Forget<"); n != 0 {
		t.Errorf("a cursor behind the end: %d repositories", n)
	}
}

// TestIndexes: no list reads the whole table.
func TestIndexes(t *testing.T) {
	s := serve(t, byToken(t))
	for query, want := range map[string]string{
		`select id from token t where status = 'live' and (first_seen, id) > (1, '') order by first_seen, id limit 5`:                                       "token_list",
		`select url from repo where (case when state in ('failed', 'aside') then 0 else 1 end) = 1 and url > 'x' order by url limit 5`:                      "repo_list",
		`select n.id from notice n join token t on t.id = n.token where n.state = 'uncertain' and (n.since, n.id) > (1, '') order by n.since, n.id limit 5`: "notice_list",
		`select id from entry where cast(0 as bigint) = 0 or (at, id) < (1, '') order by at desc, id desc limit 5`:                                          "entry_list",
		`select (select count(*) from verdict where at >= 1)`:                                                                                               "verdict_at",
	} {
		rows, err := s.store.DB.QueryContext(t.Context(), "explain query plan "+query)
		if err != nil {
			t.Fatal(err)
		}
		plan := ""
		for rows.Next() {
			var a, b, c int
			var detail string
			if err := rows.Scan(&a, &b, &c, &detail); err != nil {
				t.Fatal(err)
			}
			plan += detail + "\n"
		}
		rows.Close()
		if !strings.Contains(plan, want) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s:\n%s", query, plan)
		}
	}
}

// TestLong: a story with a great many places, answers and acts is bounded, and says what
// it leaves out.
func TestLong(t *testing.T) {
	s := serve(t, byToken(t)).login("ada")
	id := seed(s)
	s.exec(`with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000) insert into repo(id, url, host) select 'm' || i, 'https://example.com/m' || i, 'example.com' from n`)
	s.exec(`insert into finding(repo, token, first_seen, body) select id, $1, 1, (select body from finding where repo = 'r1' and token = $2) from repo where id like 'm%'`, id, id)
	s.exec(`with recursive n(i) as (select 5 union all select i + 1 from n where i < 1000) insert into verdict(token, generation, at, status, reason) select $1, i, i, case i % 2 when 0 then 'live' else 'unknown' end, '' from n`, id)
	s.exec(`with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000) insert into entry(id, at, who, act, token) select 'e' || i, i, 'w', 'sent', $1 from n`, id)
	body := s.get("/tokens/" + id)
	for _, want := range []string{"801 more repositories", "797 older answers"} {
		if !strings.Contains(body, want) {
			t.Errorf("the story does not say %q", want)
		}
	}
	if len(body) > 300_000 {
		t.Errorf("the story has %d bytes", len(body))
	}
}

// TestVerdicts joins equal answers in a row.
func TestVerdicts(t *testing.T) {
	var all []ledger.Verdict
	for i, status := range []report.Status{report.StatusUnknown, report.StatusLive, report.StatusLive, report.StatusLive, report.StatusRevoked} {
		all = append(all, ledger.Verdict{At: start + int64(i)*minute, Status: status})
	}
	got := ""
	for _, v := range verdictsOf(all, start) {
		got += fmt.Sprintf("%s %s %s|", v.Status, v.From.Text[11:], v.Times)
	}
	if want := "dead 12:04 |live 12:01 3 answers|not known whether live 12:00 |"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestWebPage: only what a browser may open is a link.
func TestWebPage(t *testing.T) {
	for address, want := range map[string]bool{
		"https://github.com/acme/app": true, "https://git.example.com:8443/a%20b": true,
		"http://example.com/a": false, "javascript:alert(1)": false, "file:///etc/passwd": false, "/home/ada/src": false, "git@github.com:acme/app.git": false, "ssh://git@example.com/a": false,
		"https:///a": false, "https:a": false, "": false, "https://u@example.com/": false, "https://u:p@example.com/": false, "https://example.com/\u202ea": false, "https://example.com/" + fakeToken("W"): false,
	} {
		if got := webPage(address); (got != "") != want || want && got != address {
			t.Errorf("%q: %q", address, got)
		}
	}
}
