package repo

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

// reftableRepo makes a repository with reftables as git itself writes them.
// Tests are skipped where git is older than 2.45, the first that can.
func reftableRepo(t *testing.T, args ...string) *gittest.Repo {
	t.Helper()
	probe := gittest.New(t)
	if _, err := probe.Try("", "init", "-q", "--ref-format=reftable", "probe"); err != nil {
		t.Skip("this git is older than 2.45 and writes no reftables")
	}
	return gittest.New(t, append([]string{"--ref-format=reftable"}, args...)...)
}

// checkStashes compares the stash's entries with git.
func checkStashes(t *testing.T, r *gittest.Repo, refs []Ref) {
	t.Helper()
	var got []string
	for _, ref := range refs {
		if ref.Name == "refs/stash" || strings.HasPrefix(ref.Name, "stash@") {
			got = append(got, ref.ID)
		}
	}
	want := gittest.Lines(r.Git("reflog", "show", "--format=%H", "refs/stash"))
	if !slices.Equal(got, want) {
		t.Errorf("stashes are %q, want %q", got, want)
	}
}

// busyRepo gives a repository branches, tags, symbolic refs and stashes, some
// of which are deleted again, and a linked worktree, which it returns.
func busyRepo(t *testing.T, r *gittest.Repo) *gittest.Repo {
	t.Helper()
	var m gittest.Import
	a := m.Commit("refs/heads/main", "a", nil, gittest.File{Path: "x", Mark: m.Blob("x")})
	b := m.Commit("refs/heads/side/branch", "b", []int{a})
	m.Tag("v1", "v1", b)
	for i := range 300 {
		m.Reset(fmt.Sprintf("refs/heads/many/%d", i), a)
	}
	m.Run(r)
	r.Git("update-ref", "-d", "refs/heads/many/7")
	r.Git("update-ref", "refs/heads/main", "refs/heads/side/branch")
	r.Git("update-ref", "-d", "refs/heads/side/branch")
	r.Git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/heads/main")
	r.Git("symbolic-ref", "refs/remotes/gone/HEAD", "refs/remotes/gone/main")
	r.Git("reset", "-q", "--hard")
	for i := range 4 {
		r.Write("x", fmt.Sprint(i))
		r.Git("stash", "-q")
	}
	r.Git("stash", "drop", "-q", "stash@{2}")
	linked := *r
	linked.Dir = filepath.Join(filepath.Dir(r.Dir), "linked")
	r.Git("worktree", "add", "-q", linked.Dir, "v1")
	linked.Git("update-ref", "refs/bisect/bad", "HEAD")
	r.Git("update-ref", "refs/bisect/good", "HEAD")
	return &linked
}

func openLinked(t *testing.T, r *gittest.Repo) *Repo {
	t.Helper()
	g, err := Discover(r.Dir, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// checkTables compares all refs with git's, in a repository and its linked
// worktree.
func checkTables(t *testing.T, r, linked *gittest.Repo) {
	t.Helper()
	g := mustOpen(t, r)
	if g.Config.storage != inTables {
		t.Fatalf("its refs are %q", g.Config.storage)
	}
	checkStashes(t, r, checkRefs(t, r, g))
	w := openLinked(t, linked)
	_, head := w.Refs.Read()
	if want := linked.Git("rev-parse", "HEAD"); head != want || !w.Refs.Detached() {
		t.Errorf("the worktree's HEAD is %q, want %q; detached: %v", head, want, w.Refs.Detached())
	}
	for _, p := range append(g.Problems, w.Problems...) {
		t.Error(p)
	}
}

func TestReftablesAgainstGit(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			r := reftableRepo(t, "--object-format="+format)
			checkRefs(t, r, mustOpen(t, r)) // an unborn HEAD
			linked := busyRepo(t, r)
			checkTables(t, r, linked)
			if id := mustOpen(t, r).Refs.Root("ORIG_HEAD"); id != r.Git("rev-parse", "ORIG_HEAD") {
				t.Errorf("ORIG_HEAD is %q", id)
			}
			r.Git("pack-refs", "--all") // one table of all
			checkTables(t, r, linked)
			r.Git("checkout", "-qf", "--detach")
			checkRefs(t, r, mustOpen(t, r))
			r.Git("stash", "clear")
			for _, ref := range checkRefs(t, r, mustOpen(t, r)) {
				if strings.Contains(ref.Name, "stash") {
					t.Errorf("%v is cleared", ref)
				}
			}
		})
	}
}

// TestTablesOfOurs tests the same repositories with tables that gittest writes,
// so that any version of git will do. A git that supports reftables must agree.
func TestTablesOfOurs(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			r := gittest.New(t, "--object-format="+format)
			linked := busyRepo(t, r)
			g, w := mustOpen(t, r), openLinked(t, linked)
			want, wantHead := g.Refs.Read()
			_, linkedHead := w.Refs.Read()
			r.ToReftable()
			g, w = mustOpen(t, r), openLinked(t, linked)
			got, head := g.Refs.Read()
			// bisect's refs belong to one worktree, whose own stack gittest leaves out
			if !slices.Equal(got, want) || head != wantHead {
				t.Errorf("refs are\n%v at %s, want\n%v at %s", got, head, want, wantHead)
			}
			if _, head := w.Refs.Read(); head != linkedHead || !w.Refs.Detached() || g.Refs.Detached() {
				t.Errorf("the worktree's HEAD is %q, want %q", head, linkedHead)
			}
			for repo, want := range map[*Repo]string{g: wantHead, w: linkedHead} {
				if head, err := repo.Refs.Head(); err != nil || head != want {
					t.Errorf("the HEAD of %s alone is %q, %v, want %q", repo.Dir, head, err, want)
				}
			}
			for _, p := range append(g.Problems, w.Problems...) {
				t.Error(p)
			}
			if _, err := r.Try("", "rev-parse", "HEAD"); err == nil {
				checkTables(t, r, linked)
			} else {
				t.Log("this git is older than 2.45: it was not asked about these tables")
			}
		})
	}
}

// TestStackOrder checks that newer tables have priority, also for deletions.
func TestStackOrder(t *testing.T) {
	id := func(s string) string { return strings.Repeat(s, 20) }
	log := func(update uint64, s string) gittest.TableLog {
		l := gittest.TableLog{Name: "refs/stash", Update: update}
		if s != "" {
			l.Old, l.New = id("00"), id(s)
		}
		return l
	}
	s := tablesOf(t, defaultStackLimits(),
		gittest.Table{
			Refs: []gittest.TableRef{{Name: "a", ID: id("01")}, {Name: "b", ID: id("02")}, {Name: "c", ID: id("03")}, {Name: "s", Target: "a"}},
			Logs: []gittest.TableLog{log(1, "00"), log(2, "02"), log(3, "03"), log(5, "05")}},
		gittest.Table{
			Refs: []gittest.TableRef{{Name: "a", ID: id("04")}, {Name: "b"}, {Name: "c"}, {Name: "s", ID: id("05"), Peeled: id("06")}},
			Logs: []gittest.TableLog{log(3, ""), log(4, "04")}},
		gittest.Table{Refs: []gittest.TableRef{{Name: "c", ID: id("07")}}})
	if want := map[string]string{"a": id("04"), "c": id("07"), "s": id("05")}; fmt.Sprint(s.raw) != fmt.Sprint(want) {
		t.Errorf("refs are %v, want %v", s.raw, want)
	}
	if want := []Ref{{"stash@{1}", id("04")}, {"stash@{2}", id("02")}}; !slices.Equal(s.stashes(), want) {
		t.Errorf("stashes are %v, want %v", s.stashes(), want)
	}
	if len(s.problems) > 0 {
		t.Error(s.problems)
	}
}

func tablesOf(t *testing.T, limits stackLimits, tables ...gittest.Table) *stack {
	t.Helper()
	dir := t.TempDir()
	var files [][]byte
	for _, table := range tables {
		files = append(files, table.Bytes(t))
	}
	if err := gittest.WriteStack(dir, files...); err != nil {
		t.Fatal(err)
	}
	return readStack(filepath.Join(dir, tablesDir), limits)
}

// TestStackLimits checks that reading ends if a stack exceeds the limits.
func TestStackLimits(t *testing.T) {
	table := gittest.Table{BlockSize: 1 << 20}
	for i := range 1000 {
		table.Refs = append(table.Refs, gittest.TableRef{Name: fmt.Sprintf("refs/heads/%04d", i), ID: strings.Repeat("ab", 20)})
	}
	if s := tablesOf(t, stackLimits{text: 1 << 20, kept: 10_000}, table); len(s.raw) > 100 || len(s.problems) != 1 || !strings.Contains(s.problems[0].Reason, "more refs than can be held") {
		t.Errorf("%d refs; %v", len(s.raw), s.problems)
	}
	if s := tablesOf(t, stackLimits{text: 10_000, kept: 1 << 20}, table); len(s.raw) > 500 || len(s.problems) != 1 || !strings.Contains(s.problems[0].Reason, "expand to more than the limit") {
		t.Errorf("%d refs; %v", len(s.raw), s.problems)
	}
}

// TestHostileStacks has invalid lists and tables. Each must be reported, and
// everything else must be read.
func TestHostileStacks(t *testing.T) {
	ok := gittest.Table{Refs: []gittest.TableRef{{Name: "refs/heads/main", ID: strings.Repeat("ab", 20)}}}.Bytes(t)
	outside := gittest.Table{Refs: []gittest.TableRef{{Name: "refs/heads/outside", ID: strings.Repeat("ab", 20)}}}.Bytes(t)
	for _, c := range []struct{ line, what, reason string }{
		{"../outside.ref", "tables.list", "no file beside it"},
		{"/etc/passwd", "tables.list", "no file beside it"},
		{`..\outside.ref`, "tables.list", "no file beside it"},
		{"..", "tables.list", "no file beside it"},
		{"missing.ref", "missing.ref", "it is missing"},
		{"folder", "folder", "no regular file"},
		{"text", "text", "it is no reftable"},
		{"empty", "empty", "unexpected end"},
		{"cut.ref", "cut.ref", "cut short"},
		{"\xff\x00", "tables.list", "no file beside it"},
	} {
		dir := t.TempDir()
		if err := gittest.WriteStack(dir, ok); err != nil {
			t.Fatal(err)
		}
		tables := filepath.Join(dir, tablesDir)
		put(t, filepath.Join(dir, "outside.ref"), string(outside))
		put(t, filepath.Join(tables, "text"), strings.Repeat("a text", 20))
		put(t, filepath.Join(tables, "empty"), "")
		put(t, filepath.Join(tables, "cut.ref"), string(ok[:len(ok)-1]))
		put(t, filepath.Join(tables, "folder", "x"), "")
		list, err := os.ReadFile(filepath.Join(tables, "tables.list"))
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(tables, "tables.list"), c.line+"\n"+string(list)+c.line+"\n\n")
		s := readStack(tables, defaultStackLimits())
		if len(s.raw) != 1 || len(s.problems) != 1 || filepath.Base(s.problems[0].What) != c.what || !strings.Contains(s.problems[0].Reason, c.reason) {
			t.Errorf("%q: %d refs, problems %q", c.line, len(s.raw), s.problems)
		}
		r := newRepo(Place{Dir: dir, Common: dir, Hash: 20})
		r.Config.storage = inTables
		if head, err := r.Refs.Head(); err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%q: HEAD is %q, %v", c.line, head, err)
		}
	}
	big := filepath.Join(t.TempDir(), tablesDir)
	put(t, filepath.Join(big, "tables.list"), strings.Repeat("x\n", maxList))
	if s := readStack(big, defaultStackLimits()); len(s.problems) != 1 || !strings.Contains(s.problems[0].Reason, "more than the limit") {
		t.Error(s.problems)
	}
}

// TestCircularSymrefs checks that circular refs resolve to nothing and are
// reported.
func TestCircularSymrefs(t *testing.T) {
	r := gittest.New(t)
	r.ToReftable()
	table := gittest.Table{Refs: []gittest.TableRef{{Name: "HEAD", Target: "refs/heads/a"}, {Name: "refs/heads/a", Target: "refs/heads/b"}, {Name: "refs/heads/b", Target: "refs/heads/a"}}}
	if err := gittest.WriteStack(r.GitDir(), table.Bytes(t)); err != nil {
		t.Fatal(err)
	}
	g := mustOpen(t, r)
	refs, head := g.Refs.Read()
	if len(refs) != 0 || head != "" || len(g.Problems) != 3 {
		t.Errorf("%v at %q, problems %v", refs, head, g.Problems)
	}
}

// TestTableOfOtherIDs has a table with SHA-256 ids in a SHA-1 repository.
func TestTableOfOtherIDs(t *testing.T) {
	r := gittest.New(t)
	r.ToReftable()
	table := gittest.Table{SHA256: true, Refs: []gittest.TableRef{{Name: "HEAD", ID: strings.Repeat("ab", 32)}}}
	if err := gittest.WriteStack(r.GitDir(), table.Bytes(t)); err != nil {
		t.Fatal(err)
	}
	g := mustOpen(t, r)
	if _, head := g.Refs.Read(); head != "" || len(g.Problems) != 1 {
		t.Errorf("HEAD is %q, problems %v", head, g.Problems)
	}
}

// FuzzStack uses any bytes as a list and as a table in it.
func FuzzStack(f *testing.F) {
	table := gittest.Table{Refs: []gittest.TableRef{{Name: "HEAD", Target: "refs/heads/a"}}}.Bytes(f)
	f.Add([]byte("a\n"), table)
	f.Add([]byte("a\r\nb\n../a\n"), table[:40])
	f.Fuzz(func(t *testing.T, list, table []byte) {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "tables.list"), string(list))
		put(t, filepath.Join(dir, "a"), string(table))
		s := readStack(dir, stackLimits{text: 1 << 24, kept: 1 << 20})
		if len(s.problems) > bytes.Count(list, []byte("\n"))+1 {
			t.Errorf("%d problems", len(s.problems))
		}
	})
}
