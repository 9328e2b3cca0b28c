package start

import (
	"fmt"
	"os"
	"strings"

	"r8scan/internal/forge"
	"r8scan/internal/git/fetch"
	"r8scan/internal/shell"
)

// words are commands of other scanners, and words that people try, with the command
// here that does the same.
var words = map[string]string{
	"detect":      "r8scan scan, or r8scan audit for all that a repository holds", // gitleaks
	"protect":     "r8scan staged, or r8scan install to run it before each commit",
	"dir":         "r8scan files",
	"directory":   "r8scan files",
	"stdin":       "r8scan files -",
	"git":         "r8scan history", // gitleaks and TruffleHog
	"filesystem":  "r8scan files",   // TruffleHog
	"docker":      "docker save IMAGE | r8scan files -",
	"secret":      "r8scan scan", // ggshield
	"scan-repo":   "r8scan audit",
	"scan-file":   "r8scan files",
	"scan-files":  "r8scan files",
	"scan-commit": "r8scan history --range COMMIT^..COMMIT",
	"check":       "r8scan scan, or r8scan verify to test a token",
	"test":        "r8scan scan, or r8scan verify to test a token",
	"init":        "r8scan install",
	"hook":        "r8scan install",
}

// pathArgument is the advice for a flag that names what is to be scanned.
const pathArgument = "name the path as an argument, as in r8scan scan PATH"

// flags are the same for flags, without their dashes: a flag of every scan, or what to
// do.
var flags = map[string]string{
	"json":            "-f json",
	"jsonl":           "-f jsonl",
	"sarif":           "-f sarif",
	"html":            "-f html",
	"csv":             "-f csv",
	"markdown":        "-f markdown",
	"report-format":   "-f FORMAT",
	"report-path":     "-o FILE",
	"baseline-path":   "--baseline FILE",
	"only-verified":   "--verify --only-live",
	"results":         "--verify --only-live",
	"exit-code":       "--fail-on none",
	"source":          pathArgument,
	"path":            pathArgument,
	"repo":            pathArgument,
	"repo-path":       pathArgument,
	"no-git":          "use r8scan files",
	"staged":          "use r8scan staged",
	"log-opts":        "use r8scan history --range A..B",
	"since-commit":    "use r8scan history --range COMMIT..HEAD",
	"no-verification": "leave it out: tokens go to Replicate with --verify only",
	"redact":          "leave it out: tokens are always masked",
	"no-banner":       "leave it out: there is no banner",
	"no-color":        "set NO_COLOR=1 in the environment",
}

// ForWord says what to use instead of a word that is no command, "" if nothing is known.
// A path gets the command that scans it.
func ForWord(word string) string {
	if _, err := os.Lstat(word); err == nil {
		return fmt.Sprintf("%q is a path, not a command: use r8scan scan %s", word, shell.Quote(word))
	}
	if fetch.IsURL(word) { // it may hold a password
		return "a URL is no command: use r8scan scan URL"
	}
	if forge.IsList(word) { // likewise
		return "an owner or a list is no command: use r8scan scan github:ORG, or r8scan scan @FILE"
	}
	if use := words[strings.ToLower(word)]; use != "" {
		return fmt.Sprintf("unknown command %q: use %s", word, use)
	}
	return ""
}

// ForFlag says what to do instead of using a flag that does not exist, as the start of an
// advice, "" if nothing is known. name has no dashes. Without a command the advice names
// one.
func ForFlag(name string, hasCommand bool) string {
	advice := flags[name]
	switch {
	case advice == "":
		return ""
	case advice[0] != '-':
	case hasCommand:
		advice = "use " + advice
	default:
		advice = "use r8scan scan " + advice
	}
	return advice + "; "
}
