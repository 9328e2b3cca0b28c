package odb

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
	"r8scan/rules"
)

// treeChecker is a visitor that compares TreeDiff with whole trees.
type treeChecker struct {
	t       *testing.T
	trees   int
	byDelta int // entries that TreeDiff did not have to parse
}

func (c *treeChecker) Failed(o Obj, _ Type, why error) { c.t.Error(o, why) }

func entryKey(e TreeEntry) string { return fmt.Sprintf("%o %q %x", e.Mode, e.Name, e.ID) }

func countEntries(t *testing.T, tree []byte) map[string]int {
	out := map[string]int{}
	if err := EachEntry(tree, 20, func(_ int, e TreeEntry) bool { out[entryKey(e)]++; return true }); err != nil {
		t.Fatal(err)
	}
	return out
}

func (c *treeChecker) Visit(n *Node) error {
	want := countEntries(c.t, n.Data)
	got := map[string]int{}
	if n.Base != nil {
		got = maps.Clone(countEntries(c.t, n.Base.Data))
	}
	added := 0
	err := n.TreeDiff(20,
		func(e TreeEntry) { got[entryKey(e)]++; added++ },
		func(e TreeEntry) { got[entryKey(e)]-- })
	if err != nil {
		c.t.Error(err)
	}
	maps.DeleteFunc(got, func(_ string, n int) bool { return n == 0 })
	if !maps.Equal(got, want) {
		c.t.Errorf("base - removed + added differs from the tree:\n%v\n%v", got, want)
	}
	c.trees++
	for _, n := range want {
		c.byDelta += n
	}
	c.byDelta -= added
	return nil
}

// randomTree writes entries whose names and ids come from small sets, so that
// deltas find many copies.
func randomTree(rng *rand.Rand, n int) []byte {
	var out []byte
	for range n {
		id := fakeID(rng.IntN(6))
		out = fmt.Appendf(out, "100644 %s\x00%s", strings.Repeat("n", 1+rng.IntN(3)), id[:])
	}
	return out
}

// randomDelta builds result from pieces of base where possible, in any order,
// and returns the delta.
func randomDelta(rng *rand.Rand, base, result []byte) []byte {
	out := appendSizes(len(base), len(result))
	for at := 0; at < len(result); {
		from, n := 0, 0
		for range 20 { // look for a piece of the base that fits
			f := rng.IntN(len(base) + 1)
			k := 0
			for f+k < len(base) && at+k < len(result) && base[f+k] == result[at+k] {
				k++
			}
			if k > n {
				from, n = f, k
			}
		}
		if at < len(base) && rng.IntN(2) == 0 { // bytes usually stay at their offset
			k := 0
			for at+k < len(base) && at+k < len(result) && base[at+k] == result[at+k] {
				k++
			}
			if k > 0 {
				from, n = at, k
			}
		}
		if n > 2 && rng.IntN(4) > 0 {
			if rng.IntN(3) == 0 {
				n = 1 + rng.IntN(n) // not always the longest piece
			}
			out = append(out, 0x80|1|2|0x10|0x20, byte(from), byte(from>>8), byte(n), byte(n>>8))
			at += n
			continue
		}
		k := min(1+rng.IntN([]int{1, 3, 30}[rng.IntN(3)]), len(result)-at)
		out = append(append(out, byte(k)), result[at:at+k]...)
		at += k
	}
	return out
}

func appendSizes(base, result int) []byte {
	var out []byte
	for _, n := range []int{base, result} {
		for ; n >= 0x80; n >>= 7 {
			out = append(out, byte(n)|0x80)
		}
		out = append(out, byte(n))
	}
	return out
}

// splice replaces a random part of b with a random part of b or of one of
// pieces.
func splice(rng *rand.Rand, b []byte, pieces [][]byte) []byte {
	from := rng.IntN(len(b) + 1)
	if i := bytes.Index(b[from:], []byte("r8_")); i >= 0 && rng.IntN(3) == 0 {
		from = min(from+i+36+rng.IntN(6), len(b)) // where a token ends, or should
	}
	to := from + rng.IntN(min(40, len(b)-from)+1)
	in := b
	if rng.IntN(4) > 0 {
		in = pieces[rng.IntN(len(pieces))]
	}
	i := rng.IntN(len(in) + 1)
	j := i + rng.IntN(len(in)-i+1)
	if rng.IntN(2) == 0 {
		i, j = 0, len(in)
	}
	return slices.Concat(b[:from], in[i:j], b[to:])
}

// walkBuilt walks a built pack with v.
func walkBuilt(t *testing.T, b *builder, v Visitor) {
	t.Helper()
	dir := t.TempDir()
	b.write(t, dir, "pack-1")
	s := openOwn([]string{dir}, 20, defaultLimits())
	defer s.Close()
	if p := s.Problems(); len(p) > 0 {
		t.Fatal(p)
	}
	w := &Walker{Store: s, Sparse: true}
	for _, f := range s.Families() {
		if err := w.Walk(context.Background(), f, v); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTreeDiffProperty checks random chains of random deltas: the entries of a
// tree are those of its base, without the removed ones and with the added ones.
func TestTreeDiffProperty(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	b := newBuilder()
	n := 0
	for range 80 {
		type made struct {
			data []byte
			at   uint64
		}
		first := randomTree(rng, rng.IntN(30))
		all := []made{{first, b.raw(fakeID(n), entryHeader(Tree, uint64(len(first))), deflate(first))}}
		n++
		for range 20 {
			base := all[rng.IntN(len(all))]
			tree := changeTree(rng, base.data)
			at := b.ofs(fakeID(n), base.at, randomDelta(rng, base.data, tree))
			n++
			all = append(all, made{tree, at})
		}
	}
	c := &treeChecker{t: t}
	walkBuilt(t, b, c)
	if c.trees != n || c.byDelta < n {
		t.Errorf("checked %d of %d trees; %d entries came by delta", c.trees, n, c.byDelta)
	}
}

// changeTree adds, removes, duplicates and moves some entries.
func changeTree(rng *rand.Rand, tree []byte) []byte {
	var entries [][]byte
	last := 0
	for at := 0; at < len(tree); at = last {
		_, n, _ := parseTreeEntry(tree[at:], 20)
		last = at + n
		entries = append(entries, tree[at:last])
	}
	for range 1 + rng.IntN(4) {
		i := rng.IntN(len(entries) + 1)
		switch rng.IntN(4) {
		case 0:
			entries = slices.Insert(entries, i, randomTree(rng, 1))
		case 1:
			entries = slices.Delete(entries, min(i, len(entries)), min(i+rng.IntN(3), len(entries)))
		case 2:
			entries = slices.Concat(entries[:i], entries[i/2:i], entries[i:])
		case 3:
			entries = slices.Concat(entries[i:], entries[:i])
		}
	}
	return slices.Concat(entries...)
}

// TestTreeDiffHostile has deltas that copy unaligned pieces, backwards and
// repeatedly, also from a malformed base.
func TestTreeDiffHostile(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range 20_000 {
		base := &Node{Data: randomTree(rng, rng.IntN(8))}
		if i%5 == 0 && len(base.Data) > 0 {
			base.Data = base.Data[:rng.IntN(len(base.Data))]
		}
		_ = base.TreeDiff(20, func(TreeEntry) {}, nil)
		n := &Node{Base: base, Leaf: i%2 == 0}
		for range rng.IntN(6) {
			from := rng.IntN(len(base.Data) + 1)
			k := rng.IntN(len(base.Data) - from + 1)
			n.copies = append(n.copies, copied{from, len(n.Data), k})
			n.Data = append(n.Data, base.Data[from:from+k]...)
			n.Data = append(n.Data, randomTree(rng, rng.IntN(2))...)
		}
		got := map[string]int{}
		if len(base.Entries) > 0 {
			got = countEntries(t, base.Data)
		}
		err := n.TreeDiff(20,
			func(e TreeEntry) { got[entryKey(e)]++ },
			func(e TreeEntry) { got[entryKey(e)]-- })
		want := map[string]int{}
		wantErr := EachEntry(n.Data, 20, func(_ int, e TreeEntry) bool { want[entryKey(e)]++; return true })
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("case %d: TreeDiff says %v, a whole parse %v", i, err, wantErr)
		}
		maps.DeleteFunc(got, func(_ string, n int) bool { return n == 0 })
		if err == nil && !maps.Equal(got, want) {
			t.Fatalf("case %d: %v\nwant %v", i, got, want)
		}
	}
}

// dirtySearch is a visitor that searches each object twice: as the scanner
// does, by its delta, and whole. It compares the results.
type dirtySearch struct {
	t                                  *testing.T
	found, skipped, siblings, poisoned int
}

func (d *dirtySearch) Failed(o Obj, _ Type, why error) { d.t.Error(o, why) }

func (d *dirtySearch) Visit(n *Node) error {
	for _, reach := range [][2]int{{rules.TokenBehind, rules.TokenAhead}, {rules.HintBehind, rules.HintAhead}, {rules.Behind, rules.Ahead}} {
		last, dirty := 0, 0
		for _, r := range n.dirty(nil, reach[0], reach[1]) {
			if r.From < last || r.To < r.From || r.To > len(n.Data) {
				d.t.Fatalf("ranges overlap or are out of order: %v", r)
			}
			last = r.To
			dirty += r.To - r.From
		}
		if n.Base != nil && n.Base.Mark&markMatch == 0 {
			d.skipped += len(n.Data) - dirty
		}
	}
	d.poison(n)
	var ranges []Range
	got := n.Search(nil, nil, &ranges, func(rules.Match) bool { return true })
	n.Complete()
	want := rules.Find(nil, n.Data, 0, len(n.Data))
	if !sameMatches(got, want) {
		d.t.Errorf("by its delta %d matches are found, whole %d\nbase %q\ntext %q\ncopies %v", len(got), len(want), n.Base.Data, n.Data, n.copies)
	}
	if (n.Mark&markMatch != 0) != (len(want) > 0) || n.Mark&markHint == 0 && rules.Hint(n.Data, 0, len(n.Data)) {
		d.t.Errorf("mark %d with %d matches in %q", n.Mark, len(want), n.Data)
	}
	d.found += len(got)
	for _, m := range got {
		if m.Rule != rules.APIToken {
			d.siblings++
		}
	}
	return nil
}

// poison fills the gaps of a sparse walk with tokens, which no search may find.
func (d *dirtySearch) poison(n *Node) {
	if !n.gaps {
		return
	}
	token := []byte(" " + gittest.Token(77))
	for _, c := range n.copies {
		for at := c.to + sparseMargin; at < c.to+c.len-sparseMargin; at++ {
			n.Data[at] = token[at%len(token)]
			d.poisoned++
		}
	}
}

func sameMatches(a, b []rules.Match) bool {
	return slices.EqualFunc(a, b, func(x, y rules.Match) bool {
		return x.Rule == y.Rule && x.Start == y.Start && x.End == y.End && x.Confidence == y.Confidence && x.Why == y.Why && x.Secret.Reveal() == y.Secret.Reveal()
	})
}

// TestDirtyProperty checks that a search of dirty ranges, which searches an
// object whole if its base has a match, finds what a search of every whole
// object finds. The texts are spliced from pieces of tokens, so that tokens
// appear across seams, and gain and lose their edges.
func TestDirtyProperty(t *testing.T) {
	var pieces [][]byte
	token := gittest.Token(1)
	for _, s := range []string{token, token[:3], token[3:], token[:20], token[20:], token + "a", "_" + token, "\\n", "%20", "\x1b[31m", "\\u0022",
		"a", "_", "-", " ", "\n", "r8_", "r", "8_", "r8_r8_", strings.Repeat(" text ", 20), strings.Repeat("=", 50), gittest.Token(2)[2:], gittest.Token(3)[:39]} {
		pieces = append(pieces, []byte(s))
	}
	b64 := base64.StdEncoding.EncodeToString([]byte(" " + token + " "))
	digits := hex.EncodeToString([]byte(token))
	for _, s := range []string{b64, b64[:20], b64[20:], digits, digits[:31], digits[31:], `" + "`, strings.ReplaceAll(token, "_", `\u005f`), strings.Repeat("long text ", 150)} {
		pieces = append(pieces, []byte(s))
	}
	rng := rand.New(rand.NewPCG(9, 10))
	b := newBuilder()
	n := 0
	for range 120 {
		type made struct {
			data []byte
			at   uint64
		}
		first := []byte(strings.Repeat("some text ", rng.IntN(600)))
		all := []made{{first, b.raw(fakeID(n), entryHeader(Blob, uint64(len(first))), deflate(first))}}
		n++
		for range 25 {
			base := all[rng.IntN(len(all))]
			text := base.data
			for range 1 + rng.IntN(3) {
				text = splice(rng, text, pieces)
			}
			all = append(all, made{text, b.ofs(fakeID(n), base.at, randomDelta(rng, base.data, text))})
			n++
		}
	}
	d := &dirtySearch{t: t}
	walkBuilt(t, b, d)
	t.Logf("%d objects, %d matches, %d bytes not searched", n, d.found, d.skipped)
	if d.found < 400 || d.skipped < 80_000 || d.poisoned < 80_000 {
		t.Errorf("the test proves little: %d matches, %d bytes not searched, %d not there", d.found, d.skipped, d.poisoned)
	}
}

// TestDirtySiblings is TestDirtyProperty for rules with a large context: their
// words, names and values appear and disappear, near each other and far apart.
func TestDirtySiblings(t *testing.T) {
	hex40 := "0c4f1e5a9b3d7c2e8f60" + "1a4b9d3e7f5c2086ab1d"
	webhook := "whsec_" + "q5Zt8Qw1LpXc7Vb2NmKj9Hg5Fd3Sa6Po"
	key := "sk-" + "Zt8Qw1LpXc7Vb2NmKj9Hg5"
	call := `replicate.run("m", input={"prompt": "x", "api_key": "` + key + `"})`
	var pieces [][]byte
	for _, s := range []string{hex40, hex40[:20], hex40[20:], "REPLICATE_API_TOKEN=", "REPLICATE_API_", "TOKEN=", "REPLICATE_API_TOKEN=" + hex40 + "\n",
		webhook, webhook[:10], webhook[10:], "replicate", "Stripe", "REPLI", "CATE", "repli", "cate", ".", "/", "_", "WEBHOOK_SECRET=" + webhook, "\n", " ", "d", "COG_", "COG_TOKEN=",
		call, call[:30], call[30:], "input={", `"api_key": "` + key + `"`, "})", "replicate.run(", `{"r8.im": {"auth": "`, "dXNlcjpxNVp0OFF3MUxwWGM3VmIyTm1Laj" + `lIZzU="}}`,
		"Authorization: Token " + hex40, "https://api.replicate.com", gittest.Token(1), strings.Repeat("far ", 80), strings.Repeat("away ", 300), strings.Repeat("gone ", 700)} {
		pieces = append(pieces, []byte(s))
	}
	rng := rand.New(rand.NewPCG(11, 12))
	b := newBuilder()
	n := 0
	for range 60 {
		all := []built{b.whole(n, []byte(strings.Repeat("some text ", rng.IntN(900))))}
		n++
		for range 25 {
			base := all[rng.IntN(len(all))]
			text := base.data
			for range 1 + rng.IntN(3) {
				text = splice(rng, text, pieces)
			}
			if len(text) > 30_000 {
				text = text[:30_000]
			}
			all = append(all, built{text, b.ofs(fakeID(n), base.at, randomDelta(rng, base.data, text))})
			n++
		}
	}
	d := &dirtySearch{t: t}
	walkBuilt(t, b, d)
	t.Logf("%d objects, %d matches, %d of siblings, %d bytes not searched", n, d.found, d.siblings, d.skipped)
	if d.siblings < 400 || d.skipped < 1_000_000 || d.poisoned < 1_000_000 {
		t.Errorf("the test proves little: %d matches of siblings, %d bytes not searched, %d not there", d.siblings, d.skipped, d.poisoned)
	}
}

// built is a text in a pack.
type built struct {
	data []byte
	at   uint64
}

func (b *builder) whole(n int, text []byte) built {
	return built{text, b.raw(fakeID(n), entryHeader(Blob, uint64(len(text))), deflate(text))}
}

// TestDirtySeams makes a token appear at each of its offsets: by one inserted
// byte, and by two adjacent copies.
func TestDirtySeams(t *testing.T) {
	token := gittest.Token(1)
	text := strings.Repeat("text ", 40)
	for i := range token {
		if i == 0 {
			continue
		}
		for name, c := range map[string]struct {
			base  string
			delta []byte
		}{
			"a byte inserted": {text + token[:i-1] + token[i:] + text, slices.Concat(appendSizes(439, 440), copyOf(0, 199+i), []byte{1, token[i-1]}, copyOf(199+i, 240-i))},
			"two copies":      {text + token[:i] + " .. " + token[i:] + text, slices.Concat(appendSizes(444, 440), copyOf(0, 200+i), copyOf(204+i, 240-i))},
		} {
			if len(rules.Find(nil, []byte(c.base), 0, len(c.base))) > 0 {
				continue
			}
			b := newBuilder()
			_, at := b.object(Blob, c.base)
			b.ofs(fakeID(i), at, c.delta)
			d := &dirtySearch{t: t}
			walkBuilt(t, b, d)
			if d.found != 1 || d.skipped == 0 {
				t.Errorf("%s at %d: %d matches, %d bytes skipped", name, i, d.found, d.skipped)
			}
		}
	}
}

func copyOf(from, n int) []byte {
	return []byte{0x80 | 1 | 2 | 0x10 | 0x20, byte(from), byte(from >> 8), byte(n), byte(n >> 8)}
}
