package advice

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"r8scan/internal/git/gittest"
	"r8scan/result"
	"r8scan/rules"
)

func id(digit string) string { return strings.Repeat(digit, 40) }

// inHistory is a token that is in a file of a commit that the refs reach.
func inHistory(refs ...string) Case {
	return Case{Remedy: rules.APIToken.Remedy, Exposure: result.ExposureHistory, Head: id("e"),
		Locations: []result.Location{{Path: "a.py", Kind: result.KindBlob}},
		History:   &result.History{Reachable: len(refs) > 0, Refs: refs, Introduced: &result.Event{Commit: id("a")}}}
}

func TestReach(t *testing.T) {
	for _, tt := range []struct {
		refs []string
		want Reach
	}{
		{[]string{"refs/heads/main"}, Reach{Stage: Committed}},
		{[]string{"refs/heads/main", "refs/tags/v1", "HEAD"}, Reach{Stage: Committed}},
		{[]string{"refs/stash"}, Reach{Stage: Committed}},
		{[]string{"refs/tags/v1"}, Reach{Stage: Elsewhere}},
		{nil, Reach{Stage: Dropped}},
		{[]string{"refs/heads/main", "refs/remotes/origin/main", "refs/remotes/origin/HEAD"}, Reach{Stage: Pushed, Remotes: "origin"}},
		{[]string{"refs/remotes/upstream/x/y", "refs/remotes/origin/main"}, Reach{Stage: Pushed, Remotes: "origin and upstream"}},
		{[]string{"refs/remotes/a/x", "refs/remotes/b/x", "refs/remotes/c/x", "refs/remotes/d/x"}, Reach{Stage: Pushed, Remotes: "a, b, c and others"}},
		{[]string{"refs/pull/7/head"}, Reach{Stage: Pushed, Request: "pull request 7"}},
		{[]string{"refs/remotes/pull/7/merge"}, Reach{Stage: Pushed, Request: "pull request 7"}},
		{[]string{"refs/remotes/origin/pull/12/head", "refs/remotes/origin/main"}, Reach{Stage: Pushed, Remotes: "origin", Request: "pull request 12"}},
		{[]string{"refs/merge-requests/3/head"}, Reach{Stage: Pushed, Request: "merge request 3"}},
		{[]string{"refs/remotes/origin/merge-requests/3"}, Reach{Stage: Pushed, Request: "merge request 3"}},
		{[]string{"refs/pull-requests/4/from"}, Reach{Stage: Pushed, Request: "pull request 4"}},
		{[]string{"refs/pipelines/99"}, Reach{Stage: Pushed}},
		{[]string{"refs/heads/pull/7/head", "refs/heads/remotes/origin/x"}, Reach{Stage: Committed}},
		{[]string{"refs/remotes/pull/x"}, Reach{Stage: Pushed, Remotes: "pull"}},
		{[]string{"refs/remotes/![x](http:evil)/main"}, Reach{Stage: Pushed}},
		{[]string{"refs/remotes/www.evil.test/main"}, Reach{Stage: Pushed}},
		{[]string{"refs/remotes/r8_Hw" + strings.Repeat("*", 35) + "/main"}, Reach{Stage: Pushed}},
	} {
		if got := reachOf(inHistory(tt.refs...)); got != tt.want {
			t.Errorf("%q: got %+v, want %+v", tt.refs, got, tt.want)
		}
	}
	bare := inHistory("refs/heads/main")
	bare.Bare = true
	if got := reachOf(bare); got.Stage != Elsewhere {
		t.Errorf("what was pushed to a bare repository counts as not pushed: %+v", got)
	}
	named := Case{Exposure: result.ExposureHistory, Locations: []result.Location{{Path: ".git/refs/remotes/origin/r8_Hw***", Kind: result.KindRef}}}
	if got := reachOf(named); got != (Reach{Stage: Pushed, Remotes: "origin"}) {
		t.Errorf("the name of a remote's branch: %+v", got)
	}
}

// TestSteps looks at which steps come, and in which order.
func TestSteps(t *testing.T) {
	with := func(c Case, change func(*Case)) Case { change(&c); return c }
	plain := func(e result.Exposure) Case {
		return Case{Remedy: rules.APIToken.Remedy, Exposure: e, Head: id("e"), Locations: []result.Location{{Path: "a b.py"}}}
	}
	const disable, look, renew = "Disable the token", "Look for what is not yours at https://replicate.com/predictions and https://replicate.com/account/billing", "Renew the webhook signing secret too"
	for name, tt := range map[string]struct {
		c    Case
		want []string // how the steps begin; behind a | how the command does
	}{
		"pushed":           {inHistory("refs/remotes/origin/main"), []string{disable, "Create a new token", look, renew, "Then remove"}},
		"not pushed":       {inHistory("refs/heads/main"), []string{"No remote branch", "Take it out of the files", "Take it out of every commit|git rebase -i aaaaaaaaaa~", "Then let git|git update-ref -d ORIG_HEAD; git reflog expire"}},
		"the last commit":  {with(inHistory("refs/heads/main"), func(c *Case) { c.Head = id("a") }), []string{"No remote branch", "Take it out of the files", "Take it out of the last|git commit --amend", "Then let git|git update-ref"}},
		"dropped":          {inHistory(), []string{"No branch or tag", "Then let git|git update-ref"}},
		"live, not pushed": {with(inHistory("refs/heads/main"), func(c *Case) { c.Verdict = Live }), []string{disable, "Create", look, renew, "Take it out of every|git rebase", "Then let git|git update-ref"}},
		"revoked, pushed":  {with(inHistory("refs/remotes/origin/main"), func(c *Case) { c.Verdict = Revoked }), []string{"Nobody can use this token", "If it worked", renew}},
		"revoked":          {with(plain(result.ExposureTracked), func(c *Case) { c.Verdict = Revoked }), []string{"Nobody can use this token"}},
		"staged":           {plain(result.ExposureStaged), []string{"Unstage it|git restore --staged ':/a b.py'", "Take it out of the file", "If it was ever"}},
		"untracked":        {plain(result.ExposureUntracked), []string{"If this was ever shared", "Move the token"}},
		"copied":           {with(plain(result.ExposureIgnored), func(c *Case) { c.CopiedBy = "x" }), []string{"Name the file in .dockerignore", "The file may stay"}},
		"ignored":          {plain(result.ExposureIgnored), []string{"No action needed"}},
		"tracked, files":   {with(plain(result.ExposureTracked), func(c *Case) { c.FilesOnly = true }), []string{"Git tracks the file|r8scan audit", "If this was ever", "Move"}},
		"doubtful":         {with(plain(result.ExposureIgnored), func(c *Case) { c.Doubt = true }), []string{"Look at it first", "No action"}},
		"another's secret": {with(inHistory("refs/remotes/origin/main"), func(c *Case) { c.Remedy = rules.SecretInput.Remedy }), []string{"Revoke the credential", "Create", "Then remove"}},
	} {
		got := Steps(tt.c)
		if len(got) != len(tt.want) {
			t.Errorf("%s: got %q", name, got)
			continue
		}
		for i, w := range tt.want {
			text, command, _ := strings.Cut(w, "|")
			if !strings.HasPrefix(got[i].Text, text) || !strings.HasPrefix(got[i].Command, command) || (command == "") != (got[i].Command == "") {
				t.Errorf("%s, step %d: got %q, want %q", name, i+1, got[i], w)
			}
		}
	}
	if text := Steps(inHistory("refs/remotes/origin/main", "refs/pull/7/head"))[0].Text; !strings.Contains(text, "it was pushed to origin, and it is in pull request 7, and rewriting the history does not undo that") {
		t.Errorf("got %q", text)
	}
	if Steps() != nil {
		t.Error("steps for nothing")
	}
}

// Steps of a group name all of its files, and are the same whatever these are
// called where no command needs them.
// TestStepsPosted: each kind of text has its own way to be taken back, and none is named
// that no place asks for.
func TestStepsPosted(t *testing.T) {
	ways := map[string]string{"edited": "Delete revision from history", "release": "Take it out of the release", "gist": "Delete the gist", "run": "Delete all logs"}
	for kind, way := range map[string]string{
		result.KindIssue: "edited", result.KindReviewComment: "edited", result.KindDiscussion: "edited", result.KindGistComment: "edited",
		result.KindRelease: "release", result.KindReleaseFile: "release", result.KindGist: "gist", result.KindLog: "run", result.KindArtifact: "run",
		result.KindBlob: "",
	} {
		c := Case{Remedy: rules.APIToken.Remedy, Exposure: result.ExposurePosted, Locations: []result.Location{{Kind: kind}}}
		steps := Steps(c)
		if !strings.Contains(steps[0].Text, "first: editing or deleting the text is not enough") {
			t.Errorf("%s: the first step is %q", kind, steps[0].Text)
		}
		for name, words := range ways {
			if got := strings.Contains(fmt.Sprint(steps), words); got != (name == way) {
				t.Errorf("%s: %q is there: %v", kind, words, got)
			}
		}
		c.Verdict = Revoked
		if steps := Steps(c); strings.Contains(fmt.Sprint(steps), "Disable") {
			t.Errorf("%s: revoked, and %q", kind, steps)
		}
	}
}

func TestStepsOfGroups(t *testing.T) {
	staged := func(path string) Case {
		return Case{Remedy: rules.APIToken.Remedy, Exposure: result.ExposureStaged, Head: id("e"), Locations: []result.Location{{Path: path}}}
	}
	a, b := staged("a.py"), staged("b.py")
	if GroupOf(a) != GroupOf(b) {
		t.Error("two staged tokens are in different groups")
	}
	if got := Steps(a, b)[0].Command; got != "git restore --staged :/a.py :/b.py" {
		t.Errorf("got %q", got)
	}
	c, d := inHistory("refs/heads/main"), inHistory("refs/heads/main")
	d.History = &result.History{Reachable: true, Refs: c.History.Refs, Introduced: &result.Event{Commit: id("b")}}
	if got := Steps(c, d)[2]; !strings.HasPrefix(got.Text, "Take it out of each commit") || got.Command != "" {
		t.Errorf("got %q", got)
	}
}

// Whatever paths and names are, no step shows a token, and a shell takes each path
// for one word.
func TestHostilePaths(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell to ask")
	}
	token := "r8_" + strings.Repeat("Kq7ZtY3mWx0Lr9DsVb", 3)[:37]
	for _, path := range []string{"a b", "it's", `"`, "a\nb", "-rf", "$(touch x)", "`id`", "a;b", "a&b", "#x", "~", "*", "[a]", "é\x1b[2J", "\xff", "!x", "^x", ":x", "(x)", `a\b`, "__init__.py", "=x", rules.Default().Redact("x " + token + ".py")} {
		command := Unstage(id("e"), []string{path})
		out, err := exec.Command(sh, "-c", "set -- "+strings.TrimPrefix(command, "git ")+"\nprintf '%s %s' $# \"$3\"").Output()
		if err != nil || !strings.HasPrefix(string(out), "3 :") {
			t.Errorf("%q: %q, %v, %q", path, command, err, out)
		}
		if strings.Contains(command, "\n") || strings.Contains(command, "\x1b") || strings.Contains(command, token) {
			t.Errorf("%q: %q", path, command)
		}
	}
	c := inHistory("refs/remotes/" + token + "/main")
	c.History.Introduced.Commit = "--upload-pack=x\n" + token
	if s := fmt.Sprint(Steps(c), Rewrite(c)); strings.Contains(s, token) || strings.Contains(s, "upload-pack") {
		t.Errorf("got %s", s)
	}
}

// The command takes exactly the named file out of the index, from a folder below
// the top, whatever its name is to git.
func TestUnstageWorks(t *testing.T) {
	for _, head := range []bool{false, true} {
		for _, path := range []string{"a b.py", "it's", "*", "?", "[a]", "!x", "^x", "(x)", "__init__.py", "-x", "#x", "=x", "sub/y", "é"} {
			r := gittest.New(t)
			r.Write("sub/other", "x\n")
			r.Write("a", "x\n")
			if head {
				r.Git("commit", "-q", "--allow-empty", "-m", "first")
			}
			r.Write(path, "token\n")
			r.Git("add", "-A")
			at := ""
			if head {
				at = strings.TrimSpace(r.Git("rev-parse", "HEAD"))
			}
			command := exec.Command("sh", "-c", Unstage(at, []string{path}))
			command.Dir = r.Dir + "/sub"
			if out, err := command.CombinedOutput(); err != nil {
				t.Fatalf("%q: %v: %s", path, err, out)
			}
			left := r.Git("-c", "core.quotePath=false", "ls-files", "-z")
			if strings.Contains("\x00"+left+"\x00", "\x00"+path+"\x00") || !strings.Contains(left, "sub/other") {
				t.Errorf("%q: the index has %q", path, left)
			}
		}
	}
}

func TestNotes(t *testing.T) {
	started := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	at := func(paths ...string) Case {
		c := Case{Remedy: rules.APIToken.Remedy}
		for _, p := range paths {
			c.Locations = append(c.Locations, result.Location{Path: p, Kind: result.KindFile})
		}
		return c
	}
	for _, tt := range []struct {
		paths []string
		want  string
	}{
		{[]string{".env.production", ".env.staging"}, "production and staging"},
		{[]string{".env.production", ".env.production.local"}, ""},
		{[]string{".env.prod", ".env.production"}, ""},
		{[]string{".env", ".env.production"}, ""},
		{[]string{".env.local", ".env.production"}, "development and production"},
		{[]string{"config/dev.json", "config/prod.json"}, "development and production"},
		{[]string{"config/environments/development.rb", "config/environments/production.rb"}, "development and production"},
		{[]string{"values-prod.yaml", "values-staging.yaml"}, "production and staging"},
		{[]string{"envs/dev/main.tf", "envs/prod/main.tf"}, "development and production"},
		{[]string{"docker-compose.prod.yml", "docker-compose.test.yml", "stage.tfvars"}, "production, staging and test"},
		{[]string{"test/a.py", "src/production.py", "tests/dev.md"}, ""},
		{[]string{"live/a.py", "dev/b.py"}, ""},
	} {
		got := Shared(at(tt.paths...))
		if tt.want == "" && got != "" || tt.want != "" && !strings.Contains(got, "several environments ("+tt.want+"): use a token of its own for each.") {
			t.Errorf("%q: got %q, want %q", tt.paths, got, tt.want)
		}
	}
	for _, tt := range []struct {
		date time.Time
		want string
	}{
		{started.AddDate(0, 0, -90), ""},
		{started.AddDate(0, 0, -91), "First committed over 90 days ago: 1 of them, the oldest on 2026-03-02. Renew tokens from time to time."},
		{started.AddDate(1, 0, 0), ""},
		{time.Time{}, ""},
	} {
		c := at("a.py")
		c.History = &result.History{Introduced: &result.Event{Commit: id("a"), Date: tt.date}}
		if got := Old(started, c); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.date, got, tt.want)
		}
		c.Verdict = Revoked
		if got := Old(started, c); got != "" {
			t.Errorf("of a revoked token: %q", got)
		}
	}
}

// TestFix offers a fix of the files where a look-up can stand.
func TestFix(t *testing.T) {
	at := func(kind string, paths ...string) (c Case) {
		for _, p := range paths {
			c.Locations = append(c.Locations, result.Location{Kind: kind, Path: p})
		}
		return c
	}
	many := make([]string, 40)
	for i := range many {
		many[i] = strings.Repeat("a", i+1) + ".py"
	}
	for _, tt := range []struct {
		c    Case
		want string
	}{
		{at(result.KindFile, "app.py", "a b/it's.js", "app.py", "config.json", "src/App.tsx", ".env", "a.zip", "-x.py", "new\nline.py"), `r8scan fix app.py 'a b/it'\''s.js'`},
		{at(result.KindBlob, "app.py"), ""},
		{at(result.KindFile, "config.json", ""), ""},
		{at(result.KindFile, many...), "r8scan fix"},
		{Case{Locations: []result.Location{{Kind: result.KindFile, Path: "a.py", Encoding: []string{"base64"}}, {Kind: result.KindFile, Path: "a.zip", Member: "b.py"}}}, ""},
	} {
		if got := Fix(tt.c); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	here := at(result.KindFile, "app.py")
	here.Remedy, here.Exposure = rules.APIToken.Remedy, result.ExposureUntracked
	steps := Steps(here)
	if got := steps[len(steps)-1].Command; got != "r8scan fix app.py" {
		t.Errorf("the last step is %q", got)
	}
}
