package repo

import (
	"net/url"
	"path"
	"strings"

	"r8scan/internal/pattern"
)

// Remote is a remote repository in the configuration.
type Remote struct {
	Name     string
	URLs     []string // the URLs for fetch and push, as they are written
	Promisor bool     // it holds the objects that a partial clone lacks
}

// Remotes returns the remotes in all configurations. getenv looks up the
// environment variables that locate the user's.
func (c *Config) Remotes(getenv Lookup) []Remote {
	var out []Remote
	at := map[string]int{} // in out
	partial := ""
	c.every(getenv, func(v *variable) {
		if v.is("extensions", "partialclone") {
			partial = string(v.value)
		}
		if v.section != "remote" || !v.hasSub {
			return
		}
		i, ok := at[v.sub]
		if !ok {
			i = len(out)
			at[v.sub] = i
			out = append(out, Remote{Name: v.sub})
		}
		switch v.key {
		case "url", "pushurl":
			out[i].URLs = append(out[i].URLs, string(v.value))
		case "promisor":
			out[i].Promisor = v.yes()
		}
	})
	for i := range out {
		out[i].Promisor = out[i].Promisor || out[i].Name == partial
	}
	return out
}

// PushRemote returns the name of the remote to which git push would push a
// branch, given by its full name: the configured one, the only one, or origin.
func (c *Config) PushRemote(branch string, getenv Lookup) string {
	branch = strings.TrimPrefix(branch, "refs/heads/")
	var push, byDefault, remote string
	c.every(getenv, func(v *variable) {
		own := v.section == "branch" && v.hasSub && v.sub == branch
		switch {
		case own && v.key == "pushremote":
			push = string(v.value)
		case own && v.key == "remote":
			remote = string(v.value)
		case v.is("remote", "pushdefault"):
			byDefault = string(v.value)
		}
	})
	for _, name := range []string{push, byDefault, remote} {
		if name != "" && name != "." { // .: this repository
			return name
		}
	}
	remotes := c.Remotes(getenv)
	if len(remotes) == 1 {
		return remotes[0].Name
	}
	return "origin"
}

// PushAddress returns the address of the remote that git push takes on a branch,
// whose full name is given, "" if it has none that an Address can be made of.
func (c *Config) PushAddress(branch string, getenv Lookup) string {
	name := c.PushRemote(branch, getenv)
	for _, r := range c.Remotes(getenv) {
		if r.Name == name && len(r.URLs) > 0 {
			return Address(r.URLs[0])
		}
	}
	return ""
}

// scpLike matches [user@]host:path, which git takes for ssh. A host of one letter
// would be a drive of Windows.
var scpLike = pattern.Of(`^(?:[^@/:]*@)?([A-Za-z0-9.-]{2,}):([^:]*)$`)

// Address returns the URL of a remote as it can be shown: its scheme (http, https
// or ssh), host and path, with no user, password, query or ".git" at the end. It
// is "" for a path on this machine and for what is no URL.
func Address(remote string) string {
	if m := scpLike().FindStringSubmatch(remote); m != nil && !strings.Contains(remote, "://") {
		remote = "ssh://" + m[1] + "/" + m[2]
	}
	u, err := url.Parse(strings.TrimSpace(remote))
	if err != nil || u.Host == "" {
		return ""
	}
	switch u.Scheme {
	case "git+ssh", "ssh+git":
		u.Scheme = "ssh"
	case "http", "https", "ssh":
	default:
		return ""
	}
	clean := &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimSuffix(path.Clean("/"+u.Path), ".git")}
	return clean.String()
}

// Tracking returns the remote-tracking refs of a remote. A remote's name may have
// slashes, so refs of a remote whose name only starts with this one's are left out.
func (c *Config) Tracking(remote string, refs []Ref, getenv Lookup) []Ref {
	prefix := "refs/remotes/" + remote + "/"
	longer := map[string]bool{}
	for _, other := range c.Remotes(getenv) {
		if rest, ok := strings.CutPrefix(other.Name, remote+"/"); ok {
			longer[rest] = true
		}
	}
	others := func(name string) bool {
		for i, c := range []byte(name) {
			if c == '/' && longer[name[:i]] {
				return true
			}
		}
		return false
	}
	var out []Ref
	for _, ref := range refs {
		if name, ok := strings.CutPrefix(ref.Name, prefix); ok && !others(name) {
			out = append(out, ref)
		}
	}
	return out
}
