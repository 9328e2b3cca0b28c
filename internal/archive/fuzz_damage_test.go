package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"testing"
)

// FuzzDamage changes bytes of a container. A checksum covers the text in it. As
// long as the format is still detected, the text must be read or something must
// be reported as unread, both from a file and from a stream.
func FuzzDamage(f *testing.F) {
	const text = "the text that must not be lost in silence\n"
	files := []file{{"a.txt", "first"}, {"b.txt", text}, {"c.txt", "last"}}
	whole := [][]byte{
		zipOf(f, zip.Deflate, files...), zipOf(f, methodZstd, files...), sevenZipOf(f, true, files...), packHeader7z(f, sevenZipOf(f, true, files...)),
		gz(f, text), through(f, text, compressors()[".xz"]), through(f, text, compressors()[".zst"]), through(f, text, compressors()[".lz4"]),
		gz(f, string(tarOf(f, files...))), zipOf(f, zip.Store, file{"in.gz", string(gz(f, text))}, file{"c.txt", "last"}),
	}
	for i := range whole {
		f.Add(uint8(i), []byte{}, uint16(0xffff))
		f.Add(uint8(i), []byte{0, 20, 1}, uint16(0xffff))
		f.Add(uint8(i), []byte{0, 9, 0x80, 0, 40, 3}, uint16(60))
	}
	f.Fuzz(func(t *testing.T, which uint8, changes []byte, end uint16) {
		b := bytes.Clone(whole[int(which)%len(whole)])
		format := Detect(b, "")
		for ; len(changes) >= 3; changes = changes[3:] {
			b[int(binary.BigEndian.Uint16(changes))%len(b)] ^= changes[2]
		}
		if format == Zstd || format == LZ4 {
			b[4] |= 1 << 2 // keep the checksum flag: without a checksum, no reader notices damage
		}
		b = b[:min(len(b), int(end))]
		if Detect(b, "") != format {
			return
		}
		l := Limits{Depth: 3, Entries: 100, Expanded: 8 << 20, Ratio: 1000, RatioFloor: 1 << 20, Window: 8 << 20, Memory: 64 << 20}
		for i, in := range []Input{{At: bytes.NewReader(b), Size: int64(len(b))}, {Reader: bytes.NewReader(b)}} {
			out := &found{text: map[string][]byte{}}
			must(t, Walk(context.Background(), in, format, l, out))
			there := false
			for _, got := range out.text {
				there = there || bytes.Contains(got, []byte(text))
			}
			if !there && len(out.unread) == 0 {
				t.Errorf("a damaged %s, input %d: the text is neither read nor reported as unread; members %q", format, i, out.names)
			}
		}
	})
}
