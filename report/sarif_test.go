package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"r8scan/internal/terminal"
	"r8scan/result"
	"r8scan/rules"
)

// schemaValidator returns a function that checks a text against a schema in
// testdata.
func schemaValidator(t *testing.T, name string) func(text string) error {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return func(text string) error {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			return err
		}
		return schema.Validate(v)
	}
}

func TestSARIFIsValid(t *testing.T) {
	validate := schemaValidator(t, "sarif-schema-2.1.0.json")
	for name, doc := range documents() {
		for _, target := range []result.Target{{}, {Path: "https://example.com/a"}, {Anchor: "README", Head: commit("e"), Branch: "main", Remote: "ssh://github.com/a/b"}} {
			doc.Target = target
			if err := validate(render(t, "sarif", doc, Options{})); err != nil {
				t.Errorf("%s of %+v: %v", name, target, err)
			}
		}
	}
	text := render(t, "sarif", fullDocument(), Options{})
	for _, change := range [][2]string{
		{`"startLine": 12`, `"startLine": 0`},
		{`"results": [`, `"resultz": [`},
		{`"startTimeUtc": "2024`, `"startTimeUtc": "x`},
	} {
		broken := strings.Replace(text, change[0], change[1], 1)
		if broken == text || validate(broken) == nil {
			t.Errorf("the schema accepts %s", change[1])
		}
	}
}

// decoded returns the runs of doc by category.
func decoded(t *testing.T, doc *Document, limits sarifLimits) map[string]sarifRun {
	t.Helper()
	log, err := newSARIF(doc, limits)
	if err != nil {
		t.Fatal(err)
	}
	runs := map[string]sarifRun{}
	for _, run := range log.Runs {
		runs[run.AutomationDetails.ID] = run
	}
	if len(runs) != len(log.Runs) {
		t.Fatal("two runs of one category")
	}
	return runs
}

func TestSARIFSplitsFilesFromHistory(t *testing.T) {
	doc := fullDocument()
	runs := decoded(t, doc, githubLimits)
	want := map[string][]int{worktreeCategory: {0, 3, 4, 5, 6}, historyCategory: {1, 2}}
	for category, indexes := range want {
		var got, ids []string
		for _, r := range runs[category].Results {
			got = append(got, r.Fingerprints["tokenId/v1"])
		}
		for _, i := range indexes {
			ids = append(ids, doc.Findings[i].TokenID)
		}
		if !reflect.DeepEqual(got, ids) {
			t.Errorf("%s has %v, want %v", category, got, ids)
		}
	}
}

// An empty run closes alerts, so it stands only for what was read.
func TestSARIFRuns(t *testing.T) {
	full := fullDocument().Findings
	for _, tt := range []struct {
		name     string
		findings []Finding
		coverage result.Coverage
		target   result.Target
		want     []string
	}{
		{"nothing", nil, result.Coverage{}, result.Target{}, []string{worktreeCategory}},
		{"files", nil, result.Coverage{Files: 3}, result.Target{}, []string{worktreeCategory}},
		{"files and history", nil, result.Coverage{Files: 3, Objects: 9, Commits: 2}, result.Target{}, []string{worktreeCategory, historyCategory}},
		{"history", nil, result.Coverage{Objects: 9, Commits: 2}, result.Target{}, []string{historyCategory}},
		{"index only", nil, result.Coverage{Objects: 9}, result.Target{}, []string{worktreeCategory}},
		{"a file, history read", full[5:6], result.Coverage{Commits: 2}, result.Target{}, []string{worktreeCategory, historyCategory}},
		{"a blob, nothing counted", full[1:2], result.Coverage{}, result.Target{}, []string{historyCategory}},
		{"a range", nil, result.Coverage{Objects: 9, Commits: 2}, result.Target{Range: "a..b"}, []string{rangeCategory}},
		{"an empty range", nil, result.Coverage{}, result.Target{Range: "a..b"}, []string{rangeCategory}},
		{"a token in a range, staged again", full[3:4], result.Coverage{Commits: 2}, result.Target{Range: "a..b"}, []string{rangeCategory}},
		{"what is staged", full[3:4], result.Coverage{Objects: 3}, result.Target{Kind: "staged"}, []string{stagedCategory}},
		{"nothing is staged", nil, result.Coverage{}, result.Target{Kind: "staged"}, []string{stagedCategory}},
		{"what is pushed", full[1:2], result.Coverage{Objects: 9, Commits: 2}, result.Target{Kind: "push"}, []string{rangeCategory}},
	} {
		log, err := newSARIF(&Document{Run{Coverage: tt.coverage, Target: tt.target}, tt.findings}, githubLimits)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, run := range log.Runs {
			got = append(got, run.AutomationDetails.ID)
			if run.Results == nil {
				t.Errorf("%s: results would be null", tt.name)
			}
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestSARIFResult(t *testing.T) {
	runs := decoded(t, fullDocument(), githubLimits)
	res := runs[worktreeCategory].Results[0]
	// The blob comes first in the result; GitHub can show the file only.
	at := res.Locations[0].Physical
	if at.ArtifactLocation.URI != "src/app.py" || at.ArtifactLocation.BaseID != rootBaseID {
		t.Errorf("anchored at %+v", at.ArtifactLocation)
	}
	if at.Region != (sarifRegion{12, 9, 12, 49}) {
		t.Errorf("region is %+v", at.Region)
	}
	if len(res.Related) != 7 {
		t.Fatalf("%d related locations", len(res.Related))
	}
	for i, l := range res.Related {
		if l.ID != i+1 || l.Physical.ArtifactLocation.URI == "src/app.py" {
			t.Errorf("related location %d is %+v", i, l)
		}
	}
	if base := res.Related[0].Physical.ArtifactLocation.BaseID; base != "COMMIT_"+commit("a") {
		t.Errorf("base id %q", base)
	}
}

// TestSARIFVerdicts: the level follows Replicate's answer, and the message
// says it.
func TestSARIFVerdicts(t *testing.T) {
	ann := &Account{"user", "ann", "Ann [x](https://example.com)"}
	for _, tt := range []struct {
		v           Verification
		confidence  rules.Confidence
		exposure    result.Exposure
		level, says string
	}{
		{Verification{Status: StatusLive, Account: ann}, rules.High, result.ExposureHistory, "error", "Replicate says that it is 'live', a token of the user 'ann'."},
		{Verification{Status: StatusLive, Reason: "without billing"}, rules.Low, result.ExposureTracked, "error", "Replicate says that it is 'live': without billing."},
		{Verification{Status: StatusLive}, rules.High, result.ExposureIgnored, "note", "Replicate says that it is 'live'."},
		{Verification{Status: StatusRevoked}, rules.High, result.ExposureHistory, "note", "Replicate says that it is 'revoked'. Nobody can use it"},
		{Verification{Status: StatusUnknown, Reason: "no [way](x)"}, rules.High, result.ExposureHistory, "error", `Whether it is live is not known: no [way]\(x).`},
		{Verification{Status: StatusUnknown, Reason: "r"}, rules.Medium, result.ExposureTracked, "warning", "Whether it is live is not known: r."},
	} {
		f := fullDocument().Findings[0]
		f.Verification, f.Confidence, f.Exposure = tt.v, tt.confidence, tt.exposure
		for _, run := range decoded(t, &Document{Findings: []Finding{f}}, githubLimits) {
			for _, r := range run.Results {
				if r.Level != tt.level || !strings.Contains(r.Message.Text, tt.says) {
					t.Errorf("%s: level %s, %q; want %s, %q", tt.v.Status, r.Level, r.Message.Text, tt.level, tt.says)
				}
				if got := strings.HasPrefix(r.Message.Text, "This may be"); got != (tt.confidence == rules.Low && tt.v.Status != StatusLive) {
					t.Errorf("%s: %q", tt.v.Status, r.Message.Text)
				}
			}
		}
	}
}

// What the validators of SARIF's own and of GitHub's rules look at in messages
// and rules.
func TestSARIFTexts(t *testing.T) {
	for _, run := range decoded(t, fullDocument(), githubLimits) {
		var texts []string
		for _, r := range run.Tool.Driver.Rules {
			texts = append(texts, r.ShortDescription.Text, r.FullDescription.Text, r.Help.Text)
			if r.ID == r.Name || len(r.FullDescription.Text) > 1024 || len(r.Name) > 255 || r.Help.Markdown == "" {
				t.Errorf("rule %+v", r)
			}
		}
		for _, r := range run.Results {
			texts = append(texts, r.Message.Text)
			if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
				t.Errorf("rule index %d is not %s", r.RuleIndex, r.RuleID)
			}
			for _, l := range r.Related {
				texts = append(texts, l.Message.Text)
			}
		}
		for _, n := range run.Invocations[0].Notifications {
			texts = append(texts, n.Message.Text)
		}
		for _, text := range texts {
			if !strings.HasSuffix(text, ".") || strings.Contains(text, "](") || terminal.Safe(text) != text {
				t.Errorf("message %q", text)
			}
		}
	}
}

func TestSARIFMessages(t *testing.T) {
	doc := fullDocument()
	messages := map[string]string{}
	for _, run := range decoded(t, doc, githubLimits) {
		for _, r := range run.Results {
			messages[r.Fingerprints["tokenId/v1"]] = r.Message.Text
		}
	}
	for i, want := range []string{
		"It stands in the file 'src/app.py'. Git holds it since commit 'aaaaaaaaaa'. Disable it at https://replicate.com/account/api-tokens first",
		"It stands in blob '3333333333', the file 'dist/a.whl', in its member 'b/c.py', in commit 'cccccccccc', written in 'base64 > hex'.",
		"Git holds it, in no commit that is known.",
		"It stands in what is staged of 'cfg/a b.yml'.",
		`'evil\x1b[2J\u202e[click]\(https://example.com)\xff.env'`,
		"No action needed: git ignores the file.",
		"This may be a Replicate API token, '" + doc.Findings[6].Token + "'",
	} {
		if got := messages[doc.Findings[i].TokenID]; !strings.Contains(got, want) {
			t.Errorf("finding %d: got %q, want %q in it", i, got, want)
		}
	}
}

func TestSARIFLimits(t *testing.T) {
	doc := fullDocument()
	doc.NotListed = map[Status]int{StatusRevoked: 4}
	run := decoded(t, doc, sarifLimits{results: 2, shown: 1, related: 3, notifications: 1})[worktreeCategory]
	if len(run.Results) != 2 || len(run.Results[0].Related) != 3 {
		t.Errorf("%d results, %d related", len(run.Results), len(run.Results[0].Related))
	}
	if want := "It stands in '4' more places that are not listed here."; !strings.Contains(run.Results[0].Message.Text, want) {
		t.Errorf("message is %q", run.Results[0].Message.Text)
	}
	var got []string
	for _, n := range run.Invocations[0].Notifications {
		got = append(got, n.Message.Text)
	}
	want := []string{
		"'3' results were left out, the least urgent ones: GitHub takes no more than the others. The other formats hold them all.",
		"GitHub shows '1' of the '2' results.",
		"'4' more tokens were found and are not listed, as --only-live asks: their status is 'revoked'.",
		"'1' more things were not read than are named here.",
		"'pack-1.pack' was not read: 'object at 12: bad zlib header'.",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("notifications are %q, want %q", got, want)
	}
	if githubLimits != (sarifLimits{25_000, 5_000, 100, 1_000, 200_000, 10_000_000}) {
		t.Errorf("limits are %+v", githubLimits)
	}
}

// TestSARIFShrinks: what is too large for an upload loses what GitHub would drop,
// then further places, then the least urgent results.
func TestSARIFShrinks(t *testing.T) {
	doc := &Document{Run: Run{Complete: true, Coverage: result.Coverage{Files: 1}}}
	for i := range 400 {
		sum := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		f := found(file("a/"+hex.EncodeToString(sum[:]), 1))
		f.TokenID = hex.EncodeToString(sum[:8])
		for j := range 10 {
			f.Locations = append(f.Locations, file(hex.EncodeToString(sum[j:]), 1))
		}
		doc.Findings = append(doc.Findings, f)
	}
	for _, tt := range []struct {
		name             string
		limits           sarifLimits
		results, related int
	}{
		{"it fits", sarifLimits{300, 200, 10, 9, 1 << 20, 10 << 20}, 300, 10},
		{"places", sarifLimits{300, 200, 10, 9, 5000, 10 << 20}, 300, 10},
		{"more places", sarifLimits{300, 200, 10, 9, 3000, 10 << 20}, 200, 1},
		{"bytes", sarifLimits{300, 200, 10, 9, 1 << 20, 30_000}, 200, 1},
		{"fewer bytes", sarifLimits{300, 200, 10, 9, 1 << 20, 10_000}, 100, 0},
		{"nothing fits", sarifLimits{300, 200, 10, 9, 1 << 20, 10}, 0, 0},
	} {
		text, err := sarifFile(doc, tt.limits)
		if err != nil {
			t.Fatal(err)
		}
		var got sarifLog
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		run := got.Runs[0]
		if len(run.Results) != tt.results || tt.results > 0 && len(run.Results[0].Related) != tt.related {
			t.Errorf("%s: %d results, %d related, %d bytes", tt.name, len(run.Results), len(run.Results[0].Related), len(text))
		}
		if want := fmt.Sprintf("'%d' results were left out", 400-tt.results); !strings.Contains(run.Invocations[0].Notifications[0].Message.Text, want) {
			t.Errorf("%s: %+v", tt.name, run.Invocations[0].Notifications)
		}
	}
}

// TestSARIFUnseenPlaces: GitHub can show a file of the repository only. What is in
// none is shown at the anchor, and the message says where it is.
func TestSARIFUnseenPlaces(t *testing.T) {
	at := func(kind, path string) result.Location {
		return result.Location{Kind: kind, Path: path, Object: commit("5"), Commit: commit("5"), Line: 3, Column: 4, EndColumn: 44}
	}
	current := at("blob", "old.py")
	current.Current = true
	for _, tt := range []struct {
		name      string
		locations []result.Location
		want      string // path:line:base
		says      string
	}{
		{"a message", []result.Location{at("commit", "")}, "README.md:1:%SRCROOT%", "It stands in the message of commit '5555555555'. That is no file of the repository, so this is shown at 'README.md'."},
		{"git's copy of it", []result.Location{at("file", ".git/COMMIT_EDITMSG"), at("commit", "")}, "README.md:1:%SRCROOT%", "In the file"},
		{"configuration", []result.Location{at("config", ".git/config")}, "README.md:1:%SRCROOT%", "It stands in the file '.git/config'. That is no"},
		{"that of a submodule", []result.Location{at("file", "sub/.git/logs/HEAD")}, "README.md:1:%SRCROOT%", "sub/.git/logs/HEAD"},
		{"a tag", []result.Location{at("tag", "")}, "README.md:1:%SRCROOT%", "tag '5555555555'"},
		{"a ref", []result.Location{at("ref", "refs/heads/r8_Hw***")}, "README.md:1:%SRCROOT%", "In the ref"},
		{"a folder's name", []result.Location{at("tree", "r8_Hw***/x")}, "README.md:1:%SRCROOT%", "In the file name"},
		{"a file whose name is a token", []result.Location{at("file", "r8_Hw***/x")}, "README.md:1:%SRCROOT%", "In the file"},
		{"a blob without a path", []result.Location{at("blob", "")}, "README.md:1:%SRCROOT%", "In blob"},
		{"a message and a file that is there", []result.Location{at("commit", ""), current}, "old.py:3:%SRCROOT%", "the file 'old.py'"},
		{"a message and a file of then", []result.Location{at("commit", ""), at("blob", "old.py")}, "old.py:3:COMMIT_" + commit("5"), "the file 'old.py'"},
	} {
		f := found(tt.locations[0])
		f.Locations = tt.locations
		log, err := newSARIF(&Document{Run{Target: result.Target{Anchor: "README.md"}}, []Finding{f}}, githubLimits)
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range log.Runs {
			for _, res := range run.Results {
				p := res.Locations[0].Physical
				if got := fmt.Sprint(p.ArtifactLocation.URI, ":", p.Region.StartLine, ":", p.ArtifactLocation.BaseID); got != tt.want || !strings.Contains(res.Message.Text, lowerFirst(tt.says)) && !strings.Contains(res.Message.Text, tt.says) {
					t.Errorf("%s: at %s, want %s: %s", tt.name, got, tt.want, res.Message.Text)
				}
				if named := len(res.Related); (p.ArtifactLocation.URI == "README.md") != (named == len(tt.locations)) {
					t.Errorf("%s: %d of %d places are related", tt.name, named, len(tt.locations))
				}
			}
		}
	}
}

// TestSARIFCategories: a message that git keeps a copy of belongs to the history
// all the same, and a setting of this clone does not.
func TestSARIFCategories(t *testing.T) {
	for _, tt := range []struct {
		exposure  result.Exposure
		locations []result.Location
		want      bool
	}{
		{result.ExposureHistory, []result.Location{{Kind: "file", Path: ".git/COMMIT_EDITMSG"}, {Kind: "commit"}}, false},
		{result.ExposureHistory, []result.Location{{Kind: "reflog", Path: ".git/logs/HEAD"}}, false},
		{result.ExposureHistory, []result.Location{{Kind: "blob", Path: "a"}}, false},
		{result.ExposureHistory, []result.Location{{Kind: "blob", Path: "a"}, {Kind: "index", Path: "a"}}, true},
		{result.ExposureUntracked, []result.Location{{Kind: "config", Path: ".git/config"}}, true},
		{result.ExposureUntracked, []result.Location{{Kind: "file"}}, true},
	} {
		if got := inWorktree(Finding{Exposure: tt.exposure, Locations: tt.locations}); got != tt.want {
			t.Errorf("%s, %+v: %v", tt.exposure, tt.locations, got)
		}
	}
}

// TestSARIFRules: a run has the rules of its results, and an empty list, which
// GitHub takes and null not, without any.
func TestSARIFRules(t *testing.T) {
	for name, doc := range everything() {
		for category, run := range decoded(t, doc, githubLimits) {
			used := map[string]bool{}
			for _, r := range run.Results {
				used[r.RuleID] = true
			}
			if run.Tool.Driver.Rules == nil || len(run.Tool.Driver.Rules) != len(used) {
				t.Errorf("%s, %s: %d rules, %d used", name, category, len(run.Tool.Driver.Rules), len(used))
			}
		}
	}
}

func TestSARIFIncompleteIsNotSuccessful(t *testing.T) {
	for _, doc := range []*Document{fullDocument(), emptyDocument()} {
		for category, run := range decoded(t, doc, githubLimits) {
			if inv := run.Invocations[0]; inv.ExecutionSuccessful != doc.Complete || (len(inv.Notifications) == 0) != doc.Complete {
				t.Errorf("%s, complete %v: %+v", category, doc.Complete, inv)
			}
		}
	}
}

func TestSARIFProvenance(t *testing.T) {
	doc := fullDocument()
	doc.Target.Remote, doc.Target.Branch = "ssh://github.com/example/app", "main"
	run := decoded(t, doc, githubLimits)[worktreeCategory]
	if len(run.Provenance) != 3 || len(run.BaseIDs) != 3 {
		t.Fatalf("%d commits, %d base ids; six locations share one commit", len(run.Provenance), len(run.BaseIDs))
	}
	const address = "https://github.com/example/app"
	want := []sarifProvenance{{address, commit("e"), "main", sarifArtifactLocation{BaseID: "%SRCROOT%"}}, {address, commit("a"), "", sarifArtifactLocation{BaseID: "COMMIT_" + commit("a")}}}
	if !reflect.DeepEqual(run.Provenance[:2], want) {
		t.Errorf("got %+v, want %+v", run.Provenance[:2], want)
	}
	// No URI is known: the standard allows base ids without provenance.
	run = decoded(t, fullDocument(), githubLimits)[worktreeCategory]
	if len(run.Provenance) != 0 || len(run.BaseIDs) != 3 {
		t.Errorf("without a URI: %d commits, %d base ids", len(run.Provenance), len(run.BaseIDs))
	}
}

func TestRepositoryURI(t *testing.T) {
	for _, tt := range []struct{ path, remote, want string }{
		{"https://u:p@example.com/r?t=1#f", "", "https://example.com/r"},
		{"ssh://git@example.org/q", "", "ssh://example.org/q"},
		{"ssh://git@gitlab.com/g/s/q", "", "ssh://gitlab.com/g/s/q"},
		{".", "ssh://github.com/a/b", "https://github.com/a/b"},
		{".", "ssh://gitlab.example.com/a/b/c", "https://gitlab.example.com/a/b/c"},
		{".", "http://bitbucket.org/a/b", "https://bitbucket.org/a/b"},
		{".", "ssh://git.example.com/a/b", "ssh://git.example.com/a/b"},
		{"https://example.com/x", "https://example.com/r", "https://example.com/r"},
		{"git@example.com:a/b", "", ""},
		{`C:\x`, "", ""},
		{"/abs", "", ""},
		{"", "", ""},
	} {
		if got := repositoryURI(result.Target{Path: tt.path, Remote: tt.remote}); got != tt.want {
			t.Errorf("%+v: got %q", tt, got)
		}
	}
}

func TestLocationURI(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the paths here are Unix paths")
	}
	for _, tt := range []struct{ kind, path, object, want string }{
		{"file", "src/app.py", "", "src/app.py"},
		{"file", "./src//app.py", "", "src/app.py"},
		{"file", "a b/é#?%.py", "", "a%20b/%C3%A9%23%3F%25.py"},
		{"file", "[id]/(x)+,@.js", "", "%5Bid%5D/(x)+,@.js"},
		{"file", "c:x", "", "c%3Ax"},
		{"file", `a\b`, "", "a%5Cb"},
		{"file", "\xff\xfe", "", "%FF%FE"},
		{"file", "/root/in/side", "", "in/side"},
		{"file", "/rooted/x", "", "file:///rooted/x"},
		{"file", "//other/x y", "", "file:///other/x%20y"},
		{"file", "../x", "", "../x"},
		{"file", "..x", "", "..x"},
		{"file", "", "", "stdin"},
		{"index", "a", "1", "a"},
		{"blob", "a", "1", "a"},
		{"blob", "", "1", ".git/blob/1"},
		{"commit", "", "2", ".git/commit/2"},
		{"tag", "", "3", ".git/tag/3"},
		{"ref", "refs/heads/x", "", ".git/refs/heads/x"},
		{"ref", "", "", ".git/ref"},
	} {
		got := locationURI("/root", result.Location{Kind: tt.kind, Path: tt.path, Object: tt.object})
		if got != tt.want {
			t.Errorf("%s %q %q: got %q, want %q", tt.kind, tt.path, tt.object, got, tt.want)
		}
	}
	if got := pathURI("", "/x"); got != "file:///x" {
		t.Errorf("without a root: %q", got)
	}
}

func TestAnchor(t *testing.T) {
	locs := []result.Location{
		{Kind: "commit"}, {Kind: "tree", Path: "r8_Hw***"}, {Kind: "blob", Path: "a"}, {Kind: "blob", Path: "b"}, {Kind: "blob", Path: "b", Current: true},
		{Kind: "config", Path: ".git/config"}, {Kind: "index", Path: "c"}, {Kind: "file", Path: "d"}, {Kind: "file", Path: "e"},
	}
	for n, want := range []int{0, 0, 1, 2, 2, 4, 4, 6, 7, 7} {
		if n > 0 && anchor(locs[:n]) != want {
			t.Errorf("of the first %d: got %d, want %d", n, anchor(locs[:n]), want)
		}
	}
}

// The fingerprint must outlive edits and renames, and tell tokens apart.
func TestFingerprints(t *testing.T) {
	hash := func(change func(f *Finding)) string {
		f := fullDocument().Findings[5]
		change(&f)
		conv := &sarifConverter{seen: map[string]bool{}}
		res, err := conv.result(f)
		if err != nil {
			t.Fatal(err)
		}
		if res.Fingerprints["tokenId/v1"] != f.TokenID {
			t.Errorf("tokenId/v1 is %s", res.Fingerprints["tokenId/v1"])
		}
		return res.Fingerprints["primaryLocationLineHash"]
	}
	same := hash(func(*Finding) {})
	if !regexp.MustCompile(`^[0-9a-f]{16}:1$`).MatchString(same) {
		t.Errorf("fingerprint is %q", same)
	}
	for name, tt := range map[string]struct {
		change func(f *Finding)
		same   bool
	}{
		"line":            {func(f *Finding) { f.Locations[0].Line = 99 }, true},
		"token":           {func(f *Finding) { f.TokenID = "0123456789abcdef" }, false},
		"rule":            {func(f *Finding) { f.Rule = rules.LegacyToken.ID }, false},
		"path":            {func(f *Finding) { f.Locations[0].Path = "x" }, true},
		"member":          {func(f *Finding) { f.Locations[0].Member = "x" }, true},
		"place before it": {func(f *Finding) { f.Locations = append([]result.Location{file("a", 1)}, f.Locations...) }, true},
	} {
		if got := hash(tt.change); (got == same) != tt.same {
			t.Errorf("another %s: got %s, was %s", name, got, same)
		}
	}
}

// A file is shown as it is now, even where a commit is known that has it too.
func TestSARIFBaseIDs(t *testing.T) {
	for kind, want := range map[string]string{"blob": "COMMIT_1", "tree": "COMMIT_1", "file": rootBaseID, "index": rootBaseID, "config": rootBaseID} {
		conv := &sarifConverter{seen: map[string]bool{}}
		got := conv.physical(result.Location{Kind: kind, Path: "a", Commit: "1"}).ArtifactLocation.BaseID
		if got != want || (len(conv.commits) == 1) != (want != rootBaseID) {
			t.Errorf("%s: got %q and commits %v, want %q", kind, got, conv.commits, want)
		}
	}
}

// A region of zeros is refused by every reader.
func TestSARIFRegionIsNeverEmpty(t *testing.T) {
	conv := &sarifConverter{seen: map[string]bool{}}
	for _, tt := range []struct {
		l    result.Location
		want sarifRegion
	}{
		{result.Location{}, sarifRegion{1, 1, 1, 2}},
		{result.Location{Line: 3, Column: 7, EndColumn: 7}, sarifRegion{3, 7, 3, 8}},
		{result.Location{Line: 3, Column: 7, EndColumn: 47}, sarifRegion{3, 7, 3, 47}},
	} {
		if got := conv.physical(tt.l).Region; got != tt.want {
			t.Errorf("%+v: got %+v, want %+v", tt.l, got, tt.want)
		}
	}
}

func TestSARIFRefusesWhatItCannotSay(t *testing.T) {
	for want, change := range map[string]func(f *Finding){
		`unknown rule "new-rule"`: func(f *Finding) { f.Rule = "new-rule" },
		"has no location":         func(f *Finding) { f.Locations = nil },
	} {
		doc := fullDocument()
		change(&doc.Findings[1])
		var b bytes.Buffer
		err := writeSARIF(&b, doc, Options{})
		if err == nil || !strings.Contains(err.Error(), want) || b.Len() > 0 {
			t.Errorf("got %v and %d bytes, want %s and none", err, b.Len(), want)
		}
	}
}

func TestSARIFVersions(t *testing.T) {
	for version, want := range map[string][2]string{
		"v1.2.3":         {"1.2.3", "1.2.3"},
		"1.2.3-rc.1+abc": {"1.2.3-rc.1+abc", "1.2.3-rc.1+abc"},
		"(devel)":        {"(devel)", ""},
		"v1.2":           {"v1.2", ""},
	} {
		d := newSARIFDriver(Tool{Name: "r8scan", Version: version}, nil)
		if got := [2]string{d.Version, d.SemanticVersion}; got != want {
			t.Errorf("%s: got %q, want %q", version, got, want)
		}
	}
}

// No part of a scanned file may be in the report, whoever adds a field later.
func TestSARIFHasNoSnippets(t *testing.T) {
	dec := json.NewDecoder(strings.NewReader(render(t, "sarif", fullDocument(), Options{Verbose: true})))
	regions := 0
	for {
		tok, err := dec.Token()
		if err != nil {
			break
		}
		switch tok {
		case "region":
			regions++
		case "snippet", "contextRegion", "contents":
			t.Errorf("there is a %s", tok)
		}
	}
	if regions < 10 {
		t.Errorf("only %d regions were looked at", regions)
	}
}
