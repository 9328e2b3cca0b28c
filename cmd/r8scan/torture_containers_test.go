package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
)

// compressors are the formats that Go can write.
var compressors = []struct {
	ext, magic string
	open       func(io.Writer) (io.WriteCloser, error)
}{
	{".gz", "\x1f\x8b\x08", func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }},
	{".xz", "\xfd7zXZ\x00", func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) }},
	{".zst", "\x28\xb5\x2f\xfd", func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }},
	{".lz4", "\x04\x22\x4d\x18", func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil }},
}

// samples were written by bzip2 and 7-Zip. Each has a line with the token of a number.
var samples = []struct {
	ext, magic string
	token      int
	content    string // base64
}{
	{".bz2", "BZh91AY&SY", 9001, "QlpoOTFBWSZTWc/UzvoAABNfgAAQUABI4ihGvRCbnDhgIAAjDRoyMmmhpoZlPFDGTE0wmmJgJpgUxAWrZ8ywW6QribRrGUALufp1RjQ+cIC8SQ0slD8XckU4UJDP1M76"},
	{".7z", "7z\xbc\xaf\x27\x1c", 9002, "N3q8ryccAARfUcRcPQAAAAAAAABhAAAAAAAAAIU6EnEANZlLlB8RLwUSHUVgMjnK+PH91iI41YL0Ymk85i+RmvAehUBjHUW61a9/BbEidoFyXzY+f3hdf//sTYAAAQQGAAEJ/z0AAAAAAAAAAAcLAQABIwMBAQVdAACAAAz/MQAAAAAAAAAACA3/AQAAAAAAAAAJCgEvLDFHAAAF/wEAAAAAAAAAEf8NAAAAAAAAAABhAC4AdAB4AHQAAAAAAA=="},
}

// looksLike returns a function that recognizes a container by its first bytes. Less than
// 12 bytes hold nothing.
func looksLike(magic string) func(text []byte) bool {
	return func(text []byte) bool { return len(text) >= 12 && bytes.HasPrefix(text, []byte(magic)) }
}

// looksZip recognizes a zip by its first header, or by the end of its directory.
func looksZip(text []byte) bool {
	return len(text) >= 30 && bytes.HasPrefix(text, []byte("PK\x03\x04")) || bytes.Contains(text, []byte("PK\x05\x06"))
}

func through(t testing.TB, text []byte, open func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := open(&out)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// zipOf returns a zip with the text in a member between two others.
func zipOf(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, m := range []struct{ name, text string }{{"a.txt", "first"}, {"b.txt", text}, {"c.txt", "last"}} {
		member, err := w.Create(m.name)
		if err == nil {
			_, err = io.WriteString(member, m.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// tarOf is zipOf for tar.
func tarOf(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, m := range []struct{ name, text string }{{"a.txt", "first"}, {"b.txt", text}, {"c.txt", "last"}} {
		err := w.WriteHeader(&tar.Header{Name: m.name, Mode: 0o600, Size: int64(len(m.text))})
		if err == nil {
			_, err = io.WriteString(w, m.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
