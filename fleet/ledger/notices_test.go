package ledger

import (
	"database/sql"
	"errors"
	"slices"
	"testing"

	"r8scan/fleet/store"
	"r8scan/report"
)

// exposedToken makes a token that is live, in a repository that is public or not.
func exposedToken(t *testing.T, s *store.Store, id string, public bool) {
	t.Helper()
	err := in(t, s, func(tx *sql.Tx) error {
		v, err := Add(t.Context(), tx, "https://example.com/"+id, "example.com")
		if err != nil {
			return err
		}
		if _, err := Found(t.Context(), tx, v.Repo, report.Finding{TokenID: id, Rule: "replicate-api-token"}, true, 1); err != nil {
			return err
		}
		if _, err := tx.Exec(`update token set status = 'live' where id = $1`, id); err != nil {
			return err
		}
		return MarkPublic(t.Context(), tx, v.Repo, public)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// planned plans, and returns the acts.
func planned(t *testing.T, s *store.Store, act bool, channels ...string) (acts []Act) {
	t.Helper()
	if err := in(t, s, func(tx *sql.Tx) (err error) { acts, err = Plan(t.Context(), tx, channels, act, 1); return err }); err != nil {
		t.Fatal(err)
	}
	return acts
}

func states(t *testing.T, s *store.Store, token string) (states []string) {
	t.Helper()
	notices, err := NoticesOf(t.Context(), s.DB, token)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range notices {
		states = append(states, n.Channel+" "+n.State)
	}
	slices.Sort(states)
	return states
}

// TestPlan makes notices only for tokens that are live and public, each once, and acts
// only if it may.
func TestPlan(t *testing.T) {
	s := open(t)
	exposedToken(t, s, "public", true)
	exposedToken(t, s, "private", false)
	exposedToken(t, s, "dead", true)
	s.DB.Exec(`update token set status = 'revoked' where id = 'dead'`)
	exposedToken(t, s, "told", false)
	s.DB.Exec(`insert into told(token, source, kind, url, at) values('told', 'github', 'content', '', 1)`)

	if acts := planned(t, s, false, Disable, Mail); len(acts) != 0 {
		t.Errorf("it acts in a dry run: %v", acts)
	}
	for _, token := range []string{"public", "told"} {
		if got, want := states(t, s, token), []string{"disable planned", "mail planned"}; !slices.Equal(got, want) {
			t.Errorf("%s: %v", token, got)
		}
	}
	for _, token := range []string{"private", "dead"} {
		if got := states(t, s, token); got != nil {
			t.Errorf("%s: %v", token, got)
		}
	}
	if acts := planned(t, s, true, Disable); len(acts) != 2 || acts[0].Channel != Disable {
		t.Errorf("acts: %v", acts)
	}
	if acts := planned(t, s, true, Disable); len(acts) != 0 {
		t.Errorf("acts again: %v", acts)
	}
	s.DB.Exec(`update token set status = 'revoked' where id = 'told'`)
	planned(t, s, true, Disable)
	if got, want := states(t, s, "told"), []string{"disable due"}; !slices.Equal(got, want) {
		t.Errorf("what was planned for a dead token stays: %v", got)
	}
}

// TestNotice leads notices through their states: none is sent twice in silence.
func TestNotice(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	exposedToken(t, s, "token", true)
	acts := planned(t, s, true, Disable, Mail)
	for _, a := range acts {
		if err := ClaimNotice(ctx, s.DB, a, "one", 2); err != nil {
			t.Fatal(err)
		}
		if err := ClaimNotice(ctx, s.DB, a, "two", 2); !errors.Is(err, ErrLost) {
			t.Errorf("%s is sent twice: %v", a.Channel, err)
		}
	}
	var again []Act
	if err := in(t, s, func(tx *sql.Tx) (err error) { again, err = Abandoned(ctx, tx, "two", 3); return err }); err != nil {
		t.Fatal(err)
	}
	if len(again) != 1 || again[0].Channel != Disable || again[0].Notice != acts[0].Notice || again[0].Epoch != 2 {
		t.Errorf("sent again: %v", again)
	}
	if got, want := states(t, s, "token"), []string{"disable due", "mail uncertain"}; !slices.Equal(got, want) {
		t.Errorf("after the death: %v", got)
	}
	for _, a := range acts { // the dead one comes back
		err := in(t, s, func(tx *sql.Tx) error {
			_, err := Record(ctx, tx, a, "one", Result{State: Sent}, 4)
			return err
		})
		if !errors.Is(err, ErrLost) {
			t.Errorf("a zombie wrote: %v", err)
		}
	}
	settle := func(sent bool) (a *Act, err error) {
		err = in(t, s, func(tx *sql.Tx) (err error) {
			a, err = Settle(ctx, tx, acts[1].Notice, sent, "ann", "no trace of it", 5)
			return err
		})
		return a, err
	}
	resent, err := settle(false)
	if err != nil || resent == nil || resent.Channel != Mail {
		t.Fatal(resent, err)
	}
	if _, err := settle(true); !errors.Is(err, ErrLost) {
		t.Errorf("what is due was settled: %v", err)
	}
	if err := ClaimNotice(ctx, s.DB, *resent, "two", 6); err != nil {
		t.Fatal(err)
	}
	if err := in(t, s, func(tx *sql.Tx) error {
		_, err := Record(ctx, tx, *resent, "two", Result{State: Sent}, 7)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	entries, err := Entries(ctx, s.DB, "token", 10)
	if err != nil {
		t.Fatal(err)
	}
	said := []string{}
	for _, e := range entries {
		said = append(said, e.Who+": "+e.Channel+" "+e.Act)
	}
	slices.Sort(said)
	if want := []string{"ann: mail settled as due", "two: disable due", "two: mail sent", "two: mail uncertain"}; !slices.Equal(said, want) {
		t.Errorf("the log: %q", said)
	}
	if err := in(t, s, func(tx *sql.Tx) error { _, err := ForgetToken(ctx, tx, "token", 8); return err }); err != nil {
		t.Fatal(err)
	}
	if entries, _ := Entries(ctx, s.DB, "", 10); len(entries) != 0 {
		t.Errorf("the log has the forgotten token: %v", entries)
	}
}

// TestOneMailADay lets one mail a day go to a recipient, and gives it back.
func TestOneMailADay(t *testing.T) {
	s := open(t)
	reserve := func(now int64) (next int64) {
		if err := in(t, s, func(tx *sql.Tx) (err error) {
			next, err = ReserveRecipient(t.Context(), tx, "digest", now)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return next
	}
	for _, step := range []struct{ now, next int64 }{{1, 0}, {2, day + 1}, {day, day + 1}, {day + 1, 0}, {day + 2, 2*day + 1}} {
		if next := reserve(step.now); next != step.next {
			t.Errorf("at %d: %d, not %d", step.now, next, step.next)
		}
	}
	if err := ReleaseRecipient(t.Context(), s.DB, "digest"); err != nil || reserve(day+3) != 0 {
		t.Errorf("it was not given back: %v", err)
	}
}
