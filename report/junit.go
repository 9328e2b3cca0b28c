package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"r8scan/internal/terminal"
)

// junitSuites is a report in the form that CI services read test results in.
type junitSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suite   junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Time      string      `xml:"time,attr"`
	Timestamp string      `xml:"timestamp,attr"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
	Skipped *junitProblem `xml:"skipped"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes a test case for each finding, which fails, and one for each
// thing that was not read, which is an error. One in a file that git ignores is
// skipped. With neither there is one case, which passes.
func writeJUnit(w io.Writer, doc *Document, _ Options) error {
	suite := junitSuite{Name: doc.Tool.Name, Time: fmt.Sprintf("%.3f", float64(doc.DurationMS)/1000), Timestamp: doc.StartedAt.Format("2006-01-02T15:04:05")}
	for _, f := range doc.Findings {
		suite.add(junitFinding(doc.Run, f))
	}
	for _, u := range doc.Coverage.Unread {
		suite.add(junitCase{Class: "not read", Name: terminal.Safe(u.What), Error: &junitProblem{Message: terminal.Safe(u.Reason), Type: "unread"}})
	}
	if len(suite.Cases) == 0 {
		name := "no leaked tokens"
		if n := doc.Found(); n > 0 {
			name = "no live tokens, and " + terminal.Count(int64(n)) + " that are not listed"
		}
		suite.add(junitCase{Class: doc.Tool.Name, Name: name})
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	out := xml.NewEncoder(w)
	out.Indent("", "  ")
	if err := out.Encode(junitSuites{Suite: suite}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

func junitFinding(run Run, f Finding) junitCase {
	at := f.Locations[anchor(f.Locations)]
	c := junitCase{Class: terminal.Safe(ruleTitle(f)), Name: terminal.Safe(f.TokenID) + " at " + place(at)}
	if isInRepository(at) {
		c.File = terminal.Safe(at.Path)
		if at.Member == "" { // else the line is that of the member
			c.Line = at.Line
		}
	}
	var text strings.Builder
	for _, l := range f.Locations[:min(len(f.Locations), shownPlaces)] {
		fmt.Fprintf(&text, "%s\n", placeAndPage(l))
	}
	if rest := len(f.Locations) - shownPlaces; rest > 0 {
		fmt.Fprintf(&text, "and %s\n", terminal.Plural(int64(rest), "more place"))
	}
	for _, step := range advice(f) {
		fmt.Fprintf(&text, "- %s\n", step)
	}
	p := &junitProblem{Message: terminal.Safe(f.Token) + ", " + exposureIn(run, f), Type: f.Rule, Text: text.String()}
	if severityOf(f) == severityInfo {
		p.Text = "" // skipped has a message only
		c.Skipped = p
	} else {
		c.Failure = p
	}
	return c
}
