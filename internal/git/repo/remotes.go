package repo

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/config"
)

// Remote is another repository, as the config of this one names it.
type Remote struct {
	Name     string
	URLs     []string // to fetch from and to push to, as they are written
	Promisor bool     // it has promised to keep what a partial clone lacks
}

// Remotes returns the remotes in the repository's own config. The user's and
// the machine's are not read.
func (r *Repo) Remotes() []Remote {
	cfg, err := r.parseConfig(filepath.Join(r.Common, "config"))
	if err != nil {
		return nil // readConfig has noted it
	}
	partial := cfg.Section("extensions").Option("partialclone")
	var out []Remote
	for _, s := range cfg.Section("remote").Subsections {
		out = append(out, Remote{Name: s.Name,
			URLs:     append(s.OptionAll("url"), s.OptionAll("pushurl")...),
			Promisor: s.Name == partial || strings.EqualFold(s.Option("promisor"), "true")})
	}
	return out
}

// PushRemote returns the name of the remote that git push takes on a branch,
// whose full name is given: by the branch's config, or the only one, or origin.
func (r *Repo) PushRemote(branch string) string {
	cfg, err := r.parseConfig(filepath.Join(r.Common, "config"))
	if err != nil {
		cfg = config.New()
	}
	own := cfg.Section("branch").Subsection(strings.TrimPrefix(branch, "refs/heads/"))
	for _, name := range []string{own.Option("pushRemote"), cfg.Section("remote").Option("pushDefault"), own.Option("remote")} {
		if name != "" && name != "." { // .: this repository
			return name
		}
	}
	remotes := r.Remotes()
	if len(remotes) == 1 {
		return remotes[0].Name
	}
	return "origin"
}

// Tracking returns those of refs that tell what the remote had when it was last
// talked to. Names of remotes may have slashes, so those of a remote whose name
// begins with this one's are told apart.
func (r *Repo) Tracking(remote string, refs []Ref) []Ref {
	prefix := "refs/remotes/" + remote + "/"
	var longer []string
	for _, other := range r.Remotes() {
		if strings.HasPrefix(other.Name, remote+"/") {
			longer = append(longer, "refs/remotes/"+other.Name+"/")
		}
	}
	var out []Ref
	for _, ref := range refs {
		if strings.HasPrefix(ref.Name, prefix) && !slices.ContainsFunc(longer, func(p string) bool { return strings.HasPrefix(ref.Name, p) }) {
			out = append(out, ref)
		}
	}
	return out
}

// Branch returns the full name of the branch that HEAD is on, "" if it is on
// none or that cannot be read.
func (r *Repo) Branch() string {
	find, err := r.finder()
	if err != nil {
		return ""
	}
	value, err := find("HEAD")
	if err != nil {
		return ""
	}
	name, ok := strings.CutPrefix(value, "ref:")
	if !ok {
		return ""
	}
	return strings.TrimSpace(name)
}
