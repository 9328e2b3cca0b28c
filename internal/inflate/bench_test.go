package inflate

import (
	"bytes"
	"compress/zlib"
	"go/build"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

type stream struct {
	size int
	data []byte
}

// corpus returns streams like those of a pack. Three in five are deltas of a few
// dozen bytes. The others are pieces of source code, of 200 B to 20 KB. On average
// a stream inflates to 1.7 KB.
func corpus(b *testing.B) []stream {
	files, _ := filepath.Glob(filepath.Join(build.Default.GOROOT, "src", "net", "http", "*.go"))
	var src []byte
	for _, f := range files {
		c, err := os.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		src = append(src, c...)
	}
	if len(src) < 1<<20 {
		b.Skip("no Go sources to compress")
	}
	rnd := rand.New(rand.NewPCG(9, 10))
	piece := func(n int) []byte { at := rnd.IntN(len(src) - n); return src[at : at+n] }
	var streams []stream
	for range 2000 {
		var data []byte
		if rnd.IntN(5) < 3 {
			for range 1 + rnd.IntN(6) { // copy from anywhere, insert a few words
				data = append(data, 0xb3, byte(rnd.Uint32()), byte(rnd.Uint32()), byte(rnd.Uint32()), byte(rnd.IntN(4)))
				n := rnd.IntN(60)
				data = append(append(data, byte(n)), piece(n)...)
			}
		} else {
			data = piece(int(200 * math.Pow(100, rnd.Float64())))
		}
		streams = append(streams, stream{len(data), compress(data, -1)})
	}
	return streams
}

// BenchmarkInflate measures an Inflater that is reused.
func BenchmarkInflate(b *testing.B) {
	benchmark(b, func() func(dst, src []byte) error {
		var z Inflater
		return func(dst, src []byte) error {
			_, err := z.Zlib(dst, src)
			return err
		}
	}())
}

// BenchmarkZlib measures compress/zlib, reused, for comparison.
func BenchmarkZlib(b *testing.B) {
	in := bytes.NewReader(compress(nil, -1))
	r, err := zlib.NewReader(in)
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, func(dst, src []byte) error {
		in.Reset(src)
		if err := r.(zlib.Resetter).Reset(in, nil); err != nil {
			return err
		}
		_, err := io.ReadFull(r, dst)
		return err
	})
}

func benchmark(b *testing.B, inflate func(dst, src []byte) error) {
	streams := corpus(b)
	// As in a pack, the streams follow each other, and each gets all the rest.
	var pack []byte
	total, largest := 0, 0
	for _, s := range streams {
		pack = append(pack, s.data...)
		total += s.size
		largest = max(largest, s.size)
	}
	buf := make([]byte, largest)
	b.SetBytes(int64(total))
	b.ReportAllocs()
	for b.Loop() {
		rest := pack
		for _, s := range streams {
			if err := inflate(buf[:s.size], rest); err != nil {
				b.Fatal(err)
			}
			rest = rest[len(s.data):]
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(streams)), "ns/stream")
}
