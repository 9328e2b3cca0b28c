package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"io"
	"testing"
	"unicode/utf16"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"

	"r8scan/internal/budget"
)

// file is a member of a container that a test builds.
type file struct{ name, text string }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// through compresses text.
func through(t testing.TB, text string, open func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := open(&out)
	must(t, err)
	_, err = io.WriteString(w, text)
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

func gz(t testing.TB, text string) []byte {
	return through(t, text, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
}

// compressors returns the formats of compressed files, by the ending of their
// names. It lacks bzip2, which Go cannot write: bzip2Of returns a fixed file.
func compressors() map[string]func(io.Writer) (io.WriteCloser, error) {
	return map[string]func(io.Writer) (io.WriteCloser, error){
		".gz":   func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
		".zz":   func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil },
		".zst":  func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
		".lz4":  func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil },
		".br":   func(w io.Writer) (io.WriteCloser, error) { return brotli.NewWriter(w), nil },
		".xz":   func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) },
		".lzma": func(w io.Writer) (io.WriteCloser, error) { return lzma.NewWriter(w) },
	}
}

func zipOf(t testing.TB, method uint16, files ...file) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	w.RegisterCompressor(methodZstd, zstd.ZipCompressor())
	w.RegisterCompressor(methodXZ, func(w io.Writer) (io.WriteCloser, error) { return &lateXZ{w: w}, nil })
	for _, f := range files {
		m, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: method})
		must(t, err)
		_, err = io.WriteString(m, f.text)
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

// lateXZ writes nothing until it is closed, because archive/zip opens a compressor
// before it writes the member's header.
type lateXZ struct {
	bytes.Buffer
	w io.Writer
}

func (l *lateXZ) Close() error {
	x, err := xz.NewWriter(l.w)
	if err != nil {
		return err
	}
	if _, err := x.Write(l.Bytes()); err != nil {
		return err
	}
	return x.Close()
}

func tarOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		must(t, w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o600, Size: int64(len(f.text))}))
		_, err := io.WriteString(w, f.text)
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

func arOf(files ...file) []byte {
	out := []byte("!<arch>\n")
	for _, f := range files {
		head := bytes.Repeat([]byte(" "), 60)
		copy(head, f.name+"/")
		copy(head[48:], itoa(len(f.text)))
		copy(head[58:], "`\n")
		out = append(append(out, head...), f.text...)
		if len(f.text)%2 == 1 {
			out = append(out, '\n')
		}
	}
	return out
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

// number7z writes a number as 7z does, in its longest form.
func number7z(n int) []byte {
	return binary.LittleEndian.AppendUint64([]byte{0xff}, uint64(n))
}

// sevenZipOf returns a solid 7z, compressed by LZMA if packed.
func sevenZipOf(t testing.TB, packed bool, files ...file) []byte {
	t.Helper()
	var text []byte
	for _, f := range files {
		text = append(text, f.text...)
	}
	data, coder := text, []byte{1, 0}
	if packed {
		data, coder = lzmaCoder(t, text)
	}
	header := []byte{1, mainStreams, packInfo, 0, 1, sizes7z}
	header = append(append(header, number7z(len(data))...), end7z)
	header = append(append(header, unpackInfo, folder7zID, 1, 0, 1), coder...)
	header = append(append(header, unpackSizes), number7z(len(text))...)
	header = append(header, end7z, subStreams, streamCounts)
	header = append(append(header, number7z(len(files))...), sizes7z)
	for _, f := range files[:len(files)-1] {
		header = append(header, number7z(len(f.text))...)
	}
	header = append(header, crc7z, 1)
	for _, f := range files {
		header = binary.LittleEndian.AppendUint32(header, crc32.ChecksumIEEE([]byte(f.text)))
	}
	header = append(header, end7z, end7z, filesInfo)
	header = append(header, number7z(len(files))...)
	names := []byte{0}
	for _, f := range files {
		for _, u := range utf16.Encode([]rune(f.name + "\x00")) {
			names = binary.LittleEndian.AppendUint16(names, u)
		}
	}
	header = append(append(header, 0x11), number7z(len(names))...)
	header = append(append(header, names...), end7z, end7z)
	return start7z(data, header)
}

// lzmaCoder compresses text, and returns the coder that decompresses it.
func lzmaCoder(t testing.TB, text []byte) (data, coder []byte) {
	packed := through(t, string(text), func(w io.Writer) (io.WriteCloser, error) { return lzma.NewWriter(w) })
	return packed[13:], append([]byte{0x23, 3, 1, 1, 5}, packed[:5]...)
}

// packHeader7z compresses the header of a 7z, as 7-Zip does.
func packHeader7z(t testing.TB, b []byte) []byte {
	t.Helper()
	at := 32 + binary.LittleEndian.Uint64(b[12:])
	header := b[at:]
	data, coder := lzmaCoder(t, header)
	outer := append(append([]byte{0x17, packInfo}, number7z(int(at)-32)...), 1, sizes7z)
	outer = append(append(outer, number7z(len(data))...), end7z, unpackInfo, folder7zID, 1, 0, 1)
	outer = append(append(outer, coder...), unpackSizes)
	outer = append(append(outer, number7z(len(header))...), end7z, end7z)
	return start7z(append(bytes.Clone(b[32:at]), data...), outer)
}

func start7z(data, header []byte) []byte {
	le := binary.LittleEndian
	start := le.AppendUint64(nil, uint64(len(data)))
	start = le.AppendUint64(start, uint64(len(header)))
	start = le.AppendUint32(start, crc32.ChecksumIEEE(header))
	out := le.AppendUint32([]byte("7z\xbc\xaf\x27\x1c\x00\x04"), crc32.ChecksumIEEE(start))
	return append(append(append(out, start...), data...), header...)
}

// rarOf returns a RAR 5 without compression.
func rarOf(files ...file) []byte {
	out := []byte("Rar!\x1a\x07\x01\x00")
	block := func(body []byte) {
		head := append(vint(len(body)), body...)
		out = append(binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(head)), head...)
	}
	block([]byte{1, 0, 0})
	for _, f := range files {
		h := append([]byte{2, 2}, vint(len(f.text))...) // type, flags: data
		h = append(append(h, 4), vint(len(f.text))...)  // flags: checksum
		h = append(h, 0)                                // attributes
		h = binary.LittleEndian.AppendUint32(h, crc32.ChecksumIEEE([]byte(f.text)))
		h = append(h, 0, 1) // stored, Unix
		block(append(append(h, vint(len(f.name))...), f.name...))
		out = append(out, f.text...)
	}
	block([]byte{5, 0, 0})
	return out
}

func vint(n int) []byte { return binary.AppendUvarint(nil, uint64(n)) }

// bzip2Text is the text in bzip2Of.
const bzip2Text = "bzip2 was read\n"

// bzip2Of returns a file that bzip2 wrote.
func bzip2Of(t testing.TB) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString("QlpoOTFBWSZTWXvP+Z8AAANZgAAQQAAQADYgWJAgACIRtJieQgGgCfjLPrKRHFou5IpwoSD3n/M+")
	must(t, err)
	return b
}

// defaultLimits returns the limits of a scan with the default budget.
func defaultLimits() Limits { return LimitsOf(budget.New(0, 1)) }
