// Package inflate decompresses zlib streams of known inflated size, from memory
// into memory: the entries of a git pack.
//
// Such streams are small, about 1 KB. compress/zlib takes more than three times
// as long for them, because it has costs for each stream and each byte: a
// window, allocated tables, a call for each byte of input. compress/flate is
// the oracle of the tests: this package accepts a stream if and only if
// compress/flate does.
package inflate

import (
	"encoding/binary"
	"errors"
	"hash/adler32"
)

var (
	// ErrCorrupt means that the input is not a zlib or DEFLATE stream, or that
	// it needs a preset dictionary.
	ErrCorrupt = errors.New("inflate: corrupt stream")
	// ErrSize means that the stream holds more or fewer bytes than declared.
	ErrSize = errors.New("inflate: stream does not have the declared size")
	// ErrTruncated means that the input ends before the stream does.
	ErrTruncated = errors.New("inflate: truncated stream")
	// ErrChecksum means that the inflated bytes do not match the stream's
	// Adler-32 checksum.
	ErrChecksum = errors.New("inflate: wrong checksum")
)

// Inflater holds the tables of a decompression, about 40 KB. Its zero value is
// ready. One goroutine at a time may use it, any number of times. It keeps no
// reference to its arguments and allocates nothing.
type Inflater struct {
	// Checksum makes Zlib verify the Adler-32 checksum. It adds nothing if the
	// compressed bytes have a checksum of their own, as in a pack.
	Checksum bool

	tables    tables
	lit, dist symbols
	pre       [1 << preBits]uint32
}

// Zlib inflates the zlib stream at the start of src into dst, which must be
// exactly as long as the inflated data. It returns the length of the stream
// with its header and checksum. More may follow the stream in src. After an
// error the content of dst is undefined. Zlib never writes beyond the length of
// dst.
func (z *Inflater) Zlib(dst, src []byte) (consumed int, err error) {
	if len(src) < 2 {
		return 0, ErrTruncated
	}
	// The method is 8, the window has at most 32 KB, and there is no
	// dictionary. Like compress/zlib this accepts distances beyond a smaller
	// window. Unlike it, this accepts no dictionary at all: compress/zlib takes
	// none for the empty one.
	h := binary.BigEndian.Uint16(src)
	if h&0x0f00 != 0x0800 || h>>12 > 7 || h%31 != 0 || h&0x20 != 0 {
		return 0, ErrCorrupt
	}
	n, err := z.Raw(dst, src[2:])
	if err != nil {
		return 0, err
	}
	n += 2
	if len(src)-n < 4 {
		return 0, ErrTruncated
	}
	if z.Checksum && adler32.Checksum(dst) != binary.BigEndian.Uint32(src[n:]) {
		return 0, ErrChecksum
	}
	return n + 4, nil
}

// Raw is like Zlib for a DEFLATE stream without header and checksum.
func (z *Inflater) Raw(dst, src []byte) (consumed int, err error) {
	r := reader{src: src}
	o := 0
	for final := false; !final; {
		r.fill()
		head := r.take(3)
		final = head&1 != 0
		switch head >> 1 {
		case 0:
			o, err = r.stored(dst, o)
		case 1:
			o, err = r.block(dst, o, fixed)
		case 2:
			if err = z.readTables(&r); err == nil {
				o, err = r.block(dst, o, &z.tables)
			}
		default:
			err = ErrCorrupt
		}
		// Bits decoded from beyond the end mean nothing.
		if r.used() > len(src) {
			return 0, ErrTruncated
		}
		if err != nil {
			return 0, err
		}
	}
	if o != len(dst) {
		return 0, ErrSize
	}
	return r.used(), nil
}

// reader reads bits from src. Beyond the end it reads zeros, and used is
// greater than len(src).
type reader struct {
	src  []byte
	pos  int    // bytes that are in bits or were; may pass the end of src
	bits uint64 // next bits, lowest first; those above have may be set already
	have uint   // valid bits, at most 63
}

// used returns the number of bytes of which a bit was taken.
func (r *reader) used() int { return r.pos - int(r.have>>3) }

// fill makes at least 56 bits valid.
func (r *reader) fill() {
	if p := r.pos; p <= len(r.src)-8 {
		// The next fill ORs the bits of a partly read byte in again: the same
		// bits at the same place.
		r.bits |= binary.LittleEndian.Uint64(r.src[p:]) << (r.have & 63)
		r.pos += int(63-r.have) >> 3
		r.have |= 56
		return
	}
	for r.have < 56 {
		if r.pos < len(r.src) {
			r.bits |= uint64(r.src[r.pos]) << r.have
		}
		r.pos++
		r.have += 8
	}
}

// take removes the next n bits, which must be valid.
func (r *reader) take(n uint) uint {
	v := uint(r.bits) & (1<<n - 1)
	r.bits >>= n
	r.have -= n
	return v
}

// stored copies a stored block to dst[o:] and returns the new o.
func (r *reader) stored(dst []byte, o int) (int, error) {
	p := r.used()
	if p > len(r.src)-4 {
		return 0, ErrTruncated
	}
	n := int(binary.LittleEndian.Uint16(r.src[p:]))
	if binary.LittleEndian.Uint16(r.src[p+2:]) != ^uint16(n) {
		return 0, ErrCorrupt
	}
	p += 4
	if n > len(r.src)-p {
		return 0, ErrTruncated
	}
	if n > len(dst)-o {
		return 0, ErrSize
	}
	copy(dst[o:], r.src[p:p+n])
	r.pos, r.bits, r.have = p+n, 0, 0
	return o + n, nil
}

// preOrder is the order of the code length code's lengths in a block's head.
var preOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readTables reads the codes of a dynamic block into z.tables. Of the at
// least 56 bits that were filled in before, the block's head has taken 3.
func (z *Inflater) readTables(r *reader) error {
	nlit, ndist, npre := int(r.take(5))+257, int(r.take(5))+1, int(r.take(4))+4
	if nlit > 286 || ndist > 30 {
		return ErrCorrupt
	}
	r.fill()
	var lengths [19]uint8
	for i, sym := range preOrder[:npre] {
		if i == 18 {
			r.fill() // 56 bits hold 18 lengths
		}
		lengths[sym] = uint8(r.take(3))
	}
	z.lit.reset()
	for sym, n := range lengths {
		z.lit.add(sym, uint(n))
	}
	if !z.lit.build(z.pre[:], preBits, preBase) ||
		!z.readLengths(r, nlit, nlit+ndist) ||
		!z.lit.build(z.tables.lit[:], litBits, litBase) ||
		!z.dist.build(z.tables.dist[:], distBits, distBase) {
		return ErrCorrupt
	}
	return nil
}

// readLengths reads the lengths of the codes of nlit literals and lengths
// and of n-nlit distances, and sorts the symbols by them.
func (z *Inflater) readLengths(r *reader, nlit, n int) bool {
	z.lit.reset()
	z.dist.reset()
	last := uint(0)
	for i := 0; i < n; {
		if r.have < preBits+7 {
			r.fill()
		}
		e := z.pre[r.bits&(1<<preBits-1)]
		if e&exceptional != 0 {
			return false
		}
		r.take(uint(e & 15))
		repeat := 0
		switch sym := uint(e >> 16); sym {
		default:
			last = sym
			z.add(i, nlit, sym)
			i++
			continue
		case 16:
			if i == 0 {
				return false
			}
			repeat = 3 + int(r.take(2))
		case 17:
			repeat, last = 3+int(r.take(3)), 0
		case 18:
			repeat, last = 11+int(r.take(7)), 0
		}
		if repeat > n-i {
			return false
		}
		if last != 0 {
			for j := i; j < i+repeat; j++ {
				z.add(j, nlit, last)
			}
		}
		i += repeat
	}
	return true
}

// add notes the code length of the i-th of nlit literals and lengths and the
// distances behind them.
func (z *Inflater) add(i, nlit int, length uint) {
	if i < nlit {
		z.lit.add(i, length)
	} else {
		z.dist.add(i-nlit, length)
	}
}

// block decodes the symbols of a block to dst[o:] and returns the new o.
func (r *reader) block(dst []byte, o int, t *tables) (int, error) {
	o, done, err := r.fast(dst, o, t)
	if done || err != nil {
		return o, err
	}
	return r.slow(dst, o, t)
}

// slack is how many bytes of input and of room fast wants before a symbol,
// so that it may load and store whole words. Two loads of 8 bytes lie 7 bytes
// apart at most, a copy's last store of 16 bytes begins before its end.
const slack = 16

// fast decodes until the block ends, which it reports, or until less than
// slack is left of src or dst. Near the end of either slow takes over, for
// some 2% of the time on the packs of git, redis and curl.
//
// It is one long loop because its speed is that of the chain from one symbol
// to the next: bits, the entry found with them, and the bits left. These must
// stay in registers, of which it takes all there are on amd64. Hence also the
// slices without capacity of their own, limits that are computed anew, and
// have, of which only the low byte counts so that an entry can be subtracted
// whole. All that took 10% off the time of one loop for every case.
func (r *reader) fast(dst []byte, o int, t *tables) (int, bool, error) {
	src, pos, bits, have := r.src, r.pos, r.bits, uint32(r.have)
	src, dst = src[:len(src):len(src)], dst[:len(dst):len(dst)]
	for {
		if len(src)-pos < slack || len(dst)-o < slack {
			break
		}
		bits |= binary.LittleEndian.Uint64(src[pos:]) << (have & 63)
		pos += int(^have >> 3 & 7)
		have |= 56
		e := t.lit[bits&(1<<litBits-1)]
	decode:
		// Of 56 bits, two literals of the main table leave 34. The symbol after
		// them takes at most 20: a length of 15 bits and 5 extra bits.
		if int32(e) < 0 {
			dst[o] = byte(e >> 16)
			o++
			bits >>= e & 63
			have -= e
			e = t.lit[bits&(1<<litBits-1)]
			if int32(e) < 0 {
				dst[o] = byte(e >> 16)
				o++
				bits >>= e & 63
				have -= e
				e = t.lit[bits&(1<<litBits-1)]
				if int32(e) < 0 {
					dst[o] = byte(e >> 16)
					o++
					bits >>= e & 63
					have -= e
					continue
				}
			}
		}
		if int16(e) < 0 { // exceptional
			if e&subtable != 0 {
				bits >>= litBits
				have -= litBits
				e = t.lit[subIndex(e, bits)%uint(len(t.lit))]
				if int32(e) < 0 {
					dst[o] = byte(e >> 16)
					o++
					bits >>= e & 63
					have -= e
					continue
				}
			}
			if e&exceptional != 0 {
				if e&endOfBlock == 0 {
					return 0, false, ErrCorrupt
				}
				r.pos, r.bits, r.have = pos, bits>>(e&63), uint((have-e)&63)
				return o, true, nil
			}
		}
		length := int(e>>16&0x1ff) + int(uint32(bits>>(e>>8&63))&(e>>25))
		bits >>= e & 63
		have -= e

		if uint8(have) < maxBits+13 {
			bits |= binary.LittleEndian.Uint64(src[pos:]) << (have & 63)
			pos += int(^have >> 3 & 7)
			have |= 56
		}
		d := t.dist[bits&(1<<distBits-1)]
		if int16(d) < 0 {
			if d&subtable != 0 {
				bits >>= distBits
				have -= distBits
				d = t.dist[subIndex(d, bits)%uint(len(t.dist))]
			}
			if d&exceptional != 0 {
				return 0, false, ErrCorrupt
			}
		}
		dist := int(d>>16) + int(bits&(1<<(d&63)-1)>>(d>>8&63))
		bits >>= d & 63
		have -= d

		from, end := o-dist, o+length
		if from < 0 {
			return 0, false, ErrCorrupt
		}
		if len(src)-pos < slack || len(dst)-end < slack {
			if end > len(dst) {
				return 0, false, ErrSize
			}
			for ; o < end; o++ {
				dst[o] = dst[o-dist]
			}
			break // o is end
		}
		// The next entry is looked up before the copy, whose number of steps
		// is often mispredicted.
		bits |= binary.LittleEndian.Uint64(src[pos:]) << (have & 63)
		pos += int(^have >> 3 & 7)
		have |= 56
		e = t.lit[bits&(1<<litBits-1)]

		switch {
		case length > 48 && dist >= length:
			copy(dst[o:end], dst[from:])
		case dist >= 16:
			for ; o < end; o += 16 {
				*(*[16]byte)(dst[o:]) = *(*[16]byte)(dst[from:])
				from += 16
			}
		default:
			// What is right of the first word is its first dist bytes; with
			// them copied, the pattern is there twice.
			for dist < 8 {
				*(*[8]byte)(dst[o:]) = *(*[8]byte)(dst[from:])
				o += dist
				dist *= 2
			}
			for ; o < end; o += 8 {
				*(*[8]byte)(dst[o:]) = *(*[8]byte)(dst[from:])
				from += 8
			}
		}
		o = end
		goto decode
	}
	r.pos, r.bits, r.have = pos, bits, uint(have&63)
	return o, false, nil
}

// slow decodes the rest of a block, one symbol at a time. It consumes the bits
// of a symbol before it checks the symbol, so that used tells whether they were
// there.
func (r *reader) slow(dst []byte, o int, t *tables) (int, error) {
	for {
		if r.used() > len(r.src) {
			return 0, ErrTruncated
		}
		r.fill()
		e := t.lit[r.bits&(1<<litBits-1)]
		if e&subtable != 0 {
			r.take(litBits)
			e = t.lit[subIndex(e, r.bits)%uint(len(t.lit))]
		}
		length := int(e>>16&0x1ff) + int(uint32(r.bits>>(e>>8&63))&(e>>25))
		r.take(uint(e & 63))
		if e&exceptional != 0 {
			if e&endOfBlock == 0 {
				return 0, ErrCorrupt
			}
			return o, nil
		}
		if e&literal != 0 {
			if uint(o) >= uint(len(dst)) {
				return 0, ErrSize
			}
			dst[o] = byte(e >> 16)
			o++
			continue
		}

		r.fill()
		d := t.dist[r.bits&(1<<distBits-1)]
		if d&subtable != 0 {
			r.take(distBits)
			d = t.dist[subIndex(d, r.bits)%uint(len(t.dist))]
		}
		dist := int(d>>16) + int(r.bits&(1<<(d&63)-1)>>(d>>8&63))
		r.take(uint(d & 63))
		if d&exceptional != 0 || dist > o {
			return 0, ErrCorrupt
		}
		if length > len(dst)-o {
			return 0, ErrSize
		}
		for end := o + length; o < end; o++ {
			dst[o] = dst[o-dist]
		}
	}
}
