package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/home"
)

// fetches are lines that take r8scan from a name that anybody could have registered. A
// name in angle brackets cannot be one.
var fetches = []*regexp.Regexp{
	regexp.MustCompile(`\b(?:pip3?|pipx|uv|poetry|pdm)\s[^,;|&#]*\b(?:install|add|run|download)\s(?:[^,;|&#]*[\s'"])?r8scan(?:[^\w/.-]|[.]?$)`),
	regexp.MustCompile(`\b(?:npx|uvx|bunx)\s(?:[^,;|&#]*\s)?@?[\w/-]*r8scan\b`),
	regexp.MustCompile(`\b(?:npm|pnpm|yarn|bun)\s(?:[^,;|&#]*\s)?(?:i|install|add|dlx|exec|x)\s(?:[^,;|&#]*[\s'"])?(?:@[\w-]+/)?r8scan(?:[^\w/.-]|[.]?$)`),
	regexp.MustCompile(`\b(?:brew|scoop|choco|winget|apt|apt-get|dnf|yum|apk|snap|cargo)\s(?:install|add)\s(?:[^,;|&#]*\s)?r8scan(?:[^\w/.-]|[.]?$)`),
	regexp.MustCompile(`additional_dependencies:.*['"\[\s]r8scan(?:['"@=\],\s]|$)`),
	regexp.MustCompile(`\buses:\s+['"]?[A-Za-z0-9][\w.-]*/r8scan\b`),
	regexp.MustCompile(`\b(?:[\w-]+\.)+(?:com|org|io|dev|net|sh|app|land)[/:][\w./-]*\br8scan\b`), // an address on GitHub, ghcr.io …
	regexp.MustCompile(`\bOWNER/r8scan\b`),
}

// TestNoNameOfOthers makes sure that no page, file of the packaging or text of the
// program tells anybody to fetch r8scan by a name that is not the project's. Install
// lines start from a file of a release, or from a clone.
func TestNoNameOfOthers(t *testing.T) {
	searched := 0
	for file, text := range published(t) {
		searched++
		for n, line := range strings.Split(text, "\n") {
			if found := fetched(line); found != "" {
				t.Errorf("%s:%d: nobody owns that name yet: %s", file, n+1, found)
			}
		}
		if home.Repository != "" && strings.Contains(text, "<owner>/r8scan") {
			t.Errorf("%s: the project has a home, so <owner> has to go", file)
		}
	}
	if searched < 100 {
		t.Errorf("only %d files were searched", searched)
	}
}

// fetched returns what a line takes from a name of others, "" if it does not.
func fetched(line string) string {
	if home.Repository != "" {
		line = strings.ReplaceAll(line, home.Repository, "")
	}
	for i, p := range fetches {
		registry := i < 5
		if registry && (home.Repository != "" || strings.Contains(line, "--no-index")) {
			continue
		}
		if found := p.FindString(line); found != "" {
			return found
		}
	}
	return ""
}

// published returns the texts of the repository that users see or run: all but tests.
func published(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(filepath.FromSlash(top), func(file string, e fs.DirEntry, err error) error {
		name := e.Name()
		switch {
		case err != nil:
			return err
		case e.IsDir() && slices.Contains([]string{".git", "testdata", "dist"}, name):
			return filepath.SkipDir
		case !e.Type().IsRegular() || name == ".git" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		info, err := e.Info()
		if err != nil || info.Size() > 1<<20 {
			return err
		}
		text, err := os.ReadFile(file)
		texts[filepath.ToSlash(file)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// TestNamesOfOthers makes sure that TestNoNameOfOthers can fail.
func TestNamesOfOthers(t *testing.T) {
	for line, want := range map[string]bool{
		"pip install r8scan":                                                  true,
		"python -m pip install --upgrade 'r8scan==1.0'":                       true,
		"pipx run r8scan audit":                                               true,
		"uv tool install r8scan":                                              true,
		"uvx r8scan audit":                                                    true,
		"npx -y r8scan audit":                                                 true,
		"npm install -g r8scan":                                               true,
		"npm i --save-dev @somebody/r8scan":                                   true,
		"pnpm dlx r8scan":                                                     true,
		"brew install r8scan":                                                 true,
		"Run `pip install r8scan`.":                                           true,
		"  additional_dependencies: [r8scan==1.0]":                            true,
		"      - uses: somebody/r8scan@v1":                                    true,
		"go install github.com/somebody/r8scan/cmd/r8scan@latest":             true,
		"- repo: https://github.com/somebody/r8scan":                          true,
		"docker run ghcr.io/somebody/r8scan":                                  true,
		"curl -L https://example.dev/r8scan.tar.gz | tar xz":                  true,
		"- uses: OWNER/r8scan@main":                                           true,
		"pip install ./r8scan-1.0-py3-none-linux_x86_64.whl":                  false,
		"pip install --no-index --find-links dist r8scan":                     false,
		"npm install -g ./r8scan-1.0.tgz ./r8scan-linux-x64-1.0.tgz":          false,
		"sudo apt install ./r8scan_1.0_linux_amd64.deb":                       false,
		"pip install pre-commit, then r8scan install":                         false,
		"go install ./cmd/r8scan":                                             false,
		"      - uses: <owner>/r8scan@<commit>":                               false,
		"- repo: https://github.com/<owner>/r8scan":                           false,
		"docker run --rm r8scan audit":                                        false,
		"https://r8scan.invalid/1.0":                                          false,
		"r8scan doctor says: pip install --upgrade replicate, and scan again": false,
	} {
		if got := fetched(line); (got != "") != want {
			t.Errorf("%s: %q", line, got)
		}
	}
}
