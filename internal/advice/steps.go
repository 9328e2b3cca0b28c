package advice

import (
	"strings"

	"r8scan/result"
	"r8scan/rules"
)

// Case is a token that was found, as far as it matters for what to do.
type Case struct {
	Remedy    rules.Remedy // of its rule
	Doubt     bool         // it may be a placeholder
	Verdict   Verdict
	Exposure  result.Exposure
	CopiedBy  string // as in a result.Finding
	Locations []result.Location
	History   *result.History
	Head      string // id of the commit at HEAD, "" if there is none
	FilesOnly bool   // git's objects were not read
	Bare      bool   // the repository has no work tree: others push to it, or it mirrors another
}

// Verdict is what Replicate said about a token.
type Verdict int

// The verdicts.
const (
	Unknown Verdict = iota // not asked, or no clear answer
	Live
	Revoked
)

// Step is one thing to do.
type Step struct {
	Text    string // sentences of our own
	Command string // a line for a POSIX shell, "" if there is none
}

// Group is what decides the steps: tokens of one group have them in common. It is
// comparable.
type Group struct {
	Reach
	remedy    rules.Remedy
	verdict   Verdict
	doubt     bool
	copied    bool
	image     bool // the tokens are in container images
	filesOnly bool
	posted    postedIn
}

// GroupOf returns the group of a case.
func GroupOf(c Case) Group {
	return Group{Reach: reachOf(c), remedy: c.Remedy, verdict: c.Verdict,
		doubt: c.Doubt && c.Verdict != Live, copied: c.CopiedBy != "", image: c.Exposure == result.ExposureImage, filesOnly: c.FilesOnly,
		posted: postedOf(c.Locations)}
}

// Where to look for what somebody else has done with a token.
const (
	predictionsPage = "https://replicate.com/predictions"
	billingPage     = "https://replicate.com/account/billing"
)

// Steps returns what to do about the tokens of one group, in order. Commands that
// name files or commits are about those of all cases; none is named that no
// command needs.
func Steps(cases ...Case) []Step {
	if len(cases) == 0 {
		return nil
	}
	g := GroupOf(cases[0])
	var s []Step
	if g.doubt {
		s = append(s, Step{Text: "Look at it first: it may be a placeholder, or part of something else."})
	}
	switch {
	case g.verdict == Revoked:
		return append(s, g.revoked()...)
	case g.Stage == Pushed, g.Stage == Posted, g.Stage == Elsewhere, g.verdict == Live && g.Stage >= Dropped:
		return append(s, g.leaked(cases)...)
	case g.Stage == Committed, g.Stage == Dropped:
		return append(s, g.committed(cases)...)
	case g.Stage == Staged:
		return append(s, g.staged(cases)...)
	}
	return append(s, g.here(cases)...)
}

// isAPIToken reports whether the group's tokens work with Replicate's API.
func (g Group) isAPIToken() bool { return g.remedy == rules.APIToken.Remedy }

func (g Group) revoked() []Step {
	s := []Step{{Text: "Nobody can use " + thisOne(g.remedy) + " any more: remove it when convenient."}}
	if (g.Stage == Pushed || g.Stage == Posted) && g.isAPIToken() {
		s = append(s, Step{Text: "If it worked while others could read it: " + lookFor}, Step{Text: renewSigning})
	}
	return s
}

const lookFor = "look for what is not yours at " + predictionsPage + " and " + billingPage + "."

// renewSigning is due because a token reads the secret that signs webhooks.
var renewSigning = "Renew the webhook signing secret too, which a token can read: " + rules.WebhookSecret.Remedy.Disable + "."

// leaked is for what others may have: a rewrite of the history comes last, if at
// all.
func (g Group) leaked(cases []Case) []Step {
	r := g.remedy
	first := upperFirst(r.Disable) + " first: " + g.why() + "."
	s := []Step{{Text: sentences(first, r.Effect)}, {Text: sentences(r.Renew, "Update what used the old one.")}}
	if g.isAPIToken() {
		s = append(s, Step{Text: upperFirst(lookFor)}, Step{Text: renewSigning})
	}
	s = append(s, g.posted.steps()...)
	if g.Stage == Posted {
		return s
	}
	if g.image {
		return append(s, Step{Text: "Then build the image again without it: give it to one RUN as a build secret (docker build --secret), or to the container when it runs. " +
			"Delete the tags that were pushed: a new layer does not take it out of the old ones."})
	}
	if g.Stage == Committed {
		if step := Rewrite(cases...); step != (Step{}) {
			return append(s, step, forget)
		}
	}
	return append(s, Step{Text: "Then remove the old " + r.Noun() + " from the files and, if a rewrite is worth it, from the history.", Command: Fix(cases...)})
}

// why says why to disable a token before anything else.
func (g Group) why() string {
	var at []string
	if g.Remotes != "" {
		at = append(at, "it was pushed to "+g.Remotes)
	}
	if g.Request != "" {
		at = append(at, "it is in "+g.Request)
	}
	switch {
	case len(at) > 0:
		return strings.Join(at, ", and ") + ", and rewriting the history does not undo that"
	case g.Stage == Posted:
		return "editing or deleting the text is not enough, since others may have copies"
	case g.Stage == Pushed:
		return "it was pushed, and rewriting the history does not undo that"
	case g.verdict == Live && g.image:
		return "it works, and is in an image"
	case g.verdict == Live:
		return "it works, and is in git"
	}
	return "deleting it is not enough, since others may have copies"
}

// committed is for what no remote is known to have.
func (g Group) committed(cases []Case) []Step {
	r := g.remedy
	ever := "If it was ever pushed or shared, " + r.Disable + r.Another
	if g.Stage == Dropped {
		return []Step{{Text: "No branch or tag has it any more. " + ever}, forget}
	}
	s := []Step{{Text: "No remote branch is known to have it. " + ever}}
	for _, c := range cases {
		if inFile(c.Locations) {
			s = append(s, Step{Text: "Take it out of the files before you push: " + r.Read + ".", Command: Fix(cases...)})
			break
		}
	}
	if step := Rewrite(cases...); step != (Step{}) {
		return append(s, step, forget)
	}
	return append(s, Step{Text: "Give what has it in its name another name."})
}

// forget is for the commits that a rewrite leaves behind. ORIG_HEAD names one, and
// git gc drops that one too.
var forget = Step{
	Text:    "Then let git drop the commits that no branch or tag has, these and all others, which it keeps for some weeks:",
	Command: "git update-ref -d ORIG_HEAD; git reflog expire --expire-unreachable=now --all && git gc --prune=now",
}

func (g Group) staged(cases []Case) []Step {
	var paths []string
	for _, c := range cases {
		for _, l := range c.Locations {
			paths = append(paths, l.Path)
		}
	}
	return []Step{
		{Text: "Unstage it before it is committed:", Command: Unstage(cases[0].Head, paths)},
		{Text: "Take it out of the file: " + g.remedy.Read + ".", Command: Fix(cases...)},
		{Text: "If it was ever pushed or shared, " + g.remedy.Disable + g.remedy.Another},
	}
}

// here is for what only this machine is known to have.
func (g Group) here(cases []Case) []Step {
	r := g.remedy
	var s []Step
	if g.copied {
		s = append(s, Step{Text: "Name the file in .dockerignore: a Dockerfile copies it, so images carry it. If one was pushed, " + r.Disable + r.Another})
	}
	if g.Stage == Ignored {
		if g.copied {
			return append(s, Step{Text: "The file may stay: git ignores it."})
		}
		return append(s, Step{Text: "No action needed: git ignores the file. Keep it out of images, archives and whatever else you share."})
	}
	if g.Stage == Tracked && g.filesOnly {
		s = append(s, Step{Text: "Git tracks the file, and this scan did not read the history. Look there too:", Command: "r8scan audit"})
	}
	return append(s,
		Step{Text: "If this was ever shared (sent, synced, copied into an image), " + r.Disable + r.Another},
		Step{Text: "Move " + r.It + " out of the file into an environment variable before the next commit.", Command: Fix(cases...)})
}

// inFile reports whether one of the places is in a file of some commit.
func inFile(places []result.Location) bool {
	for _, l := range places {
		if l.Kind == result.KindBlob {
			return true
		}
	}
	return false
}

func thisOne(r rules.Remedy) string { return "this " + r.Noun() }

// sentences joins texts of which some may be "".
func sentences(texts ...string) string {
	return strings.TrimSpace(strings.Join(texts, " "))
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
