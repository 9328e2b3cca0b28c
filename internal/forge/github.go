package forge

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/go-github/v89/github"
)

// perPage is the most that the services send.
const perPage = 100

// gitHub lists with GitHub's API. A cursor is the kind of list and a page of it.
type gitHub struct {
	*Lister
	api *github.Client
}

// newGitHub returns what asks GitHub for a lister.
func newGitHub(l *Lister) (repositories, gists asking, err error) {
	base := l.api.Base() + "/"
	api, err := github.NewClient(github.WithHTTPClient(l.http()), github.WithURLs(&base, &base), github.WithUserAgent("r8scan"), github.WithDisableRateLimitCheck())
	g := &gitHub{l, api}
	return g.page, g.gistsOf, err
}

// The kinds of lists. An organization is asked for first.
const (
	ofOrg  = "org"
	ofUser = "user"
	ofSelf = "self" // of the user whose token it is, with private ones
)

// at returns the kind and the page of a cursor.
func at(cursor string) (kind string, page int) {
	kind, number, _ := strings.Cut(cursor, " ")
	page, _ = strconv.Atoi(number) // 0 is the first one
	return kind, page
}

// next returns the cursor of the page after one with so many entries, "" for none. A
// full page may have one after it some day while it is the same itself, so that is asked
// for in any case.
func next(kind string, page, after, entries int) string {
	if after == 0 && entries < perPage {
		return ""
	}
	return kind + " " + strconv.Itoa(max(after, page+1, 2))
}

func (g *gitHub) page(ctx context.Context, cursor string) (Page, *http.Response, error) {
	kind, number := at(cursor)
	opts := github.ListOptions{Page: number, PerPage: perPage}
	var list []*github.Repository
	var resp *github.Response
	var err error
	if kind == "" || kind == ofOrg {
		kind = ofOrg
		list, resp, err = g.api.Repositories.ListByOrg(ctx, g.owner.Name, &github.RepositoryListByOrgOptions{Type: "all", Sort: "created", Direction: "asc", ListOptions: opts})
		if cursor == "" && resp != nil && resp.StatusCode == http.StatusNotFound {
			if kind, err = g.user(ctx); err != nil {
				return Page{}, nil, err
			}
		}
	}
	switch kind {
	case ofUser:
		list, resp, err = g.api.Repositories.ListByUser(ctx, g.owner.Name, &github.RepositoryListByUserOptions{Type: "owner", Sort: "created", Direction: "asc", ListOptions: opts})
	case ofSelf:
		list, resp, err = g.api.Repositories.ListByAuthenticatedUser(ctx, &github.RepositoryListByAuthenticatedUserOptions{Affiliation: "owner", Sort: "created", Direction: "asc", ListOptions: opts})
	}
	if err != nil {
		return Page{}, answered(resp), absent(resp, err)
	}
	page := Page{Next: next(kind, number, resp.NextPage, len(list))}
	for _, r := range list {
		page.Repositories = append(page.Repositories, Repository{URL: r.GetCloneURL(), Name: r.GetFullName(), Fork: r.GetFork(), Archived: r.GetArchived(),
			Size: int64(r.GetSize()) << 10, Changed: r.GetPushedAt().Time})
	}
	return page, resp.Response, nil
}

// user says how a user's repositories are listed.
func (g *gitHub) user(ctx context.Context) (kind string, err error) {
	if !g.Lister.api.LoggedIn() {
		return ofUser, nil
	}
	self, _, err := g.api.Users.Get(context.WithValue(ctx, etagKey{}, nil), "")
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err == nil && strings.EqualFold(self.GetLogin(), g.owner.Name) { // a token of an app is nobody's
		return ofSelf, nil
	}
	return ofUser, nil
}

// gistsOf returns a page of the owner's gists. An organization has none.
func (g *gitHub) gistsOf(ctx context.Context, cursor string) (Page, *http.Response, error) {
	_, number := at(cursor)
	list, resp, err := g.api.Gists.List(ctx, g.owner.Name, &github.GistListOptions{ListOptions: github.ListOptions{Page: number, PerPage: perPage}})
	switch {
	case resp != nil && resp.StatusCode == http.StatusNotFound:
		return Page{}, resp.Response, nil
	case err != nil:
		return Page{}, answered(resp), absent(resp, err)
	}
	page := Page{Next: next("gists", number, resp.NextPage, len(list))}
	for _, gist := range list {
		page.Repositories = append(page.Repositories, Repository{URL: gist.GetGitPullURL(), Name: "gist/" + gist.GetID(), Changed: gist.GetUpdatedAt().Time})
	}
	return page, resp.Response, nil
}

// answered returns the answer, nil if there was none.
func answered(resp *github.Response) *http.Response {
	if resp == nil {
		return nil
	}
	return resp.Response
}

// absent returns errAbsent if the answer says so.
func absent(resp *github.Response, err error) error {
	if resp != nil && resp.StatusCode == http.StatusNotFound {
		return errAbsent
	}
	return err
}
