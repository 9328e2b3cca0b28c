package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"r8scan/internal/ask"
	"r8scan/rules"
)

// forms are how programs write text files.
var forms = map[string]func(string) string{
	"as it is":             func(s string) string { return s },
	"UTF-8, mark":          func(s string) string { return "\ufeff" + s },
	"UTF-16LE, mark":       func(s string) string { return wide("\ufeff"+s, false) },
	"UTF-16BE, mark":       func(s string) string { return wide("\ufeff"+s, true) },
	"UTF-16LE":             func(s string) string { return wide(s, false) },
	"UTF-16BE":             func(s string) string { return wide(s, true) },
	"CRLF":                 func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
	"CR":                   func(s string) string { return strings.ReplaceAll(s, "\n", "\r") },
	"UTF-16LE, mark, CR":   func(s string) string { return wide("\ufeff"+strings.ReplaceAll(s, "\n", "\r"), false) },
	"UTF-16LE, PowerShell": func(s string) string { return wide("\ufeff"+strings.ReplaceAll(s, "\n", "\r\n"), false) },
}

func wide(s string, bigEndian bool) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		pair := []byte{byte(u), byte(u >> 8)}
		if bigEndian {
			slices.Reverse(pair)
		}
		out = append(out, pair...)
	}
	return string(out)
}

// TestForms makes sure that each file that a user gives is read in every form.
func TestForms(t *testing.T) {
	token, other := seededToken(1), seededToken(2)
	ids := []string{rules.NewSecret(token, 5).ID(), rules.NewSecret(other, 5).ID()}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			_, dir := sickbed(t)
			writeFile(t, "leak.txt", "a "+token+"\nb "+other+"\n", 0o600)
			code, saved, _ := runCommand(t, "", "files", "leak.txt", "-f", "json")
			if code != exitFound {
				t.Fatalf("exit %d", code)
			}
			writeFile(t, "saved.json", form(saved), 0o600)
			for _, in := range []struct{ stdin, path string }{{"", "saved.json"}, {form(saved), "-"}} {
				code, out, errs := runCommand(t, in.stdin, "report", in.path, "-f", "json")
				if code != exitClean || out != saved {
					t.Errorf("report %s: exit %d, %s", in.path, code, errs)
				}
			}
			writeFile(t, "base", form("# é€\n"+ids[0]+" why\n"+ids[1]+"\n"), 0o600)
			if code, _, errs := runCommand(t, "", "files", "leak.txt", "--baseline", "base"); code != exitClean {
				t.Errorf("baseline: exit %d, %s", code, errs)
			}
			config := form("# é€\nallow:\n- id: \"" + ids[0] + "\"\n  reason: ü\n- id: \"" + ids[1] + "\"\n  reason: x\n")
			writeFile(t, "config.yaml", config, 0o600)
			if code, _, errs := runCommand(t, "", "files", "leak.txt", "--config", "config.yaml"); code != exitClean {
				t.Errorf("configuration: exit %d, %s", code, errs)
			}
			writeFile(t, filepath.Join("sub", ".r8scan.yaml"), config, 0o600)
			writeFile(t, filepath.Join("sub", "leak.txt"), token, 0o600)
			t.Chdir("sub")
			if code, _, errs := runCommand(t, "", "files", "."); code != exitClean {
				t.Errorf("own configuration: exit %d, %s", code, errs)
			}
			t.Chdir(dir)
			writeFile(t, ".env", form("A=b\n"+ask.TokenVariable+"="+token+"\n"), 0o600)
			_, out := diagnose(t, []string{token})
			wantAll(t, out, ".env: sets REPLICATE_API_TOKEN, but the environment does not")
			if strings.Contains(out, "is written as UTF-") != strings.HasPrefix(name, "UTF-") {
				t.Errorf("doctor does not warn about the form:\n%s", out)
			}
		})
	}
}

// TestTokenForms makes sure that verify reads its input line by line in every form.
func TestTokenForms(t *testing.T) {
	sickbed(t)
	tokens := []string{seededToken(1), seededToken(2)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer server.Close()
	for name, form := range forms {
		_, out, errs := runCommand(t, form(tokens[0]+"\n\n"+tokens[1]+"\n"), "verify", "--api-url", server.URL, "-f", "json")
		for _, token := range tokens {
			if !strings.Contains(out, rules.NewSecret(token, 5).ID()) {
				t.Errorf("%s: %s%s", name, out, errs)
			}
		}
		if strings.Contains(out, "invisible") {
			t.Errorf("%s: the mark counts as a part of the token: %s", name, out)
		}
	}
}

// TestEventForms makes sure that a workflow's event is read in every form.
func TestEventForms(t *testing.T) {
	sickbed(t)
	for name, form := range forms {
		payload, err := json.Marshal(map[string]any{"ref": "é\n"})
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, "event.json", form(string(payload)), 0o600)
		t.Setenv("GITHUB_EVENT_PATH", "event.json")
		if _, _, errs := runCommand(t, "", "history", "--github-event"); !strings.Contains(errs, "so it names no commits") {
			t.Errorf("%s: %s", name, errs)
		}
	}
}
