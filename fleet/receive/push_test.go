package receive

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"r8scan/fleet/ledger"
	"r8scan/internal/git/fetch"
)

const pushPath = "/github/webhook"

func pushFleet(t *testing.T) *fleet {
	t.Helper()
	t.Setenv("HOOK", "hush")
	return newFleet(t, "serve: {webhook: {secret: env:HOOK}}")
}

func hooked(event, body string) []string {
	mac := hmac.New(sha256.New, []byte("hush"))
	mac.Write([]byte(body))
	return []string{"X-GitHub-Event", event, "X-Hub-Signature-256", "sha256=" + hex.EncodeToString(mac.Sum(nil))}
}

func pushTo(name string, more string) string {
	return fmt.Sprintf(`{"ref":"refs/heads/main","before":"%040d","after":"%040d","forced":false%s,"repository":{"full_name":%q,
		"clone_url":"https://github.com/%s.git","ssh_url":"git@github.com:%s.git","size":120000,"owner":{"login":"Acme"}}}`, 1, 2, more, name, name, name)
}

// add adds a repository in a state.
func (f *fleet) add(url, state string) {
	f.t.Helper()
	err := f.store.Tx(context.Background(), func(tx *sql.Tx) error {
		_, err := ledger.Insert(f.t.Context(), tx, url, "github.com", ledger.Small)
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.set(`update repo set state = $1, due = 9 where url = $2`, state, url)
}

// TestPush queues a visit of a repository that the fleet knows, under whichever of its
// names, once.
func TestPush(t *testing.T) {
	for _, url := range []string{"https://github.com/Acme/a.git", "https://github.com/Acme/a", "ssh://git@github.com/Acme/a.git", "ssh://git@github.com/Acme/a"} {
		f := pushFleet(t)
		at, err := fetch.Parse(url)
		if err != nil {
			t.Fatal(err)
		}
		f.add(at.String(), "done")
		f.add("https://github.com/Acme/other", "done")
		body := pushTo("Acme/a", "")
		f.want(url, f.post(pushPath, body, hooked("push", body)...), http.StatusNoContent)
		if len(f.visits) != 1 || f.visits[0].Epoch != 1 && f.visits[0].Epoch != 2 {
			t.Errorf("%s: %v", url, f.visits)
		}
		f.set(`update repo set state = 'done'`)
		f.want("replay", f.post(pushPath, body, hooked("push", body)...), http.StatusNoContent)
		if len(f.visits) != 1 || f.rows(`select count(*) from repo where state = 'done'`) != "2" {
			t.Errorf("%s: a replay has changed something: %v", url, f.visits)
		}
	}
}

// TestPushMeanwhile: a repository that is being visited, and may have listed its refs
// before the push, is due again when that visit ends.
func TestPushMeanwhile(t *testing.T) {
	f := pushFleet(t)
	const url = "https://github.com/Acme/a.git"
	f.add(url, "queued")
	visit := ledger.Visit{Repo: f.rows(`select id from repo`), Epoch: 1, Size: ledger.Small}
	claim := func() {
		if _, err := ledger.Claim(t.Context(), f.store.DB, visit, "worker"); err != nil {
			t.Fatal(err)
		}
	}
	commit := func() string {
		err := f.store.Tx(t.Context(), func(tx *sql.Tx) error {
			return ledger.Commit(t.Context(), tx, visit, "worker", ledger.Scanned{Refs: "x", Now: 5, Due: 1 << 40})
		})
		if err != nil {
			t.Fatal(err)
		}
		return f.rows(`select due from repo`)
	}
	tell := func(n int) {
		body := pushTo("Acme/a", fmt.Sprintf(`,"n":%d`, n))
		f.want("push", f.post(pushPath, body, hooked("push", body)...), http.StatusNoContent)
	}
	tell(1)
	claim() // it lists the refs after that push
	if due := commit(); due != fmt.Sprint(1<<40) {
		t.Errorf("before the visit: due %s", due)
	}
	f.set(`update repo set state = 'queued'`)
	claim()
	tell(2)
	if due := commit(); due != "0" || len(f.visits) != 0 {
		t.Errorf("during the visit: due %s, %v", due, f.visits)
	}
}

// TestPushDrops keeps what a forced push, or that of nothing, has dropped, and no id that is
// none.
func TestPushDrops(t *testing.T) {
	f := pushFleet(t)
	f.add("https://github.com/Acme/a.git", "done")
	f.add("https://github.com/Acme/a", "done")
	f.add("https://github.com/Acme/other", "done")
	for i, c := range []struct{ old, new string }{
		{`"n":0`, `"n":0`},
		{`"forced":false`, `"forced":true`},
		{`"forced":false`, `"deleted":true`},
		{`"forced":false,"n":3,"repository"`, `"forced":true,"before":"0000000000000000000000000000000000000000","repository"`},
		{`"forced":false,"n":4,"repository"`, `"forced":true,"before":"want me","repository"`},
		{`"forced":false,"n":5,"repository"`, `"forced":true,"before":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","repository"`},
	} {
		body := strings.Replace(pushTo("Acme/a", fmt.Sprintf(`,"n":%d`, i)), c.old, c.new, 1)
		f.want(c.new, f.post(pushPath, body, hooked("push", body)...), http.StatusNoContent)
		want := "0"
		if i > 0 {
			want = "2"
		}
		if n := f.rows(`select count(*) from want where id = '0000000000000000000000000000000000000001'`); n != want || f.rows(`select count(*) from want`) != want {
			t.Errorf("%s: %s", c.new, n)
		}
	}
	for i := range 30 {
		f.set(`insert into want(repo, id, at) select id, $1, $2 from repo`, fmt.Sprintf("%040x", i+100), int64(1)<<41+int64(i))
	}
	ids, err := ledger.Dropped(t.Context(), f.store.DB, f.rows(`select id from repo limit 1`))
	if err != nil || len(ids) != 20 || ids[0] != fmt.Sprintf("%040x", 110) {
		t.Errorf("%v %v", ids, err)
	}
}

// TestPushOfAnother adds a repository of an owner that is followed, and no other one.
func TestPushOfAnother(t *testing.T) {
	f := pushFleet(t)
	body := pushTo("Acme/new", "")
	f.want("unknown", f.post(pushPath, body, hooked("push", body)...), http.StatusNoContent)
	if f.rows(`select count(*) from repo`) != "0" {
		t.Error("it was added")
	}
	for i, name := range []string{"github:acme", "gitlab:acme", "github:https://git.example.com/Acme"} {
		f.set(`insert into source(id, name) values($1, $2)`, name, name)
		body := pushTo("Acme/new", fmt.Sprintf(`,"n":%d`, i))
		f.want(name, f.post(pushPath, body, hooked("push", body)...), http.StatusNoContent)
		if n := f.rows(`select count(*) from repo`); n != "1" {
			t.Errorf("%s: %s repositories", name, n)
		}
	}
	if len(f.visits) == 0 || f.visits[0].Size != ledger.Medium || f.rows(`select url from repo`) != "https://github.com/Acme/new.git" {
		t.Errorf("%v", f.visits)
	}
}

// TestPushForged refuses what GitHub has not signed, and takes no other event for a push.
func TestPushForged(t *testing.T) {
	f := pushFleet(t)
	f.add("https://github.com/Acme/a.git", "done")
	body := pushTo("Acme/a", "")
	good := hooked("push", body)
	for name, headers := range map[string][]string{
		"nothing":    nil,
		"no hex":     {"X-Hub-Signature-256", "sha256=zz"},
		"empty":      {"X-Hub-Signature-256", "sha256="},
		"short":      {"X-Hub-Signature-256", good[3][:20]},
		"of another": {"X-Hub-Signature-256", hooked("push", body+" ")[3]},
	} {
		f.want(name, f.post(pushPath, body, append([]string{"X-GitHub-Event", "push"}, headers...)...), http.StatusUnauthorized)
	}
	for _, event := range []string{"ping", "issues", ""} {
		f.want(event, f.post(pushPath, body, hooked(event, body)...), http.StatusNoContent)
	}
	for _, bad := range []string{"", "[]", "{}", `{"repository":1}`, strings.Replace(body, "https://github.com/", "file:///", 1), strings.Replace(body, "https://github.com/", "http://example.com/", 1),
		strings.Replace(body, "https://github.com/Acme", "https://github.com/other", 1), strings.Replace(body, "https://", "https://u:p@", 1)} {
		f.want(bad, f.post(pushPath, bad, hooked("push", bad)...), http.StatusBadRequest)
	}
	f.want("form", f.post(pushPath, body, append(good, "Content-Type", "application/x-www-form-urlencoded")...), http.StatusUnsupportedMediaType)
	long := &counter{left: 100 << 20}
	f.want("100 MB", f.send(http.MethodPost, pushPath, long, good...), http.StatusRequestEntityTooLarge)
	if long.read > maxPush+64<<10 || len(f.visits) != 0 {
		t.Errorf("%d bytes were read, %v", long.read, f.visits)
	}
}

func FuzzPush(f *testing.F) {
	f.Add([]byte(pushTo("Acme/a", "")))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := parsePush(body)
		if err == nil && (len(p.urls) < 2 || p.host == "" || strings.ContainsAny(p.url, "\x00\n")) {
			t.Errorf("%+v", p)
		}
	})
}
