package agent

import (
	"bytes"
	"encoding/base64"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/rules"
)

var update = flag.Bool("update", false, "renew the golden files")

// The tokens of sessions: one that the agent tries to write, one that a file has at
// HEAD, and one that the configuration at HEAD allows.
var token, oldToken, knownToken = gittest.Token(1), gittest.Token(2), gittest.Token(3)

// project makes a repository that is protected as r8scan install does it, and a
// folder beside it that a link leads to.
func project(t *testing.T) *gittest.Repo {
	r := gittest.New(t)
	r.Write(".gitignore", ".env\n*.env\n!link.env\n/later/\n")
	r.Write("main.py", "import replicate\nclient = None\n")
	r.Write("legacy.py", "token = \""+oldToken+"\"\n# end\n")
	r.Write(".r8scan.yaml", "allow:\n  - id: "+rules.NewSecret(knownToken, 0).ID()+"\n    reason: an example\n")
	hook := `[{"matcher": "*", "hooks": [{"type": "command", "command": "r8scan agent"}]}]`
	for _, file := range []string{".claude/settings.json", ".codex/hooks.json", ".gemini/settings.json"} {
		r.Write(file, `{"hooks": {"PreToolUse": `+hook+"}}\n")
	}
	r.Write(".cursor/hooks.json", `{"version": 1, "hooks": {"preToolUse": [{"command": "r8scan agent"}]}}`+"\n")
	r.Write(".github/hooks/r8scan.json", `{"hooks": {"PreToolUse": [{"type": "command", "command": "r8scan agent"}]}}`+"\n")
	outside := filepath.Join(filepath.Dir(r.Dir), "outside")
	if err := os.Mkdir(outside, 0o755); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"link": outside, "link.env": filepath.Join(outside, "none.py")} {
		if err := os.Symlink(to, filepath.Join(r.Dir, link)); err != nil {
			t.Skip(err)
		}
	}
	r.Git("add", ".")
	r.Git("commit", "-qm", "first")
	r.Write(".git/hooks/pre-commit", "#!/bin/sh\nexec r8scan staged\n")
	return r
}

// fill returns an event file with its tokens and folder.
func fill(text []byte, dir string) string {
	id := func(token string) string { return rules.NewSecret(token, 0).ID() }
	return strings.NewReplacer("TOKENID", id(token), "RULEID", rules.APIToken.ID, "REPLICATE_API_TOKEN", "REPLICATE_API_TOKEN", "TOKEN", token, "FIRST", token[:20], "SECOND", token[20:],
		"BASE64", base64.StdEncoding.EncodeToString([]byte("token = "+token)), "OLD", oldToken, "KNOWN", knownToken,
		"DIR", filepath.ToSlash(dir)).Replace(string(text))
}

// TestSessions replays a session of each agent. What is not refused is done, so the
// next event finds it. The answers are golden files, and at the end no file that git
// has or would take may have the token.
func TestSessions(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join("testdata", "sessions", "*"))
	if err != nil || len(folders) != 5 {
		t.Fatal(folders, err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			r := project(t)
			files, err := filepath.Glob(filepath.Join(folder, "*.json"))
			if err != nil || len(files) < 10 {
				t.Fatal(files, err)
			}
			for _, file := range files {
				replay(t, r, file)
			}
			noToken(t, r)
		})
	}
}

// replay gives an event to the hook, compares the answer, and does what passes.
func replay(t *testing.T, r *gittest.Repo, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	event := fill(text, r.Dir)
	var out, notes bytes.Buffer
	if err := (Hook{In: strings.NewReader(event), Out: &out, Err: &notes}).Run(); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	answer := strings.NewReplacer(filepath.ToSlash(r.Dir), "DIR").Replace(out.String() + notes.String())
	for _, secret := range []string{token, oldToken, knownToken, token[:20]} {
		if strings.Contains(answer, secret) {
			t.Errorf("%s: the answer has a token: %s", file, answer)
		}
	}
	golden := strings.TrimSuffix(file, ".json") + ".golden"
	if *update {
		if err := os.WriteFile(golden, []byte(answer), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != answer {
		t.Errorf("%s: answers\n%s\nnot\n%s%v", file, answer, want, err)
	}
	if strings.HasPrefix(answer, "{}\n") {
		perform(t, r, event)
	}
}

// perform does what an edit says.
func perform(t *testing.T, r *gittest.Repo, text string) {
	f, err := parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	_, e := recognize(f)
	if e == nil || e.kind != before {
		return
	}
	changes, _ := changesOf(e.tool, e.input)
	s := openSite(e.folders)
	for _, c := range changes {
		at := s.locate(c.path)
		old, known := at.content()
		if now, _, _ := c.apply(old); known && !c.removed {
			r.Write(at.shown, now)
		}
	}
}

// noToken makes sure that git has no file with the token, and would take none.
func noToken(t *testing.T, r *gittest.Repo) {
	encoded := base64.StdEncoding.EncodeToString([]byte("token = " + token))
	listed := strings.Split(r.Git("ls-files", "-co", "--exclude-standard", "-z"), "\x00")
	if len(listed) < 5 {
		t.Fatal(listed)
	}
	for _, name := range listed {
		text, err := os.ReadFile(filepath.Join(r.Dir, filepath.FromSlash(name)))
		if err == nil && (bytes.Contains(text, []byte(token)) || bytes.Contains(text, []byte(encoded))) {
			t.Errorf("git has %s with the token, or would take it", name)
		}
	}
	if text, err := os.ReadFile(filepath.Join(r.Dir, ".env")); err != nil || !bytes.Contains(text, []byte(token)) {
		t.Errorf("the ignored file has no token: %v", err)
	}
	if entries, err := os.ReadDir(filepath.Join(filepath.Dir(r.Dir), "outside")); err != nil || len(entries) > 0 {
		t.Errorf("something was written outside: %v, %v", entries, err)
	}
}
