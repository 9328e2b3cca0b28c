package main

import (
	"database/sql"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"r8scan/fleet/seal"
	"r8scan/internal/git/gittest"
	"r8scan/rules"
	"r8scan/scanner"
)

// TestLong is the long form of the proof, for scripts/fleet-proof: N repositories on
// PostgreSQL, as R8SCAN_FLEET_TEST_LONG says, with as many workers as each number in
// R8SCAN_FLEET_TEST_WORKERS. It writes a table of what they took.
func TestLong(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("R8SCAN_FLEET_TEST_LONG"))
	server := os.Getenv("R8SCAN_FLEET_TEST_DB")
	if err != nil || server == "" {
		t.Skip("it takes many minutes: scripts/fleet-proof runs it")
	}
	w := newLongWorld(t, n)
	key := filepath.Join(t.TempDir(), "key") // else each question costs a scan
	if code, _, errs := w.run("key", key); code != 0 {
		t.Fatal(errs)
	}
	t.Setenv(seal.PublicVariable, key+".pub")
	t.Setenv(seal.PrivateVariable, key)
	t.Log("| repositories | workers | visit | seconds | repositories a second | processor ms a repository: workers | PostgreSQL | peak MB of a worker | packs | questions too many |")
	for number := range strings.SplitSeq(os.Getenv("R8SCAN_FLEET_TEST_WORKERS"), ",") {
		workers, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		w.db = newDatabase(t, server)
		w.asked = map[string]int{}
		if code, _, errs := w.run("add", "file:"+w.list()); code != 0 {
			t.Fatal(errs)
		}
		w.measured(n, workers, "first", workers == 4)
		w.whole(1)
		w.query("update repo set due = 0 returning 1")
		packs := w.fetched()
		w.measured(n, workers, "unchanged", false)
		if w.fetched() != packs {
			t.Errorf("%d packs of unchanged repositories", w.fetched()-packs)
		}
		w.whole(2)
	}
}

// newDatabase makes an empty database on a server.
func newDatabase(t *testing.T, server string) string {
	t.Helper()
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	name := fmt.Sprintf("long%d", rand.Uint64())
	if _, err := db.Exec("create database " + name); err != nil {
		t.Fatal(err)
	}
	return server[:strings.LastIndexByte(server, '/')+1] + name
}

// The repositories of the long form: small ones with ten tokens in each of some, which are
// copied as forks are, one in a hundred of medium size, and a large one.
const (
	longTemplates = 100
	longLeaky     = 50
	mediumBytes   = 5 << 20
)

// newLongWorld makes n repositories, whose server answers after 200 ms.
func newLongWorld(t *testing.T, n int) *world {
	large, err := strconv.Atoi(os.Getenv("R8SCAN_FLEET_TEST_LARGE_MB"))
	if err != nil {
		large = 100
	}
	w := &world{t: t, tokens: map[string]bool{}, asked: map[string]int{}, root: t.TempDir()}
	for i := range n {
		dir := filepath.Join(w.root, fmt.Sprintf("r%d.git", i))
		template := filepath.Join(w.root, fmt.Sprintf("r%d.git", i%longTemplates))
		switch {
		case i == n-1:
			w.long(dir, i, large<<20)
		case i < longTemplates:
			size := 0
			if i%longTemplates == longTemplates-1 {
				size = mediumBytes
			}
			w.long(dir, i, size)
		default:
			w.fork(template, dir)
		}
	}
	w.serve(n)
	w.slow(func(string) time.Duration { return 200 * time.Millisecond })
	return w
}

// long makes a repository with a random file of some size.
func (w *world) long(dir string, i, size int) {
	w.t.Helper()
	r := gittest.New(w.t, "--bare")
	var m gittest.Import
	text := fmt.Sprintf("repository %d\n", i)
	if i < longLeaky {
		for j := range 10 {
			token := gittest.Token(10*i + j)
			w.known = append(w.known, token)
			w.tokens[rules.NewSecret(token, 5).ID()] = true
			text += fmt.Sprintf("KEY%d=%s\n", j, token)
		}
	}
	files := []gittest.File{{Path: "README", Mark: m.Blob(text)}}
	const piece = 1 << 20
	noise := rand.NewChaCha8([32]byte{byte(i)})
	for j := 0; j < size; j += piece {
		b := make([]byte, piece)
		_, _ = noise.Read(b) // never fails
		files = append(files, gittest.File{Path: fmt.Sprintf("data/%d", j), Mark: m.Blob(string(b))})
	}
	m.Commit("refs/heads/main", "start", nil, files...)
	m.Run(r)
	r.Git("repack", "-adq")
	r.Git("pack-refs", "--all")
	for _, name := range []string{"hooks", "info", "description"} {
		_ = os.RemoveAll(filepath.Join(r.Dir, name)) // it only costs time
	}
	if err := os.Rename(r.Dir, dir); err != nil {
		w.t.Fatal(err)
	}
	if i == 0 { // one local run, of one of each kind
		res, err := scanner.History(w.t.Context(), dir, scanner.Options{MinConfidence: rules.Medium})
		if err != nil || len(res.Findings) != 10 {
			w.t.Fatalf("%v, %d findings", err, len(res.Findings))
		}
	}
}

// fork makes a repository that shares another one's files, which nobody writes.
func (w *world) fork(from, to string) {
	w.t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		return os.Link(path, target)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// measured runs workers until nothing is left, and logs a line of the table. If harm is
// set, one of them is stopped until it is taken for dead, and continued; one is killed every
// three seconds and started again; and the database is restarted once.
func (w *world) measured(n, workers int, visit string, harm bool) {
	w.t.Helper()
	m := &measure{world: w, args: w.work("--until-idle", "-j", "4"), running: make([]*process, workers), since: postgresTime(w)}
	begun, packs, asked := time.Now(), w.fetched(), w.extra()
	for i := range m.running {
		m.running[i] = m.start()
	}
	lost := 0 // workers that may have asked a question and not written the answer
	if harm {
		lost = 1 + m.kill(m.stop()) + workers
		visit += fmt.Sprintf(", %d kills", lost-1-workers)
	}
	for _, p := range m.running {
		m.ended(p, harm)
	}
	if harm { // all may have ended when the database was away
		m.ended(m.start(), false)
	}
	took := time.Since(begun)
	each := func(d time.Duration) string {
		return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000/float64(n))
	}
	w.t.Logf("| %d | %d | %s | %.0f | %.1f | %s | %s | %d | %d | %d |", n, workers, visit, took.Seconds(), float64(n)/took.Seconds(),
		each(m.cpu), each(m.database+postgresTime(w)-m.since), m.peak.Load()>>10, w.fetched()-packs, w.extra()-asked)
	if extra := w.extra() - asked; extra > lost {
		w.t.Errorf("%d questions too many, and %d workers were lost", extra, lost)
	}
}

// measure is what running workers have taken.
type measure struct {
	*world
	args     []string
	running  []*process
	cpu      time.Duration
	peak     atomic.Int64  // kilobytes
	database time.Duration // until its restart
	since    time.Duration // what it had taken before
}

func (m *measure) start() *process {
	p := m.world.start(programs.usual, nil, m.args...)
	go watch(p, &m.peak)
	return p
}

// ended waits for a worker. away says that the database may have been away for it, or a
// repository put aside.
func (m *measure) ended(p *process, away bool) {
	m.t.Helper()
	if code := m.wait(p, 2*time.Hour); code != 0 && !(away && (code == exitIncomplete || strings.Contains(p.err.String(), "PostgreSQL at"))) {
		m.t.Errorf("a worker ended with %d\n%s", code, tail(p.err.String()))
	}
	m.took(p)
}

func (m *measure) took(p *process) { m.cpu += p.ProcessState.UserTime() + p.ProcessState.SystemTime() }

// stop stops a worker in the middle of its visits, and starts another one in its place.
func (m *measure) stop() *process {
	m.t.Helper()
	zombie := m.running[0]
	m.until(func() bool { return m.owns(zombie) })
	if err := zombie.Process.Signal(syscall.SIGSTOP); err != nil {
		m.t.Fatal(err)
	}
	m.running[0] = m.start()
	return zombie
}

// owns reports whether a worker has visits.
func (m *measure) owns(p *process) bool {
	return m.query(fmt.Sprintf(`select count(*) from repo where state = 'scanning' and owner like '%%-%d-%%'`, p.Process.Pid)) > 0
}

// kill kills a worker every three seconds until all is done, and returns how often. A
// repository whose scan takes longer than the workers live is put aside, and added again. The
// database is restarted after the second time. When others have the zombie's visits, it is
// continued: it must end, and whole says whether it has committed anything.
func (m *measure) kill(zombie *process) (kills int) {
	m.t.Helper()
	for i := 0; m.query(`select count(*) from repo where state not in ('done', 'aside')`) > 0; i++ {
		time.Sleep(3 * time.Second)
		victim := m.running[i%len(m.running)]
		select {
		case <-victim.done: // the database was away, or nothing was left
		default:
			_ = victim.Process.Kill()
			<-victim.done
			kills++
		}
		m.took(victim)
		m.running[i%len(m.running)] = m.start()
		if i == 1 {
			m.database += postgresTime(m.world) - m.since
			if out, err := exec.Command("sh", "-c", os.Getenv("R8SCAN_FLEET_TEST_RESTART")).CombinedOutput(); err != nil {
				m.t.Fatalf("restart the database: %v\n%s", err, out)
			}
			m.since = 0
		}
	}
	if n := m.query(`select count(*) from repo where state = 'aside'`); n > 0 {
		m.t.Logf("%d repositories put aside, and added again", n)
		if code, _, errs := m.run("add", "file:"+m.list()); code != 0 {
			m.t.Error(errs)
		}
	}
	if m.owns(zombie) {
		m.t.Error("nobody has taken over what a stopped worker did")
	}
	if err := zombie.Process.Signal(syscall.SIGCONT); err != nil {
		m.t.Fatal(err)
	}
	if code := m.wait(zombie, time.Minute); code != exitUsage || !strings.Contains(zombie.err.String(), "others take over") {
		m.t.Errorf("the zombie: %d\n%s", code, tail(zombie.err.String()))
	}
	m.took(zombie)
	return kills
}

// watch notes the most memory that a process has had. What the system tells when it has
// ended is that of its parent, if that had more.
func watch(p *process, peak *atomic.Int64) {
	for {
		select {
		case <-p.done:
			return
		case <-time.After(100 * time.Millisecond):
		}
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
		_, rest, _ := strings.Cut(string(text), "VmHWM:")
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			continue
		}
		if n, err := strconv.ParseInt(fields[0], 10, 64); err == nil && n > peak.Load() {
			peak.Store(n) // two at once lose one that the next look brings
		}
	}
}

func tail(text string) string { return text[max(0, len(text)-2000):] }

// postgresTime returns the processor time of all of the server's processes, those that have
// ended too.
func postgresTime(w *world) (sum time.Duration) {
	w.t.Helper()
	fields := stat(strconv.Itoa(w.query(`select pid from pg_stat_activity where backend_type = 'checkpointer'`)))
	if len(fields) == 0 {
		w.t.Fatal("the server is not on this machine")
	}
	server := fields[1]
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, path := range stats {
		pid := filepath.Base(filepath.Dir(path))
		fields := stat(pid)
		if len(fields) == 0 || fields[1] != server && pid != server {
			continue
		}
		for _, i := range []int{11, 12, 13, 14} { // utime, stime, cutime, cstime
			ticks, _ := strconv.ParseInt(fields[i], 10, 64)
			sum += time.Duration(ticks) * 10 * time.Millisecond
		}
	}
	return sum
}

// stat returns what the system says of a process after its name, empty if it has ended: its
// state, its parent, …
func stat(pid string) []string {
	text, _ := os.ReadFile("/proc/" + pid + "/stat")
	return strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
}
