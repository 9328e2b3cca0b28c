package wire

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"slices"
	"strings"
	"testing"
)

func TestNumbers(t *testing.T) {
	ff := func(n int, more ...byte) []byte { return append(bytes.Repeat([]byte{0xff}, n), more...) }
	for name, read := range map[string]func(b []byte) (uint64, int){
		"uvarint": Uvarint, "offset": OffsetVarint, "size": func(b []byte) (uint64, int) {
			_, v, n := EntryHead(b)
			return v, n
		},
	} {
		for _, c := range []struct {
			of   string
			b    []byte
			want uint64
			n    int
		}{
			{"uvarint", nil, 0, 0},
			{"uvarint", []byte{0}, 0, 1},
			{"uvarint", []byte{0x7f, 9}, 127, 1},
			{"uvarint", []byte{0x80, 1, 9}, 128, 2},
			{"uvarint", []byte{0x80}, 0, 0},
			{"uvarint", []byte{0x81, 0}, 1, 2}, // longer than necessary
			{"uvarint", ff(9, 1), 1<<64 - 1, 10},
			{"uvarint", ff(9, 2), 0, 0},
			{"uvarint", ff(10, 0), 0, 0},

			{"offset", nil, 0, 0},
			{"offset", []byte{0}, 0, 1},
			{"offset", []byte{0x7f, 9}, 127, 1},
			{"offset", []byte{0x80, 0, 9}, 128, 2}, // each number has one encoding
			{"offset", []byte{0x80, 0x7f}, 255, 2},
			{"offset", []byte{0x81, 0}, 256, 2},
			{"offset", []byte{0xff, 0x7f}, 16511, 2},
			{"offset", []byte{0x80, 0x80, 0}, 16512, 3},
			{"offset", []byte{0x80}, 0, 0},
			{"offset", append(bytes.Repeat([]byte{0xfe}, 8), 0x7f), 1<<63 - 1, 9},
			{"offset", append(bytes.Repeat([]byte{0xfe}, 7), 0xff, 0), 0, 0},
			{"offset", ff(9, 0), 0, 0},

			{"size", nil, 0, 0},
			{"size", []byte{0x35}, 5, 1},
			{"size", []byte{0xb5}, 0, 0},
			{"size", []byte{0xb5, 1}, 21, 2},
			{"size", ff(8, 0x7f), 1<<60 - 1, 9},
			{"size", ff(9, 0), 0, 0},
		} {
			if c.of != name {
				continue
			}
			if v, n := read(c.b); v != c.want || n != c.n {
				t.Errorf("%s: %x is read as %d of %d bytes, want %d of %d", name, c.b, v, n, c.want, c.n)
			}
		}
	}
	for kind := range uint8(8) {
		if got, _, _ := EntryHead([]byte{kind<<4 | 0x80, 1}); got != kind {
			t.Errorf("type %d is read as %d", kind, got)
		}
	}
}

func TestTables(t *testing.T) {
	b := []byte{0, 0, 0, 1, 0xff, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 3, 4}
	if u := Uint32s(b); u.At(0) != 1 || u.At(1) != 0xff000002 || u.At(3) != 3 {
		t.Errorf("numbers of 4 bytes: %d %d %d", u.At(0), u.At(1), u.At(3))
	}
	u := Uint64s(b)
	if v, ok := u.At(1); v != 1<<63|3 || !ok {
		t.Errorf("the last number of 8 bytes: %#x, %v", v, ok)
	}
	for _, i := range []int{2, 3, 1 << 30} { // the next number has one byte
		if _, ok := u.At(i); ok {
			t.Errorf("there is a number %d", i)
		}
	}
	if v := Uint24([]byte{1, 2, 0xff}); v != 0x0102ff {
		t.Errorf("3 bytes are read as %#x", v)
	}
}

func TestReader(t *testing.T) {
	r := NewReader([]byte("abc\x01\x02\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x04\x80\x00rest"))
	if string(r.Bytes(3)) != "abc" || r.Uint16() != 0x102 || r.Uint32() != 3 || r.Uint64() != 4 || r.OffsetVarint() != 128 {
		t.Error("a field is read wrongly")
	}
	if r.Bad() || r.Used() != 19 || string(r.Rest()) != "rest" {
		t.Errorf("bad: %v, %d used, then %q", r.Bad(), r.Used(), r.Rest())
	}
	if b := r.Bytes(0); len(b) != 0 || r.Bad() {
		t.Error("nothing cannot be taken")
	}
	for name, take := range map[string]func(r *Reader) bool{
		"bytes":    func(r *Reader) bool { return r.Bytes(2) == nil },
		"many":     func(r *Reader) bool { return r.Bytes(1<<64-1) == nil },
		"2 bytes":  func(r *Reader) bool { return r.Uint16() == 0 },
		"4 bytes":  func(r *Reader) bool { return r.Uint32() == 0 },
		"8 bytes":  func(r *Reader) bool { return r.Uint64() == 0 },
		"a varint": func(r *Reader) bool { return r.OffsetVarint() == 0 },
	} {
		r := NewReader([]byte{0xff})
		if !take(r) || !r.Bad() || r.Used() != 0 {
			t.Errorf("%s: bad: %v, %d used", name, r.Bad(), r.Used())
		}
		if r.Bytes(1) != nil || r.OffsetVarint() != 0 || !r.Bad() {
			t.Errorf("%s: it goes on behind what is bad", name)
		}
	}
}

func TestIDs(t *testing.T) {
	id := strings.Repeat("0af9", 10)
	for s, want := range map[string]bool{id: true, id[:38]: false, id + "00": false, strings.ToUpper(id): false, id[:39] + "g": false, "": false} {
		if IsID(s, SHA1) != want {
			t.Errorf("IsID(%q) is not %v", s, want)
		}
	}
	if !IsID(strings.Repeat("0af9", 16), SHA256) || IsID(id, SHA256) {
		t.Error("ids of SHA-256 have 64 digits")
	}
	raw, ok := Unhex(strings.ToUpper(id))
	if !ok || Hex(raw) != id {
		t.Errorf("%x, %v", raw, ok)
	}
	for _, bad := range []string{"0", "0g"} {
		if _, ok := Unhex(bad); ok {
			t.Errorf("%q is taken", bad)
		}
	}
	var buf [2]byte
	for digits, want := range map[string]int{"": 0, "0af9": 2, "0a": 1} {
		if n, ok := UnhexInto(buf[:], []byte(digits)); !ok || n != want || Hex(buf[:n]) != digits {
			t.Errorf("%q: %x, %v", digits, buf[:n], ok)
		}
	}
	for _, bad := range []string{"0af900", "0", "xx", "0af"} {
		if _, ok := UnhexInto(buf[:], []byte(bad)); ok {
			t.Errorf("%q is taken", bad)
		}
	}
	if NewHash(SHA1).Size() != SHA1 || NewHash(SHA256).Size() != SHA256 {
		t.Error("a hash does not have the length that was asked for")
	}
}

// digits returns the length of the number at the start of b, whose last byte is
// the first below 0x80; 0 if there is none.
func digits(b []byte) int { return slices.IndexFunc(b, func(c byte) bool { return c < 0x80 }) + 1 }

// FuzzNumbers compares each decoder with the defining sum, for numbers of any
// size.
func FuzzNumbers(f *testing.F) {
	for _, b := range [][]byte{{}, {0}, {0x80, 0}, {0xff, 0xff, 0x7f}, bytes.Repeat([]byte{0xff}, 12), append(bytes.Repeat([]byte{0x80}, 9), 1)} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		check := func(name string, v uint64, n int, want *big.Int, length, bits int) {
			if want.BitLen() > bits || length == 0 {
				want, length = new(big.Int), 0
			}
			if n != length || want.Cmp(new(big.Int).SetUint64(v)) != 0 {
				t.Errorf("%s: %x is read as %d of %d bytes, want %d of %d", name, b, v, n, want, length)
			}
		}
		n := digits(b)
		low, high := new(big.Int), new(big.Int)
		for i, c := range b[:n] {
			low.Add(low, new(big.Int).Lsh(big.NewInt(int64(c&0x7f)), uint(7*i)))
			high.Add(high, new(big.Int).Lsh(big.NewInt(int64(c&0x7f)), uint(7*(n-1-i))))
			if i > 0 {
				high.Add(high, new(big.Int).Lsh(big.NewInt(1), uint(7*i)))
			}
		}
		v, k := Uvarint(b)
		if n > 10 { // zeros after the tenth byte do not change the number
			n = 0
		}
		check("uvarint", v, k, low, n, 64)
		v, k = OffsetVarint(b)
		check("offset", v, k, high, n, 63)
		kind, size, k := EntryHead(b)
		if n > 9 {
			n = 0
		}
		want := new(big.Int)
		for i := range n {
			shift := uint(4 + 7*(i-1))
			if i == 0 {
				want.SetInt64(int64(b[0] & 15))
			} else {
				want.Add(want, new(big.Int).Lsh(big.NewInt(int64(b[i]&0x7f)), shift))
			}
		}
		check("size", size, k, want, n, 60)
		if k > 0 && kind != b[0]>>4&7 {
			t.Errorf("%x has type %d", b, kind)
		}
		if raw, ok := Unhex(string(b)); ok != (len(b)%2 == 0 && IsHex(strings.ToLower(string(b)))) || ok && !strings.EqualFold(hex.EncodeToString(raw), string(b)) {
			t.Errorf("%q is read as %x, %v", b, raw, ok)
		}
	})
}

// BenchmarkEntryHead reads typical entry headers.
func BenchmarkEntryHead(b *testing.B) {
	heads := [][]byte{{0xb5, 0x12}, {0x65}, {0xe1, 0x83, 0x01}, {0xa9, 0x02}}
	sum := uint64(0)
	for i := 0; b.Loop(); i++ {
		_, size, n := EntryHead(heads[i&3])
		sum += size + uint64(n)
	}
	_ = sum
}
