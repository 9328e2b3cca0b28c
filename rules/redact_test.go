package rules

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// smallest is the length of the smallest buffer for redactStream.
const smallest = 2 * (Behind + Ahead)

// TestRedactStream redacts texts that arrive in pieces of various sizes. The result
// must be that of Redact for the whole text.
func TestRedactStream(t *testing.T) {
	a, b := testToken(30), testToken(31)
	r := rand.New(rand.NewPCG(9, 9))
	for name, text := range map[string]string{
		"nothing":       "",
		"one token":     a,
		"lines":         "x\n" + a + "\n\n" + b + "\r\ny",
		"one long line": strings.Repeat("x=8_r8_ ", 100) + a + strings.Repeat("z", 300) + b + strings.Repeat("-", 200),
		"binary":        "\x00\xff" + a + "\x00\x80" + b + string(bytes.Repeat([]byte{0, '8', '_'}, 500)),
		"neighbours":    a + a + prefix + b + "_" + a + "-\n" + a[:20] + prefix + b,
		"line breaks":   strings.Repeat("\n", 500) + a + strings.Repeat("\n", 500),
		"other bytes":   strings.Repeat("r8_é8888_", 200) + "\n" + b,
	} {
		want, found := Redact(text), int64(len(findAll(text)))
		for _, more := range []int{0, 1, 2, 3, 7, 19} {
			size := smallest + more
			for kind, reader := range map[string]io.Reader{
				"whole": strings.NewReader(text), "bytes": iotest.OneByteReader(strings.NewReader(text)), "halves": iotest.HalfReader(strings.NewReader(text)),
				"error with data": iotest.DataErrReader(strings.NewReader(text)), "random": &randomReader{strings.NewReader(text), r},
			} {
				var out bytes.Buffer
				n, err := redactStream(standard, &out, reader, make([]byte, size), 0)
				if err != nil || out.String() != want {
					t.Fatalf("%s, %s, buffer of %d: %v, %d bytes of %d are the same", name, kind, size, err, common(out.String(), want), len(want))
				}
				if n != found {
					t.Errorf("%s, %s: %d tokens, want %d", name, kind, n, found)
				}
			}
		}
		if name != "neighbours" { // the start of one token stays there
			assertHidden(t, want, a)
		}
		assertHidden(t, want, b)
	}
}

// randomReader returns a random number of bytes, sometimes none.
type randomReader struct {
	io.Reader
	r *rand.Rand
}

func (r *randomReader) Read(p []byte) (int, error) {
	return r.Reader.Read(p[:r.r.IntN(min(len(p), 120)+1)])
}

// common returns the length of the common prefix.
func common(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// TestRedactStreamKeepsUp reads each line of the result before the next line is
// written to the input.
func TestRedactStreamKeepsUp(t *testing.T) {
	token := testToken(32)
	lines, in := io.Pipe()
	out, sink := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := RedactStream(sink, lines)
		done <- errors.Join(err, sink.Close())
	}()
	buf := make([]byte, 100)
	for range 3 {
		if _, err := io.WriteString(in, "say "+token); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(in, "\n"); err != nil {
			t.Fatal(err)
		}
		n, err := out.Read(buf)
		if got, want := string(buf[:n]), Redact("say "+token+"\n"); err != nil || got != want {
			t.Fatalf("%v, read %q, want %q", err, Redact(got), want)
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestRedactStreamAcrossLines masks tokens across lines, also if each line arrives
// alone.
func TestRedactStreamAcrossLines(t *testing.T) {
	a := testToken(36)
	for _, text := range []string{
		"a\nk=" + a[:20] + "=\n" + a[20:] + "\nb\n", "x\nk=" + a[:12] + "=\r\n" + a[12:] + "\r\n", "t = \"" + a[:9] + "\" +\n  \"" + a[9:] + "\"\nx\n", "t = \"" + a[:9] + "\"\n  \"" + a[9:] + "\"\nx\n",
		"k=r8=\n" + a[2:] + "\n", "data:\n" + wrap(encode("some more text and k="+a+"\n", "base64"), 24, "\n") + "\n", "+" + wrap(encode("some more text and k="+a+"\n", "base64"), 24, "\n+") + "\n",
		wrap(encode("some more text and k="+a+"\n", "hex"), 40, "\n") + "\n.\n", "\"" + wrap(encode("some more text and k="+a, "base64"), 40, "\",\n\"") + "\"\n",
		"k=" + a[:20] + "\\\n" + a[20:] + "\n", "\x1b[01;31m\x1b[Kr8_\x1b[m\x1b[K" + a[3:] + "\n", "- name: REPLICATE_API_TOKEN\n  value: " + fakeHex + "\n", "REPLICATE_API_TOKEN=" + fakeHex + "\nx",
	} {
		want := Redact(text)
		if want == text {
			t.Fatalf("%q: nothing is masked", text)
		}
		for name, r := range map[string]io.Reader{"bytes": iotest.OneByteReader(strings.NewReader(text)), "lines": &lineReader{text}, "whole": strings.NewReader(text)} {
			var out bytes.Buffer
			if _, err := redactStream(standard, &out, r, make([]byte, redactLen), 0); err != nil || out.String() != want {
				t.Errorf("%s, %q: %v, %q", name, want, err, out.String())
			}
		}
	}
}

// lineReader returns one line at a time.
type lineReader struct{ text string }

func (l *lineReader) Read(p []byte) (int, error) {
	i := strings.IndexByte(l.text, '\n') + 1
	if i == 0 {
		i = len(l.text)
	}
	if i == 0 {
		return 0, io.EOF
	}
	n := copy(p, l.text[:i])
	l.text = l.text[n:]
	return n, nil
}

// TestRedactStreamWaits reads the start of a token after the wait. The rest of the
// token, which arrives later, must be masked.
func TestRedactStreamWaits(t *testing.T) {
	token := testToken(37)
	in, source := io.Pipe()
	out, sink := io.Pipe()
	done := make(chan error, 1)
	go func() {
		n, err := redactStream(standard, sink, in, make([]byte, redactLen), 20*time.Millisecond)
		if n != 1 {
			err = errors.Join(err, errors.New("not one token"))
		}
		done <- errors.Join(err, sink.Close())
	}()
	buf := make([]byte, 100)
	for _, step := range []struct{ in, want string }{
		{"Password: ", "Password: "}, {"\nk=" + token[:10], "\nk=" + token[:10]}, {token[10:] + "\n", strings.Repeat("*", 30) + "\n"}, {"x\n", "x\n"},
	} {
		if _, err := io.WriteString(source, step.in); err != nil {
			t.Fatal(err)
		}
		got := ""
		for len(got) < len(step.want) {
			n, err := out.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			got += string(buf[:n])
		}
		if got != step.want {
			t.Fatalf("read %q, want %q", Redact(got), Redact(step.want))
		}
	}
	if err := source.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestRedactStreamErrors returns the errors of the reader and the writer, and writes
// what came before an error of the reader.
func TestRedactStreamErrors(t *testing.T) {
	boom := errors.New("boom")
	var out bytes.Buffer
	_, err := RedactStream(&out, io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(boom)))
	if !errors.Is(err, boom) || out.String() != "a\nb" {
		t.Errorf("%v, wrote %q, want all that was read before the error", err, out.String())
	}
	if _, err := RedactStream(brokenPipe{boom}, strings.NewReader("a\n")); !errors.Is(err, boom) {
		t.Error(err)
	}
	if _, err := RedactStream(io.Discard, silentReader{}); !errors.Is(err, io.ErrNoProgress) {
		t.Error(err)
	}
}

type brokenPipe struct{ err error }

func (b brokenPipe) Write([]byte) (int, error) { return 0, b.err }

type silentReader struct{}

func (silentReader) Read([]byte) (int, error) { return 0, nil }

// TestMaskEncoded masks a token whose encoded form has another length than the
// token.
func TestMaskEncoded(t *testing.T) {
	text := []byte("a cjhf\r\nAbcd b")
	mask(text, []Match{{Start: 2, End: 12, Secret: NewSecret(testToken(33), shown)}})
	if got := string(text); got != "a ****\r\n**** b" {
		t.Errorf("%q", got)
	}
}

// FuzzRedactStream redacts any text in pieces of random size. The result must be
// that of Redact.
func FuzzRedactStream(f *testing.F) {
	f.Add([]byte("x "+testToken(34)+"\n"+testToken(35)), uint16(3), uint16(7))
	f.Fuzz(func(t *testing.T, text []byte, size, seed uint16) {
		var out bytes.Buffer
		r := &randomReader{bytes.NewReader(text), rand.New(rand.NewPCG(uint64(seed), 1))}
		if _, err := redactStream(standard, &out, r, make([]byte, smallest+int(size)%1000), 0); err != nil {
			t.Fatal(err)
		}
		if want := Redact(string(text)); out.String() != want {
			t.Fatalf("%d bytes of %d are the same", common(out.String(), want), len(want))
		}
	})
}

// BenchmarkRedactStream measures RedactStream on log lines. The goal is 1 GB/s.
func BenchmarkRedactStream(b *testing.B) {
	line := "2026-11-21T03:04:05.678Z INFO  request id=8f14e45f path=/v1/models status=200 took=18ms user=ada\n"
	text := bytes.Repeat([]byte(line), 100_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := RedactStream(io.Discard, bytes.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
}

// TestRedactStreamBreaks puts breaks at various places of a token, also breaks that
// end a line. The token's body must be masked, although the line before it may be
// written already.
func TestRedactStreamBreaks(t *testing.T) {
	token := testToken(37)
	for _, list := range breaks {
		for _, b := range list {
			for at := 1; at < tokenLen; at += 1 + at/3 {
				text := "a line\nk=\"" + token[:at] + b + token[at:] + "\" x\n"
				var out bytes.Buffer
				if _, err := redactStream(standard, &out, &lineReader{text}, make([]byte, redactLen), 0); err != nil || out.Len() != len(text) {
					t.Fatalf("%q at %d: %v", b, at, err)
				}
				assertHidden(t, out.String(), token)
			}
		}
	}
}
