package main

import (
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoCommandShowsAToken runs each command that reads tokens, with right and wrong
// usage, with servers that answer well, badly, or with the token itself. No output,
// error or written file may have a token.
func TestNoCommandShowsAToken(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git to make a repository with")
	}
	home, dir := sickbed(t)
	tokens := []string{seededToken(1), seededToken(2), seededToken(3)}
	in := strings.Join(tokens, "\n")
	for _, name := range []string{"app.py", ".env", "sub/" + tokens[2] + ".txt"} {
		writeFile(t, filepath.Join(dir, name), "REPLICATE_API_TOKEN="+tokens[0]+"\n"+tokens[1], 0o600)
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=b", "commit", "-qm", "with " + tokens[2]}, {"branch", tokens[1]}} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	news := filepath.Join("new", tokens[1], tokens[2]+" '.env")
	writeFile(t, filepath.Join(dir, news), "NEW="+tokens[0]+"\n"+tokens[1], 0o600)
	if out, err := exec.Command("git", "add", "new").CombinedOutput(); err != nil {
		t.Fatalf("git add: %v: %s", err, out)
	}
	inputs := filesBelow(t, home)
	written := filepath.Join(home, "out")
	if err := os.Mkdir(written, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", written)
	servers := map[string]map[string]fakeAnswer{
		"live":   {tokens[0]: liveAnswer, tokens[1]: liveAnswer},
		"echoes": {tokens[0]: {200, `{"type":"user","username":"` + tokens[0] + `","name":"` + tokens[1] + `"}`}, tokens[1]: {403, tokens[1]}, tokens[2]: {404, `{"detail":"` + tokens[2] + `"}`}},
	}
	for server, answers := range servers {
		newFakeAPI(t, answers)
		t.Setenv("REPLICATE_API_TOKEN", "'"+tokens[0]+"' ")
		t.Setenv("REPLICATE_API_KEY", tokens[1])
		t.Setenv("VITE_"+tokens[2], tokens[2])
		saved := filepath.Join(written, server+".json")
		for _, args := range [][]string{
			{"audit", "--verify", "-f", "json", "-o", saved, "-v"},
			{"audit", "--verify", "-v"}, {"audit", "--verify", "-f", "jsonl"}, {"audit", "--verify", "-f", "sarif"}, {"audit", "--verify", "-f", "markdown"}, {"audit", "--verify", "-f", "github"},
			{"audit"}, {"history", "-v"}, {"history", "--verify", "-f", "json"},
			{"staged"}, {"staged", "-v"}, {"staged", "--verify", "-f", "json"}, {"staged", "--verify"}, {"staged", tokens[0]}, {"staged", "--config", tokens[0]},
			{"files", "--verify", "."}, {"files", "-"}, {"files", tokens[0]}, {"files", "sub/" + tokens[2] + ".txt"}, {"audit", tokens[0]}, {"history", tokens[0]},
			{"audit", "-o", filepath.Join(home, tokens[0], "x")}, {"audit", "--" + tokens[0]}, {"audit", "--exclude", tokens[0] + "["}, {"audit", "-f", tokens[0]},
			{"audit", "--fail-on", tokens[0]}, {"audit", "--verify", "--api-url", tokens[0]}, {"audit", "--verify", "--api-url", "https://" + tokens[0] + "@x"},
			{"verify"}, {"verify", "-f", "json"}, {"verify", "--from", "env"}, {"verify", "--from", "env", "-n", "2"}, {"verify", tokens[0]}, {"verify", "-" + tokens[0]}, {"verify", "-n", tokens[0]},
			{"doctor"}, {"doctor", "--verify"}, {"doctor", "--verify", "-f", "json"}, {"doctor", tokens[0]}, {"doctor", "-f", tokens[0]}, {"doctor", "--machine", "--verify"}, {"doctor", "--machine", "-f", "json"},
			{"push"}, {"push", tokens[0], tokens[1], tokens[2]}, {"push", "-f", "json"}, {"receive"}, {"receive", "--timeout", tokens[0]},
			{"lsp"}, {"lsp", "--config", tokens[0]}, {"redact", "-v"}, {"redact", tokens[0]},
			{"fix"}, {"fix", "app.py"}, {"fix", tokens[0]}, {"fix", "--from", saved}, {"fix", "--from", tokens[0]}, {"fix", "--dir", tokens[0], "--from", saved}, {"fix", "--write", "--env-file=" + tokens[0] + "/.env"},
			{"recheck", saved}, {"recheck", saved, "-f", "json", "-o", filepath.Join(written, "re.json")}, {"recheck", tokens[0]}, {"recheck", "-"}, {"recheck", saved, "--dir", tokens[0]},
			{"report", saved}, {"report", saved, "-f", "markdown", "-o", filepath.Join(written, "report.md")}, {"report", saved, "-f", "github"}, {"report", tokens[0]}, {"report", "-"}, {"report", saved, "-f", tokens[0]},
			{"install", tokens[0]}, {"install", "--hook", tokens[0]}, {"install"}, {"uninstall"}, {"uninstall", tokens[0]},
			{tokens[0]}, {"--" + tokens[0]}, {"version", tokens[0]}, {"rules", tokens[0]}, {"help", tokens[0]},
		} {
			_, out, errs := runCommand(t, in, args...)
			for i, token := range tokens {
				if form := shows(out+errs, token); form != "" {
					t.Errorf("%s, %s: token %d is shown in %s", server, strings.ReplaceAll(strings.Join(args, " "), token, "TOKEN"), i, form)
				}
			}
		}
	}
	for path := range filesBelow(t, home) {
		if inputs[path] {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, token := range tokens {
			if form := shows(path+string(text), token); form != "" {
				t.Errorf("token %d was written to a file, in %s", i, form)
			}
		}
	}
}

// shows returns the form in which text has more of the token than its mask, or "".
func shows(text, token string) string {
	for i := 5; i+9 <= len(token); i++ {
		part := token[i : i+9]
		for form, s := range map[string]string{"plain": part, "base64": base64.StdEncoding.EncodeToString([]byte(part)), "hex": hex.EncodeToString([]byte(part))} {
			if strings.Contains(text, s) {
				return form
			}
		}
	}
	return ""
}

func filesBelow(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files[path] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
