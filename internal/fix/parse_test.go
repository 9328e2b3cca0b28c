package fix

import (
	"bytes"
	"encoding/json"
	"go/format"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

// parsers are the programs that parse a language, by the extension of its files.
// FILE stands for the file.
var parsers = map[string][]string{
	".py":   {"python3", "-c", "import ast, sys; ast.parse(open(sys.argv[1], 'rb').read())", "FILE"},
	".js":   {"node", "--check", "FILE"},
	".mjs":  {"node", "--check", "FILE"},
	".cjs":  {"node", "--check", "FILE"},
	".rb":   {"ruby", "-c", "FILE"},
	".php":  {"php", "-l", "FILE"},
	".sh":   {"bash", "-n", "FILE"},
	".fish": {"fish", "-n", "FILE"},
	".tf":   {"terraform", "fmt", "-check", "-no-color", "FILE"},
	".java": {"javac", "-d", ".", "FILE"},
	".rs":   {"rustc", "--edition", "2021", "--emit", "metadata", "-A", "warnings", "FILE"},
	".ts":   {"node", "-e", typescript, "FILE"},
	".ps1":  {"pwsh", "-NoProfile", "-Command", "$e = $null; [void][System.Management.Automation.Language.Parser]::ParseFile('FILE', [ref]$null, [ref]$e); if ($e) { exit 1 }"},
}

// typescript parses a file with the module of that name.
const typescript = `let ts; try { ts = require("typescript") } catch { process.exit(77) }
const out = ts.transpileModule(require("fs").readFileSync(process.argv[1], "utf8"), { reportDiagnostics: true, compilerOptions: { module: "esnext", target: "esnext" } });
process.exit(out.diagnostics.length ? 1 : 0)`

// slow are the programs that only .ci/fix starts, which sets R8SCAN_PARSERS.
var slow = map[string]bool{"javac": true, "rustc": true, "terraform": true, "pwsh": true, "actionlint": true}

// noParser is the exit code of a program without what it needs.
const noParser = 77

// parses reports whether a file of the corpus is valid; ok is false if no parser is
// here.
func parses(t *testing.T, name, text string) (valid, ok bool) {
	dir := t.TempDir()
	file := filepath.Join(dir, path.Base(name))
	if path.Ext(name) == ".js" && strings.Contains(text, "import ") {
		file = filepath.Join(dir, "module.mjs")
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	command := parsers[path.Ext(name)]
	if strings.Contains(name, ".github/workflows/") {
		command = []string{"actionlint", "-no-color", "-shellcheck=", "-pyflakes=", "FILE"}
	}
	if command == nil || slow[command[0]] && os.Getenv("R8SCAN_PARSERS") == "" {
		return false, false
	}
	if _, err := exec.LookPath(command[0]); err != nil {
		return false, false
	}
	args := []string{}
	for _, a := range command[1:] {
		args = append(args, strings.ReplaceAll(a, "FILE", file))
	}
	cmd := exec.Command(command[0], args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == noParser {
		return false, false
	}
	if err != nil {
		t.Logf("%s: %v: %s", name, err, emptied(string(out)))
	}
	return err == nil, true
}

// TestParses: what a language's own parser takes, it takes when it is fixed.
func TestParses(t *testing.T) {
	if testing.Short() {
		t.Skip("starts other programs")
	}
	missing, checked := map[string]bool{}, map[string]int{}
	for _, e := range corpus(t) {
		before := filled(e.before)
		r := revised(e.name, before)
		if string(r.text) == before {
			continue
		}
		ext := path.Ext(e.name)
		switch ext {
		case ".go":
			if was, err := format.Source([]byte(before)); err != nil || string(was) != before {
				t.Errorf("%s is not formatted: %v", e.name, err)
			} else if is, err := format.Source(r.text); err != nil || !bytes.Equal(is, r.text) {
				t.Errorf("%s is no longer formatted: %v", e.name, err)
			}
		case ".json":
			if json.Valid([]byte(before)) && !json.Valid(r.text) {
				t.Errorf("%s is no JSON any more", e.name)
			}
		case ".yml", ".yaml":
			if _, ok := parseYAML(r.text); !ok {
				t.Errorf("%s is no YAML any more", e.name)
			}
		}
		valid, ok := parses(t, e.name, string(r.text))
		if !ok {
			missing[ext] = true
			continue
		}
		if !valid {
			if was, _ := parses(t, e.name, before); was { // some examples show what is left alone
				t.Errorf("%s is not valid any more:\n%s", e.name, emptied(string(r.text)))
			}
			continue
		}
		checked[ext]++
	}
	t.Logf("parsed: %v; no parser: %v", checked, missing)
	for ext := range parsers {
		if checked[ext] == 0 && !missing[ext] {
			t.Errorf("no valid file %s was parsed", ext)
		}
	}
	if os.Getenv("CI") != "" {
		for _, ext := range strings.Fields(os.Getenv("R8SCAN_PARSERS")) {
			if checked[ext] == 0 {
				t.Errorf("no parser for %s", ext)
			}
		}
	}
}

// TestRuns: a program writes the same before and after, if the variable is set.
func TestRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("starts other programs")
	}
	programs := map[string]string{".py": "python3", ".mjs": "node", ".cjs": "node", ".sh": "bash", ".rb": "ruby", ".php": "php"}
	for _, e := range corpus(t) {
		if e.corpus != "run.txt" {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			program := programs[path.Ext(e.name)]
			if _, err := exec.LookPath(program); err != nil {
				t.Skipf("no %s", program)
			}
			before := filled(e.before)
			r := revised(e.name, before)
			for _, target := range r.targets {
				if target.why != "" {
					t.Errorf("a token is left: %s", target.why)
				}
			}
			was, is := written(t, program, e.name, before), written(t, program, e.name, string(r.text))
			if was != is || !strings.Contains(was, gittest.Token(1)) {
				t.Errorf("it wrote\n%s\nand writes\n%s", emptied(was), emptied(is))
			}
		})
	}
}

// written runs a program with the variable set and returns what it writes.
func written(t *testing.T, program, name, text string) string {
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, file)
	cmd.Env = append(os.Environ(), "REPLICATE_API_TOKEN="+gittest.Token(1))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v: %s", program, name, err, emptied(string(out)))
	}
	return string(out)
}
