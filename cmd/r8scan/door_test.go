package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"unicode"

	"r8scan/internal/ask"
	"r8scan/report"
)

// TestSavedResultShowsNoToken replaces each text and name of a saved result in turn by
// a token, or a part of one, and reads the result with every command that takes one.
func TestSavedResultShowsNoToken(t *testing.T) {
	_, dir := sickbed(t)
	newFakeAPI(t, nil)
	token := seededToken(5)
	writeFile(t, filepath.Join(dir, "a.py"), "K="+seededToken(6), 0o600)
	writeFile(t, filepath.Join(dir, "bad.zip"), "PK\x03\x04 cut short", 0o600)
	_, saved, _ := runCommand(t, "", "files", "-f", "json", ".")
	var doc map[string]any
	if err := json.Unmarshal([]byte(saved), &doc); err != nil {
		t.Fatal(err)
	}
	finding := doc["findings"].([]any)[0].(map[string]any)
	event := map[string]any{"commit": "c", "date": "2024-01-02T03:04:05Z", "author": "a", "path": "p"}
	finding["history"] = map[string]any{"introduced": event, "removed": event, "reachable": true, "refs": []any{"r"}}
	finding["verification"] = map[string]any{"status": "live", "reason": "r", "account": map[string]any{"type": "user", "username": "u", "name": "n"}}
	finding["recheck"] = map[string]any{"state": "there", "before": map[string]any{"status": "live", "reason": "r", "account": map[string]any{"type": "user", "username": "u", "name": "n"}}}
	doc["rechecked"] = map[string]any{"scanned_at": "2024-01-02T03:04:05Z", "scanned_by": map[string]any{"name": "n", "version": "v"}}
	doc["allowed"] = []any{map[string]any{"token_id": finding["token_id"], "rule": "r", "by": "b", "reason": "r", "locations": finding["locations"]}}
	doc["left_out"] = map[string]any{"placeholder": 3}
	doc["asked"] = map[string]any{"host": "h", "handling": "x"}
	doc["coverage"].(map[string]any)["accepted"] = []any{map[string]any{"what": "w", "reason": "r", "accepted": "a"}}
	places := 0
	for _, text := range []string{token, "/" + strings.Repeat("a", 240) + token + "/x", token[:36], token[:20] + "…", token[:38] + strings.Repeat("*", 140)} {
		places = eachText(doc, text, func(changed string) {
			for _, args := range [][]string{{"report", "-v"}, {"report", "-f", "json"}, {"report", "-f", "jsonl"}, {"report", "-f", "sarif"}, {"report", "-f", "markdown"}, {"report", "-f", "github"}, {"recheck", "-"}, {"recheck", "-", "-f", "json"}} {
				_, out, errs := runCommand(t, changed, args...)
				if form := shows(out+errs, token); form != "" {
					t.Errorf("%v shows a token in %s: %s", args, form, strings.ReplaceAll(out+errs, text, "TOKEN"))
				}
			}
		})
	}
	if places < 40 {
		t.Errorf("%d texts were changed", places)
	}
}

// eachText calls with for every text and name in doc, with the JSON in which it is
// replaced by text. It returns the number of calls.
func eachText(doc any, text string, with func(changed string)) int {
	n := 0
	whole := func() {
		n++
		data, err := json.Marshal(doc)
		if err != nil {
			panic(err)
		}
		with(string(data))
	}
	var walk func(v any, set func(any))
	walk = func(v any, set func(any)) {
		switch v := v.(type) {
		case string:
			set(text)
			whole()
			set(v)
		case []any:
			for i := range v {
				walk(v[i], func(x any) { v[i] = x })
			}
		case map[string]any:
			for key, value := range v {
				walk(value, func(x any) { v[key] = x })
				delete(v, key)
				v[text] = value
				whole()
				delete(v, text)
				v[key] = value
			}
		}
	}
	walk(doc, nil)
	return n
}

// TestCutNamesShowNoToken makes sure that no part of a token shows when the name of a
// member is cut, wherever the cut is.
func TestCutNamesShowNoToken(t *testing.T) {
	_, dir := sickbed(t)
	token := seededToken(7)
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for at := 256 - 45; at < 260; at++ {
		for _, tail := range []string{"/x.env", "/\x01\u202e.env", "", "\xff/x.zip"} {
			w, err := z.Create(strings.Repeat("d", at) + "/" + token + tail)
			if err != nil {
				t.Fatal(err)
			}
			text := "KEY=" + seededToken(8)
			if strings.HasSuffix(tail, ".zip") {
				text = "PK\x03\x04broken"
			}
			fmt.Fprint(w, text)
		}
	}
	wide := strings.Join(strings.Split(token, ""), "\x00") + "\x00"
	w, err := z.Create(wide + ".env")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, "KEY="+seededToken(8))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "a.zip"), b.String(), 0o600)
	for _, format := range report.Formats() {
		_, out, errs := runCommand(t, "", "files", "-v", "-f", format, ".")
		// Without escaped characters, a reader could put the rest together.
		plain := regexp.MustCompile(`\\+(u0000|x00)`).ReplaceAllString(out+errs, "")
		if form := shows(plain, token); form != "" {
			t.Errorf("%s shows the token in %s", format, form)
		}
	}
}

// TestErrorsShowNoToken makes sure that errors show no token in what they name.
func TestErrorsShowNoToken(t *testing.T) {
	home, dir := sickbed(t)
	newFakeAPI(t, nil)
	token := seededToken(9)
	t.Setenv("PRE_COMMIT", "")
	in := filepath.Join(home, "dir "+token, token)
	writeFile(t, filepath.Join(in, "list"), token+" "+token+"\n", 0o600)
	writeFile(t, filepath.Join(in, "event.json"), `{"after":"`+strings.Repeat("1", 40)+`","ref":"`+token+`","repository":{"default_branch":"`+token+`"}}`, 0o600)
	writeFile(t, filepath.Join(in, "bad.json"), `{"schema":"`+token[:17]+`"}`, 0o600)
	writeFile(t, filepath.Join(in, "bad2.json"), `{"schema":"r8scan/1","tool":{"name":"x"},"findings":[{"confidence":"`+token+`"}]}`, 0o600)
	for i, text := range []string{token + ": 1", "exclude: ['" + token + "[']", "exclude: [*" + token + "]", "allow: [{id: " + token + ", reason: x}]", "rules: {off: [" + token + "]}",
		token, "? " + token + "\n? " + token, "allow: [{id: 0123456789abcdef, reason: x, " + token + ": y}]", "unread: [{what: '**', reason: " + token + "}]", "a: &" + token + " !<" + token + "> {", "\"" + token} {
		writeFile(t, filepath.Join(in, fmt.Sprint(i, ".yaml")), text, 0o600)
	}
	t.Setenv("GITHUB_EVENT_PATH", filepath.Join(in, "event.json"))
	commands := [][]string{
		{"audit", "--baseline", filepath.Join(in, "list")}, {"audit", "--baseline", filepath.Join(in, "none")}, {"audit", "--baseline", in}, {"audit", "--config", in},
		{"baseline", "-o", filepath.Join(in, "list")}, {"baseline", "-o", filepath.Join(in, "no", "x")}, {"baseline", in},
		{"report", filepath.Join(in, "bad.json")}, {"report", filepath.Join(in, "bad2.json")}, {"report", in}, {"recheck", filepath.Join(in, "bad.json")}, {"recheck", in},
		{"history", "--github-event", dir}, {"history", "--github-event"}, {"history", "--range", token + "..." + token, in}, {"history", "--range", token + "~x^{" + token + "}"},
		{"audit", in, "-f", "sarif"}, {"history", in}, {"files", in, "-f", "sarif"}, {"staged", in}, {"install", in}, {"uninstall", in}, {"install", filepath.Join(in, "list")},
		{"audit", "--include", token + "["}, {"audit", "-j", token}, {"audit", "--min-confidence", token}, {"audit", "--verify=" + token}, {"audit", "--no-cache=" + token},
		{"verify", "--api-url", "https://u:" + token + "@host"}, {"verify", "--api-url", "https://host:" + token}, {"verify", "--api-url", "https://" + token + ".invalid:99999/" + token}, {"doctor", "--api-url", token},
		{"__complete", "audit", "--" + token, ""}, {"__complete", "audit", "--format", token}, {"__completeNoDesc", token, "-" + token}, {"completion", token}, {"completion", "bash", token}, {"help", "audit", token},
		{"audit", "--fail-on=" + token[:36]}, {"audit", "-f", token[:30]}, {token[:25]}, {"receive", "--timeout=" + token}, {"push", "origin", "https://" + token + "@host/" + token},
		{"staged", "--config", filepath.Join(in, "0.yaml\n::x")},
	}
	for i := range 11 {
		commands = append(commands, []string{"audit", "--config", filepath.Join(in, fmt.Sprint(i, ".yaml"))})
	}
	zeros, id := strings.Repeat("0", 40), strings.Repeat("1", 40)
	line := "refs/heads/" + token + " " + id + " refs/heads/" + token + " " + zeros + "\n"
	for _, folder := range []string{dir, in} {
		t.Chdir(folder)
		for _, git := range []bool{false, true} {
			if git {
				if out, err := exec.Command("git", "init", "-q").CombinedOutput(); err != nil {
					t.Skip("no git to make a repository with:", err, string(out))
				}
			}
			for _, args := range commands {
				for _, input := range []string{line, token + " " + token + "\n"} {
					_, out, errs := runCommand(t, input, args...)
					if form := shows(out+errs, token); form != "" {
						t.Errorf("%s: the token is shown in %s: %s", strings.ReplaceAll(strings.Join(args, " "), token, "TOKEN"), form, strings.ReplaceAll(out+errs, token, "TOKEN"))
					}
				}
			}
		}
	}
}

// TestNoCommandGivesOrders names files, members, refs, people and reasons like commands
// of runners and terminals. No output has a line that begins like one, or a character
// that changes what is shown.
func TestNoCommandGivesOrders(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this system does not allow such names")
	}
	home, dir := sickbed(t)
	newFakeAPI(t, nil)
	names := []string{"::stop-commands::x", " ::add-mask::b", "\t::x::", "a\n::set-env name=a::b", "a\r::x::y", "\f::y::z", "\u0085::z", "\u2028::q::", "\u00a0::n::", "##[stop]x", "x##[add-mask]y",
		"##vso[task.setvariable variable=a]b", "##teamcity[x]", "section_start:1:x\r\x1b[0K", ":", "\u200f::r::", "\u2067::i\u2069", "\u061c::a::", "\u009b31m::b"}
	token := seededToken(10)
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		writeFile(t, filepath.Join(dir, name), "T="+token, 0o600)
		writeFile(t, filepath.Join(dir, ".env"+name), ask.TokenVariable+"="+token, 0o600)
		for _, suffix := range []string{"", ".zip"} {
			w, err := z.Create(name + suffix)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(w, map[string]string{"": "T=" + token, ".zip": "PK\x03\x04broken"}[suffix])
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "::members.zip"), b.String(), 0o600)
	writeFile(t, filepath.Join(dir, ".r8scan.yaml"), "allow: [{id: 0123456789abcdef, reason: \"\\n::x\"}]\nunread: [{what: '::mem*', reason: '::r'}]\n", 0o600)
	writeFile(t, filepath.Join(home, "bad.yaml"), "\"\\n::x\": 1", 0o600)
	git := func(args ...string) string {
		t.Helper()
		args = append([]string{"-c", "user.name=::warning::author", "-c", "user.email=##[x]y"}, args...)
		out, err := exec.Command("git", args...).CombinedOutput()
		if err != nil {
			t.Skip("no git to make a repository with:", err, string(out))
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q", "-b", "main")
	git("add", ".")
	check := func(input string, args ...string) {
		t.Helper()
		_, out, errs := runCommand(t, input, args...)
		if strings.Contains(strings.Join(args, " "), "-f github") {
			out = ""
		}
		if bad := ordered(out + "\n" + errs); bad != "" {
			t.Errorf("%q gives the line %q", args, bad)
		}
	}
	check("", "staged")
	check("", "staged", "-v")
	git("commit", "-q", "--no-verify", "-m", "::m\n::n")
	head := git("rev-parse", "HEAD")
	writeFile(t, filepath.Join(dir, ".git", "packed-refs"), "# pack-refs with: peeled fully-peeled sorted \n"+head+" refs/heads/##[x]\n"+head+" refs/heads/::y\n"+head+" ::z\n", 0o600)
	for _, command := range []string{"audit", "history", "files", "push"} {
		for _, format := range report.Formats() {
			check("", command, "-f", format)
			check("", command, "-v", "-f", format)
		}
	}
	zeros := strings.Repeat("0", 40)
	for _, ref := range []string{"refs/heads/::x", "::x", "##[x]", " ::x::", "refs/heads/\u202e"} {
		check(ref+" "+head+" "+ref+" "+zeros+"\n", "push", "::origin", "::url::")
		check(zeros+" "+head+" "+ref+"\n", "receive")
		check("", "history", "--range", ref)
	}
	for _, args := range [][]string{{"audit", "--config", ".r8scan.yaml", "-v"}, {"audit", "--config", filepath.Join(home, "bad.yaml")}, {"doctor"}, {"doctor", "-f", "json"}, {"doctor", "--offline"},
		{"install", "\n::x"}, {"install"}, {"uninstall"}, {"\n::x"}, {"audit", "--\n::x"}, {"audit", "-o", "a\n::x/y"}, {"files", "\n::none"}, {"recheck", "\n::x"}, {"report", "\r::x"}, {"help", "\n::x"}, {"baseline", "-v"},
		{"verify", "--from", "\n::x"}, {"__complete", "audit", "--\n::x", ""}} {
		check("", args...)
	}
}

// order matches what a runner obeys at the start of a line, or anywhere.
var order = regexp.MustCompile(`(?m)^[\s\v]*(::|##[^ #]|section_).*|.*##(vso|teamcity)?\[.*`)

// ordered returns a line of text that a runner, a terminal or a viewer may obey; "" if
// there is none.
func ordered(text string) string {
	text = strings.NewReplacer("\r", "\n", "\u0085", "\n\u0085", "\u2028", "\n\u2028").Replace(text)
	if line := order.FindString(text); line != "" {
		return line
	}
	for line := range strings.Lines(text) {
		if strings.ContainsFunc(line, func(r rune) bool {
			return r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
		}) {
			return line
		}
	}
	return ""
}
