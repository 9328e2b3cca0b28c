package report

import (
	"fmt"
	"io"
	"strings"

	"r8scan/internal/door"
	"r8scan/internal/terminal"
	"r8scan/result"
)

// maxAnnotations is how many annotations of each level GitHub keeps of a step.
// It drops the others without a word.
const maxAnnotations = 10

// maxAnnotation bounds the text of one, in bytes. GitHub takes 64 KB.
const maxAnnotation = 8 << 10

// writeGitHub writes workflow commands, which a GitHub Actions runner makes
// annotations of: one a finding, errors first, and a warning if the scan was
// incomplete. Where there are too many for a step, the last one counts the
// rest. Nothing else is written, so no line can be taken for another command.
func writeGitHub(w io.Writer, doc *Document, _ Options) error {
	w = door.Orders(w)
	lines := map[string][]string{}
	if !doc.Complete {
		lines["warning"] = append(lines["warning"], incompleteAnnotation(doc.Coverage.Unread))
	}
	for _, f := range doc.Findings {
		level := annotationLevels[severityOf(f)]
		lines[level] = append(lines[level], annotation(level, f))
	}
	for _, a := range doc.Allowed {
		if a.ByChange {
			lines["warning"] = append(lines["warning"], allowedAnnotation(a))
		}
	}
	for _, level := range []string{"error", "warning", "notice"} {
		shown := lines[level]
		if rest := len(shown) - (maxAnnotations - 1); len(shown) > maxAnnotations {
			more := terminal.Plural(int64(rest), "token") + " more: GitHub shows 10 annotations of a kind. The step's summary and the saved result name them."
			shown = append(shown[:maxAnnotations-1:maxAnnotations-1], command(level, []string{"title", "More leaked tokens"}, more))
		}
		for _, line := range shown {
			if _, err := io.WriteString(w, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// annotation shows a finding at a line of a file that is there now. A token
// that no such file has is shown at no file: the line of an old version would
// be some other line.
func annotation(level string, f Finding) string {
	at := f.Locations[anchor(f.Locations)]
	properties := append(lineProperties(at), "title", upperFirst(terminal.Safe(ruleTitle(f))))
	return command(level, properties, resultMessage(f, at, "", 0))
}

// allowedAnnotation warns of a token that the scanned commits allow themselves, at
// the line where it stands: a reviewer should see that.
func allowedAnnotation(a result.Allowed) string {
	at := a.Locations[anchor(a.Locations)]
	text := "These commits add a token and allow it themselves: " + allowedLine(a) + ". If it is a real one, disable it."
	return command("warning", append(lineProperties(at), "title", "Token allowed by its own change"), text)
}

// lineProperties returns the properties of the line of a place, none if no file that is
// there has it.
func lineProperties(at result.Location) (properties []string) {
	if isShowable(at) {
		properties = append(properties, "file", at.Path)
		if at.Member == "" && at.Line > 0 { // else the line is that of the member
			properties = append(properties, "line", fmt.Sprint(at.Line), "col", fmt.Sprint(at.Column), "endColumn", fmt.Sprint(at.EndColumn))
		}
	}
	return properties
}

// isShowable reports whether a place is in a file that the repository has now,
// under a name that GitHub can show.
func isShowable(l result.Location) bool {
	return isInRepository(l) && (l.Kind != result.KindBlob || l.Current) &&
		terminal.Safe(l.Path) == l.Path && !strings.Contains(l.Path, `\x`) // a byte that is not UTF-8
}

func incompleteAnnotation(unread []result.Unread) string {
	lines := []string{"What r8scan could not read may hold further tokens:"}
	for i, u := range unread {
		if i == shownUnread {
			lines = append(lines, fmt.Sprintf("and %s more", terminal.Plural(int64(len(unread)-i), "thing")))
			break
		}
		lines = append(lines, terminal.Safe(u.What)+": "+terminal.Safe(u.Reason))
	}
	return command("warning", []string{"title", "Incomplete scan"}, strings.Join(lines, "\n"))
}

// dataEscapes and propertyEscapes are what the runner reverses, and all that it
// does. A line break could start a command of its own.
var (
	dataEscapes     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// command returns a workflow command with its newline; properties are names and
// values in turn.
func command(name string, properties []string, data string) string {
	var b strings.Builder
	b.WriteString("::" + name)
	for i := 0; i+1 < len(properties); i += 2 {
		between := ","
		if i == 0 {
			between = " "
		}
		b.WriteString(between + properties[i] + "=" + propertyEscapes.Replace(properties[i+1]))
	}
	b.WriteString("::" + dataEscapes.Replace(clip(data, maxAnnotation)) + "\n")
	return b.String()
}
