package history

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/internal/git/odb"
)

// modelCommit is a commit of a random history in the model.
type modelCommit struct {
	id      string
	mark    int
	parents []int
	files   map[string]string // path → content
	message string
}

type model struct {
	commits []*modelCommit // parents before children, each younger than the one before
	above   []map[int]bool // ancestors, including the commit itself
	tokens  []string
	refs    map[string]int // name → commit
	head    int
}

func (m *model) has(c int, token string) bool {
	for path, text := range m.commits[c].files {
		if strings.Contains(path, token) || strings.Contains(text, token) {
			return true
		}
	}
	return false
}

var modelPaths = []string{"a", "b", "d/a", "d/e/b", "d/e/c", "f/g/h/i"}

// randomModel makes a history of n commits: branches, roots, merges of two and
// three, merges with changes of their own, renames, reverts and deletions.
func randomModel(rng *rand.Rand, n int) *model {
	m := &model{refs: map[string]int{}}
	for i := range 4 {
		m.tokens = append(m.tokens, gittest.Token(i))
	}
	for i := range n {
		c := &modelCommit{files: map[string]string{}, message: fmt.Sprint("commit ", i)}
		if i > 0 && rng.IntN(12) > 0 {
			for range 1 + max(0, rng.IntN(5)-2) {
				if p := max(0, i-1-rng.IntN(6)); !slices.Contains(c.parents, p) {
					c.parents = append(c.parents, p)
				}
			}
			c.files = maps.Clone(m.commits[c.parents[0]].files)
		}
		if len(c.parents) > 1 && rng.IntN(3) > 0 { // a merge that keeps the changes of its parents
			maps.Copy(c.files, m.commits[c.parents[1]].files)
		}
		if len(c.parents) < 2 || rng.IntN(3) == 0 {
			m.edit(rng, c)
		}
		if rng.IntN(25) == 0 {
			c.message += " " + m.tokens[rng.IntN(len(m.tokens))]
		}
		m.add(c)
	}
	for i := range 1 + rng.IntN(5) {
		m.refs[fmt.Sprintf("refs/heads/branch%d", i)] = n - 1 - rng.IntN(n)
	}
	m.head = n - 1 - rng.IntN(min(n, 5))
	m.refs["refs/heads/main"] = m.head
	return m
}

func (m *model) edit(rng *rand.Rand, c *modelCommit) {
	for range 1 + rng.IntN(2) {
		path := modelPaths[rng.IntN(len(modelPaths))]
		switch rng.IntN(6) {
		case 0, 1:
			delete(c.files, path)
		case 2:
			c.files[path] = fmt.Sprint("clean ", rng.IntN(3))
		case 3: // a rename
			if text, ok := c.files[path]; ok {
				delete(c.files, path)
				c.files[modelPaths[rng.IntN(len(modelPaths))]] = text
			}
		default:
			c.files[path] = fmt.Sprint("key = ", m.tokens[rng.IntN(len(m.tokens))], "\nline ", rng.IntN(3))
		}
	}
}

func (m *model) add(c *modelCommit) {
	above := map[int]bool{len(m.commits): true}
	for _, p := range c.parents {
		maps.Copy(above, m.above[p])
	}
	m.commits, m.above = append(m.commits, c), append(m.above, above)
}

// write puts the history into a repository.
func (m *model) write(r *gittest.Repo) {
	var im gittest.Import
	blobs := map[string]int{}
	for i, c := range m.commits {
		var files []gittest.File
		var parents []int
		for k, p := range c.parents {
			parents = append(parents, m.commits[p].mark)
			if k == 0 {
				for _, path := range slices.Sorted(maps.Keys(m.commits[p].files)) {
					if _, ok := c.files[path]; !ok {
						files = append(files, gittest.File{Path: path, Mark: -1})
					}
				}
			}
		}
		for _, path := range slices.Sorted(maps.Keys(c.files)) {
			text := c.files[path]
			if blobs[text] == 0 {
				blobs[text] = im.Blob(text)
			}
			files = append(files, gittest.File{Path: path, Mark: blobs[text]})
		}
		c.mark = im.Commit(fmt.Sprintf("refs/made/%d", i), c.message, parents, files...)
	}
	ids := im.Run(r)
	var refs strings.Builder
	for i, c := range m.commits {
		c.id = ids[c.mark]
		fmt.Fprintf(&refs, "delete refs/made/%d\n", i)
	}
	for name, c := range m.refs {
		fmt.Fprintf(&refs, "create %s %s\n", name, m.commits[c].id)
	}
	r.GitInput(refs.String(), "update-ref", "--stdin")
}

// loses and introduces follow the definition of Story.
func (m *model) loses(c int, token string) bool {
	return !m.has(c, token) && slices.ContainsFunc(m.commits[c].parents, func(p int) bool { return m.has(p, token) })
}

func (m *model) introduces(c int, token string) bool {
	return strings.Contains(m.commits[c].message, token) ||
		m.has(c, token) && !slices.ContainsFunc(m.commits[c].parents, func(p int) bool { return m.has(p, token) })
}

func (m *model) removes(c int, token string) bool {
	if !m.loses(c, token) {
		return false
	}
	for _, p := range m.commits[c].parents {
		for _, q := range m.commits[c].parents {
			if !m.has(p, token) || m.has(q, token) {
				continue
			}
			for r := range m.above[q] {
				if !m.above[p][r] && m.loses(r, token) {
					return false
				}
			}
		}
	}
	return true
}

// story tells a token's story from the model alone; refs and reachability come
// from git.
func (m *model) story(r *gittest.Repo, token string) (in, out string, atHead bool, refs []string) {
	var carriers []string
	for i, c := range m.commits {
		if m.has(i, token) || strings.Contains(c.message, token) {
			carriers = append(carriers, "--contains="+c.id)
		}
	}
	if carriers != nil {
		refs = gittest.Lines(r.Git(append([]string{"for-each-ref", "--format=%(refname)"}, carriers...)...))
	}
	reachable := map[string]bool{}
	for _, id := range gittest.Lines(r.Git("rev-list", "--all")) {
		reachable[id] = true
	}
	atHead = m.has(m.head, token)
	best := -1
	for i, c := range m.commits {
		if m.introduces(i, token) && (in == "" || reachable[c.id] && !reachable[in]) {
			in = c.id
		}
		rank := 0
		if reachable[c.id] {
			rank = 1
		}
		if m.above[m.head][i] {
			rank = 2
		}
		if !atHead && m.removes(i, token) && rank >= best {
			best, out = rank, c.id
		}
	}
	return in, out, atHead, refs
}

// TestRandomHistories compares stories with a model of the history and with
// git, and places with all the files of all commits.
func TestRandomHistories(t *testing.T) {
	for seed := range uint64(25) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			m := randomModel(rand.New(rand.NewPCG(seed, 3)), 5+2*int(seed))
			r := gittest.New(t)
			m.write(r)
			d := tell(t, r, m.tokens)
			for n, token := range m.tokens {
				m.compareStory(t, r, d, n, token)
			}
			m.comparePlaces(t, d)
		})
	}
}

func (m *model) compareStory(t *testing.T, r *gittest.Repo, d *told, n int, token string) {
	in, out, atHead, refs := m.story(r, token)
	s := d.stories[n]
	id := func(e *Event) string {
		if e == nil {
			return ""
		}
		return d.store.Hex(e.Commit)
	}
	if id(s.Introduced) != in || id(s.Removed) != out || s.AtHead != atHead || s.Reachable != (len(refs) > 0) || !slices.Equal(s.Refs, refs) {
		t.Errorf("token %d: %s\nwant in %s, out %s, head %v, refs %v", n, d.show(n, nil), in, out, atHead, refs)
		return
	}
	for _, c := range m.commits {
		if s.Introduced != nil && c.id == in && m.has(slices.Index(m.commits, c), token) && !strings.Contains(c.files[s.Introduced.Path], token) {
			t.Errorf("token %d came in at %q, which does not hold it in %s", n, s.Introduced.Path, c.id)
		}
		if s.Removed != nil && c.id == out && strings.Contains(c.files[s.Removed.Path], token) {
			t.Errorf("token %d went out at %q, which still holds it in %s", n, s.Removed.Path, c.id)
		}
	}
	// git log -S counts occurrences, so every event of a commit with one parent
	// must be in its output.
	said := r.Git("log", "--all", "--no-merges", "--format=%H", "-S"+token)
	for _, e := range []*Event{s.Introduced, s.Removed} {
		if e == nil || e.Path == "" || !s.Reachable {
			continue
		}
		c := slices.IndexFunc(m.commits, func(c *modelCommit) bool { return c.id == id(e) })
		if len(m.commits[c].parents) < 2 && len(gittest.Lines(r.Git("branch", "-a", "--contains", id(e)))) > 0 && !strings.Contains(said, id(e)) {
			t.Errorf("token %d: git log -S does not list %s", n, id(e))
		}
	}
}

// comparePlaces checks that each hit has every path at which any commit has it,
// with the first commit that does.
func (m *model) comparePlaces(t *testing.T, d *told) {
	type spot struct{ obj, path string }
	first := map[spot]string{}
	for _, c := range m.commits {
		for path, text := range c.files {
			if !strings.Contains(text, "key = ") {
				continue
			}
			if at := (spot{text, path}); first[at] == "" {
				first[at] = c.id
			}
		}
	}
	places, complete := d.graph.Places(nil, 1<<30)
	if !complete {
		t.Error("places are incomplete")
	}
	seen := map[spot]bool{}
	for _, p := range places {
		typ, data, err := d.store.Read(p.Obj)
		if err != nil {
			t.Fatal(err)
		}
		if typ != odb.Blob {
			continue
		}
		at := spot{string(data), p.Path}
		if seen[at] {
			t.Errorf("%s is listed twice", p.Path)
		}
		seen[at] = true
		if first[at] != d.store.Hex(p.Commit) {
			t.Errorf("%q at %s is listed with %s, want %s", data, p.Path, d.store.Hex(p.Commit), first[at])
		}
	}
	if len(seen) != len(first) {
		t.Errorf("%d places of blobs, want %d", len(seen), len(first))
	}
}
