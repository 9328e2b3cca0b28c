package odb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"r8scan/internal/git/wire"
)

// JoinPacks writes a pack with the entries of others, which have to match their
// checksums. hash is the length of ids in bytes. Deltas stay valid: they name their
// bases by ids, or by the distance in their own pack.
func JoinPacks(w io.Writer, hash int, packs ...*io.SectionReader) error {
	count := uint32(0)
	for _, p := range packs {
		n, err := checkPack(p, hash)
		if err != nil {
			return err
		}
		if count += n; count < n {
			return errors.New("too many objects")
		}
	}
	sum := wire.NewHash(hash)
	out := io.MultiWriter(w, sum)
	if _, err := out.Write(binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), count)); err != nil {
		return err
	}
	for _, p := range packs {
		if _, err := io.Copy(out, io.NewSectionReader(p, packHeader, p.Size()-packHeader-int64(hash))); err != nil {
			return err
		}
	}
	_, err := w.Write(sum.Sum(nil))
	return err
}

// checkPack compares a pack with its checksum, and returns how many objects it says it
// has.
func checkPack(p *io.SectionReader, hash int) (count uint32, err error) {
	head := make([]byte, packHeader)
	if _, err := p.ReadAt(head, 0); err != nil {
		return 0, err
	}
	f := packfile{hash: hash, data: append(head, make([]byte, hash)...)}
	if err := f.readHeader(); err != nil {
		return 0, err
	}
	end := p.Size() - int64(hash)
	sum, want := wire.NewHash(hash), make([]byte, hash)
	if _, err := io.Copy(sum, io.NewSectionReader(p, 0, end)); err != nil {
		return 0, err
	}
	if _, err := p.ReadAt(want, end); err != nil && err != io.EOF {
		return 0, err
	}
	if !bytes.Equal(sum.Sum(nil), want) {
		return 0, errors.New("the pack does not have the checksum at its end")
	}
	return uint32(f.count), nil
}
