package forge

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"r8scan/internal/cachefile"
	"r8scan/internal/git/fetch"
	"r8scan/internal/terminal"
	"r8scan/result"
	"r8scan/rules"
)

// Lister lists the repositories of one owner. It is not safe for concurrent use.
type Lister struct {
	owner        Owner
	api          *fetch.API
	repositories asking
	gists        asking            // of a user; nil for a service without any
	folder       *cachefile.Folder // nil: nothing is remembered
	rules        *rules.Set
	pages        map[string]remembered // by list and cursor
}

// remembered is a page that need not be sent again if the server says that it is the
// same.
type remembered struct {
	ETag string
	Page Page
}

// asking asks a service for a page of a list. It returns the answer too, if there was
// one. A cursor is one that it has returned, or "".
type asking func(ctx context.Context, cursor string) (Page, *http.Response, error)

// maxLists is how many bytes are remembered of one owner.
const maxLists = 16 << 20

// listVersion is raised whenever more of a list is kept.
const listVersion = "v1"

// New returns the lister of an owner. It remembers lists in a folder, unless that is "".
// It asks for nothing yet.
func New(c *fetch.Client, o Owner, folder string, set *rules.Set) (*Lister, error) {
	l := &Lister{owner: o, rules: set, pages: map[string]remembered{}}
	host := o.Site.Hostname()
	var err error
	switch o.Service {
	case GitLab:
		l.api = c.APIAt(*o.Site.JoinPath("/api/v4"), host)
		l.repositories, err = newGitLab(l)
	case HuggingFace:
		l.api = c.APIAt(*o.Site.JoinPath("/api"), host)
		l.repositories = huggingFace{l}.page
	default:
		l.api = c.APIAt(fetch.GitHubAPI(o.Site), host)
		l.repositories, l.gists, err = newGitHub(l)
	}
	if folder != "" {
		l.folder = cachefile.NewFolder(folder, listVersion, maxLists)
		if body, err := l.folder.Load(l.key()); err == nil && json.Unmarshal(body, &l.pages) != nil {
			l.pages = map[string]remembered{}
		}
	}
	return l, err
}

// key is what the owner's lists are remembered under. Who lists is a part of it, since
// not everybody sees the same.
func (l *Lister) key() []byte {
	sum := sha256.Sum256([]byte(l.owner.String() + "\n" + l.api.From()))
	return sum[:]
}

// Page returns a page of the owner's repositories. The first cursor is "".
func (l *Lister) Page(ctx context.Context, cursor string) (Page, error) {
	return l.remember(ctx, "repositories "+cursor, cursor, l.repositories)
}

// gistsPage is Page for the gists of a user.
func (l *Lister) gistsPage(ctx context.Context, cursor string) (Page, error) {
	return l.remember(ctx, "gists "+cursor, cursor, l.gists)
}

type etagKey struct{}

// remember returns a page that is asked for, or a remembered one that is the same.
func (l *Lister) remember(ctx context.Context, name, cursor string, ask asking) (Page, error) {
	was, ok := l.pages[name]
	if ok {
		ctx = context.WithValue(ctx, etagKey{}, was.ETag)
	}
	page, resp, err := ask(ctx, cursor)
	switch {
	case ctx.Err() != nil:
		return Page{}, ctx.Err()
	case ok && resp != nil && resp.StatusCode == http.StatusNotModified:
		return was.Page, nil
	case err != nil:
		return Page{}, l.explain(resp, err)
	}
	page = l.checked(page)
	delete(l.pages, name)
	if strings.Contains(resp.Header.Get("X-Github-Sso"), "partial-results") { // not remembered, so that it is told each time
		page.Refused = append(page.Refused, result.Unread{What: l.owner.String(), Reason: "some are behind single sign-on and not listed: authorize the token for the organization"})
		return page, nil
	}
	if etag := resp.Header.Get("ETag"); etag != "" && len(etag) < 256 {
		l.pages[name] = remembered{etag, page}
	}
	return page, nil
}

// maxRounds is how often a list is listed that changes meanwhile.
const maxRounds = 4

// maxPages bounds a list, whatever the server says.
const maxPages = 1000

// List is all that is listed.
type List struct {
	Repositories []Repository // sorted by name, none twice
	Refused      []result.Unread
}

// All returns all repositories and, if asked to, a user's gists. While pages are asked
// for, a repository that is deleted moves the others: one at the start of a page may be
// missed. So a list of more than one page is listed again, until that brings nothing
// new. An error comes with what was listed.
func (l *Lister) All(ctx context.Context, gists bool) (List, error) {
	byURL, refused := map[string]Repository{}, map[result.Unread]bool{}
	lists := []func(context.Context, string) (Page, error){l.Page}
	if gists && l.gists != nil {
		lists = append(lists, l.gistsPage)
	}
	var err error
	for _, list := range lists {
		for round := 0; err == nil; round++ {
			if round == maxRounds {
				refused[result.Unread{What: l.owner.String(), Reason: "the list changed whenever it was read, so some may be missing: run it again later"}] = true
				break
			}
			before := len(byURL)
			var pages int
			pages, err = each(ctx, list, func(p Page) {
				for _, r := range p.Repositories {
					byURL[r.URL] = r
				}
				for _, u := range p.Refused {
					refused[u] = true
				}
			})
			if pages < 2 || l.owner.Service == HuggingFace || round > 0 && len(byURL) == before { // whose pages do not move
				break
			}
		}
	}
	out := List{Repositories: slices.Collect(maps.Values(byURL)), Refused: slices.Collect(maps.Keys(refused))}
	slices.SortFunc(out.Repositories, func(a, b Repository) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.URL, b.URL)) })
	slices.SortFunc(out.Refused, result.Unread.Compare)
	l.save()
	return out, err
}

// each calls do for each page of a list, and returns how many there were.
func each(ctx context.Context, list func(context.Context, string) (Page, error), do func(Page)) (pages int, err error) {
	seen := map[string]bool{}
	for cursor := ""; ; pages++ {
		if pages == maxPages || seen[cursor] {
			return pages, errors.New("the server goes on sending pages")
		}
		seen[cursor] = true
		p, err := list(ctx, cursor)
		if err != nil {
			return pages, err
		}
		do(p)
		if cursor = p.Next; cursor == "" {
			return pages + 1, nil
		}
	}
}

// save remembers the pages. A name may hold a token; then nothing is.
func (l *Lister) save() {
	if l.folder == nil {
		return
	}
	body, err := json.Marshal(l.pages)
	if err == nil && len(body) < maxLists && l.rules.Redact(string(body)) == string(body) {
		_ = l.folder.Save(l.key(), body) // else the next list is sent whole
	}
}

// checked moves the repositories whose address leads elsewhere, or is none, to Refused.
func (l *Lister) checked(p Page) Page {
	kept := p.Repositories[:0]
	for _, r := range p.Repositories {
		if why := l.refuses(r); why != "" {
			p.Refused = append(p.Refused, result.Unread{What: "a repository of " + l.owner.String() + " that is called " + terminal.Safe(r.Name), Reason: why})
			continue
		}
		kept = append(kept, r)
	}
	p.Repositories = kept
	return p
}

// refuses says why a repository's address is not followed: an answer must not send us
// anywhere else.
func (l *Lister) refuses(r Repository) string {
	at, err := fetch.Parse(r.URL)
	switch {
	case !IsName(r.Name):
		return "no repository has such a name"
	case err != nil:
		return "its address is none"
	case at.Scheme != l.owner.Site.Scheme || !strings.EqualFold(strings.TrimPrefix(at.Host, "gist."), l.owner.Site.Host):
		return "its address leads to another server"
	case !IsName(strings.Trim(at.Path, "/")):
		return "its address is none"
	}
	return ""
}

// errAbsent is that of an owner whom the service does not know, errNothing that of one of
// whom it lists nothing, and does not say whether it knows them.
var (
	errAbsent  = errors.New("absent")
	errNothing = errors.New("nothing is listed")
)

// explain says why a list could not be had, and what to do.
func (l *Lister) explain(resp *http.Response, err error) error {
	s := l.owner.service()
	switch {
	case errors.Is(err, errAbsent):
		return fmt.Errorf("%s knows no %s %s, or the token may not see it: check the name", s.title, s.owner, l.owner.Name)
	case errors.Is(err, errNothing):
		return fmt.Errorf("nothing is listed of %s on %s: check the name", l.owner.Name, s.title)
	case resp == nil:
		var wrapped *url.Error
		for errors.As(err, &wrapped) { // it repeats the whole address
			err = wrapped.Err
		}
		return fmt.Errorf("ask %s for the repositories of %s: %w", s.title, l.owner.Name, err)
	}
	wait, waits := fetch.Retry(resp)
	switch code := resp.StatusCode; {
	case code == http.StatusUnauthorized && l.api.LoggedIn():
		return fmt.Errorf("%s refuses the token in %s (401): renew it, or remove it", s.title, l.api.From())
	case (code == http.StatusForbidden || code == http.StatusTooManyRequests) && waits:
		return fetch.BusyFor(resp, fmt.Errorf("%s answers no more requests (%d) for %s: run it again then, what was read is remembered", s.title, code, wait))
	case code == http.StatusForbidden || code == http.StatusUnauthorized:
		return fmt.Errorf("%s does not allow to list the repositories of %s (%d): set a token that may", s.title, l.owner.Name, code)
	case code >= 300:
		return fmt.Errorf("%s does not list the repositories of %s (%d): try again later", s.title, l.owner.Name, code)
	}
	return fmt.Errorf("the answer of %s about %s cannot be read, or was cut off: try again", s.title, l.owner.Name)
}

// http returns a client for the libraries, all of whose requests go through the API.
func (l *Lister) http() *http.Client { return &http.Client{Transport: transport{l.api}} }

// transport sends requests through the API: it alone waits, logs in and follows
// redirects.
type transport struct{ api *fetch.API }

// maxAnswer is far more than a page of 100 repositories has, in bytes.
const maxAnswer = 32 << 20

var errLongAnswer = errors.New("the answer has more than 32 MB")

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if etag, ok := r.Context().Value(etagKey{}).(string); ok {
		r.Header.Set("If-None-Match", etag)
	}
	resp, err := t.api.Do(r)
	if err == nil {
		resp.Body = &bounded{resp.Body, maxAnswer}
	}
	return resp, err
}

// bounded is a body that ends with an error when it is too long.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n, errLongAnswer
	}
	return n, err
}
