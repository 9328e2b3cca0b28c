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
// rules they have and which commits their locations name.
type sarifConverter struct {
	set     *rules.Set
	root    string // absolute, or ""
	anchor  string // path of a file for what is in none, or ""
	related int    // most related locations a result
	rules   []*rules.Rule
	commits []string
	seen    map[string]bool // the commits in commits
}

func (c *sarifConverter) result(f Finding) (sarifResult, error) {
	index := c.ruleIndex(f.Rule)
	if index < 0 {
		return sarifResult{}, fmt.Errorf("write sarif: unknown rule %q: use the version of r8scan that made this result", f.Rule)
	}
	if len(f.Locations) == 0 {
		return sarifResult{}, fmt.Errorf("write sarif: token %s has no location", f.TokenID)
	}
	best := anchor(f.Locations)
	at, shownAt := f.Locations[best], ""
	res := sarifResult{
		RuleID:       f.Rule,
		RuleIndex:    index,
		Level:        sarifLevel(f),
		Locations:    []sarifLocation{{Physical: c.physical(at)}},
		Fingerprints: fingerprints(f),
		Properties: sarifResultProperties{
			Confidence:   f.Confidence.String(),
			Exposure:     string(f.Exposure),
			Verification: string(f.Verification.Status),
		},
	}
	listed := 1 // locations that the result names
	if c.anchor != "" && !isInRepository(at) {
		shownAt, listed = c.anchor, 0
		res.Locations[0].Physical = sarifPhysicalLocation{sarifArtifactLocation{pathURI("", c.anchor), rootBaseID, nil}, sarifRegion{1, 1, 1, 2}}
		best = -1 // it is among the related ones
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
	listed += len(res.Related)
	res.Message.Text = resultMessage(f, at, shownAt, len(f.Locations)-listed)
	return res, nil
}

// ruleIndex returns the index of a rule among those of the run, -1 for a rule
// that is not known.
func (c *sarifConverter) ruleIndex(id string) int {
	for i, r := range c.rules {
		if r.ID == id {
			return i
		}
	}
	rule := c.set.ByID(id)
	if rule == nil {
		return -1
	}
	c.rules = append(c.rules, rule)
	return len(c.rules) - 1
}

// anchor returns the index of the location that an alert is shown at. GitHub
// looks the path up at HEAD, so a file that exists now comes before one in an
// old commit, and a file of the repository before all else; a place that is
// allowed by itself comes last, for the alert is about the others.
func anchor(locs []result.Location) int {
	rank := func(l result.Location) int {
		file := isInRepository(l)
		switch {
		case l.AllowedBy != "":
			return 7
		case file && l.Kind == result.KindFile:
			return 0
		case file && l.Kind == result.KindIndex:
			return 1
		case file && l.Current:
			return 2
		case file:
			return 3
		case l.Kind == result.KindConfig || l.Kind == result.KindFile:
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

// isInRepository reports whether a place is in a file that a commit has, or could
// have. Git's own files are none, nor are messages and the names of refs and
// folders; a path that was masked names no file.
func isInRepository(l result.Location) bool {
	switch l.Kind {
	case result.KindFile, result.KindIndex, result.KindBlob:
		return l.URL == "" && l.Repository == "" && l.Path != "" && !strings.Contains("/"+l.Path, "/.git/") && !strings.Contains(l.Path, "***")
	}
	return false
}

func (c *sarifConverter) physical(l result.Location) sarifPhysicalLocation {
	line, column := max(l.Line, 1), max(l.Column, 1)
	p := sarifPhysicalLocation{
		ArtifactLocation: sarifArtifactLocation{URI: locationURI(c.root, l), BaseID: rootBaseID},
		Region:           sarifRegion{line, column, line, max(l.EndColumn, column+1)},
	}
	switch {
	case strings.HasPrefix(p.ArtifactLocation.URI, "file:"), pageOf(l) != "", l.Repository != "": // it is relative to nothing
		p.ArtifactLocation.BaseID = ""
	case l.Commit != "" && l.Path != "" && !isFile(l) && !l.Current:
		p.ArtifactLocation.BaseID = commitBaseID(l.Commit)
		if !c.seen[l.Commit] {
			c.seen[l.Commit] = true
			c.commits = append(c.commits, l.Commit)
		}
	}
	return p
}

// fingerprints make GitHub see the alert of the next scan as the same one,
// wherever the token is then: the alert is about the token, and a line that moves
// or a file that gets another name must not close it. GitHub compares
// primaryLocationLineHash only, and writes it as hex digits and a number: that of
// the file among the token's files, which is the first, since there is one alert
// a token.
func fingerprints(f Finding) map[string]string {
	sum := sha256.Sum256([]byte(f.TokenID + "\x00" + f.Rule))
	return map[string]string{
		"primaryLocationLineHash": hex.EncodeToString(sum[:8]) + ":1",
		"tokenId/v1":              f.TokenID,
	}
}

// resultMessage is some sentences of plain text: what it is and where, and
// what to do. shownAt is the file that it is shown at in the stead of its place,
// or "", and cut the number of places that the report does not name.
func resultMessage(f Finding, at result.Location, shownAt string, cut int) string {
	s := []string{whatIs(f)}
	s = append(s, "It stands "+lowerFirst(standsIn(at))+".")
	if shownAt != "" {
		s = append(s, fmt.Sprintf("That is no file of the repository, so this is shown at '%s'.", messageText(shownAt)))
	}
	switch {
	case f.History == nil:
	case len(f.Elsewhere) > 0:
		s = append(s, fmt.Sprintf("'%d' repositories have it, and it stood first in '%s'.", 1+len(f.Elsewhere), messageText(repositoryName(f.History.Repository))))
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
	switch {
	case f.MayStay():
		return "No action needed: git ignores the file."
	case f.CopiedBy != "":
		return fmt.Sprintf("Name the file in .dockerignore: '%s' copies it into an image.", messageText(f.CopiedBy))
	case f.Exposure == result.ExposureHistory, f.Exposure == result.ExposurePosted:
		return upperFirst(remedyOf(f).Short) + " first: deleting it is not enough, since others may have copies."
	}
	return "Move it into an environment variable, and " + remedyOf(f).Short + " if it was ever shared."
}

// standsIn says where a location is, as the start of a sentence without its
// period; what varies stands in single quotes.
func standsIn(l result.Location) string {
	var s string
	switch l.Kind {
	default:
		if result.IsPosted(l.Kind) {
			s = fmt.Sprintf("In %s", postedWords(l))
			break
		}
		s = fmt.Sprintf("In %s '%s'", messageText(l.Kind), short(l.Object))
		if l.Path != "" {
			s += fmt.Sprintf(", the file '%s'", messageText(l.Path))
		}
	case result.KindFile, result.KindConfig, result.KindReflog:
		s = fmt.Sprintf("In the file '%s'", messageText(l.Path))
		if l.Path == "" {
			s = "In standard input"
		}
	case result.KindLayer:
		s = fmt.Sprintf("In layer '%d' of the image '%s'", l.Layer, messageText(l.Path))
	case result.KindImage:
		s = fmt.Sprintf("In '%s' of the image '%s'", messageText(l.Header), messageText(l.Path))
	case result.KindIndex:
		s = fmt.Sprintf("In what is staged of '%s'", messageText(l.Path))
	case result.KindCommit:
		if isNextMessage(l) {
			s = "In the message of the next commit"
			break
		}
		s = fmt.Sprintf("In the %s of commit '%s'", textPart(l), short(l.Object))
	case result.KindTag:
		s = fmt.Sprintf("In the %s of tag '%s'", textPart(l), short(l.Object))
	case result.KindTree:
		s = fmt.Sprintf("In the file name '%s' of tree '%s'", messageText(l.Path), short(l.Object))
	case result.KindRef:
		s = fmt.Sprintf("In the ref '%s'", messageText(l.Path))
	}
	if l.Member != "" {
		s += fmt.Sprintf(", in its member '%s'", messageText(l.Member))
	}
	if l.Commit != "" && l.Commit != l.Object {
		s += fmt.Sprintf(", in commit '%s'", short(l.Commit))
	}
	if l.Repository != "" {
		s += fmt.Sprintf(", in the repository '%s'", messageText(repositoryName(l.Repository)))
	}
	if len(l.Encoding) > 0 {
		s += fmt.Sprintf(", written in '%s'", messageText(strings.Join(l.Encoding, " > ")))
	}
	return s
}

// postedWords names a text beside a repository, and its page.
func postedWords(l result.Location) string {
	s := fmt.Sprintf("the %s '%s'", strings.ReplaceAll(l.Kind, "_", " "), messageText(l.Path))
	if l.Part != "" {
		s += fmt.Sprintf(", in its %s", messageText(l.Part))
	}
	if page := pageOf(l); page != "" {
		s += fmt.Sprintf(" (%s)", messageText(page))
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
