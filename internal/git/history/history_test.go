package history

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/budget"
	"r8scan/internal/git/gittest"
	"r8scan/internal/git/odb"
)

// finder is a visitor that records which tokens are in which objects.
type finder struct {
	store  *odb.Store
	tokens []string
	told   []*Token
	hits   []Hit
}

func (f *finder) Visit(n *odb.Node) error {
	for i, token := range f.tokens {
		if n.Again || !bytes.Contains(n.Data, []byte(token)) {
			continue
		}
		if n.Type != odb.Tree {
			f.hits = append(f.hits, Hit{Obj: n.Obj, Type: n.Type, Token: f.told[i]})
			continue
		}
		_ = odb.EachEntry(n.Data, f.store.HashLen(), func(_ int, e odb.TreeEntry) bool {
			if strings.Contains(string(e.Name), token) {
				f.hits = append(f.hits, Hit{Obj: n.Obj, Type: n.Type, Token: f.told[i], Name: string(e.Name)})
			}
			return true
		})
	}
	return nil
}

func (f *finder) Failed(o odb.Obj, _ odb.Type, why error) {}

// told is the package's result for a repository's tokens.
type told struct {
	t       *testing.T
	store   *odb.Store
	graph   *Graph
	stories []Story
}

// tell runs the whole package on a repository's objects.
func tell(t *testing.T, r *gittest.Repo, tokens []string) *told {
	t.Helper()
	store := odb.OpenFolders(odb.Folders{Dirs: []string{filepath.Join(r.GitDir(), "objects")}, Lent: []bool{false}}, 20, odb.LimitsOf(budget.New(0, 1)))
	t.Cleanup(store.Close)
	f := &finder{store: store, tokens: tokens}
	for range tokens {
		f.told = append(f.told, &Token{})
	}
	walk(t, store, nil, f)
	g := NewGraph(store, f.hits)
	walk(t, store, g.Want, g.Visitor())
	g.Finish()
	out := &told{t: t, store: store, graph: g}
	g.Stories(f.told, tipsOf(r, store), nil)
	for _, token := range f.told {
		out.stories = append(out.stories, token.Story)
	}
	return out
}

func walk(t *testing.T, store *odb.Store, want func(odb.Type) bool, v odb.Visitor) {
	t.Helper()
	w := &odb.Walker{Store: store, Want: want}
	for _, f := range store.Families() {
		if err := w.Walk(context.Background(), f, v); err != nil {
			t.Fatal(err)
		}
	}
}

// tipsOf returns the refs as git lists them, and HEAD.
func tipsOf(r *gittest.Repo, store *odb.Store) []Tip {
	var tips []Tip
	for _, line := range gittest.Lines(r.Git("for-each-ref", "--format=%(objectname) %(refname)")) {
		id, name, _ := strings.Cut(line, " ")
		if o, ok := store.FindHex(id); ok {
			tips = append(tips, Tip{Name: name, Obj: o})
		}
	}
	if id, err := r.Try("", "rev-parse", "-q", "--verify", "HEAD"); err == nil {
		o, _ := store.FindHex(id)
		tips = append(tips, Tip{Obj: o, Head: true})
	}
	return tips
}

// show prints a story with ids replaced by names.
func (d *told) show(n int, names map[string]string) string {
	s := d.stories[n]
	event := func(e *Event) string {
		if e == nil {
			return "-"
		}
		id := d.store.Hex(e.Commit)
		name, ok := names[id]
		if !ok {
			name = id
		}
		return strings.TrimSuffix(name+" "+e.Path, " ")
	}
	return fmt.Sprintf("in %s, out %s, head %v, reachable %v, refs %s", event(s.Introduced), event(s.Removed), s.AtHead, s.Reachable, strings.Join(s.Refs, " "))
}

// lives are histories with one token each, and its expected story.
var lives = []struct {
	name  string
	build func(m *gittest.Import, token string) map[string]int
	want  string
}{
	{"introduced and kept", func(m *gittest.Import, token string) map[string]int {
		a := m.Commit("refs/heads/main", "a", nil, gittest.File{Path: "x", Mark: m.Blob("x")})
		b := m.Commit("refs/heads/main", "b", []int{a}, gittest.File{Path: "d/e/key", Mark: m.Blob(token)})
		return map[string]int{"a": a, "b": b}
	}, "in b d/e/key, out -, head true, reachable true, refs refs/heads/main"},
	{"removed", func(m *gittest.Import, token string) map[string]int {
		a := m.Commit("refs/heads/main", "a", nil, gittest.File{Path: "key", Mark: m.Blob(token)})
		b := m.Commit("refs/heads/main", "b", []int{a}, gittest.File{Path: "key", Mark: -1})
		c := m.Commit("refs/heads/main", "c", []int{b}, gittest.File{Path: "x", Mark: m.Blob("x")})
		return map[string]int{"a": a, "b": b, "c": c}
	}, "in a key, out b key, head false, reachable true, refs refs/heads/main"},
	{"renamed and then removed", func(m *gittest.Import, token string) map[string]int {
		blob := m.Blob(token)
		a := m.Commit("refs/heads/main", "a", nil, gittest.File{Path: "key", Mark: blob})
		b := m.Commit("refs/heads/main", "b", []int{a}, gittest.File{Path: "key", Mark: -1}, gittest.File{Path: "d/key", Mark: blob})
		c := m.Commit("refs/heads/main", "c", []int{b}, gittest.File{Path: "d/key", Mark: m.Blob("clean")})
		return map[string]int{"a": a, "b": b, "c": c}
	}, "in a key, out c d/key, head false, reachable true, refs refs/heads/main"},
	{"taken back and brought back", func(m *gittest.Import, token string) map[string]int {
		blob := m.Blob(token)
		a := m.Commit("refs/heads/main", "a", nil, gittest.File{Path: "key", Mark: blob})
		b := m.Commit("refs/heads/main", "revert", []int{a}, gittest.File{Path: "key", Mark: -1})
		c := m.Commit("refs/heads/main", "revert the revert", []int{b}, gittest.File{Path: "key", Mark: blob})
		d := m.Commit("refs/heads/main", "revert again", []int{c}, gittest.File{Path: "key", Mark: -1})
		return map[string]int{"a": a, "b": b, "c": c, "d": d}
	}, "in a key, out d key, head false, reachable true, refs refs/heads/main"},
	{"only in an evil merge", func(m *gittest.Import, token string) map[string]int {
		a := m.Commit("refs/heads/main", "a", nil, gittest.File{Path: "x", Mark: m.Blob("x")})
		b := m.Commit("refs/heads/side", "b", []int{a}, gittest.File{Path: "y", Mark: m.Blob("y")})
		c := m.Commit("refs/heads/main", "c", []int{a}, gittest.File{Path: "z", Mark: m.Blob("z")})
		d := m.Commit("refs/heads/main", "merge", []int{c, b}, gittest.File{Path: "y", Mark: m.Blob(token)})
		return map[string]int{"a": a, "b": b, "c": c, "merge": d}
	}, "in merge y, out -, head true, reachable true, refs refs/heads/main"},
	{"merged away by -s ours", func(m *gittest.Import, token string) map[string]int {
		a := m.Commit("refs/heads/main", "a", nil, gittest.File{Path: "x", Mark: m.Blob("x")})
		b := m.Commit("refs/heads/side", "b", []int{a}, gittest.File{Path: "key", Mark: m.Blob(token)})
		d := m.Commit("refs/heads/main", "merge", []int{a, b})
		return map[string]int{"a": a, "b": b, "merge": d}
	}, "in b key, out merge key, head false, reachable true, refs refs/heads/main refs/heads/side"},
	{"a merge that takes over a removal", func(m *gittest.Import, token string) map[string]int {
		a := m.Commit("refs/heads/main", "a", nil, gittest.File{Path: "key", Mark: m.Blob(token)})
		b := m.Commit("refs/heads/side", "b", []int{a}, gittest.File{Path: "key", Mark: -1})
		c := m.Commit("refs/heads/main", "c", []int{a}, gittest.File{Path: "z", Mark: m.Blob("z")})
		d := m.Commit("refs/heads/main", "merge", []int{c, b}, gittest.File{Path: "key", Mark: -1})
		return map[string]int{"a": a, "b": b, "c": c, "merge": d}
	}, "in a key, out b key, head false, reachable true, refs refs/heads/main refs/heads/side"},
	{"a merge that undoes what was brought back", func(m *gittest.Import, token string) map[string]int {
		a := m.Commit("refs/heads/main", "a", nil, gittest.File{Path: "key", Mark: m.Blob(token)})
		b := m.Commit("refs/heads/main", "b", []int{a}, gittest.File{Path: "key", Mark: -1})
		back := m.Commit("refs/heads/side", "back", []int{b}, gittest.File{Path: "key", Mark: m.Blob(token)})
		c := m.Commit("refs/heads/main", "c", []int{b}, gittest.File{Path: "z", Mark: m.Blob("z")})
		d := m.Commit("refs/heads/main", "merge", []int{c, back})
		return map[string]int{"a": a, "b": b, "back": back, "c": c, "merge": d}
	}, "in a key, out merge key, head false, reachable true, refs refs/heads/main refs/heads/side"},
	{"an octopus of three roots", func(m *gittest.Import, token string) map[string]int {
		a := m.Commit("refs/heads/one", "a", nil, gittest.File{Path: "x", Mark: m.Blob("x")})
		b := m.Commit("refs/heads/two", "b", nil, gittest.File{Path: "k2", Mark: m.Blob("2" + token)})
		c := m.Commit("refs/heads/three", "c", nil, gittest.File{Path: "k3", Mark: m.Blob("3" + token)})
		d := m.Commit("refs/heads/main", "octopus", []int{a, b, c})
		return map[string]int{"a": a, "b": b, "c": c, "octopus": d}
	}, "in b k2, out octopus k2, head false, reachable true, refs refs/heads/main refs/heads/three refs/heads/two"},
	{"in no ref", func(m *gittest.Import, token string) map[string]int {
		a := m.Commit("refs/heads/main", "a", nil, gittest.File{Path: "x", Mark: m.Blob("x")})
		b := m.Commit("refs/heads/gone", "b", []int{a}, gittest.File{Path: "key", Mark: m.Blob(token)})
		m.Reset("refs/heads/gone", 0)
		return map[string]int{"a": a, "b": b}
	}, "in b key, out -, head false, reachable false, refs "},
	{"in a message", func(m *gittest.Import, token string) map[string]int {
		a := m.Commit("refs/heads/main", "a", nil, gittest.File{Path: "x", Mark: m.Blob("x")})
		b := m.Commit("refs/heads/main", "use "+token, []int{a})
		c := m.Commit("refs/heads/main", "c", []int{b})
		m.Reset("refs/heads/before", a)
		return map[string]int{"a": a, "b": b, "c": c}
	}, "in b, out -, head false, reachable true, refs refs/heads/main"},
	{"in a tag of a tag", func(m *gittest.Import, token string) map[string]int {
		a := m.Commit("refs/heads/main", "a", nil, gittest.File{Path: "x", Mark: m.Blob("x")})
		m.Tag("outer", "outer", m.Tag("inner", "with "+token, a))
		return map[string]int{"a": a}
	}, "in a, out -, head false, reachable true, refs refs/tags/inner refs/tags/outer"},
	{"in a note", func(m *gittest.Import, token string) map[string]int {
		a := m.Commit("refs/heads/main", "a", nil, gittest.File{Path: "x", Mark: m.Blob("x")})
		n := m.Commit("refs/notes/commits", "note", nil, gittest.File{Path: "ab/cdef", Mark: m.Blob(token)})
		return map[string]int{"a": a, "note": n}
	}, "in note ab/cdef, out -, head false, reachable true, refs refs/notes/commits"},
	{"in a file's name", func(m *gittest.Import, token string) map[string]int {
		a := m.Commit("refs/heads/main", "a", nil, gittest.File{Path: "d/" + token + ".txt", Mark: m.Blob("x")})
		b := m.Commit("refs/heads/main", "b", []int{a}, gittest.File{Path: "d", Mark: -1})
		return map[string]int{"a": a, "b": b}
	}, "in a d/TOKEN.txt, out b d/TOKEN.txt, head false, reachable true, refs refs/heads/main"},
}

func TestLives(t *testing.T) {
	token := gittest.Token(1)
	for _, c := range lives {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := gittest.New(t)
			var m gittest.Import
			marks := c.build(&m, token)
			ids := m.Run(r)
			names := map[string]string{}
			for name, mark := range marks {
				names[ids[mark]] = name
			}
			got := strings.ReplaceAll(tell(t, r, []string{token}).show(0, names), token, "TOKEN")
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestManyTokens has more tokens than one batch, in 2,000 versions of one file.
func TestManyTokens(t *testing.T) {
	const versions, tokens = 2000, 150
	r := gittest.New(t)
	var m gittest.Import
	var list []string
	var in, out [tokens]int
	var commits []int
	var parents []int
	for i := range versions {
		n := i / 10
		text := fmt.Sprintf("version %d\n", i)
		if n < tokens && i%10 < 5 {
			text += gittest.Token(n)
		}
		c := m.Commit("refs/heads/main", "change", parents, gittest.File{Path: "dir/file", Mark: m.Blob(text)})
		parents = []int{c}
		commits = append(commits, c)
	}
	for n := range tokens {
		list = append(list, gittest.Token(n))
		in[n], out[n] = commits[10*n], commits[10*n+5]
	}
	ids := m.Run(r)
	d := tell(t, r, list)
	for n := range tokens {
		want := fmt.Sprintf("in %s dir/file, out %s dir/file, head false, reachable true, refs refs/heads/main", ids[in[n]], ids[out[n]])
		if got := d.show(n, nil); got != want {
			t.Errorf("token %d:\ngot  %s\nwant %s", n, got, want)
		}
	}
	places, complete := d.graph.Places(nil, 1<<30)
	if !complete || len(places) != 5*tokens {
		t.Errorf("%d places, want %d; complete: %v", len(places), 5*tokens, complete)
	}
	if !slices.IsSortedFunc(places, func(a, b Place) int { return int(d.graph.number[a.Commit] - d.graph.number[b.Commit]) }) {
		t.Error("places are not in the order of the commits")
	}
}
