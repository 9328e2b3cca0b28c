package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"r8scan/fleet/seal"
	"r8scan/fleet/store"
)

// TestSealed keeps tokens sealed: a verifier with the key asks without a scan, the key can
// be changed, and a token that is dead, or forgotten, is erased.
func TestSealed(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, distinct, database)
		dir := t.TempDir()
		first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
		for _, path := range []string{first, second} {
			if code, out, errs := w.run("key", path); code != 0 || !strings.Contains(out, "wrote "+path) {
				t.Fatalf("key: %d %s%s", code, out, errs)
			}
		}
		if code, _, errs := w.run("key", first); code != exitUsage || !strings.Contains(errs, "exists") {
			t.Errorf("key again: %d %s", code, errs)
		}
		with := func(to, keys string, args ...string) (int, string, string) {
			t.Helper()
			p := w.start(programs.usual, []string{seal.PublicVariable + "=" + to, seal.PrivateVariable + "=" + keys}, args...)
			code := w.wait(p, 3*time.Minute)
			return code, p.out.String(), p.err.String()
		}
		w.run("add", "file:"+w.list())
		if code, _, errs := with(first+".pub", "", w.work("--until-idle", "--role", "scan")...); code != 0 {
			t.Fatalf("scan: %d\n%s", code, errs)
		}
		count := "select count(*) from token where sealed is not null"
		if n := w.query(count); n != len(w.tokens) {
			t.Fatalf("%d of %d tokens are sealed", n, len(w.tokens))
		}
		if _, out, _ := w.run("status"); !strings.Contains(out, "tokens sealed to the key ") {
			t.Errorf("status:\n%s", out)
		}
		w.nothingPlain()

		kept := w.sealed()
		// To another key, in two steps: without the old one nothing opens.
		if code, out, _ := with(second+".pub", second, "reseal"); code != exitIncomplete || !strings.Contains(out, "not opened: 8,") {
			t.Errorf("reseal without the key: %d %s", code, out)
		}
		if code, out, _ := with(second+".pub", second+string(os.PathListSeparator)+first, "reseal"); code != 0 || !strings.HasSuffix(out, ": 8\n") {
			t.Errorf("reseal: %d %s", code, out)
		}
		if code, _, errs := with("", "", "reseal"); code != exitUsage || !strings.Contains(errs, seal.PublicVariable) {
			t.Errorf("reseal without keys: %d %s", code, errs)
		}

		// The verifier asks without a scan. Half of the tokens are refused, once.
		w.erased(kept)
		packs := w.fetched()
		kept = w.sealed()
		if code, _, errs := with("", second, w.work("--until-idle", "--role", "verify")...); code != 0 {
			t.Fatalf("verify: %d\n%s", code, errs)
		}
		if w.fetched() != packs || w.extra() != 0 || w.questions() <= len(w.tokens) { // the server proves itself with one that is nobody's
			t.Errorf("%d packs, %d questions", w.fetched()-packs, w.questions())
		}
		// Refused twice, a token is erased.
		w.run("recheck")
		if code, _, errs := with("", second, w.work("--until-idle", "--role", "verify")...); code != 0 {
			t.Fatalf("verify: %d\n%s", code, errs)
		}
		if n := w.query(count); n != len(w.tokens)/2 || w.query("select count(*) from token where sealed is not null and open = 0") != 0 {
			t.Errorf("%d tokens are sealed, and %d are alive", n, len(w.tokens)/2)
		}
		w.erased(kept)
		// With the wrong key, a token is found at its place, and the log says why.
		w.run("recheck")
		code, _, errs := with("", first, w.work("--until-idle", "--role", "verify")...)
		if code != 0 || w.fetched() == packs || !strings.Contains(errs, "do not open") {
			t.Errorf("with another key: %d, %d packs\n%s", code, w.fetched()-packs, errs)
		}
		w.nothingPlain()
		if n := strings.Count(errs, "do not open"); n != 1 {
			t.Errorf("the log names the missing key %d times", n)
		}
		before := w.query(count)
		w.query("update token set sealed = null, sealed_to = '' where open = 1 returning 1") // as of a fleet that did not seal before
		w.run("recheck")
		if code, _, errs := with(second+".pub", second, w.work("--until-idle", "--role", "verify")...); code != 0 || w.query(count) != before {
			t.Errorf("%d: %d tokens are sealed when they are asked about\n%s", code, w.query(count), errs)
		}
		// One that is damaged, here because it is another token's, is found and sealed again.
		w.query("update token set sealed = (select o.sealed from token o where o.open = 1 order by o.id limit 1) where open = 1 returning 1")
		w.run("recheck")
		code, _, errs = with(second+".pub", second, w.work("--until-idle", "--role", "verify")...)
		if different := w.query("select count(distinct sealed) from token"); code != 0 || different != before || !strings.Contains(errs, "it is erased") {
			t.Errorf("damaged: %d, %d of %d are sealed again\n%s", code, different, before, errs)
		}
		kept = w.sealed()
		for id := range kept {
			if code, _, errs := w.run("forget", id); code != 0 {
				t.Errorf("forget: %d %s", code, errs)
			}
		}
		w.erased(kept)
	})
}

// nothingPlain checks that no file of the database has a token, in any simple form.
func (w *world) nothingPlain() {
	w.t.Helper()
	files, _ := filepath.Glob(w.db + "*") // of PostgreSQL there are none
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			w.t.Fatal(err)
		}
		w.noToken(file, text)
	}
}

// sealed returns the sealed tokens by id.
func (w *world) sealed() map[string][]byte {
	w.t.Helper()
	s, err := store.Open(w.t.Context(), w.db)
	if err != nil {
		w.t.Fatal(err)
	}
	defer s.Close()
	rows, err := s.DB.Query("select id, sealed from token where sealed is not null")
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	bodies := map[string][]byte{}
	for rows.Next() {
		var id string
		var body []byte
		if err := rows.Scan(&id, &body); err != nil {
			w.t.Fatal(err)
		}
		bodies[id] = body
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return bodies
}

// erased checks that no file of the database still has a sealed token that its row has not.
func (w *world) erased(before map[string][]byte) {
	w.t.Helper()
	now := w.sealed()
	files, _ := filepath.Glob(w.db + "*") // of PostgreSQL there are none
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			w.t.Fatal(err)
		}
		for id, body := range before {
			if !bytes.Equal(now[id], body) && bytes.Contains(text, body) {
				w.t.Errorf("%s still has the sealed token %s", file, id)
			}
		}
	}
}

// TestSealWrong checks messages about keys.
func TestSealWrong(t *testing.T) {
	t.Parallel()
	w := &world{t: t, db: filepath.Join(t.TempDir(), "f.db")}
	for _, env := range []string{seal.PublicVariable + "=/no/such/file", seal.PrivateVariable + "=/no/such/file"} {
		p := w.start(programs.usual, []string{env}, "run", "--until-idle", "--metrics", "")
		if code := w.wait(p, 3*time.Minute); code != exitUsage || !strings.Contains(p.err.String(), "cannot be read") {
			t.Errorf("%s: %d %s", env, code, p.err.String())
		}
	}
}
