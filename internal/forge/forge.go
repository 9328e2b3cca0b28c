// Package forge lists the repositories of an owner on a service: of an organization or
// a user of GitHub, of a group or a user of GitLab, of an owner on Hugging Face.
package forge

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"

	"r8scan/internal/git/fetch"
	"r8scan/result"
)

// The services.
const (
	GitHub      = "github"
	GitLab      = "gitlab"
	HuggingFace = "hf"
)

// service is where a service is, and what it calls owners.
type service struct{ prefix, title, site, owner string }

var services = []service{
	{GitHub, "GitHub", "https://github.com", "organization or user"},
	{GitLab, "GitLab", "https://gitlab.com", "group or user"},
	{HuggingFace, "Hugging Face", "https://huggingface.co", "user or organization"},
}

// Owner is whose repositories are listed.
type Owner struct {
	Service string  // GitHub, GitLab or HuggingFace
	Site    url.URL // scheme and host of the service's pages, without credentials
	Name    string  // such as acme, or for GitLab group/subgroup
}

// Repository is one of an owner's.
type Repository struct {
	URL      string    // that it is fetched from: https, without credentials
	Name     string    // with its owner, as the service writes it
	Fork     bool      // made from another one, as the service tells
	Archived bool      // nobody can change it any more
	Size     int64     // in bytes, as the service tells; 0 if it does not
	Changed  time.Time // when it was pushed to last, as the service tells; zero if it does not
}

// Page is a part of a list.
type Page struct {
	Repositories []Repository
	Refused      []result.Unread // those in the list whose address is not followed
	Next         string          // the cursor of the next page, "" after the last one
}

// serviceOf returns the service that a text begins with, and the rest.
func serviceOf(text string) (s service, rest string, ok bool) {
	for _, s := range services {
		if rest, ok := strings.CutPrefix(text, s.prefix+":"); ok {
			return s, rest, true
		}
	}
	return service{}, "", false
}

// Is reports whether a text names an owner: it begins with github:, gitlab: or hf:.
func Is(text string) bool {
	_, _, ok := serviceOf(text)
	return ok
}

// IsList reports whether a text names many repositories: an owner, or a file with a list
// as @FILE.
func IsList(text string) bool { return Is(text) || len(text) > 1 && text[0] == '@' }

// Parse returns the owner that a text names, such as github:ORG or
// gitlab:https://HOST/GROUP. The errors do not repeat it: it may hold a password.
func Parse(text string) (Owner, error) {
	s, name, ok := serviceOf(text)
	if !ok {
		return Owner{}, errors.New("name an owner as github:ORG, gitlab:GROUP or hf:OWNER")
	}
	o := Owner{Service: s.prefix}
	site, err := url.Parse(s.site)
	if err != nil {
		return Owner{}, err
	}
	if strings.Contains(name, "://") {
		at, err := fetch.Parse(name)
		switch {
		case err != nil:
			return Owner{}, err
		case at.Scheme == "ssh":
			return Owner{}, fmt.Errorf("%s is listed over https: write %s:https://HOST/NAME", s.title, s.prefix)
		}
		site, name = &url.URL{Scheme: at.Scheme, Host: strings.ToLower(at.Host)}, at.Path
	}
	o.Site, o.Name = *site, strings.Trim(name, "/")
	return o, s.check(o.Name)
}

// check says what is wrong with an owner's name.
func (s service) check(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("the name is missing: write %s:NAME", s.prefix)
	case strings.Contains(name, "/") && s.prefix != GitLab:
		return fmt.Errorf("%s names all repositories of an owner: name one repository by its URL, such as %s/owner/name", s.prefix+":", s.site)
	case !IsName(name):
		return fmt.Errorf("no %s of %s has such a name", s.owner, s.title)
	}
	return nil
}

// IsName reports whether a name, with slashes between its parts, is one that a service
// can give: nothing in it means anything in a URL.
func IsName(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./", r)
	})
}

// String returns the owner as it is named on the command line.
func (o Owner) String() string {
	for _, s := range services {
		if s.prefix == o.Service && o.Site.String() == s.site {
			return o.Service + ":" + o.Name
		}
	}
	return o.Service + ":" + o.Site.String() + "/" + o.Name
}

// service returns the owner's.
func (o Owner) service() service {
	s, _, _ := serviceOf(o.Service + ":")
	return s
}
