package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"r8scan/internal/budget"
	"r8scan/rules"
)

// found is a visitor that keeps what it receives.
type found struct {
	text   map[string][]byte
	names  []string
	unread []string
	n      int64 // bytes of members
}

type sink struct {
	f    *found
	path string
}

func (f *found) Member(path, name string) io.WriteCloser {
	f.names = append(f.names, path)
	return sink{f, path}
}

func (s sink) Write(p []byte) (int, error) {
	if s.f.n += int64(len(p)); s.f.n < 64<<20 {
		s.f.text[s.path] = append(s.f.text[s.path], p...)
	}
	return len(p), nil
}

func (sink) Close() error { return nil }

func (f *found) Unread(path, reason string) {
	f.unread = append(f.unread, path+": "+reason)
}

// read walks b as a file and as a stream. Both must give the same result.
func read(t testing.TB, b []byte, name string, l Limits) *found {
	t.Helper()
	f := Detect(b[:min(len(b), HeadLen)], name)
	var out [2]*found
	for i, in := range []Input{
		{Name: name, At: bytes.NewReader(b), Size: int64(len(b))},
		{Name: name, Reader: iotest.HalfReader(bytes.NewReader(b))},
	} {
		out[i] = &found{text: map[string][]byte{}}
		must(t, Walk(context.Background(), in, f, l, out[i]))
	}
	if a, b := fmt.Sprint(out[0]), fmt.Sprint(out[1]); a != b && len(a) < 1000 {
		t.Errorf("as a file:\n%s\nas a stream:\n%s", a, b)
	}
	return out[0]
}

func (f *found) has(t testing.TB, path, text string) {
	t.Helper()
	if got, ok := f.text[path]; !ok || string(got) != text {
		t.Errorf("%q has %.60q, want %.60q; members %.300q, unread %.300q", path, got, text, f.names, f.unread)
	}
}

func (f *found) complete(t testing.TB) {
	t.Helper()
	if len(f.unread) > 0 {
		t.Errorf("unread: %q", f.unread)
	}
}

func (f *found) misses(t testing.TB, want string) {
	t.Helper()
	if !slices.ContainsFunc(f.unread, func(s string) bool { return strings.Contains(s, want) }) {
		t.Errorf("unread %q, want %q in it", f.unread, want)
	}
}

// noise returns text that compresses little.
func noise(n int) string {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range b {
		b[i] = byte('a' + r.IntN(26))
	}
	return string(b)
}

func two() []file {
	return []file{{"b/c.py", "the first text\n"}, {"d.txt", noise(100_000)}}
}

// containers returns a container of each format that has members.
func containers(t testing.TB) map[string][]byte {
	return map[string][]byte{
		"stored.zip": zipOf(t, zip.Store, two()...), "deflated.whl": zipOf(t, zip.Deflate, two()...),
		"zstd.zip": zipOf(t, methodZstd, two()...), "xz.zip": zipOf(t, methodXZ, two()...),
		"a.tar": tarOf(t, two()...), "a.deb": arOf(file{"c.py", two()[0].text}, two()[1]),
		"copy.7z": sevenZipOf(t, false, two()...), "lzma.7z": sevenZipOf(t, true, two()...),
		"header.7z": packHeader7z(t, sevenZipOf(t, true, two()...)), "a.rar": rarOf(two()...),
	}
}

// TestContainers reads the members of each container format, without help from
// its name.
func TestContainers(t *testing.T) {
	for name, b := range containers(t) {
		t.Run(name, func(t *testing.T) {
			f := read(t, b, "no-name-helps", defaultLimits())
			first := "b/c.py"
			if name == "a.deb" {
				first = "c.py"
			}
			f.has(t, first, two()[0].text)
			f.has(t, "d.txt", two()[1].text)
			f.complete(t)
		})
	}
}

// TestCompressed reads a compressed file and a compressed tar of each format, and
// a truncated file as far as it goes.
func TestCompressed(t *testing.T) {
	text := "a log\n" + noise(300_000)
	for ext, open := range compressors() {
		t.Run(ext, func(t *testing.T) {
			b := through(t, text, open)
			f := read(t, b, "x.log"+ext, defaultLimits())
			f.has(t, "x.log", text)
			f.complete(t)
			tarred := through(t, string(tarOf(t, two()...)), open)
			f = read(t, tarred, "x.tar"+ext, defaultLimits())
			f.has(t, "b/c.py", two()[0].text)
			f.has(t, "d.txt", two()[1].text)
			f.complete(t)
			f = read(t, b[:len(b)-len(b)/3], "x.log"+ext, defaultLimits())
			if ext != ".lz4" && ext != ".lzma" && // these return whole blocks only
				len(f.text["x.log"]) < 1000 {
				t.Errorf("only %d bytes of a truncated file were read", len(f.text["x.log"]))
			}
			f.misses(t, "")
		})
	}
}

// TestBzip2 reads two streams in a row.
func TestBzip2(t *testing.T) {
	f := read(t, append(bzip2Of(t), bzip2Of(t)...), "x.bz2", defaultLimits())
	f.has(t, "x", bzip2Text+bzip2Text)
	f.complete(t)
}

// TestConcatenated reads concatenated streams as one file, as gzip, zstd, lz4 and
// xz do.
func TestConcatenated(t *testing.T) {
	for _, ext := range []string{".gz", ".zst", ".lz4", ".xz"} {
		one := through(t, "one ", compressors()[ext])
		two := through(t, "two", compressors()[ext])
		f := read(t, append(one, two...), "x"+ext, defaultLimits())
		f.has(t, "x", "one two")
		f.complete(t)
	}
	f := read(t, append(tarOf(t, file{"a", "1"}), tarOf(t, file{"b", "2"})...), "x.tar", defaultLimits())
	f.has(t, "b", "2")
	f = read(t, append(gz(t, "text"), make([]byte, 700)...), "padded.gz", defaultLimits())
	f.has(t, "padded", "text")
	f.complete(t)
}

// TestNested reads a docker image: a tar of layers, which are tars, compressed or
// not.
func TestNested(t *testing.T) {
	jar := zipOf(t, zip.Deflate, file{"application.properties", "secret"})
	layer := tarOf(t, file{"app/app.jar", string(jar)})
	image := tarOf(t, file{"manifest.json", "[]"}, file{"abc/layer.tar", string(layer)}, file{"blobs/sha256/def", string(gz(t, string(layer)))})
	f := read(t, gz(t, string(image)), "image.tgz", defaultLimits())
	f.has(t, "abc/layer.tar!app/app.jar!application.properties", "secret")
	f.has(t, "blobs/sha256/def!app/app.jar!application.properties", "secret")
	f.has(t, "abc/layer.tar!app/app.jar", string(jar))
	f.complete(t)
}

// TestDepthLimit reports a container that is nested too deep.
func TestDepthLimit(t *testing.T) {
	b := []byte("text")
	for range 7 {
		b = zipOf(t, zip.Deflate, file{"x.zip", string(b)})
	}
	f := read(t, b, "x.zip", defaultLimits())
	f.misses(t, "x.zip!x.zip!x.zip!x.zip!x.zip: it is a zip nested deeper than 5")
	if len(f.names) != 5 {
		t.Errorf("%d members, want 5", len(f.names))
	}
}

// TestEntryLimit stops at the limit of members, in each format.
func TestEntryLimit(t *testing.T) {
	l := defaultLimits()
	l.Entries = 1
	for name, b := range containers(t) {
		if f := read(t, b, name, l); len(f.names) > 1 || len(f.unread) == 0 {
			t.Errorf("%s: members %q, unread %q", name, f.names, f.unread)
		}
	}
}

// TestBombs stops at the limits of expansion, in one file and in many together.
func TestBombs(t *testing.T) {
	zeros := strings.Repeat("\x00", 8<<20)
	l := defaultLimits()
	l.RatioFloor, l.Ratio = 1<<20, 100
	for _, b := range map[string][]byte{"gz": gz(t, zeros), "zip": zipOf(t, zip.Deflate, file{"zeros", zeros}, file{"behind", "text"})} {
		f := read(t, b, "x", l)
		f.misses(t, "times its")
		if f.n > 6<<20 {
			t.Errorf("%d bytes were read", f.n)
		}
	}
	many := make([]file, 16)
	for i := range many {
		many[i] = file{fmt.Sprintf("%d.zip", i), string(zipOf(t, zip.Deflate, file{"0.dll", zeros}))}
	}
	f := read(t, zipOf(t, zip.Deflate, many...), "42.zip", l)
	f.misses(t, "times its")
	if f.n > 24<<20 {
		t.Errorf("%d bytes were read", f.n)
	}
	l.Expanded = 1000
	f = read(t, gz(t, noise(5000)), "x", l)
	f.misses(t, "more than 1000 bytes")
}

// TestBombBesideMembers reads the members after a bomb.
func TestBombBesideMembers(t *testing.T) {
	l := defaultLimits()
	l.RatioFloor, l.Ratio = 1<<20, 100
	b := zipOf(t, zip.Deflate, file{"zeros", strings.Repeat("\x00", 8<<20)}, file{"d.txt", noise(400_000)})
	f := read(t, b, "x", l)
	f.misses(t, "zeros: it expands to more than 100 times its packed size")
	f.has(t, "d.txt", noise(400_000))
}

// TestQuine stops in a gzip of many gzips. Gzip and zip files exist that contain
// themselves, which looks the same to a reader.
func TestQuine(t *testing.T) {
	b := []byte("x")
	for range 50 {
		b = gz(t, string(b))
	}
	f := read(t, b, "q.gz", defaultLimits())
	f.misses(t, "nested deeper")
}

// TestZipHiddenMembers reads members that no directory lists.
func TestZipHiddenMembers(t *testing.T) {
	b := zipOf(t, zip.Deflate, file{"seen", "seen text"})
	hidden := zipOf(t, zip.Deflate, file{"hidden", "hidden text"})
	local := hidden[:bytes.Index(hidden, []byte("PK\x01\x02"))]
	dir := bytes.Index(b, []byte("PK\x01\x02"))
	between := slices.Concat(b[:dir], local, b[dir:])
	binary.LittleEndian.PutUint32(between[len(between)-6:], uint32(dir+len(local)))
	for name, b := range map[string][]byte{"in front": slices.Concat(local, b), "between": between, "cut": append(bytes.Clone(local), b[:dir]...)} {
		f := read(t, b, name, defaultLimits())
		f.has(t, "hidden", "hidden text")
		f.has(t, "seen", "seen text")
		if name == "cut" {
			f.misses(t, "members were found by their own headers")
		} else {
			f.complete(t)
		}
	}
}

// TestZipBehindProgram reads a zip behind a script, a program and a picture.
func TestZipBehindProgram(t *testing.T) {
	b := zipOf(t, zip.Deflate, file{"seen", "seen text"})
	for _, head := range []string{"#!/bin/sh\nexec java -jar $0\n", "MZ" + noise(70_000), "\x7fELF" + noise(1000)} {
		f := read(t, append([]byte(head), b...), "app", defaultLimits())
		f.has(t, "seen", "seen text")
		f.complete(t)
		f = read(t, tarOf(t, file{"app", head + string(b)}), "app", defaultLimits())
		f.has(t, "app!seen", "seen text")
	}
	if DetectTail(None, append([]byte("GIF89a"), b...)) != Zip {
		t.Error("a zip behind a picture is not detected")
	}
	read(t, []byte("#!/bin/sh\necho PK\x05\x06\n"), "script", defaultLimits()).complete(t)
}

// TestZipWrongHeaders changes fields of a zip's directory. The member is read as
// far as possible, and the difference is reported.
func TestZipWrongHeaders(t *testing.T) {
	text := noise(1000)
	b := zipOf(t, zip.Store, file{"a", text})
	dir := bytes.Index(b, []byte("PK\x01\x02"))
	le := binary.LittleEndian
	for name, c := range map[string]struct {
		change func(b []byte)
		want   string
	}{
		"checksum":  {func(b []byte) { b[dir+16]++ }, "a: its checksum differs"},
		"size":      {func(b []byte) { le.PutUint32(b[dir+24:], 5) }, "a: it has 1000 bytes, but its header says 5"},
		"too large": {func(b []byte) { le.PutUint32(b[dir+20:], 1<<30) }, "a: it is cut short"},
		"encrypted": {func(b []byte) { b[dir+8] |= 1 }, "a: it is encrypted"},
		"method":    {func(b []byte) { b[dir+10] = 9 }, "a: it is compressed by method 9"},
		"offset":    {func(b []byte) { le.PutUint32(b[dir+42:], 77) }, "a: its header cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			lie := bytes.Clone(b)
			c.change(lie)
			f := read(t, lie, "x.zip", defaultLimits())
			f.misses(t, c.want)
			if got := string(f.text["a"]); name != "encrypted" && name != "method" && name != "offset" && !strings.HasPrefix(got, text) {
				t.Errorf("only %d bytes of the member were read", len(got))
			}
		})
	}
	f := read(t, zipOf(t, zip.Deflate, file{"a", "1"}, file{"a", "2"}), "x.zip", defaultLimits())
	f.has(t, "a", "12")
}

// TestTarTruncated reads a truncated member as far as it goes.
func TestTarTruncated(t *testing.T) {
	b := tarOf(t, file{"a", "text"}, file{"b", noise(5000)})
	f := read(t, b[:1536+3000], "x.tar", defaultLimits())
	f.has(t, "a", "text")
	f.has(t, "b", noise(5000)[:1000+1488+512])
	f.misses(t, "b: it is cut short")
}

// TestSparseBomb stops in a sparse file with a huge hole. Holes take no bytes in
// the tar.
func TestSparseBomb(t *testing.T) {
	l := defaultLimits()
	l.RatioFloor = 1 << 20
	h := tarOf(t, file{"a", strings.Repeat("x", 512)})
	copy(h[156:], "S")
	copy(h[257:], "ustar  \x00")
	copy(h[386:], "00000000000\x0000000001000\x00") // one piece at the start
	copy(h[483:], "77777777777\x00")                // 8 GB
	copy(h[148:], "        ")
	sum := 0
	for _, c := range h[:512] {
		sum += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	f := read(t, h, "x.tar", l)
	f.misses(t, "times its")
}

// TestMemoryLimit reports containers that need more memory than allowed, and gives
// back what the walk took.
func TestMemoryLimit(t *testing.T) {
	l := defaultLimits()
	account := budget.New(1<<20, 8).Account() // less than the walk needs
	l.Memory, l.Account = 100_000, account
	big := zipOf(t, zip.Store, two()...)
	out := &found{text: map[string][]byte{}}
	must(t, Walk(context.Background(), Input{Reader: bytes.NewReader(big)}, Zip, l, out))
	out.misses(t, "it is read from its end")
	if account.Held() != 0 {
		t.Errorf("%d bytes are still held", account.Held())
	}
	f := read(t, tarOf(t, file{"a.zip", string(big)}, file{"b", "text"}), "x.tar", l)
	f.misses(t, "a.zip: it is read from its end")
	f.has(t, "b", "text")
	f.has(t, "a.zip", string(big))
	l = defaultLimits()
	l.Window = 1 << 20
	for name, b := range map[string][]byte{"7z": sevenZipOf(t, true, two()...), "xz": through(t, noise(1000), compressors()[".xz"]), "zst": through(t, noise(9<<20), compressors()[".zst"])} {
		if f := read(t, b, name, l); len(f.unread) == 0 {
			t.Errorf("%s: a window of 8 MB was allowed", name)
		}
	}
}

// TestHeader7zDamaged reads headers with counts of four billion, and truncated
// ones. Nothing may panic or allocate for such a count.
func TestHeader7zDamaged(t *testing.T) {
	b := sevenZipOf(t, false, two()...)
	at := 32 + int(binary.LittleEndian.Uint64(b[12:]))
	header := b[at:]
	for i := range header {
		if header[i] == 0xff && i+9 <= len(header) {
			lie := bytes.Clone(header)
			binary.LittleEndian.PutUint64(lie[i+1:], 1<<32-1)
			read(t, start7z(b[32:at], lie), "x.7z", defaultLimits())
		}
	}
	for n := range header {
		read(t, start7z(b[32:at], header[:n]), "x.7z", defaultLimits())
	}
}

// TestNamesEscaped shows names without control characters, and long names cut.
func TestNamesEscaped(t *testing.T) {
	for name, want := range map[string]string{
		"../../etc/passwd": "../../etc/passwd", "/abs": "/abs", "a\x1b[31m\nb": `a\u001b[31m\u000ab`, "\xff\xfe": `\xff\xfe`,
		"\u202egnp.exe": `\u202egnp.exe`,
	} {
		f := read(t, zipOf(t, zip.Store, file{name, "x"}), "x", defaultLimits())
		f.has(t, want, "x")
	}
	if got := join("", strings.Repeat("ä", 5000)); len(got) > shownLen+3 {
		t.Errorf("a name of %d bytes is shown", len(got))
	}
}

// TestNamesShowNoToken shows names with a token at each place around the cut, and
// with characters that are escaped. The token must be masked before that.
func TestNamesShowNoToken(t *testing.T) {
	token := strings.Join([]string{"r8", "Kq7ZtY3mWx0Lr9DsVb4GhTn8CpJf2RyEu6Aa1"}, "_")
	hides := func(name string) {
		t.Helper()
		got := rules.Redact(join("p", name)) // as the caller does
		plain := strings.NewReplacer(`\u0000`, "", `\xff`, "").Replace(got)
		for at := 5; at+8 <= len(token); at++ {
			if strings.Contains(plain, token[at:at+8]) {
				t.Fatalf("%d bytes of name are shown as %q", len(name), strings.ReplaceAll(got, token[5:], "…"))
			}
		}
		if len(got) > 2+6*shownLen {
			t.Errorf("a name of %d bytes is shown in %d", len(name), len(got))
		}
	}
	for at := shownLen - 45; at < shownLen+3; at++ {
		for _, tail := range []string{"", "/x.txt", "\x01", "\xff", strings.Repeat("/y", 40000)} {
			hides(strings.Repeat("d", at) + "/" + token + tail)
			hides(strings.Repeat("\xff", at) + "/" + token + tail)
		}
	}
	hides(strings.Join(strings.Split(token, ""), "\x00") + "\x00")
}

// TestPlainText detects no container in text, whatever its name and its start.
func TestPlainText(t *testing.T) {
	for name, text := range map[string]string{
		"pt.br": "Olá, mundo: isto é só um texto em português do Brasil\n", "messages.br": "hello, this is text\n", "formula.txt": "x^2 + 2*x + 1 = 0 is an equation\n", "x.zz": "plain text is here\n",
		"bz.txt": "BZh9 is how a bzip2 file starts", "ustar.txt": strings.Repeat(" ", 257) + "ustar is a magic",
	} {
		f := Detect([]byte(text), name)
		out := &found{text: map[string][]byte{}}
		must(t, Walk(context.Background(), Input{Name: name, Reader: strings.NewReader(text)}, f, defaultLimits(), out))
		if f != None && (len(out.names) > 0 || len(out.unread) > 0) {
			t.Errorf("%s is read as %s: members %q, unread %q", name, f, out.names, out.unread)
		}
	}
}

type boom struct{ found }

func (b *boom) Member(path, name string) io.WriteCloser {
	if strings.HasSuffix(name, "boom") {
		panic("boom")
	}
	return b.found.Member(path, name)
}

// TestPanic reads the members after one that panics.
func TestPanic(t *testing.T) {
	b := &boom{found{text: map[string][]byte{}}}
	inner := zipOf(t, zip.Deflate, file{"boom", "x"})
	outer := tarOf(t, file{"a.zip", string(inner)}, file{"b", "text"})
	must(t, Walk(context.Background(), Input{Reader: bytes.NewReader(outer)}, Tar, defaultLimits(), b))
	b.has(t, "b", "text")
	b.misses(t, "a.zip: its zip decoder failed")
	if strings.Contains(fmt.Sprint(b.unread), "boom") {
		t.Error("the text of the panic is shown; it may quote the input")
	}
}

// TestCancelled returns the error of the context, and reports nothing as unread.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	out := &found{text: map[string][]byte{}}
	if err := Walk(ctx, Input{Reader: bytes.NewReader(gz(t, "text"))}, Gzip, defaultLimits(), out); err != context.Canceled {
		t.Errorf("error %v", err)
	}
	if len(out.unread) > 0 {
		t.Errorf("unread %q", out.unread)
	}
}

// BenchmarkDetect measures Detect on text, which is the usual case.
func BenchmarkDetect(b *testing.B) {
	text := []byte(noise(4096))
	for b.Loop() {
		Detect(text, "main.go")
	}
}
