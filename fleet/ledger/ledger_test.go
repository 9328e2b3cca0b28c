package ledger

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"r8scan/fleet/store"
	"r8scan/report"
)

func open(t *testing.T) *store.Store {
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "f.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// in runs f in a transaction and returns its error.
func in(t *testing.T, s *store.Store, f func(tx *sql.Tx) error) error {
	t.Helper()
	return s.Tx(t.Context(), f)
}

// TestZombie lets workers commit visits that are no longer theirs: nothing is written.
func TestZombie(t *testing.T) {
	s := open(t)
	var v *Visit
	if err := in(t, s, func(tx *sql.Tx) (err error) {
		v, err = Add(t.Context(), tx, "https://example.com/a", "example.com")
		return err
	}); err != nil || v == nil {
		t.Fatal(v, err)
	}
	commit := func(v Visit, worker string) error {
		return in(t, s, func(tx *sql.Tx) error { return Commit(t.Context(), tx, v, worker, Scanned{Fetched: true}) })
	}
	if _, err := Claim(t.Context(), s.DB, *v, "zombie"); err != nil {
		t.Fatal(err)
	}
	var next *Visit
	if err := in(t, s, func(tx *sql.Tx) (err error) { next, err = Orphan(t.Context(), tx, *v); return err }); err != nil || next == nil || next.Epoch != 2 {
		t.Fatal(next, err)
	}
	if err := commit(*v, "zombie"); !errors.Is(err, ErrLost) {
		t.Errorf("nobody has taken over yet: %v", err)
	}
	if _, err := Claim(t.Context(), s.DB, *v, "zombie"); !errors.Is(err, ErrLost) {
		t.Errorf("an old visit can be claimed: %v", err)
	}
	if _, err := Claim(t.Context(), s.DB, *next, "heir"); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []struct {
		visit  Visit
		worker string
	}{{*v, "zombie"}, {*v, "heir"}, {*next, "zombie"}} {
		if err := commit(wrong.visit, wrong.worker); !errors.Is(err, ErrLost) {
			t.Errorf("%s commits epoch %d: %v", wrong.worker, wrong.visit.Epoch, err)
		}
		if err := in(t, s, func(tx *sql.Tx) error {
			_, err := Fail(t.Context(), tx, wrong.visit, wrong.worker, "", 0)
			return err
		}); !errors.Is(err, ErrLost) {
			t.Errorf("%s fails epoch %d: %v", wrong.worker, wrong.visit.Epoch, err)
		}
	}
	if err := commit(*next, "heir"); err != nil {
		t.Error(err)
	}
	if err := commit(*next, "heir"); !errors.Is(err, ErrLost) {
		t.Errorf("a visit is committed twice: %v", err)
	}
	var commits int
	if err := s.DB.QueryRow(`select commits from repo`).Scan(&commits); err != nil || commits != 1 {
		t.Errorf("%d commits, %v", commits, err)
	}
}

// TestAnswers asks about a token until it was refused twice in a row.
func TestAnswers(t *testing.T) {
	s := open(t)
	about := Question{Token: "0123456789abcdef", Generation: 1}
	if err := in(t, s, func(tx *sql.Tx) error {
		v, err := Add(t.Context(), tx, "https://example.com/a", "example.com")
		if err != nil {
			return err
		}
		q, err := Found(t.Context(), tx, v.Repo, report.Finding{TokenID: about.Token}, true, 0)
		if err == nil && (q == nil || *q != about) {
			t.Errorf("the first question is %v", q)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		status report.Status
		wait   int64 // until the next question
		shown  string
	}{
		{report.StatusUnknown, 5_000, "unknown"}, {report.StatusUnknown, 20_000, "unknown"},
		{report.StatusLive, hour, "live"}, {report.StatusUnknown, 5_000, "live"}, {report.StatusLive, 6 * hour, "live"},
		{report.StatusRevoked, hour, "revoked"}, {report.StatusLive, day, "live"}, {report.StatusRevoked, hour, "revoked"},
		{report.StatusRevoked, 0, "revoked"},
	} {
		if _, _, err := ClaimQuestion(t.Context(), s.DB, about, "w"); err != nil {
			t.Fatal(i, err)
		}
		var next *Question
		var due int64
		answer := func(worker string) error {
			return in(t, s, func(tx *sql.Tx) (err error) {
				next, due, err = Answer(t.Context(), tx, about, worker, report.Verification{Status: step.status}, 7)
				return err
			})
		}
		if err := answer("another"); !errors.Is(err, ErrLost) {
			t.Errorf("step %d: another worker answers: %v", i, err)
		}
		if err := answer("w"); err != nil {
			t.Fatal(i, err)
		}
		if (next == nil) != (step.wait == 0) || next != nil && due != 7+step.wait {
			t.Errorf("step %d: the next question is %v after %d ms, want %d", i, next, due-7, step.wait)
		}
		var shown string
		if err := s.DB.QueryRow(`select status from token`).Scan(&shown); err != nil || shown != step.shown {
			t.Errorf("step %d: %s, %v, want %s", i, shown, err, step.shown)
		}
		if err := answer("w"); !errors.Is(err, ErrLost) {
			t.Errorf("step %d: answered twice: %v", i, err)
		}
		about.Generation++
	}
	if _, _, err := ClaimQuestion(t.Context(), s.DB, about, "w"); !errors.Is(err, ErrLost) {
		t.Errorf("a dead token is asked about: %v", err)
	}
}

// TestReserve hands out places in a row of requests, one an hour, so that the time that the
// test takes does not count.
func TestReserve(t *testing.T) {
	s := open(t)
	const hour, minute = 3_600_000_000, 60_000_000
	for _, want := range []int64{0, hour, 2 * hour, -1} {
		wait, err := Reserve(t.Context(), s, "h", hour, 3*hour-minute)
		if want < 0 != errors.Is(err, ErrLost) || want >= 0 && (wait > want || wait < want-minute) {
			t.Errorf("wait %d, %v, want %d", wait, err, want)
		}
	}
	if wait, err := Reserve(t.Context(), s, "other", hour, 0); wait != 0 || err != nil {
		t.Errorf("another host: wait %d, %v", wait, err)
	}
	if _, err := s.DB.Exec(`update budget set free = free - $1`, 4*hour); err != nil { // four hours later
		t.Fatal(err)
	}
	for _, want := range []int64{0, hour} { // what was not used in time is not made up for
		if wait, err := Reserve(t.Context(), s, "h", hour, 2*hour); wait > want || wait < want-minute || err != nil {
			t.Errorf("later: wait %d, %v, want %d", wait, err, want)
		}
	}
}

// TestRenew refuses a worker that comes too late.
func TestRenew(t *testing.T) {
	s := open(t)
	if err := Register(t.Context(), s.DB, "w", 0, 100); err != nil {
		t.Fatal(err)
	}
	if drain, err := Renew(t.Context(), s.DB, "w", 100, 200); drain || err != nil {
		t.Error(drain, err)
	}
	if err := Drain(t.Context(), s.DB); err != nil {
		t.Fatal(err)
	}
	if drain, err := Renew(t.Context(), s.DB, "w", 200, 300); !drain || err != nil {
		t.Error(drain, err)
	}
	if _, err := Renew(t.Context(), s.DB, "w", 301, 400); !errors.Is(err, ErrLost) {
		t.Errorf("renewed when dead: %v", err)
	}
}
