// Package version says what this program was built from. It knows only what Go has
// put into the program: nothing else can name a commit that was not built.
package version

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"r8scan/internal/door"
	"r8scan/report"
)

// unversioned is the version of a build that Go knows no version of: one outside a
// clone of the repository, and one of go run.
const unversioned = "devel"

// Build is what a program was built from.
type Build struct {
	Version   string    // such as 0.2.0, or what Go makes of a commit without a tag; unversioned if nothing is known
	Commit    string    // its id, or the 12 digits of it that a version has; "" if it is not known
	Committed time.Time // UTC; zero if it is not known
	Modified  bool      // the work tree had changes that the commit does not have
	Go        string    // such as go1.26.4
}

// Read returns what this program was built from.
func Read() Build {
	info, ok := debug.ReadBuildInfo()
	if !ok { // a build without modules
		info = &debug.BuildInfo{}
	}
	return of(info)
}

// of reads the two places: what go build saw in a clone, and the version, which is all
// that go install knows of a module that it has downloaded.
func of(info *debug.BuildInfo) Build {
	b := Build{Version: unversioned, Go: cmp.Or(info.GoVersion, runtime.Version())}
	if v, ok := strings.CutPrefix(info.Main.Version, "v"); ok { // else it is (devel), or none
		b.Version = v
		b.Commit, b.Committed = inVersion(v)
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Committed, _ = time.Parse(time.RFC3339, s.Value)
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// inVersion returns the commit that Go made a version of, and its time: the version ends
// with them, as in 0.0.0-20261127034244-a8dc04f8bbdd. Others have no commit.
func inVersion(version string) (commit string, made time.Time) {
	version, _, _ = strings.Cut(version, "+")
	parts := strings.FieldsFunc(version, func(r rune) bool { return r == '-' || r == '.' })
	n := len(parts)
	if n < 2 || len(parts[n-1]) != 12 || strings.Trim(parts[n-1], "0123456789abcdef") != "" {
		return "", time.Time{}
	}
	made, err := time.Parse("20060102150405", parts[n-2])
	if err != nil {
		return "", time.Time{}
	}
	return parts[n-1], made
}

// Tool returns the program as results name it.
func (b Build) Tool() report.Tool {
	return report.Tool{Name: "r8scan", Version: b.Version, Commit: b.Commit}
}

// WriteText writes the version on the first line, and below it what it was built from.
func (b Build) WriteText(w io.Writer, _ bool) error {
	_, err := fmt.Fprintf(w, "r8scan %s\n%s\nbuilt with %s for %s/%s\n", b.Version, b.source(), b.Go, runtime.GOOS, runtime.GOARCH)
	return err
}

// source names the commit in a line.
func (b Build) source() string {
	switch {
	case b.Commit != "":
		line := "commit " + b.Commit
		if !b.Committed.IsZero() {
			line += " of " + b.Committed.Format("2006-01-02 15:04:05 MST")
		}
		if b.Modified {
			line += ", with changes that are not committed"
		}
		return line
	case b.Version != unversioned:
		return "the commit of the tag v" + b.Version
	}
	return "unknown commit"
}

// WriteJSON writes what r8scan version -f json writes.
func (b Build) WriteJSON(w io.Writer, tool report.Tool) error {
	return door.EncodeJSON(w, struct {
		Schema    string      `json:"schema"`
		Tool      report.Tool `json:"tool"`
		Committed time.Time   `json:"committed,omitzero"`
		Modified  bool        `json:"modified"`
		Go        string      `json:"go"`
		Platform  string      `json:"platform"`
	}{"r8scan-version/1", tool, b.Committed, b.Modified, b.Go, runtime.GOOS + "/" + runtime.GOARCH})
}
