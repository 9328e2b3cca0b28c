package report

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"r8scan/internal/door"
	"r8scan/internal/home"
	"r8scan/internal/pattern"
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

// sarifLimits bound an upload. Over them GitHub refuses it or cuts it.
type sarifLimits struct {
	results       int // a run; with more it is refused
	shown         int // results of a run that are kept
	related       int // related locations a result
	notifications int // a run
	places        int // locations in all runs; so much is held in memory
	packed        int // bytes of the file behind gzip
}

var githubLimits = sarifLimits{results: 25_000, shown: 5_000, related: 100, notifications: 1_000, places: 200_000, packed: 10_000_000}

// smaller returns limits for a file that is to be smaller: results that GitHub
// would drop go first, then further places, then what is least urgent.
func (l sarifLimits) smaller() sarifLimits {
	switch {
	case l.results > l.shown:
		l.results = l.shown
	case l.related > 0:
		l.related /= 10
	default:
		l.results /= 2
		l.notifications /= 2
	}
	return l
}

// fits reports whether a file is small enough, or cannot be made smaller.
func (l sarifLimits) fits(file []byte) bool {
	if len(file) <= l.packed || l.results == 0 && l.notifications == 0 {
		return true
	}
	var packed bytes.Buffer
	out := gzip.NewWriter(&packed)
	_, _ = out.Write(file) // a buffer takes all
	_ = out.Close()
	return packed.Len() <= l.packed
}

// semanticVersion is the form that SARIF wants, without Go's leading v.
var semanticVersion = pattern.Of(`^v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)$`)

// writeSARIF writes doc as SARIF 2.1.0, shaped for GitHub code scanning. There
// is a run for tokens in files and one for tokens that only git holds, or one
// for a range, each with a category of its own. No snippet of any file is in it.
// What GitHub would not take is left out, the least urgent first, and counted. A
// finding of a rule that this version does not know is an error.
func writeSARIF(w io.Writer, doc *Document, _ Options) error {
	file, err := sarifFile(doc, githubLimits)
	if err != nil {
		return err
	}
	_, err = w.Write(file)
	return err
}

// sarifFile returns the file for doc, in the limits.
func sarifFile(doc *Document, limits sarifLimits) ([]byte, error) {
	for places(doc.Findings, limits) > limits.places && limits.results > 0 {
		limits = limits.smaller()
	}
	for {
		log, err := newSARIF(doc, limits)
		if err != nil {
			return nil, err
		}
		var file bytes.Buffer
		if err := door.EncodeMasked(&file, log, door.Indent); err != nil {
			return nil, err
		}
		if limits.fits(file.Bytes()) {
			return file.Bytes(), nil
		}
		limits = limits.smaller()
	}
}

// places is how many locations the results of findings have at most.
func places(findings []Finding, limits sarifLimits) int {
	n := 0
	for _, f := range findings[:min(len(findings), 2*limits.results)] { // of two runs
		n += 1 + min(len(f.Locations), limits.related)
	}
	return n
}

func newSARIF(doc *Document, limits sarifLimits) (*sarifLog, error) {
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
		run, err := newSARIFRun(doc, limits, category, findings)
		log.Runs = append(log.Runs, run)
		return err
	}
	switch {
	case doc.Target.Kind == "staged" || doc.Target.Kind == "message":
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

// inWorktree reports whether a finding belongs to what is in files: it is in one
// that can be fixed, or in no object of git's.
func inWorktree(f Finding) bool {
	return f.Exposure != result.ExposureHistory && f.Exposure != result.ExposurePosted ||
		slices.ContainsFunc(f.Locations, func(l result.Location) bool { return isFile(l) && isInRepository(l) })
}

func isFile(l result.Location) bool {
	return l.Kind == result.KindFile || l.Kind == result.KindIndex || l.Kind == result.KindConfig
}

func newSARIFRun(doc *Document, limits sarifLimits, category string, findings []Finding) (sarifRun, error) {
	all := len(findings)
	findings = findings[:min(all, limits.results)]
	conv := &sarifConverter{set: doc.set, root: doc.Target.Root, anchor: doc.Target.Anchor, related: limits.related, seen: map[string]bool{}}
	run := sarifRun{
		Invocations:       []sarifInvocation{newSARIFInvocation(doc.Run, limits, all)},
		AutomationDetails: sarifAutomation{category},
		ColumnKind:        "utf16CodeUnits",
		NewlineSequences:  []string{"\r\n", "\n", "\r"}, // as positions are counted
		Results:           make([]sarifResult, 0, len(findings)),
	}
	for _, f := range findings {
		res, err := conv.result(f)
		if err != nil {
			return run, err
		}
		run.Results = append(run.Results, res)
	}
	run.Tool = sarifTool{newSARIFDriver(doc.Tool, conv.rules)}
	run.addBases(conv.commits, doc.Target)
	return run, nil
}

// addBases declares the base ids that locations refer to: the root, and one for
// each old commit, in the order of their first use. A base has no URI, because it
// is another folder on each machine, or none; the provenance says which commit it
// is.
func (run *sarifRun) addBases(commits []string, target result.Target) {
	run.BaseIDs = map[string]sarifArtifactLocation{}
	repository := repositoryURI(target)
	add := func(base, commit, branch, text string) {
		run.BaseIDs[base] = sarifArtifactLocation{Description: &sarifMessage{Text: text}}
		if repository != "" && commit != "" { // the standard requires the first
			run.Provenance = append(run.Provenance, sarifProvenance{repository, commit, branch, sarifArtifactLocation{BaseID: base}})
		}
	}
	add(rootBaseID, target.Head, target.Branch, "The root of what was scanned.")
	for _, id := range commits {
		add(commitBaseID(id), id, "", fmt.Sprintf("The files of commit '%s'.", short(id)))
	}
}

// newSARIFDriver describes the tool with the rules that results name.
func newSARIFDriver(tool Tool, used []*rules.Rule) sarifDriver {
	d := sarifDriver{
		Name:           tool.Name,
		Version:        tool.Version,
		InformationURI: home.Page(),
		Rules:          make([]sarifRule, 0, len(used)),
	}
	if m := semanticVersion().FindStringSubmatch(tool.Version); m != nil {
		d.Version, d.SemanticVersion = m[1], m[1]
	}
	for _, r := range used {
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
// something was not successful, as its exit code says too; results is how many
// there would be without limits.
func newSARIFInvocation(run Run, limits sarifLimits, results int) sarifInvocation {
	inv := sarifInvocation{
		StartTime:           run.StartedAt,
		EndTime:             run.StartedAt.Add(time.Duration(run.DurationMS) * time.Millisecond),
		ExecutionSuccessful: run.Complete,
	}
	tell := func(level, format string, args ...any) {
		inv.Notifications = append(inv.Notifications, sarifNotification{level, sarifMessage{Text: fmt.Sprintf(format, args...)}})
	}
	if results > limits.results {
		tell("warning", "'%d' results were left out, the least urgent ones: GitHub takes no more than the others. The other formats hold them all.", results-limits.results)
	}
	if limits.shown > 0 && min(results, limits.results) > limits.shown {
		tell("warning", "GitHub shows '%d' of the '%d' results.", limits.shown, min(results, limits.results))
	}
	for _, s := range statuses {
		if n := run.NotListed[s]; n > 0 {
			tell("note", "'%d' more tokens were found and are not listed, as --only-live asks: their status is '%s'.", n, s)
		}
	}
	unread := run.Coverage.Unread
	if len(unread) > limits.notifications {
		tell("warning", "'%d' more things were not read than are named here.", len(unread)-limits.notifications)
		unread = unread[:limits.notifications]
	}
	for _, u := range unread {
		tell("warning", "'%s' was not read: '%s'.", messageText(u.What), messageText(u.Reason))
	}
	if n := len(run.Coverage.Accepted); n > 0 {
		tell("note", "'%d' things were not read, as the configuration accepts.", n)
	}
	return inv
}
