package notify

import (
	"net/url"
	"strings"
	"time"

	"r8scan/internal/door"
	"r8scan/report"
)

// plain makes a text from outside fit to stand in a line: credentials are masked, what is
// not printable is escaped, and more than most characters are cut.
func plain(s string, most int) string {
	s = door.Mask(door.Printable(s))
	n := 0
	for i := range s {
		if n == most {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// maxURL is how long a link may be, in bytes.
const maxURL = 1000

// linkLetters stay as they are in a link. None of them means anything to a chat's markup
// inside a link.
const linkLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~:/?#@!$&+,;=%"

// link returns an https URL in which only linkLetters stand; "" for one that is none, has a
// login or a credential in it, or is too long.
func link(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	open, err := url.PathUnescape(text)
	if err != nil || door.Mask(open) != open {
		return ""
	}
	var b strings.Builder
	for _, c := range []byte(u.String()) {
		if strings.IndexByte(linkLetters, c) < 0 {
			const digits = "0123456789ABCDEF"
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
			continue
		}
		b.WriteByte(c)
	}
	if b.Len() > maxURL {
		return ""
	}
	return b.String()
}

// moment is how people read a time.
func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// day is a time without its hour; "" for none.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2 January 2006")
}

// at names where a token stands, if that is in no repository, such as in a comment.
func at(repository string) string {
	if repository == "" {
		return "a public page"
	}
	return repository
}

// owner names an account; "" for none.
func owner(a *report.Account) string {
	switch {
	case a == nil || a.Username == "":
		return ""
	case a.Type == "organization":
		return plain(a.Username, 80) + " (organization)"
	}
	return plain(a.Username, 80)
}

// document is a token for programs.
type document struct {
	Version  int          `json:"version"`
	Kind     string       `json:"kind"` // disable, found or lookup
	ID       string       `json:"id"`
	TokenID  string       `json:"token_id"`
	Token    string       `json:"token"` // the mask
	Rule     string       `json:"rule"`
	Sealed   *sealedToken `json:"sealed,omitempty"`
	Verdict  verdict      `json:"verdict"`
	Disabled time.Time    `json:"disabled_at,omitzero"`
	Places   []place      `json:"places,omitempty"`
	LeftOff  int          `json:"places_left_off,omitempty"`
}

type sealedToken struct {
	Key   string `json:"key"`   // the id of the public key
	Token string `json:"token"` // base64
}

type verdict struct {
	Status  report.Status   `json:"status"`
	Checked time.Time       `json:"checked_at,omitzero"`
	Account *report.Account `json:"account,omitempty"`
}

type place struct {
	Repository string    `json:"repository"`
	Commit     string    `json:"commit,omitempty"`
	Path       string    `json:"path,omitempty"`
	Line       int       `json:"line,omitempty"`
	URL        string    `json:"url,omitempty"`
	First      time.Time `json:"first,omitzero"`
}

// Bounds of a document.
const (
	maxPlaces = 100
	maxField  = 4096 // characters
)

// second is a time as documents have it.
func second(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// newDocument makes a document in which no credential stands.
func newDocument(kind string, e Event) document {
	d := document{Version: 1, Kind: kind, ID: e.ID, TokenID: e.TokenID, Token: plain(e.Mask, maxField), Rule: e.Rule}
	d.Verdict = verdict{e.Status, second(e.Checked), nil}
	d.Disabled = second(e.Disabled)
	if a := e.Account; a != nil {
		d.Verdict.Account = &report.Account{Type: plain(a.Type, maxField), Username: plain(a.Username, maxField), Name: plain(a.Name, maxField)}
	}
	for i, p := range e.Places {
		if i == maxPlaces {
			d.LeftOff = len(e.Places) - i
			break
		}
		d.Places = append(d.Places, place{plain(p.Repository, maxField), plain(p.Commit, maxField), plain(p.Path, maxField), p.Line, link(p.URL), second(p.First)})
	}
	return d
}
