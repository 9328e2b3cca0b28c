package rules

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// smallest is the least that redactStream can work with.
const smallest = 2 * (Behind + Ahead)

// TestRedactStream gives texts in pieces of every kind: each byte of the result
// is what Redact makes of the whole.
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
		want := Redact(text)
		for size := smallest; size < smallest+20; size++ {
			for kind, reader := range map[string]io.Reader{
				"whole": strings.NewReader(text), "bytes": iotest.OneByteReader(strings.NewReader(text)), "halves": iotest.HalfReader(strings.NewReader(text)),
				"error with data": iotest.DataErrReader(strings.NewReader(text)), "random": &randomReader{strings.NewReader(text), r},
			} {
				var out bytes.Buffer
				n, err := standard.redactStream(&out, reader, make([]byte, size))
				if err != nil || out.String() != want {
					t.Fatalf("%s, %s, buffer of %d: %v, %d bytes of %d are the same", name, kind, size, err, common(out.String(), want), len(want))
				}
				if found := int64(len(findAll(text))); n != found {
					t.Errorf("%s, %s: %d tokens, want %d", name, kind, n, found)
				}
			}
		}
		if name != "neighbours" { // there the front of one token stays
			assertHidden(t, want, a)
		}
		assertHidden(t, want, b)
	}
}

// randomReader gives a random number of bytes, sometimes none.
type randomReader struct {
	io.Reader
	r *rand.Rand
}

func (r *randomReader) Read(p []byte) (int, error) {
	return r.Reader.Read(p[:r.r.IntN(min(len(p), 120)+1)])
}

func common(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// TestRedactStreamFollows: each line can be read before the next one is there.
func TestRedactStreamFollows(t *testing.T) {
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

func TestRedactStreamErrors(t *testing.T) {
	boom := errors.New("boom")
	var out bytes.Buffer
	_, err := RedactStream(&out, io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(boom)))
	if !errors.Is(err, boom) || out.String() != "a\nb" {
		t.Errorf("%v, wrote %q: what was read before an error is written", err, out.String())
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

// TestMaskEncoded: a token that is written in another encoding is longer than
// its mask.
func TestMaskEncoded(t *testing.T) {
	text := []byte("a cjhf\r\nAbcd b")
	mask(text, []Match{{Start: 2, End: 12, Secret: NewSecret(testToken(33), shown)}})
	if got := string(text); got != "a ****\r\n**** b" {
		t.Errorf("%q", got)
	}
}

func FuzzRedactStream(f *testing.F) {
	f.Add([]byte("x "+testToken(34)+"\n"+testToken(35)), uint16(3), uint16(7))
	f.Fuzz(func(t *testing.T, text []byte, size, seed uint16) {
		var out bytes.Buffer
		r := &randomReader{bytes.NewReader(text), rand.New(rand.NewPCG(uint64(seed), 1))}
		if _, err := standard.redactStream(&out, r, make([]byte, smallest+int(size)%1000)); err != nil {
			t.Fatal(err)
		}
		if want := Redact(string(text)); out.String() != want {
			t.Fatalf("%d bytes of %d are the same", common(out.String(), want), len(want))
		}
	})
}

// BenchmarkRedactStream is to reach 1 GB/s.
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
