//go:build unix

package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestKills kills workers while they work, and starts others. Each repository is
// committed once, and a kill costs one more question at most.
func TestKills(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		n, workers := repositories(t), 4
		if strings.HasSuffix(database, ".db") {
			workers = 2
		}
		w := newWorld(t, n, database)
		w.slow(func(string) time.Duration { return 200 * time.Millisecond })
		if code, _, errs := w.run("add", "file:"+w.list()); code != 0 {
			t.Fatal(errs)
		}
		args := w.work("--until-idle", "-j", "4")
		running := make([]*process, workers)
		for i := range running {
			running[i] = w.start(programs.usual, nil, args...)
		}
		kills := 0
		for range 3 {
			done := w.query(`select count(*) from repo where state = 'done'`)
			w.until(func() bool { // something was done since the last kill
				return w.query(`select count(*) from repo where state = 'done'`) > done || w.query(`select count(*) from repo where state <> 'done'`) == 0
			})
			victim := kills % workers
			_ = running[victim].Process.Kill()
			<-running[victim].done
			kills++
			running[victim] = w.start(programs.usual, nil, args...)
		}
		if restart := os.Getenv("R8SCAN_FLEET_TEST_RESTART"); restart != "" && strings.HasPrefix(database, "postgres") {
			if out, err := exec.Command("sh", "-c", restart).CombinedOutput(); err != nil {
				t.Fatalf("restart the database: %v\n%s", err, out)
			}
		}
		for _, p := range running {
			// A worker that cannot reach the database ends: whoever watches it starts it again.
			if code := w.wait(p, 3*time.Minute); code != 0 && !strings.Contains(p.err.String(), "PostgreSQL at") {
				t.Errorf("a worker ended with %d\n%s", code, p.err.String())
			}
		}
		if code, _, errs := w.run(args...); code != 0 {
			t.Errorf("the last worker ended with %d\n%s", code, errs)
		}
		w.whole(1)
		if extra := w.extra(); extra > kills {
			t.Errorf("%d kills, and %d questions too many", kills, extra)
		}
		t.Logf("%d repositories, %d kills, %d packs, %d questions too many, %d taken over", n, kills, w.fetched(), w.extra(), w.query(`select count(*) from repo where epoch > 1`))
	})
}

// TestZombie stops a worker in the middle of a visit until another has taken over, and
// lets it go on: it must write nothing, and end.
func TestZombie(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, 1, database)
		hold := make(chan struct{})
		w.slow(func(path string) time.Duration {
			if strings.HasSuffix(path, "/git-upload-pack") {
				<-hold
			}
			return 0
		})
		w.run("add", w.urls[0])
		zombie := w.start(programs.usual, nil, w.work()...)
		w.until(func() bool { return w.query(`select count(*) from repo where state = 'scanning'`) == 1 })
		if err := zombie.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		close(hold)
		if code, _, errs := w.run(w.work("--until-idle")...); code != 0 {
			t.Fatalf("the other worker: %d\n%s", code, errs)
		}
		if err := zombie.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		if code := w.wait(zombie, time.Minute); code != exitUsage || !strings.Contains(zombie.err.String(), "others take over") {
			t.Errorf("the zombie: %d\n%s", code, zombie.err.String())
		}
		w.whole(1)
		if w.query(`select epoch from repo`) != 2 || w.extra() != 0 {
			t.Errorf("epoch %d, %d questions too many", w.query(`select epoch from repo`), w.extra())
		}
	})
}

// TestCrashPoints ends a worker at each point, and lets another one go on.
func TestCrashPoints(t *testing.T) {
	t.Parallel()
	for point := 1; point <= 4; point++ {
		t.Run(fmt.Sprint(point), func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, database string) {
				w := newWorld(t, 1, database)
				w.run("add", w.urls[0])
				crashed := w.start(programs.crashing, []string{fmt.Sprintf("R8SCAN_FLEET_CRASH=%d", point)}, w.work()...)
				if code := w.wait(crashed, time.Minute); code != -1 {
					t.Fatalf("it did not crash: %d\n%s", code, crashed.err.String())
				}
				if done := w.query(`select count(*) from repo where state = 'done'`); (done == 1) != (point == 4) {
					t.Errorf("%d repositories done", done)
				}
				w.finish(1)
				if extra := w.extra(); extra > 1 || point != 4 && extra != 0 {
					t.Errorf("%d questions too many", extra)
				}
			})
		})
	}
}

// TestLeaderGone kills the process that moves jobs to their queues when their time has
// come. Another one leads then, and a visit that failed is tried again.
func TestLeaderGone(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, 1, database)
		w.badly(func(out http.ResponseWriter, _ string, times int) bool {
			if times == 0 {
				out.WriteHeader(http.StatusInternalServerError)
			}
			return times == 0
		})
		w.run("status") // makes the tables
		leader := w.start(programs.usual, nil, w.work()...)
		w.until(func() bool {
			return w.query(`select count(*) from river_leader join worker on worker.id = leader_id`) == 1
		})
		other := w.start(programs.usual, nil, w.work()...)
		w.until(func() bool { return w.query(`select count(*) from worker`) == 2 })
		_ = leader.Process.Kill()
		<-leader.done
		gone := time.Now()
		w.run("add", w.urls[0])
		leads := fmt.Sprintf(`select count(*) from river_leader where leader_id like '%%-%d-%%'`, other.Process.Pid)
		w.until(func() bool { return w.query(leads) == 1 })
		t.Logf("another leads after %.0f s", time.Since(gone).Seconds())
		w.until(func() bool { return w.query(`select count(*) from repo where state = 'done'`) == 1 })
		w.whole(1)
	})
}

// TestHalfMigration ends a process in the middle of a change of the schema, while others
// wait for it. Nothing of the change stays, one of the others makes the schema, and all go
// on.
func TestHalfMigration(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, 1, database)
		crashed := w.start(programs.crashing, []string{"R8SCAN_FLEET_CRASH=11"}, "status")
		others := make([]*process, 4)
		for i := range others {
			others[i] = w.start(programs.usual, nil, "status")
		}
		if code := w.wait(crashed, time.Minute); code != -1 {
			t.Fatalf("it did not crash: %d\n%s", code, crashed.err.String())
		}
		for _, p := range others {
			if code := w.wait(p, time.Minute); code != 0 {
				t.Errorf("status: %d\n%s", code, p.err.String())
			}
		}
		w.query(`create table half (id text)`) // which is not there
		if n := w.query(`select count(*) from (select version_id from fleet_schema group by version_id having count(*) > 1 or version_id >= 9000) twice`); n != 0 {
			t.Errorf("%d steps were made twice, or stayed half done", n)
		}
		w.run("add", w.urls[0])
		w.finish(1)
	})
}

// TestKiller puts a repository aside of which each worker dies, and names it.
func TestKiller(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, database string) {
		w := newWorld(t, 1, database)
		w.run("add", w.urls[0])
		for range 3 {
			if code := w.wait(w.start(programs.crashing, []string{"R8SCAN_FLEET_CRASH=2"}, w.work()...), time.Minute); code != -1 {
				t.Fatalf("it did not crash: %d", code)
			}
		}
		if code, _, errs := w.run(w.work("--until-idle")...); code != exitIncomplete {
			t.Errorf("run: %d\n%s", code, errs)
		}
		if _, out, _ := w.run("status"); !strings.Contains(out, "not read: "+w.urls[0]+": its workers died") {
			t.Errorf("status:\n%s", out)
		}
		w.run("add", w.urls[0])
		w.finish(1)
	})
}

// TestEnd ends workers softly: by drain, and by a signal, after which the next one
// goes on at once.
func TestEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, filepath.Join(t.TempDir(), "fleet.db"))
	worker := w.start(programs.usual, nil, w.work()...)
	w.until(func() bool { return w.query(`select count(*) from worker`) == 1 })
	if code, out, errs := w.run("drain"); code != 0 || out != "no process is left\n" {
		t.Errorf("drain: %d %s%s", code, out, errs)
	}
	if code := w.wait(worker, time.Minute); code != 0 {
		t.Errorf("drained: %d", code)
	}
	hold := make(chan struct{})
	w.slow(func(string) time.Duration { <-hold; return 0 })
	w.run("add", "file:"+w.list())
	worker = w.start(programs.usual, nil, w.work()...)
	w.until(func() bool { return w.query(`select count(*) from repo where state = 'scanning'`) > 0 })
	if err := worker.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := w.wait(worker, time.Minute); code != exitInterrupted {
		t.Errorf("interrupted: %d\n%s", code, worker.err.String())
	}
	close(hold)
	w.finish(1)
	if n := w.query(`select count(*) from repo where deaths > 0 or epoch > 1`); n != 0 {
		t.Errorf("%d visits were taken over: a worker that ends gives them back", n)
	}
}
