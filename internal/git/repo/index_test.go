package repo

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

func mustOpen(t testing.TB, r *gittest.Repo) *Repo {
	t.Helper()
	g, err := Within(r.GitDir()).OpenDir(r.GitDir())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// checkIndex compares ReadIndex with git ls-files.
func checkIndex(t *testing.T, r *gittest.Repo) {
	t.Helper()
	x, err := mustOpen(t, r).ReadIndex()
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, e := range x.Entries {
		fmt.Fprintf(&got, "%06o %s %d\t%s %v\n", e.Mode, hex.EncodeToString(e.ID), e.Stage, e.Path, e.IntentToAdd)
	}
	var want strings.Builder
	const intent = 1 << 29 // of git's flags in memory, which --debug shows
	for _, line := range gittest.Lines(r.Git("ls-files", "--stage", "--debug", "--sparse")) {
		if _, hexFlags, ok := strings.Cut(line, "flags: "); ok {
			var flags uint32
			if _, err := fmt.Sscanf(hexFlags, "%x", &flags); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&want, " %v\n", flags&intent != 0)
		} else if !strings.HasPrefix(line, "  ") {
			want.WriteString(line)
		}
	}
	if got.String() != want.String() {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want.String())
	}
	if want.Len() == 0 {
		t.Error("the index is empty")
	}
}

func TestIndexAgainstGit(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		for _, version := range []string{"2", "3", "4"} {
			t.Run(format+" version "+version, func(t *testing.T) {
				t.Parallel()
				r := gittest.New(t, "--object-format="+format)
				for i := range 30 {
					r.Write(fmt.Sprintf("dir%d/sub%d/file%d", i%3, i%5, i), fmt.Sprint(i))
				}
				r.Write("link", "x")
				r.Git("add", ".")
				r.Git("update-index", "--index-version", version)
				checkIndex(t, r)
				r.Git("update-index", "--skip-worktree", "link")
				r.Write("intended", "x")
				r.Git("add", "-N", "intended")
				r.Git("update-index", "--chmod=+x", "dir1/sub1/file1")
				checkIndex(t, r)
				conflict(r)
				checkIndex(t, r)
			})
		}
	}
}

// conflict adds all three stages of a file to the index.
func conflict(r *gittest.Repo) {
	var info strings.Builder
	for stage := 1; stage <= 3; stage++ {
		id := r.GitInput(fmt.Sprint(stage), "hash-object", "-w", "--stdin")
		fmt.Fprintf(&info, "100644 %s %d\tdir1/both\n", id, stage)
	}
	r.GitInput(info.String(), "update-index", "--index-info")
}

func TestSparseIndex(t *testing.T) {
	r := gittest.New(t)
	for i := range 30 {
		r.Write(fmt.Sprintf("dir%d/sub%d/file%d", i%3, i%5, i), fmt.Sprint(i))
	}
	r.Git("add", ".")
	r.Git("commit", "-qm", "all")
	r.Git("sparse-checkout", "set", "--cone", "--sparse-index", "dir1/sub1")
	checkIndex(t, r)
	x, err := mustOpen(t, r).ReadIndex()
	if err != nil {
		t.Fatal(err)
	}
	folders := 0
	for _, e := range x.Entries {
		if e.Mode == 0o040000 && strings.HasSuffix(e.Path, "/") {
			folders++
		}
	}
	if folders == 0 {
		t.Error("the index has no folders: it is not sparse and the test proves nothing")
	}
}

// TestSplitIndex changes a split index at random, so that shared entries are
// deleted, replaced and added to, and compares after each step.
func TestSplitIndex(t *testing.T) {
	for seed, format := range []string{"sha1", "sha256", "sha1", "sha1"} {
		t.Run(fmt.Sprint(format, seed), func(t *testing.T) {
			t.Parallel()
			r := gittest.New(t, "--object-format="+format)
			r.Git("config", "splitIndex.maxPercentChange", "100") // never write a new shared index
			rng := rand.New(rand.NewPCG(uint64(seed), 4))
			var blobs []string
			for i := range 5 {
				blobs = append(blobs, r.GitInput(fmt.Sprint("new ", i), "hash-object", "-w", "--stdin"))
			}
			for i := range 300 {
				r.Write(fmt.Sprintf("d%d/file%d", i%4, i), fmt.Sprint(i))
			}
			r.Git("add", ".")
			r.Git("update-index", "--index-version", fmt.Sprint(2+seed%3))
			r.Git("update-index", "--split-index")
			checkIndex(t, r)
			for step := range 8 {
				var info strings.Builder
				for range 1 + rng.IntN(60) {
					i := rng.IntN(330)
					mode, id := "100644", blobs[rng.IntN(len(blobs))]
					if rng.IntN(2) == 0 {
						mode, id = "0", strings.Repeat("0", len(id))
					}
					fmt.Fprintf(&info, "%s %s\td%d/file%d\n", mode, id, i%4, i)
				}
				r.GitInput(info.String(), "update-index", "--index-info")
				if step == 5 {
					conflict(r)
				}
				checkIndex(t, r)
			}
			text, err := os.ReadFile(filepath.Join(r.GitDir(), "index"))
			if err != nil {
				t.Fatal(err)
			}
			x, err := parseIndex(text, hashLen[format])
			if err != nil || x.link == nil || len(x.link.bitmaps) == 0 {
				t.Errorf("the index is not split, so the test proves nothing: %v", err)
			}
			shared, _ := filepath.Glob(filepath.Join(r.GitDir(), "sharedindex.*"))
			for _, path := range shared {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := mustOpen(t, r).ReadIndex(); err == nil || !strings.Contains(err.Error(), "split") {
				t.Errorf("without its shared part the index gives %v", err)
			}
		})
	}
}

var hashLen = map[string]int{"sha1": 20, "sha256": 32}

// ewah writes a bitmap in git's layout, with runs where there are any.
func ewah(bits []bool) []byte {
	words := make([]uint64, (len(bits)+63)/64)
	for i, set := range bits {
		if set {
			words[i/64] |= 1 << (i % 64)
		}
	}
	var out []byte
	n := 0
	for i := 0; i < len(words); n++ {
		bit, run := uint64(0), 0
		for _, same := range []uint64{0, ^uint64(0)} {
			for k := i; run == 0 && k < len(words) && words[k] == same; k++ {
				for ; k < len(words) && words[k] == same; k++ {
					run++
				}
				bit = same & 1
			}
		}
		literal := i + run
		for literal < len(words) && words[literal] != 0 && words[literal] != ^uint64(0) {
			literal++
		}
		out = binary.BigEndian.AppendUint64(out, bit|uint64(run)<<1|uint64(literal-i-run)<<33)
		for _, w := range words[i+run : literal] {
			out = binary.BigEndian.AppendUint64(out, w)
			n++
		}
		i = literal
	}
	head := binary.BigEndian.AppendUint32(nil, uint32(len(bits)))
	head = binary.BigEndian.AppendUint32(head, uint32(n))
	return append(append(head, out...), 0, 0, 0, 0)
}

func TestEwah(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 5))
	for i := range 2000 {
		bits := make([]bool, rng.IntN(1000))
		set := false
		for k := range bits {
			if rng.IntN(1+i%200) == 0 {
				set = !set
			}
			bits[k] = set
		}
		got := make([]bool, len(bits))
		last := -1
		rest, err := ewahBits(append(ewah(bits), "behind"...), func(bit uint64) bool {
			if int(bit) <= last || int(bit) >= len(got) {
				t.Fatalf("bit %d after %d of %d", bit, last, len(bits))
			}
			last = int(bit)
			got[bit] = true
			return true
		})
		if err != nil || string(rest) != "behind" || fmt.Sprint(got) != fmt.Sprint(bits) {
			t.Fatalf("case %d: %v, rest %q\ngot  %v\nwant %v", i, err, rest, got, bits)
		}
	}
}

func FuzzParseIndex(f *testing.F) {
	entry := append(make([]byte, 60), "\x00\x04name\x00\x00\x00\x00\x00\x00"...)
	folder := append(make([]byte, 60), "\x00\x04dir/\x00\x00\x00\x00\x00\x00"...)
	copy(folder[24:], "\x00\x00\x40\x00")
	id := strings.Repeat("i", 20)
	tree := "\x001 1\n" + id + "dir\x001 0\n" + id
	for version := byte(2); version <= 4; version++ {
		head := []byte{'D', 'I', 'R', 'C', 0, 0, 0, version, 0, 0, 0, 1}
		link := append([]byte("link\x00\x00\x00\x34"), bytes.Repeat([]byte{1}, 20)...)
		link = append(link, ewah([]bool{true, false})...)
		link = append(link, make([]byte, 20)...)
		cached := append(binary.BigEndian.AppendUint32([]byte("TREE"), uint32(len(tree))), tree...)
		f.Add(bytes.Join([][]byte{head, entry, make([]byte, 20)}, nil))
		f.Add(bytes.Join([][]byte{head, entry, link, make([]byte, 20)}, nil))
		f.Add(bytes.Join([][]byte{head, folder, []byte("sdir\x00\x00\x00\x00"), cached, make([]byte, 20)}, nil))
		f.Add(bytes.Join([][]byte{head, entry, cached, link, make([]byte, 20)}, nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, hash := range []int{20, 32} {
			x, err := parseIndex(data, hash)
			reader, split, readErr := newIndexReader(data, hash)
			if (err == nil) != (readErr == nil) {
				t.Fatalf("parseIndex says %v, the reader %v", err, readErr)
			}
			if err != nil {
				continue
			}
			if split != (x.link != nil) {
				t.Error("parseIndex and the reader disagree on whether it is split")
			}
			checkReader(t, reader, x)
			if x.link == nil {
				continue
			}
			shared := []Entry{{Path: "a"}, {Path: "b"}, {Path: "name"}}
			if err := x.addShared(shared); err == nil && x.link != nil {
				t.Error("a merged index is still split")
			}
		}
	})
}

// checkReader compares a reader's entries with want. It also tries to pass
// folders, which must either skip their entries or change nothing.
func checkReader(t *testing.T, reader *IndexReader, x *Index) {
	t.Helper()
	tree := reader.Tree
	for depth := 0; tree != nil && depth < 10; depth++ {
		e := reader.Peek()
		if e == nil {
			break
		}
		dir, _, _ := strings.Cut(e.Path, "/")
		before := *reader
		before.parser.path = bytes.Clone(reader.parser.path)
		if tree = tree.Sub(dir); reader.PassFolder(dir+"/", tree) && before.left-reader.left != tree.count {
			t.Errorf("%d entries were passed by, want %d", before.left-reader.left, tree.count)
		}
		*reader = before
	}
	if got := readAll(reader); fmt.Sprint(got) != fmt.Sprint(x.Entries) || reader.err != nil {
		t.Errorf("the reader gives %v, %v, parseIndex %v", got, reader.err, x.Entries)
	}
}
