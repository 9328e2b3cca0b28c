package scanner

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/result"
)

const ghost = "1234567890abcdef1234567890abcdef12345678"

// rootCase is a file in .git. In it, HEAD stands for the commit at HEAD, GHOST for a
// missing one, SHORT for its first digits, and ZERO for no object. W is the folder of a
// linked worktree.
type rootCase struct {
	file, text string
	want       string // part of the reason; "" if the repository is complete
}

var rootCases = []rootCase{
	{"HEAD", "GHOST\n", "GHOST"},
	{"HEAD", "ref: refs/heads/unborn\n", ""},
	{"HEAD", "HEAD\n", ""},
	{"ORIG_HEAD", "GHOST\n", "removed by git gc"},
	{"ORIG_HEAD", "HEAD\n", ""},
	{"FETCH_HEAD", "HEAD\t\tbranch 'a' of b\nGHOST\tnot-for-merge\tbranch 'c' of b\n", "GHOST"},
	{"FETCH_HEAD", "", ""},
	{"FETCH_HEAD", "nonsense\n", "no object id"},
	{"MERGE_HEAD", "HEAD\nGHOST\n", "GHOST"},
	{"MERGE_HEAD", "", "it is empty"},
	{"CHERRY_PICK_HEAD", "GHOST\n", "GHOST"},
	{"REVERT_HEAD", "GHOST\n", "GHOST"},
	{"REBASE_HEAD", "GHOST\n", "GHOST"},
	{"BISECT_HEAD", "GHOST\n", "GHOST"},
	{"BISECT_EXPECTED_REV", "GHOST\n", "GHOST"},
	{"AUTO_MERGE", "GHOST\n", "GHOST"},
	{"MERGE_AUTOSTASH", "GHOST\n", "GHOST"},
	{"NOTES_MERGE_PARTIAL", "GHOST\n", "GHOST"},
	{"NOTES_MERGE_REF", "ref: refs/notes/commits\n", ""},
	{"SOME_HEAD", "GHOST\n", "GHOST"},
	{"MERGE_MSG", "revert GHOST\n", ""},
	{"COMMIT_EDITMSG", "GHOST\n", ""},
	{"refs/heads/x", "GHOST\n", "GHOST"},
	{"refs/heads/x", "", "it is empty"},
	{"refs/heads/x", "\x00\x00\x00\x00", "no object id"},
	{"refs/heads/x", "HEADtrailing\n", "no object id"},
	{"refs/bisect/bad", "GHOST\n", "GHOST"},
	{"refs/notes/commits", "GHOST\n", "GHOST"},
	{"refs/stash", "GHOST\n", "GHOST"},
	{"refs/remotes/o/HEAD", "ref: refs/remotes/o/gone\n", ""},
	{"packed-refs", "GHOST refs/heads/packed\n", "GHOST"},
	{"logs/HEAD", "ZERO HEAD A <a@b> 1 +0000\tone\nHEAD HEAD A <a@b> 1 +0000\ttwo\n", ""},
	{"logs/HEAD", "GHOST HEAD A <a@b> 1 +0000\tx\n", "GHOST"},
	{"logs/refs/heads/gone", "ZERO GHOST A <a@b> 1 +0000\tx\n", "GHOST"},
	{"logs/refs/stash", "ZERO GHOST A <a@b> 1 +0000\tx\nGHOST HEAD A <a@b> 1 +0000\ty\n", "GHOST"},
	{"logs/HEAD", "ZERO HEAD A <a@b> 1 +0000\tone\n1234567", "no reflog entry"},
	{"logs/HEAD", "ZERO HEAD A <a@b> 1 +0000\tone\n\x00\x00\x00\x00", "no reflog entry"},
	{"shallow", "GHOST\n", "GHOST"},
	{"shallow", "nonsense\n", "no object id"},
	{"info/grafts", "# none\nHEAD GHOST\n", "GHOST"},
	{"rebase-merge/onto", "GHOST\n", "GHOST"},
	{"rebase-merge/onto", "", "it is empty"},
	{"rebase-merge/orig-head", "GHOST\n", "GHOST"},
	{"rebase-merge/stopped-sha", "SHORT\n", "SHORT"},
	{"rebase-merge/amend", "GHOST", "GHOST"},
	{"rebase-merge/autostash", "GHOST\n", "GHOST"},
	{"rebase-merge/rewritten-list", "HEAD GHOST\n", "GHOST"},
	{"rebase-merge/update-refs", "refs/heads/a\nHEAD\nZERO\n", ""},
	{"rebase-merge/update-refs", "refs/heads/a\nHEAD\nGHOST\n", "GHOST"},
	{"rebase-merge/git-rebase-todo", "noop\npick SHORT a subject\n", "SHORT"},
	{"rebase-merge/git-rebase-todo", "# pick GHOST\nexec echo GHOST\nlabel GHOST\nbreak\nmerge topic # GHOST\npick HEAD GHOST\npick\n", ""},
	{"rebase-merge/git-rebase-todo.backup", "merge -C GHOST topic # x\n", "GHOST"},
	{"rebase-merge/done", "fixup -C GHOST x\n", "GHOST"},
	{"rebase-apply/onto", "GHOST\n", "GHOST"},
	{"rebase-apply/original-commit", "GHOST\n", "GHOST"},
	{"rebase-apply/rewritten", "HEAD GHOST\n", "GHOST"},
	{"rebase-apply/0001", "From GHOST Mon Sep 17 00:00:00 2001\n", ""}, // a mail from anywhere
	{"sequencer/head", "GHOST\n", "GHOST"},
	{"sequencer/todo", "revert SHORT a subject\n", "SHORT"},
	{"sequencer/abort-safety", "", ""},
	{"sequencer/abort-safety", "GHOST\n", "GHOST"},
	{"BISECT_START", "main\n", ""},
	{"BISECT_START", "GHOST\n", "GHOST"},
	{"BISECT_LOG", "# bad: [HEAD] of GHOST\n# status: waiting\ngit bisect start 'main' '--' 'x'\n", ""},
	{"BISECT_LOG", "# good: [GHOST] x\n", "GHOST"},
	{"BISECT_LOG", "git bisect start 'HEAD' 'GHOST'\n", "GHOST"},
	{"W/HEAD", "GHOST\n", "GHOST"},
	{"W/HEAD", "", "it is empty"},
	{"W/HEAD", "nonsense\n", "no object id"},
	{"W/ORIG_HEAD", "GHOST\n", "GHOST"},
	{"W/refs/bisect/bad", "GHOST\n", "GHOST"},
	{"W/refs/worktree/x", "", "it is empty"},
	{"W/logs/HEAD", "HEAD GHOST A <a@b> 1 +0000\tx\n", "GHOST"},
	{"W/rebase-merge/done", "pick GHOST x\n", "GHOST"},
	{"W/index", "nonsense", "no index file"},
}

// TestRoots writes each file, and scans the repository, and its objects only.
func TestRoots(t *testing.T) {
	for i, c := range rootCases {
		t.Run(c.file, func(t *testing.T) {
			r := gittest.New(t)
			r.Write("a", "a")
			r.Git("add", ".")
			r.Git("commit", "-qm", "one")
			r.Git("worktree", "add", "-q", "--detach", filepath.Join(filepath.Dir(r.Dir), "linked"))
			fill := strings.NewReplacer("HEAD", r.Git("rev-parse", "HEAD"), "GHOST", ghost, "SHORT", ghost[:9], "ZERO", strings.Repeat("0", 40))
			path := filepath.Join(r.GitDir(), filepath.FromSlash(strings.Replace(c.file, "W/", "worktrees/linked/", 1)))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, path, []byte(fill.Replace(c.text)))
			for _, scan := range []func(context.Context, string, Options) (*result.Result, error){Audit, History} {
				res, err := scan(context.Background(), r.Dir, Options{Jobs: 1})
				if err != nil {
					t.Fatal(err)
				}
				want := fill.Replace(c.want)
				named := slices.ContainsFunc(res.Coverage.Unread, func(u result.Unread) bool { return strings.Contains(u.Reason, want) })
				if (want == "") != res.Coverage.Complete() || want != "" && !named {
					t.Errorf("case %d: want %q, unread %q", i, want, res.Coverage.Unread)
				}
			}
		})
	}
}

const inWorktree = "staged in a worktree, gone"

// fsckCases are repositories after different commands. Some lack an object.
var fsckCases = []struct {
	name string
	do   func(r *gittest.Repo)
}{
	{"whole", func(*gittest.Repo) {}},
	{"staged blob gone", func(r *gittest.Repo) {
		r.Write("new", "new")
		r.Git("add", "new")
		lose(r, ":new")
	}},
	{inWorktree, func(r *gittest.Repo) {
		linked := *r
		linked.Dir = filepath.Join(filepath.Dir(r.Dir), "linked")
		r.Git("worktree", "add", "-q", linked.Dir)
		linked.Write("new", "new")
		linked.Git("add", "new")
		id := linked.Git("rev-parse", ":new")
		lose(r, id)
	}},
	{"staged in a split index, gone", func(r *gittest.Repo) {
		r.Write("new", "new")
		r.Git("add", "new")
		id := r.Git("rev-parse", ":new")
		r.Git("update-index", "--split-index")
		lose(r, id)
	}},
	{"tree of the index gone", func(r *gittest.Repo) {
		r.Write("folder/new", "new")
		r.Git("add", ".")
		lose(r, r.Git("write-tree"))
	}},
	{"tree of a folder in the index gone", func(r *gittest.Repo) {
		r.Write("folder/in/new", "new")
		r.Git("add", ".")
		tree := r.Git("write-tree")
		lose(r, tree+":folder/in")
	}},
	{"intent to add", func(r *gittest.Repo) {
		r.Write("new", "new")
		r.Git("add", "-N", "new")
	}},
	{"gitlink", func(r *gittest.Repo) {
		r.Git("update-index", "--add", "--cacheinfo", "160000,"+ghost+",sub")
	}},
	{"empty index", func(r *gittest.Repo) {
		r.Git("rm", "-rqf", ".")
		r.Git("write-tree")
	}},
	{"stashes", func(r *gittest.Repo) {
		for _, text := range []string{"1", "2", "3"} {
			r.Write("a", text)
			r.Git("stash", "-q")
		}
		r.Git("stash", "drop", "-q", "stash@{1}")
		r.Git("gc", "-q", "--prune=now")
	}},
	{"detached and gone", func(r *gittest.Repo) {
		r.Git("checkout", "-q", "--detach")
		r.Git("commit", "-q", "--allow-empty", "-m", "gone")
		lose(r, "HEAD")
		must(r, os.RemoveAll(filepath.Join(r.GitDir(), "logs")))
	}},
	{"reset away and gone", func(r *gittest.Repo) {
		r.Git("commit", "-q", "--allow-empty", "-m", "gone")
		id := r.Git("rev-parse", "HEAD")
		r.Git("reset", "-q", "--hard", "HEAD~1")
		lose(r, id)
		must(r, os.Remove(filepath.Join(r.GitDir(), "ORIG_HEAD")))
	}},
	{"reset away, expired and gone", func(r *gittest.Repo) {
		r.Git("commit", "-q", "--allow-empty", "-m", "gone")
		r.Git("reset", "-q", "--hard", "HEAD~1")
		r.Git("reflog", "expire", "--expire=now", "--all")
		must(r, os.Remove(filepath.Join(r.GitDir(), "ORIG_HEAD")))
		r.Git("gc", "-q", "--prune=now")
	}},
	{"conflict", conflict},
	{"conflict resolved", func(r *gittest.Repo) {
		conflict(r)
		r.Write("a", "resolved")
		r.Git("add", "a")
	}},
	{"rebase under way", func(r *gittest.Repo) {
		fork(r)
		_, _ = r.Try("", "rebase", "main") // it stops at the conflict
	}},
	{"old rebase under way", func(r *gittest.Repo) {
		fork(r)
		_, _ = r.Try("", "rebase", "--apply", "main")
	}},
	{"picks under way", func(r *gittest.Repo) {
		fork(r)
		_, _ = r.Try("", "cherry-pick", "main~1", "main")
	}},
	{"bisect under way", func(r *gittest.Repo) {
		fork(r)
		r.Git("bisect", "start", "main", "main~2")
	}},
	{"shallow", func(r *gittest.Repo) {
		fork(r)
		write(r.T.(*testing.T), filepath.Join(r.GitDir(), "shallow"), []byte(r.Git("rev-parse", "main")+"\n"))
	}},
}

// TestRootsLikeFsck makes sure that a scan is complete where git fsck finds no fault.
func TestRootsLikeFsck(t *testing.T) {
	for _, c := range fsckCases {
		t.Run(c.name, func(t *testing.T) {
			r := gittest.New(t)
			r.Write("a", "a")
			r.Git("add", ".")
			r.Git("commit", "-qm", "one")
			c.do(r)
			_, bad := r.Try("", "fsck", "--no-dangling")
			whole, shallow := bad == nil, c.name == "shallow"
			if shallow || c.name == inWorktree {
				whole = false // git fsck ignores the former, and checks the latter from 2.40 on
			}
			for _, scan := range []func(context.Context, string, Options) (*result.Result, error){Audit, History} {
				res, err := scan(context.Background(), r.Dir, Options{})
				if err != nil {
					t.Fatal(err)
				}
				if res.Coverage.Complete() != whole || shallow && len(res.Coverage.Unread) != 1 {
					t.Errorf("unread %q, git fsck: %v", res.Coverage.Unread, bad)
				}
			}
		})
	}
}

// lose removes a loose object.
func lose(r *gittest.Repo, name string) {
	r.T.Helper()
	id := r.Git("rev-parse", name)
	must(r, os.Remove(filepath.Join(r.GitDir(), "objects", id[:2], id[2:])))
}

func must(r *gittest.Repo, err error) {
	r.T.Helper()
	if err != nil {
		r.T.Fatal(err)
	}
}

// fork makes two commits on main and three on the branch topic, which is checked out. The
// last ones conflict.
func fork(r *gittest.Repo) {
	for _, text := range []string{"b", "c"} {
		r.Write("a", text)
		r.Git("commit", "-qam", text)
	}
	r.Git("checkout", "-qb", "topic", "HEAD~2")
	for _, name := range []string{"x", "y", "a"} {
		r.Write(name, "topic")
		r.Git("add", ".")
		r.Git("commit", "-qm", name)
	}
}

func conflict(r *gittest.Repo) {
	fork(r)
	_, _ = r.Try("", "merge", "main")
}

// TestResolvedConflict removes a blob of a resolved conflict. Old versions of git do not
// check for it.
func TestResolvedConflict(t *testing.T) {
	r := gittest.New(t)
	r.Write("a", "a")
	r.Git("add", ".")
	r.Git("commit", "-qm", "one")
	conflict(r)
	stage := r.GitInput("only in conflict", "hash-object", "-w", "--stdin")
	r.GitInput("100644 "+stage+" 2\ta\n", "update-index", "--index-info")
	r.Write("a", "resolved")
	r.Git("add", "a")
	lose(r, stage)
	res, err := History(context.Background(), r.Dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if u := res.Coverage.Unread; len(u) != 1 || !strings.Contains(u[0].Reason, stage+" (from a conflict)") {
		t.Errorf("unread %q", u)
	}
}

// TestRootsInTables has reftables whose reflogs and HEADs name missing objects; one entry
// was deleted again.
func TestRootsInTables(t *testing.T) {
	r := gittest.New(t)
	r.Write("a", "a")
	r.Git("add", ".")
	r.Git("commit", "-qm", "one")
	head := r.Git("rev-parse", "HEAD")
	r.ToReftable()
	dir := filepath.Join(r.GitDir(), "reftable")
	old, err := os.ReadFile(filepath.Join(dir, "tables.list"))
	if err != nil {
		t.Fatal(err)
	}
	log := func(id string) gittest.TableLog {
		return gittest.TableLog{Name: "refs/heads/gone", Update: 90, Old: strings.Repeat("0", 40), New: id, Who: "A", Mail: "a@b", Message: "x\n"}
	}
	for _, c := range []struct {
		name   string
		tables []gittest.Table
		want   string
	}{
		{"nothing", []gittest.Table{{First: 90, Last: 90, Logs: []gittest.TableLog{log(head)}}}, ""},
		{"log", []gittest.Table{{First: 90, Last: 90, Logs: []gittest.TableLog{log(ghost)}}}, ghost + " (reflog of refs/heads/gone)"},
		{"log deleted", []gittest.Table{{First: 90, Last: 90, Logs: []gittest.TableLog{log(ghost)}},
			{First: 90, Last: 91, Logs: []gittest.TableLog{{Name: "refs/heads/gone", Update: 90}}}}, ""},
		{"pseudo-ref", []gittest.Table{{First: 90, Last: 90, Refs: []gittest.TableRef{{Name: "ORIG_HEAD", ID: ghost}}}}, ghost + " (ORIG_HEAD)"},
		{"HEAD", []gittest.Table{{First: 90, Last: 90, Refs: []gittest.TableRef{{Name: "HEAD", ID: ghost}}}}, ghost + " (HEAD)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := string(old)
			for i, table := range c.tables {
				name := "more" + string(rune('0'+i)) + ".ref"
				write(t, filepath.Join(dir, name), table.Bytes(t))
				list += name + "\n"
			}
			write(t, filepath.Join(dir, "tables.list"), []byte(list))
			res, err := History(context.Background(), r.Dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			u := res.Coverage.Unread
			if (c.want == "") != (len(u) == 0) || c.want != "" && !strings.Contains(u[0].Reason, c.want) {
				t.Errorf("unread %q, want %q", u, c.want)
			}
		})
	}
}
