package archive

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"io"
	"slices"
	"strings"
	"testing"
)

// TestEmbeddedZip finds a zip behind other data in members and streams, which can
// be read only once.
func TestEmbeddedZip(t *testing.T) {
	z := packedZip(t)
	picture := slices.Concat([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte("PK\x03\x04\x00\x9c\xfe\x03K\x03"), 30))
	for what, front := range map[string][]byte{
		"picture": picture, "large picture": bytes.Repeat(picture, 1000), "text": []byte("some text\n"), "name": []byte("\x00\x01\x02"),
		"at a buffer's end": make([]byte, bufLen-2), "zlib's first bytes": append([]byte("\x18\x19"), picture...),
	} {
		for end, behind := range map[string][]byte{"nothing": nil, "a line's end": []byte("\n"), "junk": bytes.Repeat([]byte("\x01\x9c\xfe"), 2000)} {
			b := slices.Concat(front, z, behind)
			for how, out := range map[string]*found{
				"tar":      walkFile(t, tarOf(t, file{"x.png", string(b)}, file{"y", "z"}), ""),
				"zip":      walkFile(t, zipOf(t, zip.Deflate, file{"x.png", string(b)}), ""),
				"gzip":     walkFile(t, gz(t, string(b)), "x.png.gz"),
				"tar, zip": walkFile(t, zipOf(t, zip.Store, file{"x.tar", string(tarOf(t, file{"x.zip", string(b)}))}), ""),
			} {
				if !out.holds() {
					t.Errorf("zip behind %s, with %s after it, in %s: members %.300q, unread %q", what, end, how, out.names, out.unread)
				}
			}
		}
	}
}

// TestEmbeddedDepth reports a zip that is nested too deep behind a picture.
func TestEmbeddedDepth(t *testing.T) {
	b := string(slices.Concat([]byte("\x89PNG\r\n\x1a\n"), packedZip(t)))
	for range defaultLimits().Depth {
		b = string(tarOf(t, file{"x", b}))
	}
	walkFile(t, []byte(b), "").misses(t, "nested deeper")
}

// TestNotEmbedded reports nothing for data that only looks like a zip.
func TestNotEmbedded(t *testing.T) {
	z := packedZip(t)
	for name, b := range map[string][]byte{"a program that writes zips": []byte("PK\x01\x02 PK\x03\x04 PK\x05\x06"), "headers": bytes.Repeat(z[:200], 3), "picture": []byte("\x89PNG\r\n\x1a\n")} {
		out := walkFile(t, tarOf(t, file{"x.png", "\x00\x01" + string(b)}), "")
		out.complete(t)
		if len(out.names) != 1 {
			t.Errorf("%s: members %q", name, out.names)
		}
	}
}

// windowed returns a zlib stream whose header has a window of 1<<(8+n) bytes. The
// text is in a stored block, so it does not use the window.
func windowed(n byte, level byte, text string) []byte {
	var out bytes.Buffer
	w, _ := zlib.NewWriterLevel(&out, zlib.NoCompression)
	_, _ = io.WriteString(w, text)
	w.Close()
	b := out.Bytes()
	b[0], b[1] = n<<4|8, level<<6
	b[1] += 31 - byte((int(b[0])<<8|int(b[1]))%31)
	return b
}

// TestZlibWindows reads zlib streams with each window and each level in the
// header.
func TestZlibWindows(t *testing.T) {
	for n := range byte(8) {
		for level := range byte(4) {
			b := windowed(n, level, string(gz(t, hiddenText)))
			for how, out := range walks(t, b, "x") {
				if !out.holds() {
					t.Errorf("%q, %s: members %q, unread %q", b[:2], how, out.names, out.unread)
				}
				out.complete(t)
			}
		}
	}
}

// TestForeign reports files that have the name or the first bytes of a compressed
// format that is not supported. It does not report text.
func TestForeign(t *testing.T) {
	junk := bytes.Repeat([]byte("\x01\x9c\xfe\x03"), 20)
	names := []string{".br", ".lzma", ".tlz", ".zz", ".zlib", ".Z", ".lz", ".lzo", ".lzh", ".lha", ".sz", ".snappy", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".lz4", ".7z", ".rar", ".zip", ".jar", ".docx"}
	for _, end := range names {
		for how, out := range walks(t, junk, "x"+end) {
			if len(out.unread) != 1 {
				t.Errorf("x%s, %s: unread %q", end, how, out.unread)
			}
		}
		out := walkFile(t, tarOf(t, file{"x" + end, strings.Repeat("text ", 100)}, file{end, string(junk)}, file{"y" + end, "\x00\x01"}), "")
		if end == ".br" || end == ".lzma" || end == ".tlz" || end == ".zz" || end == ".zlib" {
			continue // formats without a signature are tried in short files too
		}
		out.complete(t)
	}
	for _, s := range signatures {
		if s.f != Foreign {
			continue
		}
		for how, out := range walks(t, slices.Concat(s.starts(), junk, gz(t, hiddenText)), "x") {
			if !out.holds() || len(out.unread) != 1 || !strings.Contains(out.unread[0], "("+s.kind+")") {
				t.Errorf("%s, %s: members %q, unread %q", s.kind, how, out.names, out.unread)
			}
		}
	}
	if out := walkFile(t, slices.Concat(junk, packedZip(t)), "x.zip"); !out.holds() || len(out.unread) > 0 {
		t.Errorf("a zip behind other data: unread %q", out.unread)
	}
}
