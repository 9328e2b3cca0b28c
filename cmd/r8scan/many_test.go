package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/report"
)

// twoScreens is how many lines a person sees without losing the start.
const twoScreens = 2 * 50

// manyLeaks builds a repository with 21 leaked tokens, of which some are live,
// some revoked, and one is where it may be. It returns its folder and what
// Replicate says of each.
func manyLeaks(t *testing.T) (dir string, answers map[string]fakeAnswer) {
	t.Helper()
	answers = map[string]fakeAnswer{}
	n := 0
	token := func(live bool) string {
		n++
		secret := fakeToken(fmt.Sprint("many", n))
		if live {
			answers[secret] = liveAnswer
		}
		return secret
	}
	r := gittest.New(t, "--template=")
	commit := func(message string, files ...string) {
		for i := 0; i < len(files); i += 2 {
			r.Write(files[i], files[i+1])
		}
		r.Git("add", ".")
		r.Git("commit", "-q", "-m", message)
	}
	r.Git("remote", "add", "origin", "https://ada:secret@github.com/acme/cats.git")
	for i := range 8 { // old ones, taken out again
		commit("try", fmt.Sprintf("old/try%d.py", i), "TOKEN = '"+token(i == 6)+"'\n")
	}
	for i := range 8 {
		commit("clean up", fmt.Sprintf("old/try%d.py", i), "TOKEN = ''\n")
	}
	commit("app", "app.py", "import replicate\nclient = replicate.Client(api_token='"+token(true)+"')\n",
		"web/app.ts", "const replicate = new Replicate({ auth: '"+token(true)+"' });\n",
		"Dockerfile", "FROM scratch\nENV REPLICATE_API_TOKEN="+token(false)+"\n",
		"deploy/secret.yaml", "kind: Secret\nstringData:\n  token: "+token(false)+"\n",
		"main.tf", "provider \"replicate\" {\n  api_token = \""+token(false)+"\"\n}\n",
		"mcp.json", `{"mcpServers": {"replicate": {"env": {"REPLICATE_API_TOKEN": "`+token(false)+`"}}}}`+"\n",
		"notes.md", "the old key was "+token(false)+"\n")
	commit("key is "+token(false), "README.md", "# cats\n")
	r.Git("update-ref", "refs/remotes/origin/main", "HEAD")
	commit("not pushed yet", "local.rb", "Replicate.client = '"+token(false)+"'\n")
	r.Write("staged.go", `package main; const key = "`+token(true)+"\"\n")
	r.Git("add", "staged.go")
	r.Write("scratch.py", "k = '"+token(false)+"'\n")
	r.Write(".gitignore", ".env\n")
	r.Write(".env", "REPLICATE_API_TOKEN="+token(true)+"\n")
	r.Write("more.sh", "export REPLICATE_API_TOKEN="+token(false)+"\n")
	if n != 21 {
		t.Fatalf("%d tokens", n)
	}
	return r.Dir, answers
}

// TestManyLeaks reads the text of a repository with many leaks as the one who has
// to act would: what to disable now comes first, and all fits two screens.
func TestManyLeaks(t *testing.T) {
	dir, answers := manyLeaks(t)
	newFakeAPI(t, answers)
	saved := filepath.Join(t.TempDir(), "leaks.json")
	code, _, errs := runCommand(t, "", "audit", dir, "--no-cache", "--verify", "-o", saved)
	if code != exitFound {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	_, text, _ := runCommand(t, "", "report", saved)
	if out := os.Getenv("SHOW_TEXT"); out != "" {
		t.Log("\n" + text)
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) > twoScreens {
		t.Errorf("%d lines, more than two screens:\n%s", len(lines), text)
	}
	if want := "3 tokens to disable now: live, and others may have copies; "; !strings.HasPrefix(text, want) {
		t.Errorf("the first line is %q, want %q…", lines[0], want)
	}
	for _, line := range lines {
		if len(line) > 80 && strings.Contains(line, " ") && strings.Contains(strings.TrimSpace(line), " ") {
			t.Errorf("%d columns: %q", len(line), line)
		}
	}
	doc, err := report.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	order := []report.Status{report.StatusLive, report.StatusUnchecked, report.StatusUnknown, report.StatusRevoked}
	for i, f := range doc.Findings {
		if i > 0 && slices.Index(order, f.Verification.Status) < slices.Index(order, doc.Findings[i-1].Verification.Status) {
			t.Errorf("finding %d is %s, behind one that is %s", i+1, f.Verification.Status, doc.Findings[i-1].Verification.Status)
		}
		if !strings.Contains(text, f.TokenID) {
			t.Errorf("the text does not name %s", f.TokenID)
		}
	}
	if doc.Target.Remote != "https://github.com/acme/cats" || doc.Target.Branch != "main" {
		t.Errorf("%+v", doc.Target)
	}
	if want := "https://github.com/acme/cats/blob/" + doc.Findings[0].History.Introduced.Commit + "/"; !strings.Contains(text, want) {
		t.Errorf("no permalink %s…", want)
	}
	for _, want := range []string{"old/try0.py:1:10, removed later\n", "notes.md:1:17, still there\n", "  r8_", "local.rb:1:21", "git restore --staged :/staged.go\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the text", want)
		}
	}
	_, live, _ := runCommand(t, "", "report", saved, "--only-live")
	if n := strings.Count(live, "\n  r8_"); n != 5 || !strings.Contains(live, "16 more tokens not listed, as --only-live asks: 16 revoked.") {
		t.Errorf("%d live tokens in:\n%s", n, live)
	}
}
