package machine

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"r8scan/internal/ask"
	"r8scan/internal/regular"
	"r8scan/report"
	"r8scan/result"
	"r8scan/rules"
	"r8scan/scanner"
)

// Found is what a search has found. It holds masks and token ids, and no token that it
// shows.
type Found struct {
	Home        string          `json:"home"`
	Searched    []string        `json:"searched"`           // the home folder, and what is outside of it
	Continued   time.Time       `json:"continued,omitzero"` // when the search began that this one went on with
	Complete    bool            `json:"complete"`           // all was read, apart from NotSearched
	Files       int64           `json:"files"`
	Bytes       int64           `json:"bytes"`
	Tokens      []Token         `json:"tokens"`
	NotSearched []NotSearched   `json:"not_searched"` // left out on purpose
	Unread      []result.Unread `json:"unread"`       // could not be read
	LeftOut     map[string]int  `json:"left_out"`     // tokens of low confidence, by the reason for it
	Notes       []string        `json:"notes,omitempty"`

	findings []result.Finding // as Tokens
}

// Token is one credential with all places where it stands. There is at least one.
type Token struct {
	Rule         string              `json:"rule"`
	Token        string              `json:"token"` // the mask
	TokenID      string              `json:"token_id"`
	Confidence   rules.Confidence    `json:"confidence"`
	MayStay      bool                `json:"may_stay"` // all of its places are those where a token may be
	Verification report.Verification `json:"verification"`
	Places       []Place             `json:"places"`

	remedy rules.Remedy
	title  string // of the rule
}

// Place is where a token stands.
type Place struct {
	Path       string          `json:"path"` // with ~ for the home folder
	Member     string          `json:"member,omitempty"`
	Line       int             `json:"line"`
	Column     int             `json:"column"`
	Variable   string          `json:"variable,omitempty"`
	Kind       string          `json:"kind"`
	Title      string          `json:"title"`                // of the kind
	Exposed    []Exposure      `json:"exposed"`              // who else can get at it
	Repository string          `json:"repository,omitempty"` // its work tree
	Git        result.Exposure `json:"git,omitempty"`        // how git treats it: tracked, untracked or ignored
	Sent       bool            `json:"sent"`                 // what is there was sent to somebody else
	MayStay    bool            `json:"may_stay"`             // a token may be here
	Fix        string          `json:"fix"`
}

// NotSearched are things that were left out for one reason.
type NotSearched struct {
	Reason string   `json:"reason"`
	Count  int      `json:"count"`
	First  []string `json:"first"` // the first of them
}

// Failed reports whether a token stands where none may be.
func (f *Found) Failed() bool {
	return slices.ContainsFunc(f.Tokens, func(t Token) bool { return !t.MayStay })
}

// Verify asks Replicate about the credentials: it sends them there.
func (f *Found) Verify(ctx context.Context, from *ask.Replicate) error {
	doc := report.New(result.Result{Findings: f.findings}, report.Tool{}, time.Time{}, 0)
	if err := ask.Findings(ctx, from, doc, f.findings); err != nil {
		return err
	}
	for i := range f.Tokens {
		f.Tokens[i].Verification = doc.Findings[i].Verification
	}
	return nil
}

// token says where a token stands, and what to do there.
func (s *search) token(f result.Finding, x *exposures, treated map[string]scanner.Treatment) Token {
	t := Token{Rule: f.Rule, Token: f.Secret.Mask(), TokenID: f.Secret.ID(), Confidence: f.Confidence, MayStay: true, Verification: report.Verification{Status: report.StatusUnchecked}}
	if r := rules.ByID(f.Rule); r != nil {
		t.remedy, t.title = r.Remedy, r.Title
	}
	for _, l := range f.Locations {
		p := s.place(f, l, x, treated[filepath.FromSlash(l.Path)])
		t.MayStay = t.MayStay && p.MayStay
		t.Places = append(t.Places, p)
	}
	return t
}

func (s *search) place(f result.Finding, l result.Location, x *exposures, git scanner.Treatment) Place {
	path := filepath.FromSlash(l.Path)
	k := s.table.of(s.named(path))
	if k == nil || k.fix == "" {
		row := adviceFor(f.Rule, l)
		if k != nil {
			row.id, row.title, row.sent = k.id, k.title, k.sent
		}
		k = &row
	}
	p := Place{Path: s.shown(path), Member: l.Member, Line: l.Line, Column: l.Column, Variable: l.Variable, Kind: k.id, Title: k.title, Sent: k.sent, Fix: k.fix, Git: git.Exposure, Exposed: x.of(path, s.shown(path))}
	if git.Top != "" {
		p.Repository = s.shown(git.Top)
	}
	if by := filepath.FromSlash(f.CopiedBy); filepath.IsAbs(by) && regular.Contains(filepath.Dir(by), path) {
		p.Exposed = append(p.Exposed, imageOf(s.shown(by)))
	}
	p.MayStay = k.login && l.Member == "" && len(p.Exposed) == 0 && (git.Top == "" || git.Exposure == result.ExposureIgnored)
	return p
}
