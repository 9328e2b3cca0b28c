package archive

import (
	"fmt"
	"math/bits"
)

// parser7z reads a 7z header as the library does, up to the number of files. It
// rejects impossible counts. Once bad is set, it reads zeros.
type parser7z struct {
	b      []byte
	most   int   // how many members or streams there may be
	window int64 // bytes of a dictionary
	bad    bool
}

// Ids of a header's parts.
const (
	end7z        = 0x00
	mainStreams  = 0x04
	filesInfo    = 0x05
	packInfo     = 0x06
	unpackInfo   = 0x07
	subStreams   = 0x08
	sizes7z      = 0x09
	crc7z        = 0x0a
	folder7zID   = 0x0b
	unpackSizes  = 0x0c
	streamCounts = 0x0d
)

func (p *parser7z) byte() byte {
	if p.bad || len(p.b) == 0 {
		p.bad = true
		return 0
	}
	c := p.b[0]
	p.b = p.b[1:]
	return c
}

func (p *parser7z) skip(n int) []byte {
	if p.bad || n < 0 || n > len(p.b) {
		p.bad = true
		return nil
	}
	b := p.b[:n]
	p.b = p.b[n:]
	return b
}

// number reads a number. The leading ones of its first byte count the bytes that
// follow.
func (p *parser7z) number() uint64 {
	first := p.byte()
	n := bits.LeadingZeros8(^first)
	v := uint64(0)
	if n < 7 {
		v = uint64(first&(1<<(8-n)-1)) << (8 * n)
	}
	for i := range n {
		v |= uint64(p.byte()) << (8 * i)
	}
	return v
}

// count reads a number, and rejects one above most.
func (p *parser7z) count(most int) int {
	n := p.number()
	if n > uint64(most) {
		p.bad = true
		return 0
	}
	return int(n)
}

// digests skips the checksums of n streams.
func (p *parser7z) digests(n int) {
	defined := n
	if p.byte() == 0 {
		defined = 0
		for i, c := range p.skip((n + 7) / 8) {
			if left := n - 8*i; left < 8 {
				c &= 0xff << (8 - left)
			}
			defined += bits.OnesCount8(c)
		}
	}
	p.skip(4 * defined)
}

// packInfo reads where the packed streams are. id is the part's id, which has
// been read.
func (p *parser7z) packInfo(id byte) (at uint64, sizes []uint64) {
	if id != packInfo {
		p.bad = true
		return 0, nil
	}
	at = p.number()
	n := p.count(p.most)
	id = p.byte()
	if id == sizes7z {
		for range n {
			if p.bad {
				break
			}
			sizes = append(sizes, p.number())
		}
		id = p.byte()
	}
	if id == crc7z {
		p.digests(n)
		id = p.byte()
	}
	p.bad = p.bad || id != end7z
	return at, sizes
}

// folders reads how streams are unpacked.
func (p *parser7z) folders(id byte) []folder7z {
	if id != unpackInfo || p.byte() != folder7zID {
		p.bad = true
		return nil
	}
	n := p.count(p.most)
	p.bad = p.bad || p.byte() != 0
	var out []folder7z
	for i := 0; i < n && !p.bad; i++ {
		out = append(out, p.folder())
	}
	p.bad = p.bad || p.byte() != unpackSizes
	for i := range out {
		for range out[i].outs {
			out[i].size = max(out[i].size, p.number())
		}
	}
	if id = p.byte(); id == crc7z {
		p.digests(n)
		id = p.byte()
	}
	p.bad = p.bad || id != end7z
	return out
}

// maxCoders is how many coders 7-Zip itself allows in a folder, and how many
// streams for each coder.
const maxCoders = 32

func (p *parser7z) folder() folder7z {
	var f folder7z
	ins := 0
	for range p.count(maxCoders) {
		flags := p.byte()
		c := coder7z{id: string(p.skip(int(flags & 0xf)))}
		in, out := 1, 1
		if flags&0x10 != 0 {
			in, out = p.count(maxCoders), p.count(maxCoders)
		}
		if flags&0x20 != 0 {
			c.props = p.skip(p.count(len(p.b)))
		}
		ins, f.outs = ins+in, f.outs+out
		f.coders = append(f.coders, c)
	}
	if p.bad || f.outs == 0 || ins < f.outs {
		p.bad = true
		return f
	}
	for range 2 * (f.outs - 1) {
		p.number()
	}
	if f.packed = ins - f.outs + 1; f.packed > 1 {
		for range f.packed {
			p.number()
		}
	}
	p.judge(&f)
	return f
}

// judge sets why if the folder cannot be read.
func (p *parser7z) judge(f *folder7z) {
	for _, c := range f.coders {
		switch {
		case c.is(idAES):
			f.why = "it is encrypted"
			return
		case c.memory() > p.window:
			f.why = fmt.Sprintf("its dictionary has %d bytes; the limit is %d", c.memory(), p.window)
		}
	}
}

// header reads the header after its id.
func (p *parser7z) header() (*header7z, error) {
	h := &header7z{}
	id := p.byte()
	if id == mainStreams {
		p.streams(h)
		id = p.byte()
	}
	if id == filesInfo {
		h.files = p.count(p.most)
	}
	if p.bad {
		return nil, errHeader7z
	}
	for _, f := range h.folders {
		if f.why == "" {
			h.memory = max(h.memory, f.memory())
		}
	}
	return h, nil
}

func (p *parser7z) streams(h *header7z) {
	id := p.byte()
	packs := 0
	if id == packInfo {
		_, sizes := p.packInfo(id)
		packs = len(sizes)
		id = p.byte()
	}
	if id == unpackInfo {
		h.folders = p.folders(id)
		id = p.byte()
	}
	for _, f := range h.folders {
		packs -= f.packed
	}
	if id == subStreams {
		p.subStreams(h.folders)
		id = p.byte()
	}
	p.bad = p.bad || id != end7z || packs < 0
}

// subStreams reads how many members each folder has.
func (p *parser7z) subStreams(folders []folder7z) {
	counts, files := make([]int, len(folders)), 0
	id := p.byte()
	for i := range counts {
		if counts[i] = 1; id == streamCounts {
			counts[i] = p.count(p.most)
		}
		files += counts[i]
	}
	if id == streamCounts {
		id = p.byte()
	}
	if files > p.most || p.bad {
		p.bad = true
		return
	}
	if id == sizes7z {
		for _, n := range counts {
			for i := 1; i < n && !p.bad; i++ {
				p.number()
			}
		}
		id = p.byte()
	}
	if id == crc7z {
		p.digests(files)
		id = p.byte()
	}
	p.bad = p.bad || id != end7z
}
