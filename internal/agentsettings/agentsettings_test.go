package agentsettings

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscale/hujson"
)

// TestRoundTrip installs into files of several forms, twice, and uninstalls: the
// file is as it was.
func TestRoundTrip(t *testing.T) {
	for name, text := range map[string]string{
		"empty object": "{}\n",
		"other hooks":  "{\n  \"hooks\": {\n    \"PreToolUse\": [\n      {\n        \"matcher\": \"Bash\",\n        \"hooks\": [{\"type\": \"command\", \"command\": \"lint\"}]\n      }\n    ]\n  },\n  \"model\": \"x\"\n}\n",
		"comments":     "// mine\n{\n\t// theme\n\t\"theme\": \"dark\", // why\n\t\"list\": [1, 2,],\n\t/* last */ \"z\": null\n}\n",
		"last comment": "// mine\n{\n  \"theme\": \"dark\" // at night\n}\n",
		"one line":     `{"a": {"b": [1]}}`,
		"windows":      "{\r\n    \"a\": 1\r\n}\r\n",
	} {
		for _, s := range specs {
			t.Run(name+"/"+s.name, func(t *testing.T) {
				d, err := parse([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				if err := d.add(s, "r8scan agent"); err != nil {
					t.Fatal(err)
				}
				with := d.bytes()
				if d, err = parse(with); err != nil {
					t.Fatalf("%v in\n%s", err, with)
				}
				if !d.has(s, "r8scan agent") || d.has(s, "/bin/r8scan agent") {
					t.Fatalf("not installed in\n%s", with)
				}
				std, err := hujson.Standardize(bytes.Clone(with))
				var v map[string]any
				if err != nil || json.Unmarshal(std, &v) != nil {
					t.Fatalf("%v in\n%s", err, with)
				}
				if removed, err := d.remove(); !removed || err != nil {
					t.Fatal(removed, err)
				}
				got := string(d.bytes()) // a version stays
				if !s.version && (squeeze(got) != squeeze(text) || strings.Count(text, "\n") > 2 && text != got) {
					t.Errorf("was\n%q\nis\n%q", text, got)
				}
			})
		}
	}
}

// squeeze leaves out white space, and commas before a brace.
func squeeze(s string) string {
	s = strings.Join(strings.Fields(s), "")
	return strings.ReplaceAll(s, ",}", "}")
}

// TestInstall writes and removes a file, and leaves what is damaged as it is.
func TestInstall(t *testing.T) {
	for _, name := range Names() {
		dir := t.TempDir()
		var out bytes.Buffer
		i := Installer{Out: &out, Agent: name}
		path := filepath.Join(dir, filepath.FromSlash(byName(name).project))
		if err := i.Install(context.Background(), dir); err != nil {
			t.Fatal(err)
		}
		first, err := os.ReadFile(path)
		if err != nil || Weaker(string(first), "{}") == "" || Weaker(string(first), string(first)+"\n// more\n") != "" {
			t.Fatalf("%s: %v", first, err)
		}
		if err := i.Install(context.Background(), dir); err != nil || !strings.Contains(out.String(), "already installed") {
			t.Error(err, out.String())
		}
		if again, _ := os.ReadFile(path); !bytes.Equal(first, again) {
			t.Errorf("the second install changed %s", path)
		}
		if err := i.Uninstall(context.Background(), dir); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s is left", path)
		}
		for _, damaged := range []string{`{"hooks": `, `[]`, `{"hooks": []}`, `{"hooks": {"PreToolUse": {}, "BeforeTool": 1, "preToolUse": ""}}`, `{"hooks": {}, "hooks": {}}`} {
			if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := i.Install(context.Background(), dir); err == nil || !strings.Contains(err.Error(), "nothing was written") {
				t.Errorf("%s: %v", damaged, err)
			}
			if text, _ := os.ReadFile(path); string(text) != damaged {
				t.Errorf("%s became %s", damaged, text)
			}
		}
	}
	if err := (Installer{Agent: "none"}).Install(context.Background(), t.TempDir()); err == nil {
		t.Error("no error for an unknown agent")
	}
}

// TestInstallLink does not write through a link that leads out of the repository.
func TestInstallLink(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, ".claude")); err != nil {
		t.Skip(err)
	}
	if err := (Installer{Out: &bytes.Buffer{}, Agent: "claude"}).Install(context.Background(), dir); err == nil {
		t.Error("no error")
	}
	if entries, err := os.ReadDir(outside); len(entries) != 0 || err != nil {
		t.Error(entries, err)
	}
}

// TestWeaker finds what takes the hook out or switches it off.
func TestWeaker(t *testing.T) {
	d, err := parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.add(byName("claude"), "/usr/bin/r8scan agent"); err != nil {
		t.Fatal(err)
	}
	with := string(d.bytes())
	for after, weaker := range map[string]bool{
		with: false,
		strings.Replace(with, "{", `{"model": "x",`, 1):             false,
		strings.Replace(with, "{", `{"disableAllHooks" : true,`, 1): true,
		strings.Replace(with, `"*"`, `"Read"`, 1):                   true,
		strings.Replace(with, "/usr/bin/r8scan agent", "true", 1):   true,
		strings.Replace(with, "PreToolUse", "PreToolUse_", 1):       true,
		with[:len(with)/2]: true,
		strings.Replace(with, "{", "{ // a comment: \"disableAllHooks\": true\n", 1):    false,
		strings.Replace(with, "/usr/bin/r8scan agent", "echo /usr/bin/r8scan agent", 1): true,
		"": true,
	} {
		if why := Weaker(with, after); (why != "") != weaker {
			t.Errorf("%q: in\n%s", why, after)
		}
	}
	if why := Weaker("[features]\nhooks = true\n", "[features]\nhooks = false\n"); why == "" {
		t.Error("hooks = false passes")
	}
	for _, text := range []string{`{"hooksConfig": {"x": 1, "enabled": false}}`, `{"hooks": {"disabled": ["a", "r8scan"]}}`, `{"chat.useHooks": false, // mine
}`, `{"chat.hookFilesLocations": {".github/hooks": false}}`} {
		if Weaker("", text) == "" {
			t.Errorf("%s passes", text)
		}
	}
	for path, are := range map[string]bool{".claude/settings.json": true, "a/.claude/settings.local.json": true, ".github/hooks/mine.json": true,
		"Sub/.Cursor/Hooks.json": true, "settings.json": false, ".claude/commands/a.md": false, ".github/hooks.json": false} {
		if Are(path) != are {
			t.Error(path)
		}
	}
}

// FuzzDocument installs into any text: what was there stays.
func FuzzDocument(f *testing.F) {
	for _, seed := range []string{"{}", `{"hooks": {"PreToolUse": [{"hooks": [{"command": "r8scan agent"}]}]}}`, "{\"a\": 1, // b\n}", `{"hooks": {"a/b": [{"command": "r8scan agent"}]}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parse([]byte(text))
		if err != nil {
			return
		}
		for _, s := range specs {
			if d.add(s, "r8scan agent") != nil {
				return
			}
		}
		if _, err := parse(d.bytes()); err != nil {
			t.Fatalf("%v in %q", err, d.bytes())
		}
		_, _ = d.remove()
		Weaker(text, string(d.bytes()))
	})
}
