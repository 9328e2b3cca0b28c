package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/bodgit/sevenzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"
)

// entryCost is the memory that the library takes for each member, in bytes.
const entryCost = 400

// read7z reads a 7z. The library trusts the counts and dictionary sizes in the
// header. It may allocate hundreds of gigabytes for them, which ends the process.
// So check7z checks them first.
func read7z(in *container) error {
	c := in.c
	if err := c.random(in.walk); err != nil {
		return err
	}
	end := int64(len(signature7z)) // continue here if the header is bad
	defer func() { c.begin(end) }()
	h, err := check7z(in.walk, c)
	if err != nil {
		return err
	}
	end = h.end
	cost := int64(h.files)*entryCost + h.memory
	if err := in.take(cost); err != nil {
		return err
	}
	defer in.give(cost)
	zr, err := sevenzip.NewReader(c.at, c.size)
	if err != nil {
		return err
	}
	packed := &source{n: c.size}
	defer func() { in.give(h.kept) }()
	for i, f := range zr.File {
		if i > 0 && f.Stream != zr.File[i-1].Stream {
			if err := h.keep(in.walk, zr.File[i-1].Stream); err != nil {
				return err
			}
		}
		if f.UncompressedSize > 0 && f.Stream < len(h.folders) && h.folders[f.Stream].why != "" {
			err = in.unreadable(f.Name, h.folders[f.Stream].why)
		} else {
			err = h.file(in, f, packed)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// file reads one member. If that fails, the later members of the same stream are
// not tried: each would decompress the stream again from its start.
func (h *header7z) file(in *container, f *sevenzip.File, packed *source) error {
	if f.UncompressedSize == 0 {
		return in.member(f.Name, nil)
	}
	r, err := f.Open()
	if err != nil {
		h.spoil(f.Stream, "its stream cannot be read: "+reason(err))
		return in.unreadable(f.Name, reason(err))
	}
	defer r.Close()
	check := &checked{r: &expander{w: in.walk, r: r, packed: packed}, crc: f.CRC32, size: int64(f.UncompressedSize), none: f.CRC32 == 0}
	src := &source{r: check}
	err = in.member(f.Name, src)
	if f.Stream < len(h.folders) {
		h.folders[f.Stream].read += uint64(check.n)
	}
	if src.err != nil {
		h.spoil(f.Stream, "an earlier member of its stream cannot be read completely")
	}
	return err
}

// keep accounts for the decoder of a stream that was not read to its end. The
// library keeps that decoder.
func (h *header7z) keep(w *walk, folder int) error {
	if folder >= len(h.folders) {
		return nil
	}
	f := &h.folders[folder]
	if f.read == 0 || f.read == f.size {
		return nil
	}
	f.read = f.size
	if err := w.take(f.memory()); err != nil {
		return err
	}
	h.kept += f.memory()
	return nil
}

func (h *header7z) spoil(folder int, why string) {
	if folder < len(h.folders) {
		h.folders[folder].why = why
	}
}

// zstdWindow7z is the window limit of zstd decoders in a 7z. They do not know the
// limits of a walk.
const zstdWindow7z = 128 << 20

// The library's own zstd decoder allows windows of 64 GB. It decodes in
// goroutines, whose panics cannot be caught. The library's registry is the only
// way to replace it.
func init() {
	sevenzip.RegisterDecompressor(methodIDs[idZstd], func(_ []byte, _ uint64, in []io.ReadCloser) (io.ReadCloser, error) {
		if len(in) != 1 {
			return nil, errHeader7z
		}
		z, err := zstd.NewReader(in[0], zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(zstdWindow7z), zstd.WithDecoderMaxMemory(zstdWindow7z))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	})
}

// header7z is what read7z must know of a header before the library reads it.
type header7z struct {
	files   int
	folders []folder7z
	memory  int64 // bytes for the folder that needs most
	kept    int64 // bytes of decoders that the library keeps
	end     int64 // where the header ends in the file
}

// folder7z is a stream of members that are compressed together.
type folder7z struct {
	coders []coder7z
	outs   int
	size   uint64 // unpacked
	packed int    // number of packed streams
	read   uint64 // bytes of its members that were read
	why    string // why it cannot be read, "" if it can
}

type coder7z struct {
	id    string
	props []byte
}

var errHeader7z = errors.New("its header is damaged")

// The coders that r8scan must tell apart: by the memory they need, and because
// AES cannot be read.
const (
	idCopy = iota
	idLZMA
	idLZMA2
	idPPMd
	idZstd
	idAES
)

var methodIDs = [...][]byte{idCopy: {0}, idLZMA: {3, 1, 1}, idLZMA2: {0x21}, idPPMd: {3, 4, 1}, idZstd: {4, 0xf7, 0x11, 1}, idAES: {6, 0xf1, 7, 1}}

func (c coder7z) is(id int) bool { return c.id == string(methodIDs[id]) }

// memory returns how many bytes the coder's decoder allocates.
func (c coder7z) memory() int64 {
	switch {
	case (c.is(idLZMA) || c.is(idPPMd)) && len(c.props) == 5:
		return int64(binary.LittleEndian.Uint32(c.props[1:]))
	case c.is(idLZMA2) && len(c.props) == 1 && c.props[0] <= 40:
		return lzma2Window(c.props[0])
	case c.is(idZstd):
		return zstdWindow7z
	}
	return 8 << 20
}

func (f *folder7z) memory() (n int64) {
	for _, c := range f.coders {
		n += c.memory()
	}
	return n
}

// check7z reads the parts of the header that decide what the library allocates.
func check7z(w *walk, c *content) (*header7z, error) {
	var start [32]byte // signature, version, checksum; then the header's offset, size and checksum
	if n, _ := c.at.ReadAt(start[:], 0); n < len(start) {
		return nil, io.ErrUnexpectedEOF
	}
	le := binary.LittleEndian
	if crc32.ChecksumIEEE(start[12:]) != le.Uint32(start[8:]) {
		return nil, errHeader7z
	}
	offset, size := le.Uint64(start[12:]), le.Uint64(start[20:])
	if size == 0 {
		return nil, errors.New("it has no header: it is empty or incomplete")
	}
	if offset > uint64(c.size)-32 || size > uint64(c.size)-32-offset {
		return nil, fmt.Errorf("%w: its header is beyond its end; it may be one part of a multi-part archive", io.ErrUnexpectedEOF)
	}
	b, give, err := c.slice(w, 32+int64(offset), int64(size))
	if err != nil {
		return nil, err
	}
	defer func() { give() }()
	if b[0] == 0x17 { // the header is compressed
		var unpacked []byte
		unpacked, more, err := unpackHeader7z(w, c, b)
		if err != nil {
			return nil, err
		}
		last := give
		give = func() { more(); last() }
		b = unpacked
	}
	if len(b) == 0 || b[0] != 1 {
		return nil, errHeader7z
	}
	p := &parser7z{b: b[1:], most: w.limits.Entries, window: w.limits.Window}
	h, err := p.header()
	if err == nil {
		h.end = 32 + int64(offset+size)
	}
	return h, err
}

// unpackHeader7z decompresses a header. 7-Zip uses LZMA for it.
func unpackHeader7z(w *walk, c *content, b []byte) ([]byte, func(), error) {
	p := &parser7z{b: b[1:], most: w.limits.Entries, window: w.limits.Window}
	at, sizes := p.packInfo(p.byte())
	folders := p.folders(p.byte())
	if p.bad || len(folders) != 1 || len(sizes) != 1 || at > uint64(c.size) || sizes[0] > uint64(c.size)-at {
		return nil, nil, errHeader7z
	}
	f := folders[0]
	if f.why != "" {
		return nil, nil, errors.New(f.why + ", names included")
	}
	size := int64(f.size)
	if size < 1 || size > w.limits.Memory || len(f.coders) != 1 {
		return nil, nil, errors.New("its header is compressed by a method that is not supported")
	}
	need := size + f.coders[0].memory()
	if err := w.take(need); err != nil {
		return nil, nil, err
	}
	give := func() { w.give(need) }
	r, err := openHeader7z(f.coders[0], f.size, io.NewSectionReader(c.at, 32+int64(at), int64(sizes[0])))
	if err == nil {
		var buf bytes.Buffer
		if _, err = io.CopyN(&buf, r, size); err == nil {
			return buf.Bytes(), give, nil
		}
	}
	give()
	return nil, nil, fmt.Errorf("its header cannot be read: %w", err)
}

func openHeader7z(c coder7z, size uint64, r io.Reader) (io.Reader, error) {
	switch {
	case c.is(idCopy):
		return r, nil
	case c.is(idLZMA) && len(c.props) == 5:
		head := binary.LittleEndian.AppendUint64(bytes.Clone(c.props), size)
		return lzma.NewReader(io.MultiReader(bytes.NewReader(head), r))
	case c.is(idLZMA2) && len(c.props) == 1 && c.props[0] <= 40:
		return lzma.Reader2Config{DictCap: int(max(c.memory(), lzma.MinDictCap))}.NewReader2(r)
	}
	return nil, errors.New("its compression method is not supported")
}
