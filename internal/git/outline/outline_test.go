package outline

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/budget"
	"r8scan/internal/git/gittest"
	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/wire"
)

// example returns an outline with all kinds of objects.
func example(hash int) *Outline {
	o := &Outline{Hash: hash}
	add := func(x Object) {
		o.IDs = append(o.IDs, bytes.Repeat([]byte{byte(10 * len(o.Objects))}, hash)...)
		o.Objects = append(o.Objects, x)
	}
	add(Object{Type: odb.Commit, Tree: NoTree, Text: "A <a@b>", Sec: 5, Zone: "+0100", When: 7})
	add(Object{Type: odb.Commit, Tree: 3, Links: []int32{0}, Text: "an odd line", When: -1})
	add(Object{Type: odb.Tag, Tree: NoTree, Links: []int32{1}, Text: "type commit\ntag v1"})
	add(Object{Type: odb.Tree, Tree: NoTree, Links: []int32{4, 5}, Names: []string{"dir", "f"}})
	add(Object{Type: odb.Tree, Tree: NoTree, Links: []int32{5}, Names: []string{"f"}})
	add(Object{Type: odb.Blob, Tree: NoTree})
	add(Object{Type: odb.Tag, Tree: NoTree, Text: "object x"})
	return o
}

// equal compares outlines, for which an empty list is none.
func equal(a, b *Outline) bool {
	return a.Hash == b.Hash && bytes.Equal(a.IDs, b.IDs) && slices.EqualFunc(a.Objects, b.Objects, func(x, y Object) bool {
		same := slices.Equal(x.Links, y.Links) && slices.Equal(x.Names, y.Names)
		x.Links, x.Names, y.Links, y.Names = nil, nil, nil, nil
		return same && reflect.DeepEqual(x, y)
	})
}

// TestParse: what is written is read again, for both lengths of ids.
func TestParse(t *testing.T) {
	for _, hash := range []int{wire.SHA1, wire.SHA256} {
		want := example(hash)
		got, rest, err := Parse(append(want.Append(nil), "rest"...))
		if err != nil || string(rest) != "rest" || !equal(got, want) {
			t.Errorf("%+v, %q, %v", got, rest, err)
		}
		for i := range want.Append(nil) {
			if _, _, err := Parse(want.Append(nil)[:i]); err == nil {
				t.Errorf("%d bytes of it are enough", i)
			}
		}
	}
}

// TestParseRefuses: an outline that contradicts itself is damaged.
func TestParseRefuses(t *testing.T) {
	for name, change := range map[string]func(o *Outline){
		"unsorted":              func(o *Outline) { o.IDs[0] = 0xff },
		"the same id twice":     func(o *Outline) { copy(o.IDs, o.IDs[20:40]) },
		"a parent that is none": func(o *Outline) { o.Objects[1].Links[0] = 5 },
		"a tree with a commit":  func(o *Outline) { o.Objects[3].Links[0] = 0 },
		"a commit of a blob":    func(o *Outline) { o.Objects[1].Tree = 5 },
		"a link to nothing":     func(o *Outline) { o.Objects[2].Links[0] = 7 },
		"a blob with links":     func(o *Outline) { o.Objects[5].Links = []int32{4} },
		"a name with a zero":    func(o *Outline) { o.Objects[4].Names[0] = "a\x00b" },
		"no name":               func(o *Outline) { o.Objects[4].Names[0] = "" },
		"an author of lines":    func(o *Outline) { o.Objects[0].Text = "a\ntree 5" },
		"no type":               func(o *Outline) { o.Objects[5].Type = 0 },
		"another length":        func(o *Outline) { o.Hash = 21; o.IDs = append(o.IDs, 1, 2, 3, 4, 5, 6, 7) },
	} {
		o := example(wire.SHA1)
		change(o)
		if _, _, err := Parse(o.Append(nil)); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}

// FuzzParse: whatever is parsed has content for a store, and is written as it was.
func FuzzParse(f *testing.F) {
	f.Add(example(wire.SHA1).Append(nil))
	f.Add(example(wire.SHA256).Append(nil))
	f.Add((&Outline{Hash: wire.SHA1}).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, _, err := Parse(b)
		if err != nil {
			return
		}
		again, rest, err := Parse(o.Append(nil))
		if err != nil || len(rest) > 0 || !equal(again, o) {
			t.Fatalf("%+v is read as %+v, %v", o, again, err)
		}
		s := odb.OpenFolders(odb.Folders{}, o.Hash, odb.LimitsOf(budget.New(0, 1)))
		odb.AddGiven(s, o.Given(nil))
		defer s.Close()
		for i := range o.Objects {
			at, ok := s.Find(o.ID(i))
			if !ok {
				t.Fatalf("object %d is not in the store", i)
			}
			if typ, _, err := s.Read(at); err != nil || typ != o.Objects[i].Type {
				t.Fatalf("object %d: %s, %v", i, typ, err)
			}
			o.Leads([]int{i}, []int{0}, new(int))
		}
		o.Reach([]int{})
	})
}

// TestSplit: the line of an author is put together as it was.
func TestSplit(t *testing.T) {
	for _, line := range []string{"A <a> 12 +0100", "A <a> 012 +0100", "A <a>", "A <a> 12", "A <a> 12 ", "A <a>  12 +0100", "", "> 1 x", "A <a> -5 +0000", "A <a> 99999999999999999999 +0000", "A <a> 1 +0 0"} {
		o := &Outline{Hash: wire.SHA1, IDs: make([]byte, 20), Objects: []Object{{Type: odb.Commit, Tree: NoTree, When: 3}}}
		x := &o.Objects[0]
		x.Text, x.Sec, x.Zone = split(line)
		if text := string(o.appendText(nil, 0, emptyTree(20))); !strings.Contains(text, "\nauthor "+line+"\ncommitter <> 3 +0000\n") {
			t.Errorf("%q becomes %q", line, text)
		}
	}
}

// TestBuild: an outline of a real history leads to the same objects, and has the same
// heads, as the history. Merging news gives what building it anew gives.
func TestBuild(t *testing.T) {
	r := gittest.New(t)
	var first *Outline
	build := func() (*Outline, *odb.Store) {
		s := odb.OpenFolders(odb.Folders{Dirs: []string{r.GitDir() + "/objects"}, Lent: []bool{false}}, 20, odb.LimitsOf(budget.New(0, 1)))
		t.Cleanup(s.Close)
		var hits []history.Hit
		if blob, ok := s.FindHex(r.GitInput("secret", "hash-object", "--stdin")); ok {
			hits = []history.Hit{{Obj: blob, Type: odb.Blob, Token: &history.Token{}}}
		}
		b := Builder{Store: s, Mask: upper, Budget: budget.New(0, 1), Goroutines: 2}
		if len(hits) > 0 {
			var err error
			if b.Graph, err = history.Read(context.Background(), s, hits, b.Budget, 1, nil); err != nil {
				t.Fatal(err)
			}
			b.Objects = append(b.Objects, hits[0].Obj)
		}
		for _, id := range strings.Fields(r.Git("for-each-ref", "--format=%(objectname)")) {
			at, _ := s.FindHex(id)
			b.Objects = append(b.Objects, at)
		}
		o, err := b.Build(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return o, s
	}
	commit := func(text string) {
		r.Write("dir/f", text)
		r.Git("add", ".")
		r.Git("commit", "-qm", text)
	}
	commit("one")
	first, _ = build()
	commit("two")
	r.Git("tag", "-a", "-m", "a tag", "v1")
	second, s := build()
	var news []New
	for _, name := range []string{"HEAD", "v1"} {
		at, _ := s.FindHex(r.Git("rev-parse", name))
		typ, data, _ := s.Read(at)
		if typ == odb.Tag {
			news = append(news, NewTag(s.ID(at), data))
			continue
		}
		var h odb.Header
		if err := odb.ParseHeader(data, &h); err != nil {
			t.Fatal(err)
		}
		n, _ := NewCommit(s.ID(at), &h)
		news = append(news, n)
	}
	merged, err := Merge(first, news, upper)
	if err != nil || !equal(merged, second) {
		t.Errorf("merged:\n%+v\nbuilt:\n%+v\n%v", merged, second, err)
	}
	commit("secret")
	third, s := build()
	trees := 0
	for i := range third.Objects {
		if third.Objects[i].Type == odb.Tree {
			trees++
		}
	}
	head, ok := third.Find(s.ID(mustFind(t, s, r.Git("rev-parse", "HEAD"))))
	if !ok || trees != 2 || third.Objects[head].Tree == NoTree || third.Objects[head].Text != "ADA <ADA@EXAMPLE.ORG>" {
		t.Errorf("%d trees, %+v", trees, third.Objects)
	}
	if first, _ := third.Find(s.ID(mustFind(t, s, r.Git("rev-parse", "HEAD~2")))); !third.Leads([]int{head}, []int{first}, new(int(100))) || third.Leads([]int{first}, []int{head}, new(int(100))) {
		t.Error("the last commit does not lead to the first one, or the other way round")
	}
}

// upper stands for masking the names of people.
func upper(text string) string {
	if strings.Contains(text, "@") {
		return strings.ToUpper(text)
	}
	return text
}

func mustFind(t *testing.T, s *odb.Store, id string) odb.Obj {
	t.Helper()
	o, ok := s.FindHex(id)
	if !ok {
		t.Fatal(fmt.Errorf("%s is missing", id))
	}
	return o
}
