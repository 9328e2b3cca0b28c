package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// hiddenText is the text that a wrong header may hide. The tests below always
// compress it, because plain text is found without reading the archive.
var hiddenText = "key = " + noise(37) + "\n"

// honest reports whether the text was read, or something was reported as unread.
func (f *found) honest() bool { return f.holds() || len(f.unread) > 0 }

// holds reports whether the text was read.
func (f *found) holds() bool {
	for _, text := range f.text {
		if bytes.Contains(text, []byte(hiddenText)) {
			return true
		}
	}
	return false
}

// walkFile walks b as the scanner walks a file.
func walkFile(t testing.TB, b []byte, name string) *found {
	t.Helper()
	f := formatOf(b, name)
	out := &found{text: map[string][]byte{}}
	if f != None {
		must(t, Walk(context.Background(), Input{Name: name, At: bytes.NewReader(b), Size: int64(len(b))}, f, defaultLimits(), out))
	}
	return out
}

// formatOf returns the format of b as the scanner detects it. It returns None for
// a program that has no archive.
func formatOf(b []byte, name string) Format {
	f := Detect(b[:min(len(b), HeadLen)], name)
	if f == Executable || f == None && MayEndInZip(b, b) {
		f = DetectTail(f, b)
	}
	return f
}

// packedZip returns a zip with the hidden text in its second member.
func packedZip(t testing.TB) []byte {
	fill := strings.Repeat("nothing of note in this line\n", 50)
	return zipOf(t, zip.Deflate, file{"a.txt", fill}, file{"b.txt", fill + hiddenText + fill}, file{"c.txt", fill})
}

// put changes fields of the header at pos. Each field is an offset, a number of
// bytes and a value.
func put(b []byte, pos int, fields ...int) []byte {
	b = bytes.Clone(b)
	for ; len(fields) >= 3; fields = fields[3:] {
		for i := range fields[1] {
			b[pos+fields[0]+i] = byte(fields[2] >> (8 * i))
		}
	}
	return b
}

// TestLyingContainers reads containers with wrong headers, damage, or data between
// their parts. Common readers find the hidden text in each of them.
func TestLyingContainers(t *testing.T) {
	z := packedZip(t)
	record := func(signature string) int { // of b.txt
		return bytes.LastIndex(z[:bytes.LastIndex(z, []byte("b.txt"))], []byte(signature))
	}
	central := record("PK\x01\x02")
	local := bytes.LastIndex(z[:bytes.Index(z, []byte("b.txt"))], []byte("PK\x03\x04"))
	next := bytes.Index(z[central+4:], []byte("PK\x01\x02")) + central + 4
	end := bytes.LastIndex(z, []byte("PK\x05\x06"))
	dir := bytes.Index(z, []byte("PK\x01\x02"))
	unlisted := put(slices.Concat(z[:central], z[next:]), end-(next-central), 8, 2, 2, 10, 2, 2, 12, 4, end-dir-(next-central))
	g, junk := gz(t, hiddenText), []byte("\x01\x02\x03junk that nothing reads \xff\xfe\xfd\xfc, of more than a few bytes")
	inner := string(gz(t, hiddenText))
	tarred := tarOf(t, file{"a", "1"}, file{"b", "2"}, file{"c.gz", inner})
	lz, zs, x := through(t, hiddenText, compressors()[".lz4"]), through(t, hiddenText, compressors()[".zst"]), through(t, hiddenText, compressors()[".xz"])
	zl := through(t, "first", compressors()[".zz"])
	skip := func(n byte) []byte { return append([]byte{0x50 + n, 0x2a, 0x4d, 0x18, 4, 0, 0, 0}, 1, 2, 3, 4) }
	flags := put(g, 0, 3, 1, 0xe0)
	bz := bzip2Of(t)
	for name, b := range map[string][]byte{
		"zip: the directory says empty":              put(z, central, 16, 4, 0, 20, 4, 0, 24, 4, 0),
		"zip: the directory says stored":             put(z, central, 10, 2, 0),
		"zip: the directory says bzip2":              put(z, central, 10, 2, 12),
		"zip: the directory says encrypted":          put(z, central, 8, 2, 9),
		"zip: the directory says fewer bytes":        put(z, central, 20, 4, 9),
		"zip: the directory says another place":      put(z, central, 42, 4, 0),
		"zip: the directory says another version":    put(z, central, 6, 2, 255),
		"zip: the header says stored":                put(z, local, 8, 2, 0),
		"zip: the header says encrypted":             put(z, local, 6, 2, 1),
		"zip: the header says fewer bytes":           put(z, local, 6, 2, 0, 18, 4, 3),
		"zip: in no directory":                       unlisted,
		"zip: in no directory, version 25.5":         put(unlisted, local, 4, 2, 255),
		"zip: in no directory, no descriptor either": put(unlisted, local, 6, 2, 0),
		"zip: no end":                                  z[:end],
		"zip: two ends":                                slices.Concat(z, z[end:]),
		"zip: the last end is empty":                   slices.Concat(z, put(z[end:], 0, 8, 4, 0, 12, 8, 0)),
		"zip: the end says another size":               put(z, end, 12, 4, 7),
		"zip: the end says another place":              put(z, end, 16, 4, 7),
		"zip: a comment that is not there":             put(z, end, 20, 2, 300),
		"zip: a line behind it":                        append(bytes.Clone(z), '\n'),
		"zip: 70,000 bytes behind it":                  slices.Concat(z, bytes.Repeat(junk, 1000)),
		"zip: another one behind it":                   slices.Concat(zipOf(t, zip.Deflate, file{"x", "y"}), z),
		"zip: gzip behind it":                          slices.Concat(zipOf(t, zip.Deflate, file{"x", "y"}), junk, g),
		"zip: gzip between members":                    slices.Concat(z[:dir], g, put(z[dir:], end-dir, 16, 4, dir+len(g))),
		"zipapp: a line behind it":                     slices.Concat([]byte("#!/usr/bin/env python3\n"), z, []byte("\n")),
		"zipapp: comment of another length":            slices.Concat([]byte("#!/usr/bin/env python3\n"), put(z, end, 20, 2, 5)),
		"zipapp: 70,000 bytes behind it":               slices.Concat([]byte("#!/usr/bin/env python3\n"), z, bytes.Repeat(junk, 1000)),
		"program: zeros behind it":                     slices.Concat([]byte("\x7fELF"), make([]byte, 60), z, make([]byte, 4)),
		"picture: a byte behind it":                    slices.Concat([]byte("\x89PNG\r\n\x1a\n"), junk, z, []byte{0}),
		"picture: 10,000 bytes behind it":              slices.Concat([]byte("GIF89a"), junk, z, bytes.Repeat(junk, 200)),
		"zlib's first bytes: zip behind it":            slices.Concat([]byte("x\x9c"), junk, z),
		"gzip: reserved flags":                         flags,
		"gzip: another checksum of the header":         slices.Concat(g[:3], []byte{2}, g[4:10], []byte{1, 2}, g[10:]),
		"gzip: zeros between members":                  slices.Concat(gz(t, "first"), make([]byte, 100_000), g),
		"gzip: junk between members":                   slices.Concat(gz(t, "first"), junk, g),
		"gzip: a short word between members":           slices.Concat(gz(t, "first"), []byte("hi"), g),
		"gzip: tar, junk, tar":                         slices.Concat(gz(t, string(tarOf(t, file{"a", "1"}))), junk, gz(t, string(tarred))),
		"gzip: zip behind it":                          slices.Concat(gz(t, "first"), z),
		"gzip: xz behind it":                           slices.Concat(gz(t, "first"), x),
		"bzip2: junk, then bzip2, gzip":                slices.Concat(bz, junk, bz, g),
		"bzip2: zeros, then gzip":                      slices.Concat(bz, make([]byte, 512), g),
		"xz: padding and another one":                  slices.Concat(through(t, "first", compressors()[".xz"]), make([]byte, 8), x),
		"xz: padding of an odd length":                 slices.Concat(through(t, "first", compressors()[".xz"]), make([]byte, 5), x),
		"xz: junk and another one":                     slices.Concat(through(t, noise(100_000), compressors()[".xz"]), junk, x),
		"zstd: lz4 behind it":                          slices.Concat(through(t, "first", compressors()[".zst"]), lz),
		"zstd: junk and another one":                   slices.Concat(through(t, "first", compressors()[".zst"]), junk, zs),
		"lz4: frames to be skipped":                    slices.Concat(through(t, "first", compressors()[".lz4"]), skip(0), skip(7), lz),
		"lz4: frames to be skipped, then zstd":         slices.Concat(lz[:0], skip(0), skip(2), zs),
		"zlib: another stream":                         slices.Concat(zl, through(t, hiddenText, compressors()[".zz"])),
		"7z: gzip behind it":                           slices.Concat(sevenZipOf(t, true, two()...), junk, g),
		"rar: gzip behind it":                          slices.Concat(rarOf(two()...), g),
		"tar: two zeroed headers":                      slices.Concat(tarred[:1024], make([]byte, 1024), tarred[2048:]),
		"tar: one zeroed header":                       slices.Concat(tarred[:1024], make([]byte, 512), tarred[1536:]),
		"tar: zeros in front of the last":              slices.Concat(tarred[:1024], make([]byte, 5120), tarred[1024:]),
		"tar: another checksum":                        put(tarred, 1024, 148, 1, '7'),
		"tar: a header of junk":                        slices.Concat(tarred[:1024], bytes.Repeat([]byte{7}, 512), tarred[1536:]),
		"tar: junk and gzip behind it":                 slices.Concat(tarOf(t, file{"a", "1"}), junk, g),
		"tar: its first name begins like a program":    tarOf(t, file{"MZ", "1"}, file{"c.gz", inner}),
		"tar: its first name begins like a script":     tarOf(t, file{"#!x", "1"}, file{"c.gz", inner}),
		"tar: its first name begins like zlib streams": tarOf(t, file{"x\x9c", "1"}, file{"c.gz", inner}),
		"tar: its first name begins like a zip":        tarOf(t, file{"PK\x03\x04", "1"}, file{"c.gz", inner}),
		"ar: junk in the middle, then gzip":            slices.Concat(arOf(file{"a", "11"}), junk, g),
	} {
		t.Run(name, func(t *testing.T) {
			if f := walkFile(t, b, "x"); !f.holds() {
				t.Errorf("members %.300q, unread %q", f.names, f.unread)
			}
		})
	}
	for n := range byte(16) {
		for kind, b := range map[string][]byte{"zstd": zs, "lz4": lz} {
			if f := walkFile(t, slices.Concat(skip(n), b), "x"); !f.holds() || len(f.unread) > 0 {
				t.Errorf("%s behind a frame 0x184d2a5%x: unread %q", kind, n, f.unread)
			}
		}
	}
}

// TestUnreadIsReported reports truncated data, and data that may be compressed in
// an unknown format.
func TestUnreadIsReported(t *testing.T) {
	junk := []byte(strings.Repeat("\x01\x9c\xfe\x03", 20))
	g, tarred := gz(t, "text"), tarOf(t, file{"a", "1"}, file{"b", "2"})
	z := packedZip(t)
	dir := bytes.Index(z, []byte("PK\x01\x02"))
	for name, b := range map[string][]byte{
		"x.gz": slices.Concat(g, junk), "tar cut at a header": tarred[:1024], "x.tar": slices.Concat(tarred, junk),
		"x.zip": slices.Concat(z, junk), "between.zip": slices.Concat(z[:dir], junk, z[dir:]), "method.gz": put(g, 0, 2, 1, 7),
		"x.br": junk, "x.lzma": junk, "x.zz": junk, "x.7z": slices.Concat(sevenZipOf(t, true, two()...), junk),
		"x.zst": slices.Concat(through(t, "first", compressors()[".zst"]), junk), "skip.zst": {0x50, 0x2a, 0x4d, 0x18, 200, 0, 0, 0, 1},
		"cut.zlib": append(through(t, noise(3000), compressors()[".zz"])[:1000], bytes.Repeat([]byte{0xff}, 1000)...),
	} {
		if f := walkFile(t, b, name); len(f.unread) == 0 {
			t.Errorf("%s: nothing is reported as unread; members %q", name, f.names)
		}
	}
}

// TestManyContainersInARow reads a limited number of containers with data between
// them, because each needs a new decoder. It reports the rest.
func TestManyContainersInARow(t *testing.T) {
	for name, b := range map[string][]byte{
		"gzip": gz(t, "text"), "xz": through(t, "text", compressors()[".xz"]), "no gzip": []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xff\xff"),
	} {
		all := slices.Concat(gz(t, "first"), bytes.Repeat(append(b, 1, 2), 2*maxTrials))
		f := walkFile(t, all, "x")
		if len(f.names) > 1+maxTrials || len(f.unread) == 0 {
			t.Errorf("%s: %d members, unread %q", name, len(f.names), f.unread)
		}
	}
	header := []byte("PK\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00text")
	f := walkFile(t, bytes.Repeat(header, 3*maxTrials), "x") // the name of each contains the next ones
	f.misses(t, "too many headers inside headers")
}

// TestWellFormed reports nothing for containers as other programs write them.
func TestWellFormed(t *testing.T) {
	z := packedZip(t)
	end := bytes.LastIndex(z, []byte("PK\x05\x06"))
	dir := bytes.Index(z, []byte("PK\x01\x02"))
	block := binary.LittleEndian.AppendUint64(nil, 2024)
	block = slices.Concat(block, bytes.Repeat([]byte("\x9c\x01\xfe"), 667)[:2000], block, []byte("APK Sig Block 42"))
	for name, b := range map[string][]byte{
		"signed.apk":  slices.Concat(z[:dir], block, put(z[dir:], end-dir, 16, 4, dir+len(block))),
		"comment.zip": append(put(z, end, 20, 2, 9), "a comment"...),
		"padded.tar":  append(tarOf(t, two()...), make([]byte, 10240)...),
		"one.tar":     tarOf(t, two()...)[:len(tarOf(t, two()...))-512],
		"padded.gz":   append(gz(t, "text"), make([]byte, 700)...),
		"text.gz":     append(gz(t, "text"), "some text behind it, which is longer than a few bytes\n"...),
		"split.zip":   slices.Concat([]byte("PK\x07\x08"), z),
		"x.png":       slices.Concat([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte("\x01\x9c\xfe\x03"), 100)),
	} {
		walkFile(t, b, name).complete(t)
	}
}

// liar is a container that tests change.
type liar struct {
	b      []byte
	magic  int    // how many first bytes show the format; they stay
	packed []byte // the part with the hidden text
}

// with returns a liar whose packed part is text and its header, the header bytes
// before it. Without its header, the text is no member.
func with(text string, header int, b []byte, magic int) liar {
	at := bytes.Index(b, []byte(text))
	return liar{b, magic, b[at-header : at+len(text)]}
}

// bases returns the containers that mutate changes.
func bases(t testing.TB) map[string]liar {
	inner, z := string(gz(t, hiddenText)), packedZip(t)
	second := gz(t, hiddenText)
	from := bytes.Index(z, []byte("b.txt")) + len("b.txt")
	deflated := z[from : from+bytes.Index(z[from:], []byte("PK\x07\x08"))]
	tgz := gz(t, string(tarOf(t, file{"a", "1"}, file{"b.gz", inner})))
	out := map[string]liar{
		"zip": {z, 4, deflated}, "script": {slices.Concat([]byte("#!/bin/sh\n"), z), 10, deflated},
		"stored": with(inner, 34, zipOf(t, zip.Store, file{"a", noise(50)}, file{"b.gz", inner}), 4),
		"tar":    with(inner, 512, tarOf(t, file{"a", "1"}, file{"b.gz", inner}, file{"c", noise(600)}), 512),
		"ar":     with(inner, 60, arOf(file{"a", "1"}, file{"b.gz", inner}), 8),
		"gz, gz": {slices.Concat(gz(t, "first"), second), 3, second}, "tgz": {tgz, 3, tgz},
		"rar": with(inner, 24, rarOf(file{"a", noise(50)}, file{"b.gz", inner}, file{"c", noise(50)}), 8),
		"7z":  with(inner, 32, sevenZipOf(t, false, file{"a.gz", inner}, file{"b", noise(100)}), 8),
	}
	for ext, open := range compressors() {
		if ext != ".br" && ext != ".lzma" && ext != ".lz4" && ext != ".zst" { // these do not compress short texts, or have no magic
			b := through(t, hiddenText, open)
			out[ext] = liar{b, len(b), b}
			out[ext+" twice"] = liar{slices.Concat(through(t, "first", open), b), 8, b}
		}
	}
	return out
}

// mutate makes one to three changes after the magic.
func mutate(r *rand.Rand, b []byte, magic int) []byte {
	b = bytes.Clone(b)
	for range 1 + r.IntN(3) {
		at := magic + r.IntN(max(len(b)-magic, 1))
		if i := bytes.Index(b[at:], []byte("PK")); i >= 0 && r.IntN(2) == 0 { // in a record
			at += i + 2 + r.IntN(44)
		}
		at = min(at, len(b))
		switch r.IntN(7) {
		case 0:
			b = slices.Insert(b, at, make([]byte, r.IntN(1500))...)
		case 1:
			b = slices.Insert(b, at, []byte(noise(1+r.IntN(600)))...)
		case 2:
			clear(b[at:min(len(b), at+1+r.IntN(600))])
		case 3:
			b = append(b, b[at:]...)
		case 4:
			b = append(b, noise(1+r.IntN(40))...)
		default:
			for i := range 1 + r.IntN(4) {
				if at+i < len(b) {
					b[at+i] = []byte{0, 1, 8, 12, 0x7f, 0xff, byte(r.IntN(256))}[r.IntN(7)]
				}
			}
		}
	}
	return b
}

// TestMutations changes containers before and after the packed part. The text must
// be read, or something must be reported as unread.
func TestMutations(t *testing.T) {
	trials := 400
	if testing.Short() {
		trials = 60
	}
	for name, base := range bases(t) {
		t.Run(name, func(t *testing.T) {
			if f := walkFile(t, base.b, "x"); !f.holds() {
				t.Fatalf("unchanged: members %q, unread %q", f.names, f.unread)
			}
			for seed := range uint64(trials) {
				b := mutate(rand.New(rand.NewPCG(seed, 9)), base.b, base.magic)
				if f := walkFile(t, b, "x"); bytes.Contains(b, base.packed) && formatOf(b, "x") != None && !f.honest() {
					t.Errorf("seed %d: %s", seed, fmt.Sprintf("members %.300q; %d bytes", f.names, len(b)))
				}
			}
		})
	}
}
