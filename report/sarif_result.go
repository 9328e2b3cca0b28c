package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"r8scan/internal/terminal"
	"r8scan/result"
	"r8scan/rules"
)

// sarifConverter turns the findings of one run into results and notes which
// commits their locations name.
type sarifConverter struct {
	set     *rules.Set
	root    string // absolute, or ""
	related int    // most related locations a result
	commits []string
	seen    map[string]bool // the commits in commits
}

func (c *sarifConverter) result(f Finding) (sarifResult, error) {
	index, rule := c.findRule(f.Rule)
	if rule == nil {
		return sarifResult{}, fmt.Errorf("write sarif: unknown rule %q: use the version of r8scan that made this result", f.Rule)
	}
	if len(f.Locations) == 0 {
		return sarifResult{}, fmt.Errorf("write sarif: token %s has no location", f.TokenID)
	}
	best := anchor(f.Locations)
	res := sarifResult{
		RuleID:    rule.ID,
		RuleIndex: index,
		Level:     sarifLevel(f),
		Locations: []sarifLocation{{Physical: c.physical(f.Locations[best])}},
		Properties: sarifResultProperties{
			Confidence:   f.Confidence.String(),
			Exposure:     string(f.Exposure),
			Verification: string(f.Verification.Status),
		},
	}
	for i, l := range f.Locations {
		if i == best {
			continue
		}
		if len(res.Related) == c.related {
			break
		}
		res.Related = append(res.Related, sarifLocation{
			ID:       len(res.Related) + 1,
			Physical: c.physical(l),
			Message:  &sarifMessage{Text: standsIn(l) + "."},
		})
	}
	cut := len(f.Locations) - 1 - len(res.Related)
	res.Message.Text = resultMessage(f, f.Locations[best], cut)
	res.Fingerprints = fingerprints(f, res.Locations[0].Physical.ArtifactLocation.URI, f.Locations[best].Member)
	return res, nil
}

func (c *sarifConverter) findRule(id string) (int, *rules.Rule) {
	for i, r := range c.set.All() {
		if r.ID == id {
			return i, r
		}
	}
	return 0, nil
}

// anchor returns the index of the location that an alert is shown at. GitHub
// looks the path up at HEAD, so a file that exists now comes before one in an
// old commit, and any path before none; one that is allowed by itself comes
// last, for the alert is about the others. The path of a tree or a ref is a name
// that holds a token, and so is masked and names nothing.
func anchor(locs []result.Location) int {
	rank := func(l result.Location) int {
		switch {
		case l.AllowedBy != "":
			return 7
		case l.Kind == result.KindFile && !inGitDir(l.Path):
			return 0
		case l.Kind == result.KindIndex:
			return 1
		case l.Kind == result.KindConfig, l.Kind == result.KindFile:
			return 2
		case l.Current:
			return 3
		case l.Kind == result.KindBlob && l.Path != "":
			return 4
		case l.Path != "":
			return 5
		}
		return 6
	}
	best := 0
	for i, l := range locs {
		if rank(l) < rank(locs[best]) {
			best = i
		}
	}
	return best
}

// inGitDir reports whether a file is one of git's own, which no commit can hold.
func inGitDir(path string) bool { return strings.Contains("/"+path, "/.git/") }

func (c *sarifConverter) physical(l result.Location) sarifPhysicalLocation {
	line, column := max(l.Line, 1), max(l.Column, 1)
	p := sarifPhysicalLocation{
		ArtifactLocation: sarifArtifactLocation{URI: locationURI(c.root, l)},
		Region:           sarifRegion{line, column, line, max(l.EndColumn, column+1)},
	}
	if l.Commit != "" && l.Path != "" && !isFile(l) {
		p.ArtifactLocation.BaseID = commitBaseID(l.Commit)
		if !c.seen[l.Commit] {
			c.seen[l.Commit] = true
			c.commits = append(c.commits, l.Commit)
		}
	}
	return p
}

// fingerprints make GitHub see the alert of the next scan as the same one, as
// long as the token stands in the same file, whatever its line. GitHub compares
// primaryLocationLineHash only, and writes it as hex digits and a number.
func fingerprints(f Finding, uri, member string) map[string]string {
	sum := sha256.Sum256([]byte(strings.Join([]string{f.TokenID, f.Rule, uri, member}, "\x00")))
	return map[string]string{
		"primaryLocationLineHash": hex.EncodeToString(sum[:8]) + ":1",
		"tokenId/v1":              f.TokenID,
	}
}

// resultMessage is some sentences of plain text: what it is and where, and
// what to do. cut is the number of places that no location of the result names.
func resultMessage(f Finding, at result.Location, cut int) string {
	lead := "This is a"
	if f.Confidence == rules.Low && f.Verification.Status != StatusLive {
		lead = "This may be a"
	}
	s := []string{fmt.Sprintf("%s %s, '%s' with the token id '%s'.", lead, messageText(ruleTitle(f)), messageText(f.Token), f.TokenID)}
	s = append(s, "It stands "+lowerFirst(standsIn(at))+".")
	switch {
	case f.History == nil:
	case f.History.Introduced == nil:
		s = append(s, "Git holds it, in no commit that is known.")
	default:
		s = append(s, fmt.Sprintf("Git holds it since commit '%s'.", short(f.History.Introduced.Commit)))
	}
	if cut > 0 {
		s = append(s, fmt.Sprintf("It stands in '%d' more places that are not listed here.", cut))
	}
	if said := verificationMessage(f.Verification); said != "" {
		s = append(s, said)
	}
	return strings.Join(append(s, messageAdvice(f)), " ")
}

// verificationMessage is a sentence on what Replicate said, "" if it was not
// asked.
func verificationMessage(v Verification) string {
	var s string
	switch v.Status {
	case StatusLive, StatusRevoked:
		s = fmt.Sprintf("Replicate says that it is '%s'", v.Status)
	case StatusUnknown:
		s = "Whether it is live is not known"
	default:
		return ""
	}
	if v.Account != nil {
		s += fmt.Sprintf(", a token of the %s '%s'", messageText(v.Account.Type), messageText(v.Account.Username))
	}
	if v.Reason != "" {
		s += ": " + messageText(v.Reason)
	}
	return s + "."
}

func messageAdvice(f Finding) string {
	if f.Verification.Status == StatusRevoked {
		return "Nobody can use it any more."
	}
	switch f.Exposure {
	case result.ExposureIgnored:
		return "No action needed: git ignores the file."
	case result.ExposureHistory:
		return upperFirst(remedyOf(f).Short) + " first: deleting it is not enough, since others may have copies."
	}
	return "Move it into an environment variable, and " + remedyOf(f).Short + " if it was ever shared."
}

// standsIn says where a location is, as the start of a sentence without its
// period; what varies stands in single quotes.
func standsIn(l result.Location) string {
	var s string
	switch l.Kind {
	case result.KindFile, result.KindConfig, result.KindReflog:
		s = fmt.Sprintf("In the file '%s'", messageText(l.Path))
		if l.Path == "" {
			s = "In standard input"
		}
	case result.KindIndex:
		s = fmt.Sprintf("In what is staged of '%s'", messageText(l.Path))
	case result.KindCommit:
		s = fmt.Sprintf("In the %s of commit '%s'", textPart(l), short(l.Object))
	case result.KindTag:
		s = fmt.Sprintf("In the %s of tag '%s'", textPart(l), short(l.Object))
	case result.KindTree:
		s = fmt.Sprintf("In the file name '%s' of tree '%s'", messageText(l.Path), short(l.Object))
	case result.KindRef:
		s = fmt.Sprintf("In the ref '%s'", messageText(l.Path))
	default:
		s = fmt.Sprintf("In %s '%s'", messageText(l.Kind), short(l.Object))
		if l.Path != "" {
			s += fmt.Sprintf(", the file '%s'", messageText(l.Path))
		}
	}
	if l.Member != "" {
		s += fmt.Sprintf(", in its member '%s'", messageText(l.Member))
	}
	if l.Commit != "" && l.Commit != l.Object {
		s += fmt.Sprintf(", in commit '%s'", short(l.Commit))
	}
	if len(l.Encoding) > 0 {
		s += fmt.Sprintf(", written in '%s'", messageText(strings.Join(l.Encoding, " > ")))
	}
	return s
}

// textPart names the part of a commit or a tag that a place is in.
func textPart(l result.Location) string {
	if l.Header == "" {
		return "message"
	}
	return fmt.Sprintf("header '%s'", messageText(l.Header))
}

// messageText makes a string of the scanned repository safe to stand in a
// message. SARIF viewers make a link of [text](target): a file's name must not
// put one into an alert.
func messageText(s string) string { return strings.ReplaceAll(terminal.Safe(s), "](", `]\(`) }
