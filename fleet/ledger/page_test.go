package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/fleet/store"
	"r8scan/report"
)

// onEach runs a test on SQLite and, if R8SCAN_FLEET_TEST_DB names a server on which
// databases can be made, on PostgreSQL.
func onEach(t *testing.T, test func(t *testing.T, s *store.Store)) {
	databases := map[string]string{"sqlite": filepath.Join(t.TempDir(), "f.db")}
	if server := os.Getenv("R8SCAN_FLEET_TEST_DB"); server != "" {
		db, err := sql.Open("pgx", server)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		name := fmt.Sprintf("ledger%d", rand.Uint64())
		if _, err := db.Exec("create database " + name); err != nil {
			t.Fatal(err)
		}
		databases["postgres"] = server[:strings.LastIndexByte(server, '/')+1] + name
	}
	for name, address := range databases {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			test(t, s)
		})
	}
}

// TestPageLists reads each list in pages of two: every row comes once, in order.
func TestPageLists(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		exec := func(query string, args ...any) {
			t.Helper()
			if _, err := s.DB.ExecContext(ctx, query, args...); err != nil {
				t.Fatal(query, err)
			}
		}
		for i, state := range []string{Done, Failed, Queued, Aside, Scanning} {
			exec(`insert into repo(id, url, host, state, public, scanned) values($1, $2, 'h', $3, 1, $4)`, fmt.Sprintf("r%d", i), fmt.Sprintf("https://h/%d", i), state, i)
			exec(`insert into token(id, rule, mask, first_seen, open, status, account) values($1, 'r', 'm', $2, 1, 'live', '{"username":"ada"}')`, fmt.Sprintf("t%d", i), 5-i/2)
			exec(`insert into finding(repo, token, first_seen, body) values($1, $2, 1, '{"token_id":"x"}')`, fmt.Sprintf("r%d", i), fmt.Sprintf("t%d", i))
			exec(`insert into notice(id, token, channel, state, since, due) values($1, $2, 'mail', 'uncertain', $3, 1)`, fmt.Sprintf("n%d", i), fmt.Sprintf("t%d", i), 5-i/2)
			exec(`insert into entry(id, at, who, act) values($1, $2, 'w', 'sent')`, fmt.Sprintf("e%d", i), 5-i/2)
		}
		exec(`insert into token(id, rule, mask, first_seen, open, status) values('dead', 'r', 'm', 1, 0, 'revoked')`)
		var got []string
		read := func(list func(after Cursor) (Cursor, int, error)) string {
			t.Helper()
			got = nil
			for after := (Cursor{}); ; {
				next, n, err := list(after)
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					return strings.Join(got, " ")
				}
				after = next
			}
		}
		for name, c := range map[string]struct {
			want string
			list func(after Cursor) (next Cursor, n int, err error)
		}{
			"tokens": {"t4 t2 t3 t0 t1", func(after Cursor) (next Cursor, n int, err error) {
				list, err := TokenPage(ctx, s.DB, report.StatusLive, after, 2)
				for _, t := range list {
					got, next = append(got, t.ID), Cursor{t.FirstSeen, t.ID}
				}
				return next, len(list), err
			}},
			"notices": {"n4 n2 n3 n0 n1", func(after Cursor) (next Cursor, n int, err error) {
				list, err := NoticePage(ctx, s.DB, Uncertain, after, 2)
				for _, t := range list {
					got, next = append(got, t.ID), Cursor{t.Since, t.ID}
				}
				return next, len(list), err
			}},
			"entries": {"e1 e0 e3 e2 e4", func(after Cursor) (next Cursor, n int, err error) {
				list, err := EntryPage(ctx, s.DB, after, 2)
				for _, t := range list {
					got, next = append(got, t.ID), Cursor{t.At, t.ID}
				}
				return next, len(list), err
			}},
			"repositories": {"r1 r3 r0 r2 r4", func(after Cursor) (next Cursor, n int, err error) {
				list, err := RepoPage(ctx, s.DB, after, 2)
				for _, t := range list {
					got, next = append(got, t.ID), t.Next()
				}
				return next, len(list), err
			}},
		} {
			if order := read(c.list); order != c.want {
				t.Errorf("%s: %s, want %s", name, order, c.want)
			}
		}
		list, err := TokenPage(ctx, s.DB, report.StatusLive, Cursor{}, 1)
		if err != nil || len(list) != 1 || list[0].First != "https://h/4" || !list[0].Public || list[0].Repos != 1 || list[0].Account.Username != "ada" {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err := TokenPage(ctx, s.DB, report.StatusRevoked, Cursor{}, 5); err != nil || len(list) != 1 || list[0].Public || list[0].First != "" || list[0].Account != nil {
			t.Errorf("%+v, %v", list, err)
		}
		if p, err := PaceSince(ctx, s.DB, 3); err != nil || p != (Pace{2, 0, 5}) {
			t.Errorf("%+v, %v", p, err)
		}
		if states, err := NoticeStates(ctx, s.DB); err != nil || len(states) != 1 || states[Uncertain] != 5 {
			t.Errorf("%v, %v", states, err)
		}
		if r, err := RepoOf(ctx, s.DB, "r3"); err != nil || r.State != Aside || r.Tokens != 1 {
			t.Errorf("%+v, %v", r, err)
		}
		if _, err := RepoOf(ctx, s.DB, "none"); !errors.Is(err, ErrLost) {
			t.Error(err)
		}
	})
}

// TestStoryOf reads a token's story, and counts what does not fit.
func TestStoryOf(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		if _, err := s.DB.ExecContext(ctx, `insert into token(id, rule, mask, first_seen, open, status) values('t', 'r', 'm', 1, 1, 'live')`); err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			for query, args := range map[string][]any{
				`insert into verdict(token, generation, at, status, reason) values('t', $1, $2, 'live', '')`: {i, i},
				`insert into told(token, source, kind, url, at) values('t', 'github', 'content', $1, $2)`:    {fmt.Sprint(i), i},
			} {
				if _, err := s.DB.ExecContext(ctx, query, args...); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Tx(ctx, func(tx *sql.Tx) error {
				v, err := Insert(ctx, tx, fmt.Sprintf("https://h/%d", i), "h", Small)
				if err != nil {
					return err
				}
				_, err = Found(ctx, tx, v.Repo, report.Finding{TokenID: "t"}, true, int64(10-i))
				if err != nil || i != 4 {
					return err
				}
				return Gone(ctx, tx, v.Repo, 20)
			}); err != nil {
				t.Fatal(err)
			}
		}
		st, err := StoryOf(ctx, s.DB, "t", 3)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, p := range st.Places {
			got += p.URL + " "
		}
		for _, v := range st.Verdicts {
			got += fmt.Sprint(v.At, " ")
		}
		for _, o := range st.Told {
			got += fmt.Sprint(o.At, " ")
		}
		if want := "https://h/3 https://h/2 https://h/1 2 3 4 0 1 2 "; got != want || st.Rest.Places != 2 || st.Rest.Verdicts != 2 || st.Rest.Told != 2 {
			t.Errorf("%s, want %s; %+v", got, want, st.Rest)
		}
		if q, err := QuestionOf(ctx, s.DB, "t"); err != nil || q != (Question{"t", 1}) {
			t.Errorf("%v, %v", q, err)
		}
		for _, err := range []error{second(StoryOf(ctx, s.DB, "none", 1)), second(QuestionOf(ctx, s.DB, "none"))} {
			if !errors.Is(err, ErrLost) {
				t.Error(err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }
