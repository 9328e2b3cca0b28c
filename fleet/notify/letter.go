package notify

import (
	"bytes"
	"embed"
	html "html/template"
	"strings"
	text "text/template"

	"r8scan/internal/terminal"
	"r8scan/report"
)

//go:embed mail.txt.tmpl mail.html.tmpl
var files embed.FS

// letter is what a mail says. Its texts are plain.
type letter struct {
	Title   string
	Tokens  []part
	Working bool // some token still works
	Stopped bool // we disabled some token
	Dead    bool // Replicate refuses some token that we did not disable
	Page    string
}

// part is one token.
type part struct {
	Mask, ID, Owner   string
	Checked, Disabled string // moments, or ""
	Dead              bool   // as in a letter
	Places            []where
	More              string // places that are left off
}

// where is one place.
type where struct {
	Repository, Path, Commit, Since, URL string
	Line                                 int
}

// How many places of a token a mail names.
const (
	fewTokens    = 10
	placesOfFew  = 10 // if there are fewTokens at most
	placesOfALot = 1
)

func newLetter(events []Event) letter {
	l := letter{Page: accountPage}
	most := placesOfFew
	if len(events) > fewTokens {
		most = placesOfALot
	}
	for _, e := range events {
		t := part{Mask: plain(e.Mask, 60), ID: plain(e.TokenID, 60), Owner: owner(e.Account)}
		if !e.Checked.IsZero() {
			t.Checked = moment(e.Checked)
		}
		switch {
		case !e.Disabled.IsZero():
			t.Disabled, l.Stopped = moment(e.Disabled), true
		case e.Status == report.StatusRevoked:
			t.Dead, l.Dead = true, true
		default:
			l.Working = true
		}
		for _, p := range e.Places[:min(len(e.Places), most)] {
			t.Places = append(t.Places, where{plain(at(p.Repository), 200), plain(p.Path, 300), strings.TrimSuffix(plain(p.Commit, 12), "…"), day(p.First), link(p.URL), p.Line})
		}
		t.More = rest(len(e.Places) - len(t.Places))
		l.Tokens = append(l.Tokens, t)
	}
	l.Title = title(len(events), l.Working, l.Stopped || l.Dead)
	return l
}

// title is the subject of a mail: nothing from outside is in it.
func title(tokens int, working, stopped bool) string {
	one := tokens == 1
	switch {
	case one && working:
		return "A Replicate API token is public: disable it"
	case one:
		return "A Replicate API token was public and is now disabled"
	case working && stopped:
		return terminal.Count(int64(tokens)) + " Replicate API tokens are public: disable those that still work"
	case working:
		return terminal.Count(int64(tokens)) + " Replicate API tokens are public: disable them"
	}
	return terminal.Count(int64(tokens)) + " Replicate API tokens were public and are now disabled"
}

// write returns both forms.
func (l letter) write() (plain, page string, err error) {
	t, err := text.ParseFS(files, "mail.txt.tmpl")
	if err != nil {
		return "", "", err
	}
	h, err := html.ParseFS(files, "mail.html.tmpl")
	if err != nil {
		return "", "", err
	}
	var a, b bytes.Buffer
	if err := t.Execute(&a, l); err != nil {
		return "", "", err
	}
	if err := h.Execute(&b, l); err != nil {
		return "", "", err
	}
	return strings.TrimSpace(a.String()) + "\n", b.String(), nil
}
