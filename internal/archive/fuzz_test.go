package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// FuzzWalk walks any bytes, as a file and as a stream, with small limits. It must
// end and stay within its limits.
func FuzzWalk(f *testing.F) {
	small := []file{{"b/c.py", "the first text\n"}, {"d.txt", noise(600)}}
	seeds := [][]byte{bzip2Of(f), tarOf(f, small...), arOf(small...), sevenZipOf(f, false, small...), sevenZipOf(f, true, small...),
		packHeader7z(f, sevenZipOf(f, true, small...)), rarOf(small...), tableOf(f), gz(f, string(tarOf(f, small...)))}
	for _, method := range []uint16{zip.Store, zip.Deflate, methodZstd, methodXZ} {
		seeds = append(seeds, zipOf(f, method, small...))
	}
	for _, open := range compressors() {
		seeds = append(seeds, through(f, small[1].text, open))
	}
	seeds = append(seeds, zipOf(f, zip.Deflate, file{"a.7z", string(seeds[4])}, file{"b.tar", string(seeds[1])}))
	picture := append([]byte("\x89PNG\r\n\x1a\n"), seeds[len(seeds)-1]...)
	seeds = append(seeds, picture, tarOf(f, file{"x.png", string(picture)}), append([]byte("#!/bin/sh\nexit\n"), gz(f, "text")...))
	for _, s := range signatures {
		seeds = append(seeds, s.starts())
	}
	for _, s := range seeds {
		f.Add(s, uint8(0))
	}
	f.Add(append([]byte("MZ program "), seeds[4]...), uint8(0))
	f.Add(append([]byte("MZ program "), rarOf(small...)...), uint8(0))
	f.Add(seeds[0], uint8(Brotli))
	f.Add(seeds[0], uint8(LZMA))
	f.Fuzz(func(t *testing.T, b []byte, forced uint8) {
		format := Detect(b, "")
		if format == None || forced > 0 {
			format = Format(int(forced)%(len(formatNames)-1) + 1)
		}
		l := Limits{Depth: 3, Entries: 100, Expanded: 8 << 20, Ratio: 1000, RatioFloor: 1 << 20, Window: 8 << 20, Memory: 64 << 20}
		for _, in := range []Input{{At: bytes.NewReader(b), Size: int64(len(b))}, {Reader: bytes.NewReader(b)}} {
			out := &found{text: map[string][]byte{}}
			if err := Walk(context.Background(), in, format, l, out); err != nil {
				t.Fatal(err)
			}
			if len(out.names) > 2*l.Entries+1 {
				t.Fatalf("%d members", len(out.names))
			}
		}
	})
}

// FuzzLies changes containers that hold a text. The text must be read, or
// something must be reported as unread.
func FuzzLies(f *testing.F) {
	liars := bases(f)
	names := slices.Sorted(maps.Keys(liars))
	for i := range names {
		f.Add(uint64(i), uint8(i), []byte("PK\x03\x04"), uint16(30))
	}
	f.Fuzz(func(t *testing.T, seed uint64, which uint8, insert []byte, at uint16) {
		l := liars[names[int(which)%len(names)]]
		b := mutate(rand.New(rand.NewPCG(seed, 7)), l.b, l.magic)
		if i := l.magic + int(at); i < len(b) {
			b = slices.Insert(b, i, insert...)
		}
		if out := walkFile(t, b, "x"); bytes.Contains(b, l.packed) && formatOf(b, "x") != None && !out.honest() {
			t.Errorf("%s: members %q", names[int(which)%len(names)], out.names)
		}
	})
}
