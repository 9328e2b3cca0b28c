package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"r8scan/internal/door"
	"r8scan/result"
	"r8scan/rules"
)

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

	// GitHub takes the part before the last slash as the category. Each upload
	// of a category replaces the one before: a token that stood in a file and
	// one that stands in old commits only are closed in different ways, so they
	// are kept apart. A range says nothing of what was there before it, and must
	// not close the alerts of a whole scan; nor must what is staged, or pushed.
	worktreeCategory = "r8scan/worktree/"
	historyCategory  = "r8scan/history/"
	rangeCategory    = "r8scan/range/"
	stagedCategory   = "r8scan/staged/"
)

// sarifLimits bound a run. Over them GitHub refuses or cuts the upload.
type sarifLimits struct {
	results       int // a run
	related       int // related locations a result
	notifications int // a run
}

var githubLimits = sarifLimits{results: 25_000, related: 100, notifications: 1_000}

// semanticVersion is the form that SARIF wants, without Go's leading v.
var semanticVersion = regexp.MustCompile(`^v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)$`)

// writeSARIF writes doc as SARIF 2.1.0, shaped for GitHub code scanning. There
// is a run for tokens in files and one for tokens that only git holds, or one
// for a range, each with a category of its own. No snippet of any file is in it. A finding of a
// rule that this version does not know is an error.
func writeSARIF(w io.Writer, doc *Document, opts Options) error {
	log, err := newSARIF(doc, opts, githubLimits)
	if err != nil {
		return err
	}
	return door.EncodeMasked(w, log, door.Indent)
}

func newSARIF(doc *Document, opts Options, limits sarifLimits) (*sarifLog, error) {
	var worktree, history []Finding
	for _, f := range doc.Findings {
		if inWorktree(f) {
			worktree = append(worktree, f)
		} else {
			history = append(history, f)
		}
	}
	log := &sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{}}
	add := func(category string, findings []Finding) error {
		run, err := newSARIFRun(doc, opts, limits, category, findings)
		log.Runs = append(log.Runs, run)
		return err
	}
	switch {
	case doc.Target.Kind == "staged":
		return log, add(stagedCategory, doc.Findings)
	case doc.Target.Kind == "push" || doc.Target.Range != "":
		return log, add(rangeCategory, doc.Findings)
	}
	// A run without results closes the alerts of its category, which is right
	// only if that part was read. Only a scan of history reads commits.
	hasHistory := len(history) > 0 || doc.Coverage.Commits > 0
	if len(worktree) > 0 || doc.Coverage.Files > 0 || !hasHistory {
		if err := add(worktreeCategory, worktree); err != nil {
			return nil, err
		}
	}
	if hasHistory {
		if err := add(historyCategory, history); err != nil {
			return nil, err
		}
	}
	return log, nil
}

// inWorktree reports whether a finding has a place outside git's objects that
// is a file, where its alert can be shown and fixed.
func inWorktree(f Finding) bool {
	for _, l := range f.Locations {
		if isFile(l) {
			return true
		}
	}
	return false
}

func isFile(l result.Location) bool {
	return l.Kind == result.KindFile || l.Kind == result.KindIndex || l.Kind == result.KindConfig
}

func newSARIFRun(doc *Document, opts Options, limits sarifLimits, category string, findings []Finding) (sarifRun, error) {
	var cut int
	if len(findings) > limits.results {
		cut = len(findings) - limits.results
		findings = findings[:limits.results]
	}
	run := sarifRun{
		Tool:              sarifTool{newSARIFDriver(doc.Tool, doc.set)},
		Invocations:       []sarifInvocation{newSARIFInvocation(doc.Run, limits, cut)},
		AutomationDetails: sarifAutomation{category},
		ColumnKind:        "utf16CodeUnits",
		NewlineSequences:  []string{"\r\n", "\n", "\r"}, // as positions are counted
		Results:           make([]sarifResult, 0, len(findings)),
	}
	conv := &sarifConverter{set: doc.set, root: opts.Root, related: limits.related, seen: map[string]bool{}}
	for _, f := range findings {
		res, err := conv.result(f)
		if err != nil {
			return run, err
		}
		run.Results = append(run.Results, res)
	}
	run.addCommits(conv.commits, repositoryURI(doc.Target, opts))
	return run, nil
}

// addCommits declares the base ids that locations in old commits refer to, in
// the order of their first use. The base has no URI of its own, because no
// folder holds that commit's files; the provenance says which commit it is.
func (run *sarifRun) addCommits(commits []string, repository string) {
	if len(commits) == 0 {
		return
	}
	run.BaseIDs = make(map[string]sarifArtifactLocation, len(commits))
	for _, id := range commits {
		text := fmt.Sprintf("The files of commit '%s'.", short(id))
		run.BaseIDs[commitBaseID(id)] = sarifArtifactLocation{Description: &sarifMessage{Text: text}}
		if repository == "" { // the standard requires it
			continue
		}
		run.Provenance = append(run.Provenance, sarifProvenance{
			RepositoryURI: repository,
			RevisionID:    id,
			MappedTo:      sarifArtifactLocation{BaseID: commitBaseID(id)},
		})
	}
}

func newSARIFDriver(tool Tool, set *rules.Set) sarifDriver {
	d := sarifDriver{
		Name:           tool.Name,
		Version:        tool.Version,
		InformationURI: homePage,
		Rules:          []sarifRule{},
	}
	if m := semanticVersion.FindStringSubmatch(tool.Version); m != nil {
		d.Version, d.SemanticVersion = m[1], m[1]
	}
	for _, r := range set.All() {
		d.Rules = append(d.Rules, newSARIFRule(r))
	}
	return d
}

func newSARIFRule(r *rules.Rule) sarifRule {
	steps := advice(Finding{Rule: r.ID, rule: r, Confidence: rules.High, Exposure: result.ExposureHistory})
	markdown := r.Description + "\n\nIt looks like this: `" + r.Example + "`\n"
	for i, step := range steps {
		markdown += fmt.Sprintf("\n%d. %s", i+1, step)
	}
	level, precision := "error", "very-high"
	if r.Context {
		level, precision = "warning", "high"
	}
	return sarifRule{
		ID:               r.ID,
		Name:             r.Name,
		ShortDescription: sarifMessage{Text: upperFirst(r.Title) + "."},
		FullDescription:  sarifMessage{Text: r.Description},
		Help: sarifMessage{
			Text:     r.Description + " What to do: " + strings.Join(steps, " "),
			Markdown: markdown,
		},
		HelpURI:       r.Remedy.Page,
		DefaultConfig: sarifConfiguration{level},
		Properties: sarifRuleProperties{
			Tags:             []string{"security", "secret", "external/cwe/cwe-798"},
			Precision:        precision,
			SecuritySeverity: r.Severity,
		},
	}
}

// newSARIFInvocation says how the scan went. A scan that could not read
// something was not successful, as its exit code says too; cut is the number of
// results that were left out.
func newSARIFInvocation(run Run, limits sarifLimits, cut int) sarifInvocation {
	inv := sarifInvocation{
		StartTime:           run.StartedAt,
		EndTime:             run.StartedAt.Add(time.Duration(run.DurationMS) * time.Millisecond),
		ExecutionSuccessful: run.Complete,
	}
	warn := func(format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		inv.Notifications = append(inv.Notifications, sarifNotification{"warning", sarifMessage{Text: text}})
	}
	if cut > 0 {
		warn("'%d' results were left out: a run holds at most '%d'. The other formats hold them all.", cut, limits.results)
	}
	unread := run.Coverage.Unread
	if len(unread) > limits.notifications {
		warn("'%d' more things were not read than are named here.", len(unread)-limits.notifications)
		unread = unread[:limits.notifications]
	}
	for _, u := range unread {
		warn("'%s' was not read: '%s'.", messageText(u.What), messageText(u.Reason))
	}
	if n := len(run.Coverage.Accepted); n > 0 {
		warn("'%d' things were not read, as the configuration accepts.", n)
	}
	return inv
}
