package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "r8scan"
	top    = "../.."
)

// layers says which of the module's packages each package may import. A package is
// above all that it may import.
var layers = map[string][]string{
	"cmd/r8scan":             {"internal/agent", "internal/agentsettings", "internal/ask", "internal/budget", "internal/doctor", "internal/door", "internal/excerpt", "internal/fix", "internal/hooks", "internal/interrupt", "internal/keypage", "internal/lsp", "internal/machine", "internal/output", "internal/policy", "internal/progress", "internal/start", "internal/terminal", "internal/version", "report", "result", "rules", "scanner", "verifier"},
	"internal/agent":         {"internal/advice", "internal/agentsettings", "internal/budget", "internal/door", "internal/git/odb", "internal/git/repo", "internal/git/wire", "internal/hooks", "internal/policy", "internal/regular", "internal/search", "result", "rules"},
	"internal/agentsettings": {"internal/door", "internal/git/repo", "internal/home", "internal/output", "internal/regular", "internal/shell"},
	"internal/doctor":        {"internal/advice", "internal/ask", "internal/cog", "internal/door", "internal/hooks", "internal/pattern", "internal/plain", "internal/regular", "internal/shell", "internal/terminal", "report", "result", "rules", "scanner", "verifier"},
	"internal/fix":           {"internal/advice", "internal/dockerfile", "internal/door", "internal/git/repo", "internal/git/wire", "internal/output", "internal/pattern", "internal/plain", "internal/regular", "internal/search", "internal/terminal", "report", "result", "rules", "scanner"},
	"internal/lsp":           {"internal/advice", "internal/door", "internal/fix", "internal/policy", "internal/regular", "internal/search", "report", "result", "rules", "scanner"},
	"internal/ask":           {"internal/door", "internal/plain", "internal/terminal", "report", "result", "rules", "scanner", "verifier"},
	"internal/keypage":       {"internal/ask", "internal/door", "internal/page", "internal/terminal", "report", "rules", "verifier"},
	"internal/hooks":         {"internal/door", "internal/git/repo", "internal/home", "internal/output", "internal/plain", "internal/regular", "internal/shell", "internal/terminal", "result", "scanner"},
	"internal/excerpt":       {"internal/pattern", "internal/plain", "internal/regular", "internal/search", "result", "rules"},
	"internal/progress":      {"internal/terminal", "scanner"},
	"report":                 {"internal/advice", "internal/door", "internal/home", "internal/page", "internal/pattern", "internal/plain", "internal/shell", "internal/terminal", "result", "rules"},
	"internal/advice":        {"internal/pattern", "internal/shell", "internal/terminal", "result", "rules"},
	"scanner":                {"internal/budget", "internal/collect", "internal/forge", "internal/policy", "internal/regular", "internal/source", "internal/visits", "result", "rules"},
	"internal/source":        {"internal/archive", "internal/budget", "internal/collect", "internal/forge", "internal/git/fetch", "internal/git/history", "internal/git/odb", "internal/git/outline", "internal/git/repo", "internal/git/revision", "internal/git/treediff", "internal/git/wire", "internal/oci", "internal/packcache", "internal/policy", "internal/pool", "internal/regular", "internal/search", "internal/texts", "internal/visits", "result", "rules"},
	"internal/collect":       {"internal/budget", "internal/git/history", "internal/git/odb", "internal/git/repo", "internal/git/wire", "internal/image", "internal/policy", "internal/search", "result", "rules"},
	"internal/search":        {"internal/archive", "internal/budget", "rules"},
	"internal/policy":        {"internal/plain", "internal/regular", "result", "rules"},
	"internal/git/fetch":     {"internal/git/wire", "internal/loopback", "internal/pattern", "internal/regular"},
	"internal/git/revision":  {"internal/git/history", "internal/git/odb", "internal/git/repo"},
	"internal/git/outline":   {"internal/budget", "internal/git/history", "internal/git/odb", "internal/git/wire", "internal/pool"},
	"internal/git/treediff":  {"internal/budget", "internal/git/history", "internal/git/odb", "internal/git/repo"},
	"internal/git/repo":      {"internal/git/odb", "internal/git/reftable", "internal/git/wire", "internal/pattern", "internal/regular", "internal/shell"},
	"internal/git/history":   {"internal/budget", "internal/git/odb", "internal/git/wire", "internal/pool"},
	"internal/archive":       {"internal/budget", "internal/git/reftable", "internal/inflate", "rules"},
	"internal/git/reftable":  {"internal/git/wire"},
	"internal/git/odb":       {"internal/budget", "internal/git/wire", "internal/inflate", "internal/regular", "rules"},
	"internal/door":          {"internal/terminal", "rules"},
	"internal/terminal":      {},
	"internal/output":        {"internal/regular"},
	"internal/image":         {"internal/dockerfile", "internal/regular"},
	"internal/packcache":     {"internal/cachefile"},
	"internal/visits":        {"internal/cachefile"},
	"result":                 {"rules"},
	"verifier":               {"internal/loopback", "internal/pattern", "rules"},
	"internal/budget":        {},
	"internal/git/gittest":   {},
	"internal/git/wire":      {},
	"internal/inflate":       {},
	"internal/interrupt":     {},
	"internal/loopback":      {},
	"internal/page":          {"internal/pattern"},
	"internal/pool":          {},
	"internal/texts":         {"result"},
	"internal/forge":         {"internal/cachefile", "internal/git/fetch", "internal/terminal", "result", "rules"},
	"internal/dockerfile":    {"internal/pattern"},
	"internal/pattern":       {},
	"internal/plain":         {},
	"internal/regular":       {},
	"internal/shell":         {},
	"rules":                  {},
	"internal/cog":           {"internal/fix", "internal/pattern", "rules"},
	"internal/start":         {"internal/door", "internal/forge", "internal/git/fetch", "internal/git/repo", "internal/oci", "internal/regular", "internal/shell"},
	"internal/version":       {"internal/door", "report"},
	"internal/home":          {},
	"internal/oci":           {"internal/loopback", "internal/regular"},
	"internal/machine":       {"internal/advice", "internal/ask", "internal/cachefile", "internal/door", "internal/pattern", "internal/regular", "internal/shell", "internal/terminal", "report", "result", "rules", "scanner", "verifier"},
	"internal/cachefile":     {"internal/pattern", "internal/regular"},
}

// starters are the files that may start a process: git, for install and for tests, and
// a browser, for the page of verify.
var starters = []string{"internal/hooks/git.go", "internal/keypage/browser.go", testsOnly + "/gittest.go", testsOnly + "/serve.go"}

const testsOnly = "internal/git/gittest"

// dependencies are the modules that go.mod may require directly. A new one needs a
// reason: each runs with the user's rights.
var dependencies = []string{
	"github.com/andybalholm/brotli",            // br
	"github.com/bmatcuk/doublestar/v4",         // globs
	"github.com/bodgit/sevenzip",               // 7z
	"github.com/google/go-containerregistry",   // images: names, manifests and registries
	"github.com/google/go-github/v89",          // lists of repositories
	"github.com/klauspost/compress",            // deflate, gzip, zlib and zstd
	"github.com/mikelolasagasti/xz",            // xz, with a limit on its memory
	"github.com/moby/patternmatcher",           // .dockerignore
	"github.com/nwaples/rardecode/v2",          // RAR
	"github.com/pierrec/lz4/v4",                // lz4
	"github.com/rogpeppe/go-internal",          // tests: scripts
	"github.com/santhosh-tekuri/jsonschema/v6", // tests: SARIF's schema
	"github.com/sourcegraph/jsonrpc2",          // the language server's messages
	"github.com/spf13/cobra",                   // commands and flags
	"github.com/tailscale/hujson",              // settings with comments
	"github.com/ulikunitz/xz",                  // LZMA
	"gitlab.com/gitlab-org/api/client-go",      // lists of repositories
	"go.yaml.in/yaml/v4",                       // .r8scan.yaml
	"golang.org/x/crypto",                      // ssh
	"golang.org/x/net",                         // HTTPS_PROXY, as net/http reads it
	"golang.org/x/sync",                        // errgroup
	"golang.org/x/sys",                         // what the processor can do
	"golang.org/x/term",                        // what is a terminal, and a prompt without echo
	"golang.org/x/time",                        // the rate of requests
}

// TestLayers checks the direction of imports.
func TestLayers(t *testing.T) {
	commands := map[string]bool{}
	for file, folder := range goFiles(t) {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		if parsed.Name.Name == "main" {
			commands[folder] = true
		}
		allowed, ok := layers[folder]
		if !ok {
			t.Errorf("%s: its package is not in layers", file)
			continue
		}
		for _, spec := range parsed.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if name == "os/exec" && !slices.Contains(starters, path.Join(folder, filepath.Base(file))) || name == module+"/"+testsOnly {
				t.Errorf("%s imports %s: no scan may start a process", file, name)
			}
			ours, isOurs := strings.CutPrefix(name, module+"/")
			if isOurs && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s: %s may import %v only", file, ours, folder, allowed)
			}
		}
	}
	if len(commands) != 1 || !commands["cmd/r8scan"] {
		t.Errorf("the main packages are %v, want only cmd/r8scan", commands)
	}
}

// goFiles returns the module's Go files without tests, and their folders relative to
// the module.
func goFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(filepath.FromSlash(top), func(file string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == "testdata" || len(e.Name()) > 2 && e.Name()[0] == '.' || isModule(file)):
			return filepath.SkipDir
		case filepath.Ext(file) == ".go" && !strings.HasSuffix(file, "_test.go"):
			folder, err := filepath.Rel(filepath.FromSlash(top), filepath.Dir(file))
			files[file] = filepath.ToSlash(folder)
			return err
		}
		return nil
	})
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

// isModule tells whether a folder is a module of its own inside this one.
func isModule(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil && folder != filepath.FromSlash(top)
}

// TestDependencies compares what go.mod requires directly with the list.
func TestDependencies(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(filepath.FromSlash(top), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	var direct []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimPrefix(line, "require ")
		if fields := strings.Fields(line); len(fields) == 2 && strings.HasPrefix(fields[1], "v") {
			direct = append(direct, fields[0]) // an indirect one has a comment
		}
	}
	if !slices.Equal(direct, dependencies) {
		t.Errorf("go.mod requires %q, and the list allows %q", direct, dependencies)
	}
}
