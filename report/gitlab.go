package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"r8scan/internal/door"
	"r8scan/internal/terminal"

	"r8scan/result"
)

// gitlabVersion is the version of GitLab's report of secret detection that is
// written: https://gitlab.com/gitlab-org/security-products/security-report-schemas.
const gitlabVersion = "15.2.1"

type gitlabReport struct {
	Version         string                `json:"version"`
	Scan            gitlabScan            `json:"scan"`
	Vulnerabilities []gitlabVulnerability `json:"vulnerabilities"`
}

type gitlabScan struct {
	Analyzer  gitlabTool      `json:"analyzer"`
	Scanner   gitlabTool      `json:"scanner"`
	StartTime string          `json:"start_time"`
	EndTime   string          `json:"end_time"`
	Status    string          `json:"status"`
	Type      string          `json:"type"`
	Messages  []gitlabMessage `json:"messages,omitempty"`
}

type gitlabTool struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	Version string       `json:"version"`
	Vendor  gitlabVendor `json:"vendor"`
}

type gitlabVendor struct {
	Name string `json:"name"`
}

type gitlabMessage struct {
	Level string `json:"level"`
	Value string `json:"value"`
}

type gitlabVulnerability struct {
	ID          string             `json:"id"`
	Name        string             `json:"name"`
	Description string             `json:"description"`
	Severity    string             `json:"severity"`
	Solution    string             `json:"solution"`
	Identifiers []gitlabIdentifier `json:"identifiers"`
	Location    gitlabLocation     `json:"location"`
}

type gitlabIdentifier struct {
	Type  string `json:"type"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

type gitlabLocation struct {
	File      string       `json:"file,omitempty"`
	StartLine int          `json:"start_line,omitempty"`
	EndLine   int          `json:"end_line,omitempty"`
	Commit    gitlabCommit `json:"commit"`
}

type gitlabCommit struct {
	SHA string `json:"sha"`
}

// noCommit stands for the commit of what is in none: the form asks for one.
const noCommit = "0000000"

// gitlabName is the longest name of a vulnerability, in characters.
const gitlabName = 255

// gitlabTime is the form of times, which are UTC.
const gitlabTime = "2006-01-02T15:04:05"

// writeGitLab writes a report of secret detection as GitLab reads it: a
// vulnerability for each place of a finding. One that is in no file of the
// repository is shown at Target.Anchor. What was not read is in the messages.
func writeGitLab(w io.Writer, doc *Document, _ Options) error {
	tool := gitlabTool{ID: doc.Tool.Name, Name: doc.Tool.Name, Version: cmp.Or(doc.Tool.Version, "unknown"), Vendor: gitlabVendor{doc.Tool.Name}}
	out := gitlabReport{Version: gitlabVersion, Vulnerabilities: []gitlabVulnerability{}, Scan: gitlabScan{Analyzer: tool, Scanner: tool, Type: "secret_detection", Status: "success",
		StartTime: doc.StartedAt.UTC().Format(gitlabTime), EndTime: doc.StartedAt.Add(time.Duration(doc.DurationMS) * time.Millisecond).UTC().Format(gitlabTime)}}
	if n := len(doc.NotListed); n > 0 {
		out.Scan.Messages = append(out.Scan.Messages, gitlabMessage{"info", notListed(doc.NotListed)})
	}
	for _, u := range doc.Coverage.Unread {
		out.Scan.Messages = append(out.Scan.Messages, gitlabMessage{"warn", "not read: " + terminal.Safe(u.What) + ": " + terminal.Safe(u.Reason)})
	}
	for _, f := range doc.Findings {
		for _, l := range f.Locations {
			out.Vulnerabilities = append(out.Vulnerabilities, gitlabFinding(doc.Run, f, l))
		}
	}
	return door.EncodeMasked(w, out, door.Indent)
}

func gitlabFinding(run Run, f Finding, l result.Location) gitlabVulnerability {
	v := gitlabVulnerability{
		ID:          placeID(f, l),
		Name:        clip(terminal.Safe(ruleTitle(f)), gitlabName),
		Description: fmt.Sprintf("%s with the id %s, %s, at %s.", codeSpan(terminal.Safe(f.Token)), f.TokenID, exposureIn(run, f), codeSpan(placeAndPage(l))),
		Severity:    gitlabSeverities[severityOf(f)],
		Solution:    strings.Join(advice(f), " "),
		Identifiers: []gitlabIdentifier{{"r8scan_rule", ruleTitle(f), f.Rule}},
		Location:    gitlabLocation{File: run.Target.Anchor, Commit: gitlabCommit{noCommit}},
	}
	if l.Commit != "" {
		v.Location.Commit.SHA = l.Commit
	}
	if l.Repository != "" {
		v.Location.File = fileIn(l)
	}
	if isInRepository(l) {
		v.Location.File = l.Path
		if l.Member == "" { // else the line is that of the member
			v.Location.StartLine, v.Location.EndLine = l.Line, l.Line
		}
	}
	return v
}

// codeSpan returns s, which has no line break, as code in Markdown, where nothing
// in it is markup, a mention or a link.
func codeSpan(s string) string {
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if len(fence) > 1 || strings.TrimSpace(s) == "" {
		s = " " + s + " "
	}
	return fence + s + fence
}

// placeID tells one place of one token from all others, and stays the same from
// scan to scan.
func placeID(f Finding, l result.Location) string {
	part := ""
	if l.Part != "" || l.URL != "" {
		part = "\x00" + l.Part + "\x00" + l.URL
	}
	if l.Repository != "" {
		part += "\x00" + l.Repository
	}
	sum := sha256.Sum256(fmt.Append(nil, strings.Join([]string{f.TokenID, f.Rule, l.Path, l.Member, l.Header, l.Kind, l.Object}, "\x00"), "\x00", l.Line, ":", l.Column, part))
	return hex.EncodeToString(sum[:16])
}
