package report

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"r8scan/result"
)

// forge is a service that shows files of a commit as pages.
type forge struct {
	host string                         // or the start of that of an installation of one's own, with a period
	file string                         // between the repository and the commit
	line func(l result.Location) string // the fragment of a line
	page string                         // between the repository and a commit that is shown itself
}

var forges = []forge{
	{"github.com", "/blob/", func(l result.Location) string { return fmt.Sprintf("L%d", l.Line) }, "/commit/"},
	{"gitlab.com", "/-/blob/", func(l result.Location) string { return fmt.Sprintf("L%d", l.Line) }, "/-/commit/"},
	{"bitbucket.org", "/src/", func(l result.Location) string { return fmt.Sprintf("lines-%d", l.Line) }, "/commits/"},
}

// forgeOf returns the forge of a host, nil for another one. A company's own is
// called gitlab.example.com or github.example.com mostly.
func forgeOf(host string) *forge {
	for i, f := range forges {
		name, _, _ := strings.Cut(f.host, ".")
		if host == f.host || name != "bitbucket" && strings.HasPrefix(host, name+".") {
			return &forges[i]
		}
	}
	return nil
}

// homeOf returns the address of the repository's page on a forge, "" if its remote
// is none.
func homeOf(target result.Target) (home string, on *forge) {
	u, err := url.Parse(target.Remote)
	if err != nil || u.Path == "" || u.Path == "/" {
		return "", nil
	}
	if on = forgeOf(u.Hostname()); on == nil {
		return "", nil
	}
	return (&url.URL{Scheme: "https", Host: u.Hostname(), Path: u.Path}).String(), on
}

// permalink returns the page that shows a place in a commit which a remote has, or in a
// text beside it, "" where there is none.
func permalink(target result.Target, h *result.History, s spot) string {
	l := s.at
	if page := pageOf(l); page != "" {
		return page
	}
	if l.Repository != "" {
		target, h = oneOf(l.Repository)
	}
	if l.Path == "" || s.commit == "" || !isThere(target, h) || strings.Contains(l.Path, "***") { // a name that holds a token
		return ""
	}
	home, on := homeOf(target)
	if home == "" {
		return ""
	}
	page := home + on.file + s.commit + "/" + escapePath(l.Path)
	if l.Member == "" && l.Line > 0 {
		page += "#" + on.line(l)
	}
	return page
}

// Link returns the page that shows a place of one of many repositories, "" where there is
// none.
func Link(l result.Location) string {
	if l.Repository == "" && l.URL == "" {
		return ""
	}
	return permalink(result.Target{}, nil, spot{at: l, commit: l.Commit})
}

// oneOf returns the target that one of many repositories is, and a story that says that
// its server has what was found there.
func oneOf(repository string) (result.Target, *result.History) {
	return result.Target{Path: repository, Remote: strings.TrimSuffix(repository, ".git")}, &result.History{Refs: []string{"HEAD"}}
}

// pageOf returns the page of a place beside the scanned repository, such as an issue or
// the wiki; "" for none. A saved result may say anything, so it is checked here.
func pageOf(l result.Location) string {
	u, err := url.Parse(l.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.Contains(l.URL, "***") {
		return ""
	}
	return u.String()
}

// commitOf returns the page of a commit in the story of a finding, "" for none, and for
// one that only a repository beside the scanned one has.
func commitOf(doc *Document, f Finding, id string) string {
	if !slices.ContainsFunc(f.Locations, func(l result.Location) bool { return l.Object != "" && l.URL == "" }) {
		return ""
	}
	return commitLink(doc.Target, f.History, id)
}

// commitLink returns the page of a commit which a remote has, "" where there is
// none.
func commitLink(target result.Target, h *result.History, id string) string {
	if h != nil && h.Repository != "" {
		target, h = oneOf(h.Repository)
	}
	home, on := homeOf(target)
	if home == "" || id == "" || !isThere(target, h) {
		return ""
	}
	return home + on.page + url.PathEscape(id)
}

// isThere reports whether a remote has what a story tells of: a ref tells so, or the
// remote was scanned itself.
func isThere(target result.Target, h *result.History) bool {
	if h == nil {
		return false
	}
	return strings.Contains(target.Path, "://") && len(h.Refs) > 0 || slices.ContainsFunc(h.Refs, isRemote)
}

// isRemote reports whether a ref tells what a remote has.
func isRemote(ref string) bool { return strings.HasPrefix(ref, "refs/remotes/") }
