package report

import (
	"maps"
	"slices"
	"time"

	"r8scan/result"
	"r8scan/rules"
)

// Schema names the shape of a Document in JSON. It changes when a reader of the
// old shape would misread the new one; added fields do not change it.
const Schema = "r8scan/1"

// Document is one result as it is saved and rendered. It holds masks and token
// ids, never a token. In JSON it is one object with the fields of Run and the
// findings, and its lists are never null.
type Document struct {
	Run
	Findings []Finding `json:"findings"` // in any order: each format puts them in its own
}

// Run is what a Document says about the scan as a whole.
type Run struct {
	Schema     string           `json:"schema"` // always Schema
	Tool       Tool             `json:"tool"`
	Target     result.Target    `json:"target"`
	StartedAt  time.Time        `json:"started_at"` // UTC, whole seconds
	DurationMS int64            `json:"duration_ms"`
	Complete   bool             `json:"complete"` // true only if Coverage.Unread is empty
	Coverage   result.Coverage  `json:"coverage"`
	Allowed    []result.Allowed `json:"allowed"`                   // what the user has allowed; not in Findings
	LeftOut    map[string]int   `json:"left_out"`                  // findings of too low a confidence, by the reason for it
	NotListed  map[Status]int   `json:"not_listed,omitempty"`      // findings that are left out of the listing only, by status
	Since      *result.Since    `json:"since_last_scan,omitempty"` // nil unless a repository on a server was scanned before
	Asked      *Asked           `json:"asked,omitempty"`           // nil if no token was to be verified
	Rechecked  *Rechecked       `json:"rechecked,omitempty"`       // nil for a scan

	set  *rules.Set // what was searched for; nil for the default rules, and in a saved result
	asks string     // as AskWith; "" for the flag of a scan
}

// AskWith says which command asks Replicate about the tokens, if that is not a flag of the
// scan.
func (r *Run) AskWith(command string) { r.asks = command }

// Asked says what was done with the tokens that were found, beside showing
// their masks.
type Asked struct {
	Host     string `json:"host"`           // where they were sent, if it had proven itself
	Also     string `json:"also,omitempty"` // likewise for the tokens of cog login, if that is another host and there were others too
	Live     int    `json:"live"`
	Revoked  int    `json:"revoked"`
	Unknown  int    `json:"unknown"`
	Sent     int    `json:"sent"`     // tokens that went there; of the others nothing left this machine
	Handling string `json:"handling"` // in words
}

// hosts returns where they were sent, in words.
func (a Asked) hosts() string {
	if a.Also != "" {
		return a.Host + " and " + a.Also
	}
	return a.Host
}

// Told says in words what was done with the tokens, to stand in a line.
func (a Asked) Told() string {
	if a.Sent == 0 {
		return "no token was sent, stored or logged"
	}
	if a.Also != "" {
		return "each token was sent to one of them only, and not stored or logged"
	}
	return "tokens were sent to no other host, and not stored or logged"
}

// Tool is the program that scanned.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`          // such as 0.2.0; "devel" if nothing says
	Commit  string `json:"commit,omitempty"` // what it was built from: a commit's id, or 12 digits of it; "" if unknown
}

// Finding is one token with every place where it stands. There is at least one.
type Finding struct {
	Rule         string            `json:"rule"`     // a rule's id
	Token        string            `json:"token"`    // the mask
	TokenID      string            `json:"token_id"` // 16 hex digits
	Confidence   rules.Confidence  `json:"confidence"`
	Exposure     result.Exposure   `json:"exposure"`
	Verification Verification      `json:"verification"`
	Locations    []result.Location `json:"locations"`           // the most telling one first
	History      *result.History   `json:"history"`             // nil if the token is in no git object; of many repositories that of the one where it stood first
	Elsewhere    []result.History  `json:"elsewhere,omitempty"` // of many repositories: the stories in the others, the oldest first
	CopiedBy     string            `json:"copied_by,omitempty"` // as in a result.Finding
	Recheck      *Recheck          `json:"recheck,omitempty"`   // nil in a scan

	rule *rules.Rule // nil in a saved result
}

// ruleValue returns the rule of the finding, nil if it is not known.
func (f Finding) ruleValue() *rules.Rule {
	if f.rule != nil && f.rule.ID == f.Rule {
		return f.rule
	}
	return rules.ByID(f.Rule)
}

// MayStay reports whether the token is where one may live: only in files that git
// ignores and that no image takes along. It does not fail a run.
func (f Finding) MayStay() bool { return f.Exposure == result.ExposureIgnored && f.CopiedBy == "" }

// Status is what is known about whether a token works.
type Status string

// The statuses. Only an answer of Replicate's makes a token live or revoked.
const (
	StatusLive      Status = "live"
	StatusRevoked   Status = "revoked"
	StatusUnknown   Status = "unknown" // asked, without a clear answer
	StatusUnchecked Status = "unchecked"
)

// statuses are all of them.
var statuses = []Status{StatusLive, StatusRevoked, StatusUnknown, StatusUnchecked}

// known reports whether s is one of the statuses.
func (s Status) known() bool { return slices.Contains(statuses, s) }

// Verification is what Replicate said about a token, and when.
type Verification struct {
	Status    Status    `json:"status"`
	Reason    string    `json:"reason,omitempty"` // why the status is unknown, or what is remarkable about it
	CheckedAt time.Time `json:"checked_at,omitzero"`
	Account   *Account  `json:"account,omitempty"` // nil unless Replicate said whose it is
}

// Account is the owner of a live token.
type Account struct {
	Type     string `json:"type"` // user or organization
	Username string `json:"username"`
	Name     string `json:"name"`
}

// New makes the Document of res, in which nothing is verified: who asks about the
// findings fills in their Verification and Run.Asked. They are in the order of
// res.Findings. started becomes UTC and whole seconds, and took is rounded down to
// milliseconds. The Document has the places of res.Findings, which must not change then,
// and shares no other list with res.
func New(res result.Result, tool Tool, started time.Time, took time.Duration) *Document {
	doc := &Document{
		Run: Run{
			Schema:     Schema,
			Tool:       tool,
			Target:     res.Target,
			StartedAt:  started.UTC().Truncate(time.Second),
			DurationMS: took.Milliseconds(),
			Complete:   res.Coverage.Complete(),
			Coverage:   res.Coverage,
			Allowed:    make([]result.Allowed, 0, len(res.Allowed)),
			LeftOut:    maps.Clone(res.LeftOut),
			Since:      res.Since,
			set:        res.Rules,
		},
		Findings: make([]Finding, 0, len(res.Findings)),
	}
	doc.Coverage.Unread = copied(res.Coverage.Unread)
	doc.Coverage.Accepted = slices.Clone(res.Coverage.Accepted)
	if doc.LeftOut == nil {
		doc.LeftOut = map[string]int{}
	}
	for _, a := range res.Allowed {
		a.Locations = copied(a.Locations)
		doc.Allowed = append(doc.Allowed, a)
	}
	for _, f := range res.Findings {
		doc.Findings = append(doc.Findings, newFinding(f, res.Rules))
	}
	return doc
}

func newFinding(f result.Finding, set *rules.Set) Finding {
	out := Finding{
		Rule:         f.Rule,
		rule:         set.ByID(f.Rule),
		Token:        f.Secret.Mask(),
		TokenID:      f.Secret.ID(),
		Confidence:   f.Confidence,
		Exposure:     f.Exposure,
		Verification: Verification{Status: StatusUnchecked},
		Locations:    f.Locations, // not a copy: there may be a million
		CopiedBy:     f.CopiedBy,
	}
	if out.Locations == nil { // it would be null in JSON
		out.Locations = []result.Location{}
	}
	if f.History != nil {
		h := *f.History
		h.Refs = copied(h.Refs)
		out.History = &h
	}
	for _, h := range f.Elsewhere {
		h.Refs = copied(h.Refs)
		out.Elsewhere = append(out.Elsewhere, h)
	}
	return out
}

// copied returns a copy of s that is never nil: nil would be null in JSON.
func copied[T any](s []T) []T { return append(make([]T, 0, len(s)), s...) }
