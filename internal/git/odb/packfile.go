package odb

import (
	"errors"
	"fmt"

	"r8scan/internal/git/wire"
)

// packfile is a pack that is mapped into memory.
type packfile struct {
	path  string
	hash  int // bytes of an object id
	data  []byte
	count int // number of objects in the pack's header
	unmap func() error
}

// packHeader is the length of the header before the first entry.
const packHeader = 12

// openPackfile maps the pack at path.
func openPackfile(path string, hash int) (*packfile, error) {
	data, unmap, err := MapFile(path)
	if err != nil {
		return nil, err
	}
	f := &packfile{path: path, hash: hash, data: data, unmap: unmap}
	if err := CatchFault(f.readHeader); err != nil {
		_ = unmap() // a read-only map loses nothing
		return nil, err
	}
	return f, nil
}

// readHeader reads the header before the first entry.
func (f *packfile) readHeader() error {
	r := wire.NewReader(f.data)
	magic, version, count := r.Bytes(4), r.Uint32(), r.Uint32()
	if string(magic) != "PACK" || r.Bad() || len(r.Rest()) < f.hash {
		return errors.New("it is not a packfile")
	}
	if version != 2 && version != 3 {
		return fmt.Errorf("its version %d is unknown", version)
	}
	f.count = int(count)
	return nil
}

// end returns the offset at which the entries end.
func (f *packfile) end() uint64 { return uint64(len(f.data) - f.hash) }

// checksum returns the checksum at the end of the pack.
func (f *packfile) checksum() []byte { return f.data[f.end():] }

// header is an entry's header, before its zlib stream.
type header struct {
	kind    Type
	size    uint64 // inflated, of the delta if it is one
	len     int
	baseOff uint64 // ofsDelta
	baseID  []byte // refDelta
}

var (
	errHeader  = errors.New("its entry header is damaged")
	errOutside = errors.New("its index names a place outside the pack")
)

// isDelta reports whether the entry is a delta.
func (h *header) isDelta() bool { return h.kind == ofsDelta || h.kind == refDelta }

// header reads the header of the entry between two offsets.
func (f *packfile) header(from, to uint64) (header, error) {
	if from < packHeader || to > f.end() || from >= to {
		return header{}, errOutside
	}
	return parseHeader(f.data[from:to], from, f.hash)
}

// parseHeader parses an entry header at the start of b. at is its offset in the
// pack; hash is the length of ids in bytes.
func parseHeader(b []byte, at uint64, hash int) (header, error) {
	kind, size, i := wire.EntryHead(b)
	if i == 0 {
		return header{}, errHeader
	}
	h := header{kind: Type(kind), size: size}
	switch h.kind {
	case Commit, Tree, Blob, Tag:
	case ofsDelta:
		back, n := wire.OffsetVarint(b[i:])
		i += n
		if back == 0 || back > at {
			return header{}, errHeader
		}
		h.baseOff = at - back
	case refDelta:
		if len(b)-i < hash {
			return header{}, errHeader
		}
		h.baseID = b[i : i+hash]
		i += hash
	default:
		return header{}, errHeader
	}
	h.len = i
	return h, nil
}
