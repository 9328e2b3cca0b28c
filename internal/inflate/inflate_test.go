package inflate

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// oracle inflates src with compress/zlib, or with compress/flate if raw is set.
// used is the length of the stream. Both packages read single bytes from a
// bytes.Reader, so they never read past the stream.
func oracle(raw bool, src []byte) (out []byte, used int, err error) {
	in := bytes.NewReader(src)
	var r io.Reader
	if raw {
		r = flate.NewReader(in)
	} else if r, err = zlib.NewReader(in); err != nil {
		return nil, 0, err
	}
	out, err = io.ReadAll(r)
	return out, len(src) - in.Len(), err
}

// guard is the number of known bytes on each side of a destination.
const guard = 48

// run inflates src into a dst of size bytes. src has no spare capacity, so reading
// past it panics. dst has known bytes on both sides. Those after it are within its
// capacity. run fails the test if they change, or if src does.
func run(t testing.TB, z *Inflater, raw bool, size int, src []byte) (out []byte, used int, err error) {
	t.Helper()
	exact := make([]byte, len(src))
	copy(exact, src)
	buf := bytes.Repeat([]byte{0xa5}, guard+size+guard)
	dst := buf[guard : guard+size]
	if raw {
		used, err = z.Raw(dst, exact)
	} else {
		used, err = z.Zlib(dst, exact)
	}
	for i := range guard {
		if buf[i] != 0xa5 || buf[guard+size+i] != 0xa5 {
			t.Fatalf("size %d: wrote outside of dst", size)
		}
	}
	if !bytes.Equal(exact, src) {
		t.Fatal("wrote to src")
	}
	return dst, used, err
}

// check compares Zlib, or Raw, with the oracle on src, for the right size and for
// wrong ones.
func check(t testing.TB, z *Inflater, raw bool, src []byte) {
	t.Helper()
	want, wantUsed, wantErr := oracle(raw, src)
	if !raw && len(src) > 1 && src[1]&0x20 != 0 {
		// compress/zlib accepts the checksum of the empty dictionary. zlib does
		// not, and neither does this package.
		wantErr = ErrCorrupt
	}
	sizes := []int{len(want), len(want) + 1, len(want) + 20, 2*len(want) + 300, len(want) - 1, len(want) / 2, 0}
	for i, size := range sizes {
		if size < 0 || i > 0 && size == len(want) {
			continue
		}
		out, used, err := run(t, z, raw, size, src)
		switch {
		case wantErr != nil:
			if err == nil {
				t.Fatalf("raw %v, size %d: no error, but the oracle returns: %v\n%x", raw, size, wantErr, src)
			}
			if used != 0 {
				t.Fatalf("consumed %d with error %v", used, err)
			}
		case size != len(want):
			if !errors.Is(err, ErrSize) {
				t.Fatalf("raw %v, size %d instead of %d: %v, want %v\n%x", raw, size, len(want), err, ErrSize, src)
			}
		case err != nil:
			t.Fatalf("raw %v, size %d: %v, but the oracle returns no error\n%x", raw, size, err, src)
		case used != wantUsed:
			t.Fatalf("raw %v: consumed %d bytes, oracle %d\n%x", raw, used, wantUsed, src)
		case !bytes.Equal(out, want):
			t.Fatalf("raw %v: the oracle returns other bytes\n%x", raw, src)
		}
	}
}

// compress returns data as a zlib stream.
func compress(data []byte, level int) []byte {
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		panic(err)
	}
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// text returns n bytes that compress like source code: words, runs and indents.
func text(rnd *rand.Rand, n int) []byte {
	words := []string{"func ", "return ", "err", " != nil {\n\t", "if ", "static const char *", "git_", "buf", "->len", "0x", ";\n\t\t", "        ", "/* ", " */\n", "----"}
	var b []byte
	for len(b) < n {
		if rnd.IntN(4) == 0 {
			b = append(b, byte('a'+rnd.IntN(26)))
			continue
		}
		b = append(b, words[rnd.IntN(len(words))]...)
	}
	return b[:n]
}

// TestStreams inflates data of each kind at each compression level, with and
// without bytes after the stream.
func TestStreams(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 70_000)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	far := append(append(bytes.Clone(noise[:32768]), noise[:300]...), noise[1:400]...)
	var z Inflater
	z.Checksum = true
	for name, data := range map[string][]byte{
		"empty":     nil,
		"byte":      {'x'},
		"text":      text(rnd, 40_000),
		"zeros":     make([]byte, 100_000),
		"noise":     noise,
		"distances": far,
		"mixed":     append(append(text(rnd, 70_000), noise...), text(rnd, 70_000)...),
	} {
		for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
			s := compress(data, level)
			check(t, &z, false, s)
			check(t, &z, false, append(bytes.Clone(s), noise[:40]...))
			check(t, &z, true, s[2:])
			out, used, err := run(t, &z, false, len(data), append(s, "next entry"...))
			if err != nil || used != len(s) || !bytes.Equal(out, data) {
				t.Errorf("%s, level %d: consumed %d of %d, %v", name, level, used, len(s), err)
			}
		}
	}
}

// TestErrors inflates damaged streams and checks the kind of each error.
func TestErrors(t *testing.T) {
	s := compress([]byte("hello, hello, hello, hello"), -1)
	edit := func(at int, b byte) []byte { c := bytes.Clone(s); c[at] ^= b; return c }
	tests := []struct {
		name string
		src  []byte
		size int
		want error
	}{
		{"good", s, 26, nil},
		{"no input", nil, 0, ErrTruncated},
		{"half a header", s[:1], 26, ErrTruncated},
		{"no data", s[:2], 26, ErrTruncated},
		{"no checksum", s[:len(s)-4], 26, ErrTruncated},
		{"part of the checksum", s[:len(s)-1], 26, ErrTruncated},
		{"wrong checksum", edit(len(s)-1, 1), 26, ErrChecksum},
		{"method", []byte{0x77, 0x85, 3, 0, 0, 0, 0, 1}, 0, ErrCorrupt},
		{"window", []byte{0x88, 0x1c, 3, 0, 0, 0, 0, 1}, 0, ErrCorrupt},
		{"header check", edit(1, 1), 26, ErrCorrupt},
		{"dictionary", []byte{0x78, 0xbb, 0, 0, 0, 1, 3, 0, 0, 0, 0, 1}, 0, ErrCorrupt},
		{"block type 3", []byte{0x78, 0x9c, 7, 0, 0, 0, 0, 1}, 0, ErrCorrupt},
		{"stored length", []byte{0x78, 0x9c, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1}, 1, ErrCorrupt},
		{"stored, cut", []byte{0x78, 0x9c, 1, 5, 0, 0xfa, 0xff, 1}, 5, ErrTruncated},
		{"too small", s, 25, ErrSize},
		{"too large", s, 27, ErrSize},
		{"nothing expected", s, 0, ErrSize},
	}
	for _, tt := range tests {
		z := Inflater{Checksum: true}
		if _, _, err := run(t, &z, false, tt.size, tt.src); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	var z Inflater
	if _, used, err := run(t, &z, false, 26, edit(len(s)-1, 1)); err != nil || used != len(s) {
		t.Errorf("unchecked checksum: consumed %d, %v", used, err)
	}
}

// TestRepeatWithoutLength rejects a block that repeats a code length before it has
// one.
func TestRepeatWithoutLength(t *testing.T) {
	var w bitWriter
	w.put(1|2<<1, 3)
	w.put(0, 5+5)
	w.put(0, 4)  // only the code lengths of 16, 17, 18 and 0
	w.put(1, 3)  // 16: one bit
	w.put(0, 3)  // 17
	w.put(1, 3)  // 18: one bit
	w.put(0, 3)  // 0
	w.code(0, 1) // 16
	w.put(0, 32) // three times, and more input
	var z Inflater
	check(t, &z, true, w.bytes())
	if _, _, err := run(t, &z, true, 0, w.bytes()); !errors.Is(err, ErrCorrupt) {
		t.Error(err)
	}
}

// TestDamage inflates each prefix of a stream, which must be an error. It flips
// each bit, and compares the result with the oracle.
func TestDamage(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var dynamic bitWriter
	randomBlock(&dynamic, rnd, true)
	z := Inflater{Checksum: true}
	for _, s := range [][]byte{
		compress([]byte("hello, hello"), -1),
		compress(text(rnd, 900), 9),
		compress(text(rnd, 300), flate.HuffmanOnly),
		compress(text(rnd, 40), 0),
	} {
		data, _, _ := oracle(false, s)
		for n := range s {
			check(t, &z, false, s[:n])
			if _, err := z.Zlib(make([]byte, len(data)), s[:n]); !errors.Is(err, ErrTruncated) {
				t.Fatalf("%d of %d bytes: %v", n, len(s), err)
			}
		}
		for i := range len(s) * 8 {
			c := bytes.Clone(s)
			c[i/8] ^= 1 << (i % 8)
			check(t, &z, false, c)
		}
	}
	d := dynamic.bytes()
	for i := range min(len(d)*8, 8000) {
		c := bytes.Clone(d)
		c[i/8] ^= 1 << (i % 8)
		check(t, &z, true, c)
	}
}

// TestCopies copies from all small distances, at several distances from the end of
// dst and src. The code copies in another way near the ends.
func TestCopies(t *testing.T) {
	var z Inflater
	for dist := 1; dist <= 40; dist++ {
		for length := 3; length <= 258; length++ {
			for _, after := range []int{0, 1, 7, 15, 16, 17, 40} {
				var w bitWriter
				w.put(3, 3) // last block, fixed codes
				var want []byte
				for i := range dist {
					want = append(want, byte(i*7))
					w.fixed(int(byte(i * 7)))
				}
				w.fixedLength(length)
				w.fixedDist(dist)
				for range length {
					want = append(want, want[len(want)-dist])
				}
				for i := range after {
					want = append(want, byte(i))
					w.fixed(i)
				}
				w.fixed(256)
				src := w.bytes()
				out, used, err := run(t, &z, true, len(want), src)
				if err != nil || used != len(src) || !bytes.Equal(out, want) {
					t.Fatalf("distance %d, length %d, then %d: consumed %d of %d, %v", dist, length, after, used, len(src), err)
				}
				out, used, err = run(t, &z, true, len(want), append(src, make([]byte, 32)...))
				if err != nil || used != len(src) || !bytes.Equal(out, want) {
					t.Fatalf("distance %d, length %d, then %d, more input: %v", dist, length, after, err)
				}
				if after == 7 {
					check(t, &z, true, src)
				}
			}
		}
	}
}

// TestRandomCodes inflates blocks with codes that compressors never make, complete
// or not: codes of 15 bits, subtables of all sizes, one symbol or none.
func TestRandomCodes(t *testing.T) {
	n := 5000
	if testing.Short() {
		n = 500
	}
	var z Inflater
	accepted := 0
	for i := range n {
		rnd := rand.New(rand.NewPCG(uint64(i), 5))
		var w bitWriter
		for range rnd.IntN(3) {
			randomBlock(&w, rnd, false)
		}
		randomBlock(&w, rnd, true)
		src := w.bytes()
		check(t, &z, true, src)
		check(t, &z, true, append(src, make([]byte, 20)...))
		if _, _, err := oracle(true, src); err == nil {
			accepted++
		}
	}
	if accepted < n/4 {
		t.Errorf("only %d of %d streams are valid", accepted, n)
	}
}

// bitWriter writes a DEFLATE stream bit by bit.
type bitWriter struct {
	out  []byte
	acc  uint64
	have uint
}

// put appends the low n bits of v, lowest first.
func (w *bitWriter) put(v, n int) {
	w.acc |= uint64(v) & (1<<n - 1) << w.have
	for w.have += uint(n); w.have >= 8; w.have -= 8 {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
	}
}

// code appends a Huffman code, highest bit first.
func (w *bitWriter) code(v, n int) { w.put(int(bits.Reverse16(uint16(v))>>(16-n)), n) }

// bytes returns the stream, its last byte filled with zeros.
func (w *bitWriter) bytes() []byte {
	out := bytes.Clone(w.out)
	if w.have > 0 {
		out = append(out, byte(w.acc))
	}
	return out
}

// fixed appends a literal or length symbol in the fixed code.
func (w *bitWriter) fixed(sym int) {
	switch {
	case sym < 144:
		w.code(0x30+sym, 8)
	case sym < 256:
		w.code(0x190+sym-144, 9)
	case sym < 280:
		w.code(sym-256, 7)
	default:
		w.code(0xc0+sym-280, 8)
	}
}

// fixedLength appends the length of a copy in the fixed code.
func (w *bitWriter) fixedLength(length int) {
	sym, extra, n := lengthSymbol(length)
	w.fixed(sym)
	w.put(extra, n)
}

// fixedDist appends the distance of a copy in the fixed code.
func (w *bitWriter) fixedDist(dist int) {
	sym, extra, n := distSymbol(dist)
	w.code(sym, 5)
	w.put(extra, n)
}

// lengthSymbol returns the symbol and the n extra bits of a length. It has its own
// copy of RFC 1951's table.
func lengthSymbol(length int) (sym, extra, n int) {
	if length == 258 {
		return 285, 0, 0
	}
	base := 3
	for sym, n := range []int{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5} {
		if length < base+1<<n {
			return 257 + sym, length - base, n
		}
		base += 1 << n
	}
	panic(fmt.Sprint("length ", length))
}

// distSymbol is lengthSymbol for distances.
func distSymbol(dist int) (sym, extra, n int) {
	base := 1
	for sym, n := range []int{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13} {
		if dist < base+1<<n {
			return sym, dist - base, n
		}
		base += 1 << n
	}
	panic(fmt.Sprint("distance ", dist))
}

// randomCode returns the code lengths of n symbols, for a complete code of some of
// them. The symbol must is among these, unless it is negative. In one case of 20
// the code may be wrong.
func randomCode(rnd *rand.Rand, n, must int) []int {
	leaves := []int{0}
	used := 1 + rnd.IntN(n)
	deep := rnd.IntN(2) == 0
	for tries := 0; len(leaves) < used && tries < 5000; tries++ {
		i := rnd.IntN(len(leaves))
		if deep {
			i = max(i, len(leaves)-1-rnd.IntN(3))
		}
		if leaves[i] < maxBits {
			leaves[i]++
			leaves = append(leaves, leaves[i])
		}
	}
	if len(leaves) == 1 {
		leaves[0] = 1
	}
	if rnd.IntN(20) == 0 {
		leaves[rnd.IntN(len(leaves))] = rnd.IntN(maxBits + 1)
	}
	lengths := make([]int, n)
	for i, sym := range rnd.Perm(n)[:len(leaves)] {
		lengths[sym] = leaves[i]
	}
	if must >= 0 && lengths[must] == 0 {
		for sym, l := range lengths {
			if l != 0 {
				lengths[must], lengths[sym] = l, 0
				break
			}
		}
	}
	return lengths
}

// codes returns the canonical codes of the lengths.
func codes(lengths []int) []int {
	out := make([]int, len(lengths))
	code := 0
	for n := 1; n <= maxBits; n++ {
		for sym, l := range lengths {
			if l == n {
				out[sym] = code
				code++
			}
		}
		code <<= 1
	}
	return out
}

// randomBlock writes a dynamic block of random codes and symbols.
func randomBlock(w *bitWriter, rnd *rand.Rand, last bool) {
	nlit, ndist := 257+rnd.IntN(30), 1+rnd.IntN(30)
	lit, dist := randomCode(rnd, nlit, 256), randomCode(rnd, ndist, -1)
	final := 0
	if last {
		final = 1
	}
	w.put(final|2<<1, 3)
	w.put(nlit-257, 5)
	w.put(ndist-1, 5)
	w.put(15, 4)
	for _, sym := range preOrder { // lengths 0 to 15 have 4 bits, no repeats
		if sym < 16 {
			w.put(4, 3)
		} else {
			w.put(0, 3)
		}
	}
	for _, l := range append(append([]int(nil), lit...), dist...) {
		w.code(l, 4)
	}
	litCodes, distCodes := codes(lit), codes(dist)
	some := func(lengths []int) int {
		for range 1000 {
			if i := rnd.IntN(len(lengths)); lengths[i] > 0 {
				return i
			}
		}
		return 0
	}
	text := rnd.IntN(2) == 0
	for range rnd.IntN(200) {
		sym := some(lit)
		if text && sym > 256 || sym == 256 {
			continue
		}
		w.code(litCodes[sym], lit[sym])
		if sym > 256 {
			if sym < 285 {
				w.put(rnd.Int(), max(0, (sym-261)/4))
			}
			d := some(dist)
			w.code(distCodes[d], dist[d])
			// Short distances, so that many streams are valid.
			w.put(0, max(0, (d-2)/2))
		}
	}
	w.code(litCodes[256], lit[256])
}

// FuzzInflate inflates data as a raw stream and as a zlib stream. In other modes
// it compresses data, and may damage the result.
func FuzzInflate(f *testing.F) {
	rnd := rand.New(rand.NewPCG(6, 7))
	for mode := range uint8(48) {
		f.Add(text(rnd, 50*int(mode%12)+10), mode, uint32(mode)*37)
	}
	for i := range 30 {
		var w bitWriter
		randomBlock(&w, rand.New(rand.NewPCG(uint64(i), 8)), true)
		f.Add(w.bytes(), uint8(0), uint32(0))
	}
	f.Add([]byte{}, uint8(0), uint32(0))
	f.Add([]byte{3, 0}, uint8(0), uint32(0))
	f.Add([]byte{1, 0, 0, 0xff, 0xff}, uint8(0), uint32(0))
	var z Inflater
	f.Fuzz(func(t *testing.T, data []byte, mode uint8, at uint32) {
		if len(data) > 1<<16 {
			t.Skip() // 64 KB can inflate to 64 MB
		}
		level := int(mode>>2)%12 - 2
		switch mode & 3 {
		case 0:
			check(t, &z, true, data)
			s := append([]byte{0x78, 0x9c}, data...)
			if out, used, err := oracle(true, data); err == nil {
				s = binary.BigEndian.AppendUint32(s[:2+used], adler32.Checksum(out))
			}
			data = s
		case 1:
			data = compress(data, level)
		case 2:
			data = compress(data, level)
			data[int(at/8)%len(data)] ^= 1 << (at % 8)
		case 3:
			data = compress(data, level)
			data = data[:int(at)%len(data)]
		}
		z.Checksum = true
		check(t, &z, false, data)
		if len(data) > 2 {
			check(t, &z, true, data[2:])
		}
	})
}
