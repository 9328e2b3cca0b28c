package agent

import (
	"os"
	"time"

	"r8scan/internal/git/repo"
	"r8scan/internal/policy"
	"r8scan/internal/regular"
	"r8scan/internal/search"
	"r8scan/rules"
)

// finding is a token in a text.
type finding struct {
	rules.Match
	context string // its line
}

// find returns the tokens in a text that a commit would be stopped for. A comment
// that allows one does not count: the agent may have written it.
func find(text string) (found []finding) {
	data := []byte(text)
	for _, m := range search.Find(rules.Default(), data) {
		if m.Confidence >= rules.Medium {
			found = append(found, finding{m, lineOf(text, m.Start, m.End)})
		}
	}
	return found
}

// maxLine is how much of a line is looked at to each side of a token.
const maxLine = 1 << 10

// lineOf returns the line around text[start:end].
func lineOf(text string, start, end int) string {
	from, to := start, end
	for from > 0 && text[from-1] != '\n' && start-from < maxLine {
		from--
	}
	for to < len(text) && text[to] != '\n' && to-end < maxLine {
		to++
	}
	return text[from:to]
}

// keys returns what identifies the tokens in a text.
func keys(text string) map[search.Key]bool {
	all := map[search.Key]bool{}
	for _, f := range find(text) {
		all[search.KeyOf(&f.Match)] = true
	}
	return all
}

// findIn returns the tokens in the texts of a JSON value.
func findIn(v any) (found []finding) {
	eachText(v, func(s string, _ bool) { found = append(found, find(s)...) })
	return found
}

// except returns what is found without the tokens that are known.
func except(found []finding, known map[search.Key]bool) (rest []finding) {
	for _, f := range found {
		if !known[search.KeyOf(&f.Match)] {
			rest = append(rest, f)
		}
	}
	return rest
}

// committed is what the commit at HEAD allows. What the agent may have changed since
// does not count.
type committed struct {
	repo   *repo.Repo // nil for none
	config *policy.Config
	paths  policy.Paths
}

// openCommitted reads the configuration at the HEAD of a repository.
func openCommitted(r *repo.Repo) *committed {
	c := &committed{repo: r, config: &policy.Config{}}
	if r == nil {
		return c
	}
	text, err := atHEAD(r, policy.OwnConfig)
	if err != nil {
		return c
	}
	config, err := policy.ParseConfig(text, rules.Default())
	if err != nil {
		return c
	}
	if paths, err := policy.NewPaths(nil, config.Exclude); err == nil {
		c.paths = paths
	}
	c.config = config
	return c
}

// refuses returns what is found without the tokens that are allowed. rel is the
// path of their file in the work tree, "" if they are in none.
func (c *committed) refuses(found []finding, rel string) (rest []finding) {
	if len(found) == 0 || rel != "" && c.paths.Excludes(rel) {
		return nil
	}
	var marked map[search.Key]bool // read only if a line has the comment: it may be the committed one
	today := time.Now().UTC().Format(time.DateOnly)
	for _, f := range found {
		if f.Allowed && marked == nil {
			marked = c.marked(rel)
		}
		if !c.allows(f, today) && !marked[search.KeyOf(&f.Match)] {
			rest = append(rest, f)
		}
	}
	return rest
}

func (c *committed) allows(f finding, today string) bool {
	for _, a := range c.config.Allow {
		if a.ID == f.Secret.ID() && !a.Expired(today) {
			return true
		}
	}
	for _, id := range c.config.Off {
		if id == f.Rule.ID {
			return true
		}
	}
	return false
}

// marked returns the tokens with r8scan:allow on their line in a file at HEAD.
func (c *committed) marked(rel string) map[search.Key]bool {
	all := map[search.Key]bool{}
	if c.repo == nil || rel == "" {
		return all
	}
	text, err := atHEAD(c.repo, rel)
	if err != nil {
		return all
	}
	for _, f := range find(string(text)) {
		if f.Allowed {
			all[search.KeyOf(&f.Match)] = true
		}
	}
	return all
}

// repoOf returns the repository that holds a folder, nil for none.
func repoOf(folder string) *repo.Repo {
	r, err := repo.Discover(regular.Real(folder), os.LookupEnv)
	if err != nil {
		return nil
	}
	return r
}
