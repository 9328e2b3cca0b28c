package agent

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

// ask gives an event of Claude Code to the hook and returns the model's text if it is
// refused, or "".
func ask(t *testing.T, dir, tool string, input any) string {
	t.Helper()
	event, err := json.Marshal(fields{"hook_event_name": "PreToolUse", "cwd": dir, "tool_name": tool, "tool_input": input})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (Hook{In: bytes.NewReader(event), Out: &out, Err: io.Discard}).Run(); err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Specific struct {
			Decision string `json:"permissionDecision"`
			Reason   string `json:"permissionDecisionReason"`
		} `json:"hookSpecificOutput"`
	}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		t.Fatalf("%v: %s", err, out.Bytes())
	}
	if strings.Contains(out.String(), token) {
		t.Errorf("the answer has the token: %s", out.String())
	}
	if answer.Specific.Decision == "deny" {
		return answer.Specific.Reason
	}
	return ""
}

// write asks for a write of a file.
func write(t *testing.T, r *gittest.Repo, path, content string) string {
	t.Helper()
	return ask(t, r.Dir, "Write", fields{"file_path": path, "content": content})
}

// TestUnjudged lets pass what cannot be judged, and with Strict refuses it.
func TestUnjudged(t *testing.T) {
	whole := `{"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": "` + token + `"}}`
	for _, text := range []string{"", " ", "{", "null", "[]", `"x"`, "{}", whole[:len(whole)/2], whole[:len(whole)-1], `{"hook_event_name": 1}`,
		`{"hook_event_name": "Later"}`, strings.Repeat("[", 1<<20), "\xff\xfe{"} {
		var out, notes bytes.Buffer
		if err := (Hook{In: strings.NewReader(text), Out: &out, Err: &notes}).Run(); err != nil || out.String() != "{}\n" || !strings.Contains(notes.String(), "not checked") {
			t.Errorf("%.40q: %v, %s%s", text, err, out.String(), notes.String())
		}
		out.Reset()
		notes.Reset()
		if err := (Hook{In: strings.NewReader(text), Out: &out, Err: &notes, Strict: true}).Run(); !errors.Is(err, ErrRefused) || out.Len() > 0 || !strings.Contains(notes.String(), "refused") {
			t.Errorf("strict, %.40q: %v, %s%s", text, err, out.String(), notes.String())
		}
		if strings.Contains(notes.String(), token) {
			t.Error("the note has the token")
		}
	}
	if err := (Hook{In: broken{}, Out: io.Discard, Err: io.Discard, Strict: true}).Run(); !errors.Is(err, ErrRefused) {
		t.Error(err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken") }

// TestLarge judges an event of 50 MB, and searches one that is too long to be parsed.
func TestLarge(t *testing.T) {
	r := project(t)
	filler := strings.Repeat("all work and no play\n", 50<<20/21)
	if got := write(t, r, "big.txt", filler+token+"\n"); !strings.Contains(got, "big.txt") {
		t.Errorf("a token at the end of 50 MB passes: %q", got)
	}
	if got := write(t, r, "big.txt", filler); got != "" {
		t.Error(got)
	}
	long := func(end string) io.Reader {
		return io.MultiReader(strings.NewReader(`{"hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": {"content": "`),
			strings.NewReader(strings.ReplaceAll(filler, "\n", " ")), strings.NewReader(strings.Repeat("x ", 10<<20)), strings.NewReader(end+`"}}`))
	}
	for end, want := range map[string]error{"": nil, token: ErrRefused} {
		if err := (Hook{In: long(end), Out: io.Discard, Err: io.Discard}).Run(); !errors.Is(err, want) {
			t.Errorf("%d bytes at the end: %v", len(end), err)
		}
	}
}

// TestPlaces decides by what git does with a file.
func TestPlaces(t *testing.T) {
	r := project(t)
	text := "a = \"" + token + "\"\n"
	r.Write("sub/deep/x.py", "")
	r.Write("later/x.py", "")
	r.Write("forced.env", "")
	r.Git("add", "-f", "forced.env")
	refuses := func(path string, want bool) {
		t.Helper()
		if got := write(t, r, path, text); (got != "") != want {
			t.Errorf("%s: %q", path, got)
		}
	}
	for path, refused := range map[string]bool{"main.py": true, "new/of/all.py": true, ".env": false, "new/.env": false, "later/y.py": false,
		"forced.env": true, ".git/config": true, ".git/x": true, ".env/../main.py": true, "sub/../.env": false, "link/.env": true, "link.env": true,
		"/etc/r8scan-test": true, "../outside/.env": true, ".gitignore": true} {
		refuses(path, refused)
	}
	t.Run("below", func(t *testing.T) { // the agent works in a folder of the work tree
		if got := ask(t, filepath.Join(r.Dir, "sub"), "Write", fields{"file_path": "../main.py", "content": text}); !strings.Contains(got, "an edit of main.py") {
			t.Error(got)
		}
	})
	t.Run("inner", func(t *testing.T) { // an inner repository has its own rules
		r.Git("init", "-q", "inner")
		r.Write("inner/.gitignore", "main.py\n")
		refuses("inner/main.py", false)
		refuses("inner/other.py", true)
	})
	t.Run("none", func(t *testing.T) {
		dir := t.TempDir()
		if got := ask(t, dir, "Write", fields{"file_path": "a.py", "content": text}); !strings.Contains(got, "without git") {
			t.Error(got)
		}
		if got := ask(t, dir, "Write", fields{"file_path": ".env", "content": text}); got != "" {
			t.Error(got)
		}
	})
	t.Run("damaged", func(t *testing.T) { // git may have a file if its index cannot be read
		if err := os.WriteFile(filepath.Join(r.Dir, ".git", "index"), []byte("DIRC"), 0o644); err != nil {
			t.Fatal(err)
		}
		refuses(".env", true)
	})
}

// TestHead goes by what is at HEAD: neither a configuration nor a comment that is
// only on disk counts.
func TestHead(t *testing.T) {
	r := project(t)
	r.Write("allowed.py", "a = \""+oldToken+"\"  # r8scan:allow\n")
	r.Write(".r8scan.yaml", "exclude: [docs/]\nrules:\n  off: [replicate-webhook-secret]\n")
	r.Git("add", ".")
	r.Git("commit", "-qm", "second")
	if err := os.Remove(filepath.Join(r.Dir, "allowed.py")); err != nil {
		t.Fatal(err)
	}
	id := keysID(token)
	r.Write(".r8scan.yaml", "allow:\n  - id: "+id+"\n    reason: mine\nexclude: [\"*.py\"]\n")
	for _, tt := range []struct {
		path, content string
		refused       bool
	}{
		{"allowed.py", "a = \"" + oldToken + "\"  # r8scan:allow\n", false},
		{"allowed.py", "a = \"" + token + "\"  # r8scan:allow\n", true},
		{"other.py", "a = \"" + oldToken + "\"  # r8scan:allow\n", true},
		{"docs/a.py", token, false},
		{"a.py", token, true},
		{"a.py", "token = \"r8_" + strings.Repeat("x", 37) + "\"", false}, // a placeholder
	} {
		if got := write(t, r, tt.path, tt.content); (got != "") != tt.refused {
			t.Errorf("%s: %q", tt.path, got)
		}
	}
}

func keysID(token string) string {
	return find("a = " + token)[0].Secret.ID()
}

// TestCommands tells commands that move a token or weaken checks from others.
func TestCommands(t *testing.T) {
	r := project(t)
	r.Write(".env", "REPLICATE_API_TOKEN="+token+"\n")
	t.Setenv("MY_TOKEN", token)
	encoded := base64.StdEncoding.EncodeToString([]byte("x=" + token))
	for command, refused := range map[string]bool{
		"ls -la":                              false,
		"cp .env .env.local.env":              false,
		"cp .env config.py":                   true,
		"cp main.py .env copies":              true,
		"cp -f .env sub/":                     true,
		"mv .env x.py && true":                true,
		"cat .env":                            false,
		"cat .env > b.env":                    false,
		"cat .env > main.py":                  true,
		"cat .env>>main.py":                   true,
		"cat .env | tee main.py":              true,
		"cat .env | sort | tail -1 > main.py": true,
		"printf '%s' \"$(cat .env)\" > x.py":  true,
		"source .env && echo done > log.txt":  false,
		"echo $MY_TOKEN > main.py":            true,
		"echo \"t=${MY_TOKEN}\" >> main.py":   true,
		"echo '$MY_TOKEN' >> main.py":         false,
		"echo $MY_TOKEN":                      false,
		"echo ok > log.txt":                   false,
		"curl -H \"Authorization: Bearer $MY_TOKEN\" https://api.replicate.com > out.json": false,
		"cat > main.py <<EOF\nt = '$MY_TOKEN'\nEOF":                                        true,
		"cat > main.py <<'EOF'\nt = '$MY_TOKEN'\nEOF":                                      false,
		"printenv > vars.txt":                      true,
		"env > vars.txt":                           true,
		"env FOO=1 make > log.txt":                 false,
		"printenv MY_TOKEN > a.txt":                true,
		"git add -f .env":                          true,
		"git add .env":                             false,
		"git add -A":                               false,
		"echo " + encoded + " | base64 -d":         true,
		"git commit -m 'no -n here'":               false,
		"git commit -nm x":                         true,
		"git commit --no-verify":                   true,
		"git push --no-verify":                     true,
		"git push -n":                              false,
		"git commit -uno -m x":                     false,
		"git config core.hooksPath /dev/null":      true,
		"git -c core.hooksPath=/dev/null commit":   true,
		"r8scan uninstall":                         true,
		"/usr/bin/r8scan uninstall --agent claude": true,
		"r8scan audit":                             false,
		"r8scan baseline -o x":                     true,
		"cat .r8scan.yaml":                         false,
		"sed -n 1p .r8scan.yaml":                   false,
		"sed -i s/a/b/ .r8scan.yaml":               true,
		"echo 'exclude: [x]' >> .r8scan.yaml":      true,
		"rm .claude/settings.json":                 true,
		"sudo rm -rf .git/hooks":                   true,
		"git diff .claude/settings.json":           false,
		"python3 -c 'x' > \".cursor/hooks.json\"":  true,
		"cd sub; ls > /dev/null":                   false,
		"":                                         false,
		"> main.py":                                false,
		"((":                                       false,
	} {
		if got := ask(t, r.Dir, "Bash", fields{"command": command}); (got != "") != refused {
			t.Errorf("%s: %q", strings.ReplaceAll(command, token, "TOKEN"), got)
		}
	}
	if got := ask(t, r.Dir, "shell", fields{"command": []any{"bash", "-c", "rm .r8scan.yaml"}}); got == "" {
		t.Error("a command in a list passes")
	}
}

// TestIgnoreRules refuses what would make git take a file with a token.
func TestIgnoreRules(t *testing.T) {
	r := project(t)
	r.Write("deep/down/.env", "A="+token+"\n")
	r.Write("later/plain.txt", "nothing\n")
	for after, refused := range map[string]bool{
		".env\n*.env\n!link.env\n/later/\n/dist/\n": false,
		".env\n*.env\n!link.env\n":                  false, // later/ has no token
		"*.env\n!link.env\n/later/\n":               true,
		".env\n*.env\n!link.env\n!deep/down/.env\n": true,
		"": true,
	} {
		if got := write(t, r, ".gitignore", after); (got != "") != refused {
			t.Errorf("%q: %q", after, got)
		}
	}
}

// TestLinkedSettings knows settings by the path of a link to them.
func TestLinkedSettings(t *testing.T) {
	r := project(t)
	r.Write("dotfiles/hooks.json", `{"version": 1, "hooks": {"preToolUse": [{"command": "r8scan agent"}]}}`)
	if err := os.Remove(filepath.Join(r.Dir, ".cursor", "hooks.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../dotfiles/hooks.json", filepath.Join(r.Dir, ".cursor", "hooks.json")); err != nil {
		t.Skip(err)
	}
	if got := write(t, r, ".cursor/hooks.json", "{}"); got == "" {
		t.Error("it passes")
	}
}

// TestNames finds a token in the name of a file.
func TestNames(t *testing.T) {
	r := project(t)
	if got := write(t, r, token+".txt", ""); got == "" {
		t.Error("a write passes")
	}
	patch := "*** Begin Patch\n*** Add File: later/" + token + "\n+x\n*** End Patch"
	if got := ask(t, r.Dir, "apply_patch", fields{"command": patch}); got == "" {
		t.Error("a patch passes")
	}
}

// TestSpelling joins edits of a file whose path is written in two ways.
func TestSpelling(t *testing.T) {
	r := project(t)
	got := ask(t, r.Dir, "multi_replace_string_in_file", fields{"replacements": []any{
		fields{"filePath": "main.py", "oldString": "client = None", "newString": "client = \"" + token[:20] + "xx\""},
		fields{"filePath": "./sub/../main.py", "oldString": "xx\"", "newString": token[20:] + "\""},
	}})
	if got == "" {
		t.Error("it passes")
	}
	r.Write("main.py", "client  =  \""+token[:20]+"\"  # half\n")
	if got := ask(t, r.Dir, "replace", fields{"file_path": "main.py", "old_string": "\" # half", "new_string": token[20:] + "\""}); got == "" {
		t.Error("an edit in spite of white space passes")
	}
}

// TestApply applies edits and patches.
func TestApply(t *testing.T) {
	for _, tt := range []struct {
		name, before string
		c            change
		after        string
		loose        int
	}{
		{"edit", "a b a", change{edits: []edit{{"a", "c", false}}}, "c b a", 0},
		{"all", "a b a", change{edits: []edit{{"a", "c", true}}}, "c b c", 0},
		{"windows", "a\r\nb\r\n", change{edits: []edit{{"a\nb", "c\nd", false}}}, "c\r\nd\r\n", 0},
		{"white space", "a  b", change{edits: []edit{{"a b", "c", false}}}, "c", 0},
		{"nowhere", "a", change{edits: []edit{{"x", "y", false}}}, "a", 1},
		{"new file", "", change{edits: []edit{{"", "x", false}}}, "x", 0},
		{"empty old", "a", change{edits: []edit{{"", "x", false}}}, "a", 1},
		{"hunk", "a\nb\nc\n", change{hunks: []hunk{{[]string{"b"}, []string{"B", "BB"}}}}, "a\nB\nBB\nc\n", 0},
		{"two hunks", "a\nb\na\n", change{hunks: []hunk{{[]string{"b", "a"}, []string{"x"}}, {[]string{"a"}, []string{"y"}}}}, "y\nx\n", 0},
		{"insertion", "a\n", change{hunks: []hunk{{nil, []string{"x"}}}}, "a\n", 1},
		{"indented", "\ta\n", change{hunks: []hunk{{[]string{"a"}, []string{"b"}}}}, "b\n", 0},
	} {
		after, loose, ok := tt.c.apply(tt.before)
		if !ok || after != tt.after || len(loose) != tt.loose {
			t.Errorf("%s: %q, %q", tt.name, after, loose)
		}
	}
	if got := undo("a c", []edit{{"b", "c", false}}); got != "a b" {
		t.Error(got)
	}
}

// TestHeavy refuses what takes too long to judge.
func TestHeavy(t *testing.T) {
	content := strings.Repeat("x = 1\n", 1<<17)
	for name, c := range map[string]change{
		"edits": {edits: make([]edit, 1000)},
		"hunks": {hunks: make([]hunk, 1000)},
	} {
		if _, _, ok := c.apply(content); ok {
			t.Errorf("%s: not refused", name)
		}
		if _, _, ok := c.apply("x = 1\n"); !ok {
			t.Errorf("%s of a small file are refused", name)
		}
	}
}

// TestPatch reads patches.
func TestPatch(t *testing.T) {
	changes, rest := parsePatch("*** Begin Patch\n*** Add File: a\n+1\n+2\n*** Delete File: b\n*** Update File: c\n*** Move to: d\n@@ def\n 1\n-2\n+3\n*** End of File\n*** End Patch\nmore\n")
	var got strings.Builder
	for _, c := range changes {
		content := "-"
		if c.content != nil {
			content = *c.content
		}
		fmt.Fprintf(&got, "%s %s %v %q %v\n", c.path, c.from, c.removed, content, c.hunks)
	}
	want := "a  false \"1\\n2\\n\" []\nb  true \"-\" []\nd c false \"-\" [{[1 2 more ] [1 3 more ]}]\n"
	if got.String() != want || rest != "" {
		t.Errorf("%q, %q", got.String(), rest)
	}
}

// FuzzHook never fails, never shows the token, and refuses each event in which the
// token is plain.
func FuzzHook(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "sessions", "*", "*.json"))
	if err != nil || len(files) < 50 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(fill(text, "/nowhere")))
	}
	f.Fuzz(func(t *testing.T, event []byte) {
		var out bytes.Buffer
		if err := (Hook{In: bytes.NewReader(event), Out: &out, Err: &out}).Run(); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(out.Bytes(), []byte(token)) {
			t.Fatalf("the answer has the token: %s", out.Bytes())
		}
		if bytes.Contains(out.Bytes(), []byte("please report")) {
			t.Fatal("it failed")
		}
	})
}

// FuzzPatch reads and applies any patch.
func FuzzPatch(f *testing.F) {
	f.Add("*** Begin Patch\n*** Update File: a\n@@\n a\n-b\n+c\n*** End Patch", "a\nb\n")
	f.Add("*** Add File: x\n+y\n*** Move to: z", "")
	f.Fuzz(func(t *testing.T, patch, before string) {
		changes, _ := parsePatch(patch)
		for _, c := range changes {
			c.apply(before)
		}
	})
}
