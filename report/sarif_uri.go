package report

import (
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"r8scan/result"
)

// rootBaseID names the files that are there now in uriBaseId. It is the name that
// code scanning knows best.
const rootBaseID = "%SRCROOT%"

// commitBaseID names the files of one commit in uriBaseId.
func commitBaseID(id string) string { return "COMMIT_" + id }

// locationURI returns the URI reference of the artifact that holds a location:
// a relative path wherever the result has one, with forward slashes and
// percent-encoded.
//
// A commit message or a blob that no tree names has no path, but GitHub refuses
// a result without one. Such a place is called .git/<kind>/<object>: git
// tracks nothing below .git, so this can never be shown as a line of a file
// that has nothing to do with the token.
func locationURI(root string, l result.Location) string {
	switch page := pageOf(l); {
	case page != "":
		return page
	case l.Repository != "": // it is in none of the files that code scanning shows
		if page := permalink(result.Target{}, nil, spot{at: l, commit: l.Commit}); page != "" {
			return page
		}
		own := l
		own.Repository = ""
		return l.Repository + "/" + locationURI("", own)
	case result.IsPosted(l.Kind):
		return escapePath(".git/" + l.Kind + "/" + l.Path)
	case l.Kind == result.KindRef && strings.HasPrefix(l.Path, "refs/"):
		return escapePath(".git/" + l.Path) // where a loose ref is
	case l.Path != "":
		return pathURI(root, l.Path)
	case l.Object != "":
		return escapePath(".git/" + l.Kind + "/" + l.Object)
	case l.Kind == result.KindFile:
		return "stdin"
	}
	return escapePath(".git/" + l.Kind)
}

// pathURI returns the URI of a file: relative, if it is in root, which may be "".
func pathURI(root, name string) string {
	if filepath.IsAbs(name) {
		rel, err := filepath.Rel(root, name)
		if root == "" || err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return "file:///" + escapePath(strings.TrimLeft(filepath.ToSlash(name), "/"))
		}
		name = rel
	}
	return escapePath(path.Clean(filepath.ToSlash(name)))
}

// escapePath keeps what RFC 3986 allows in a path, but for the colon: "c:x"
// would be read as a scheme.
func escapePath(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			strings.IndexByte("-._~/!$&'()*+,;=@", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return b.String()
}

// repositoryURI returns an absolute URI for the scanned repository: its page on a
// forge, the URL of its remote, or what was scanned, if that is a URL; "" if there
// is none. A folder of this machine means nothing to who reads the report.
func repositoryURI(target result.Target) string {
	if home, _ := homeOf(target); home != "" {
		return home
	}
	for _, address := range []string{target.Remote, target.Path} {
		if u, err := url.Parse(address); err == nil && u.Host != "" && len(u.Scheme) >= 2 {
			// Clone URLs carry passwords, as user:password@ or in the query.
			u.User, u.RawQuery, u.Fragment = nil, "", ""
			return u.String()
		}
	}
	return ""
}
