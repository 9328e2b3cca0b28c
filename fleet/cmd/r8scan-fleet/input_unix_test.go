//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"r8scan/fleet/store"
	"r8scan/internal/git/gittest"
)

// TestReadOnlyFolder: SQLite cannot work in a folder that it may only read, and the command
// says so at once.
func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "r8scan-read-only-") // that of t is for its own user alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	attributes := &syscall.SysProcAttr{}
	if os.Getuid() == 0 { // who may write everywhere
		const nobody = 65534
		attributes.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) (int, string) {
		cmd := exec.Command(programs.usual, args...)
		cmd.Env = append(os.Environ(), store.Variable+"="+filepath.Join(dir, "f.db"))
		cmd.SysProcAttr = attributes
		out, _ := cmd.CombinedOutput() // the exit code is looked at
		return cmd.ProcessState.ExitCode(), string(out)
	}
	for _, there := range []bool{false, true} {
		if there {
			if code, out := run("status"); code != 0 {
				t.Fatal(out)
			}
		}
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"status"}, {"run", "--until-idle"}, {"tokens"}} {
			if code, out := run(args...); code != exitUsage || strings.Count(out, "\n") != 1 || !strings.Contains(out, store.Variable) {
				t.Errorf("there: %v: %q: %d %s", there, args, code, out)
			}
		}
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

// limited starts a worker that can write no file beyond some size, as on a disk that is
// full.
func (w *world) limited(size int, args ...string) *process {
	w.t.Helper()
	script := fmt.Sprintf(`ulimit -f %d && exec "$0" "$@"`, size/512)
	return w.start("/bin/sh", nil, append([]string{"-c", script, programs.usual}, args...)...)
}

// TestFullDatabase: a worker whose database cannot grow ends, and says why. The database
// stays whole, and another worker goes on when there is space.
func TestFullDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 30, filepath.Join(t.TempDir(), "fleet.db"))
	w.run("add", "file:"+w.list())
	info, err := os.Stat(w.db)
	if err != nil {
		t.Fatal(err)
	}
	p := w.limited(int(info.Size())+8<<10, w.work("--until-idle")...)
	if code := w.wait(p, 2*time.Minute); code != exitUsage || !strings.Contains(p.err.String(), "start it again (disk I/O error") {
		t.Errorf("run: %d\n%s", code, p.err.String())
	}
	if n := w.query(`select count(*) from pragma_integrity_check where integrity_check <> 'ok'`); n != 0 {
		t.Errorf("the database has %d faults", n)
	}
	w.finish(1)
}

// TestFullFolder: a pack that finds no space is a visit that failed, and is named. The
// others go on.
func TestFullFolder(t *testing.T) {
	t.Parallel()
	const space = 16 << 20
	w := newWorld(t, distinct, filepath.Join(t.TempDir(), "fleet.db"))
	large := gittest.New(t, "--bare")
	var m gittest.Import
	m.Commit("refs/heads/main", "start", nil, gittest.File{Path: "noise", Mark: m.Blob(noise(space + space/2))})
	m.Run(large)
	if err := os.Rename(large.Dir, filepath.Join(w.root, "large.git")); err != nil {
		t.Fatal(err)
	}
	url := strings.Replace(w.urls[0], "/r0.git", "/large.git", 1)
	w.urls = append(w.urls, url)
	w.run("add", "file:"+w.list())
	p := w.limited(space, w.work("--until-idle")...)
	if code := w.wait(p, 3*time.Minute); code != exitIncomplete {
		t.Errorf("run: %d\n%s", code, p.err.String())
	}
	if n := w.query(`select count(*) from repo where state = 'done'`); n != distinct {
		t.Errorf("%d repositories are done", n)
	}
	if _, out, _ := w.run("status"); !strings.Contains(out, "not read: "+url+": ") {
		t.Errorf("status:\n%s", out)
	}
	w.run("add", url) // a new chance, with space
	w.query(`update repo set due = 0 where state = 'failed' returning 1`)
	w.finish(1)
}

// TestNewerSchema: a process that runs ends when a newer one has changed the schema, and
// none of its version starts.
func TestNewerSchema(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, 1, database)
		w.run("add", w.urls[0])
		older := w.start(programs.usual, nil, w.work()...)
		w.until(func() bool { return w.query(`select count(*) from repo where state = 'done'`) == 1 })
		w.query(`insert into fleet_schema(version_id, is_applied) values(99, true) returning 1`)
		if code := w.wait(older, time.Minute); code != exitUsage || !strings.Contains(older.err.String(), "update this one") {
			t.Errorf("the older worker: %d\n%s", code, older.err.String())
		}
		for _, args := range [][]string{{"status"}, {"run", "--until-idle"}, {"add", w.urls[0]}} {
			if code, out, errs := w.run(args...); code != exitUsage || out != "" || !strings.Contains(errs, "update this one") {
				t.Errorf("%q: %d %s%s", args, code, out, errs)
			}
		}
	})
}

// TestBrokenList: of a list with a tenth of broken lines, the others are visited, and each
// broken one is named, by add or by status.
func TestBrokenList(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, 36, database)
		password := "pw" + "1234"
		refused := []string{"no URL", "ftp://127.0.0.1/x", "https://user:" + password + "@127.0.0.1/x", "https://", "\x00\xff\x1b[31m", "http://" + strings.Repeat("x", 10<<10)}
		gone := []string{strings.Replace(w.urls[0], "/r0.git", "/gone.git", 1), "http://127.0.0.1:1/closed"}
		code, out, errs := w.run("add", "file:"+w.list(append(refused, gone...)...))
		if code != exitIncomplete || !strings.Contains(out, fmt.Sprintf("lines refused: %d\n", len(refused))) || strings.Count(errs, "\n") != len(refused) {
			t.Errorf("add: %d %s%s", code, out, errs)
		}
		if strings.Contains(errs, password) || strings.ContainsAny(errs, "\x00\x1b") {
			t.Errorf("add repeats what it must not: %q", errs)
		}
		if code, _, errs := w.run(w.work("--until-idle")...); code != exitIncomplete {
			t.Errorf("run: %d\n%s", code, errs)
		}
		if done, failed := w.query(`select count(*) from repo where state = 'done'`), w.query(`select count(*) from repo where state = 'failed'`); done != 36 || failed != len(gone) {
			t.Errorf("%d are done, %d failed", done, failed)
		}
		_, status, _ := w.run("status")
		for _, url := range gone {
			if !strings.Contains(status, "not read: "+url+": ") {
				t.Errorf("status does not name %s:\n%s", url, status)
			}
		}
	})
}

// noise returns bytes that do not compress.
func noise(size int) string {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b) // never fails
	return string(b)
}
