package forge

import (
	"context"
	"net/http"

	gitlab "gitlab.com/gitlab-org/api/client-go"
)

// gitLab lists with GitLab's API. A cursor is the kind of list and a page of it.
type gitLab struct {
	*Lister
	api *gitlab.Client
}

// newGitLab returns what asks GitLab for a lister.
func newGitLab(l *Lister) (repositories asking, err error) {
	api, err := gitlab.NewAuthSourceClient(noLogin{}, gitlab.WithBaseURL(l.api.Base()), gitlab.WithHTTPClient(l.http()), gitlab.WithoutRetries(), gitlab.WithCustomLimiter(noLimit{}))
	return (&gitLab{l, api}).page, err
}

// noLogin and noLimit leave it to the transport to log in and to wait.
type (
	noLogin struct{}
	noLimit struct{}
)

func (noLogin) Init(context.Context, *gitlab.Client) error { return nil }
func (noLogin) Header(context.Context) (key, value string, err error) {
	return "Accept", "application/json", nil
}
func (noLimit) Wait(context.Context) error { return nil }

// ofGroup is the other kind of list, beside ofUser. A group is asked for first.
const ofGroup = "group"

func (g *gitLab) page(ctx context.Context, cursor string) (Page, *http.Response, error) {
	kind, number := at(cursor)
	opts := gitlab.ListOptions{Page: int64(number), PerPage: perPage}
	var list []*gitlab.Project
	var resp *gitlab.Response
	var err error
	if kind == "" || kind == ofGroup {
		kind = ofGroup
		list, resp, err = g.api.Groups.ListGroupProjects(g.owner.Name, &gitlab.ListGroupProjectsOptions{ListOptions: opts, IncludeSubGroups: gitlab.Ptr(true),
			WithShared: gitlab.Ptr(false), OrderBy: gitlab.Ptr("created_at"), Sort: gitlab.Ptr("asc")}, gitlab.WithContext(ctx))
		if cursor == "" && resp != nil && resp.StatusCode == http.StatusNotFound {
			kind = ofUser
		}
	}
	if kind == ofUser {
		list, resp, err = g.api.Projects.ListUserProjects(g.owner.Name, &gitlab.ListProjectsOptions{ListOptions: opts, OrderBy: gitlab.Ptr("created_at"), Sort: gitlab.Ptr("asc")}, gitlab.WithContext(ctx))
	}
	switch {
	case resp == nil:
		return Page{}, nil, err
	case resp.StatusCode == http.StatusNotFound:
		return Page{}, resp.Response, errAbsent
	case err != nil:
		return Page{}, resp.Response, err
	}
	page := Page{Next: next(kind, number, int(resp.NextPage), len(list))}
	for _, p := range list {
		r := Repository{URL: p.HTTPURLToRepo, Name: p.PathWithNamespace, Fork: p.ForkedFromProject != nil, Archived: p.Archived}
		if p.LastActivityAt != nil {
			r.Changed = *p.LastActivityAt
		}
		if p.Statistics != nil {
			r.Size = p.Statistics.RepositorySize
		}
		page.Repositories = append(page.Repositories, r)
	}
	return page, resp.Response, nil
}
