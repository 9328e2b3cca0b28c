package rules

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"go/build"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// benchLen is the length of each input, which is larger than the processor's cache.
const benchLen = 8 << 20

// benchInputs returns texts without a token. They are made of Go's sources, the
// test program and random bytes, so every machine has them.
func benchInputs(b *testing.B) map[string][]byte {
	b.Helper()
	var source []byte // Go's own
	files, err := filepath.Glob(filepath.Join(build.Default.GOROOT, "src/net/http/*.go"))
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		source = append(source, text...)
	}
	if len(source) == 0 {
		b.Skip("Go's sources are not installed")
	}
	program, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		b.Fatal(err)
	}
	random := make([]byte, benchLen/4*3)
	r := rand.NewChaCha8([32]byte{})
	_, _ = r.Read(random) // never fails
	return map[string][]byte{
		"source":   repeated(source),
		"minified": repeated(bytes.Join(bytes.Fields(source), nil)),
		"binary":   repeated(binary),
		"base64":   base64.StdEncoding.AppendEncode(nil, random),
	}
}

func repeated(text []byte) []byte { return bytes.Repeat(text, benchLen/len(text)+1)[:benchLen] }

// findPlain searches for plain tokens only, by the rarest byte of their prefix. The
// benchmark compares the search for all forms with it.
func findPlain(dst []Match, text []byte, from, to int) []Match {
	for p := from + 1; p < min(to+1, len(text)-1); p++ {
		i := bytes.IndexByte(text[p:min(to+1, len(text)-1)], '8')
		if i < 0 {
			break
		}
		if p += i; text[p-1] == 'r' && text[p+1] == '_' {
			if m, ok := judge(text, p-1); ok {
				dst = append(dst, m)
			}
		}
	}
	return dst
}

// BenchmarkSearch shows what the encoded forms cost. It measures a search for plain
// tokens, and a search for all forms by each pass that this machine supports. A
// pass is named by the number of places that it checks at once. forms=8 uses no
// vectors. To compare them:
//
//	go test -run xxx -bench Search -count 6 ./rules > x; benchstat -col /forms x
func BenchmarkSearch(b *testing.B) {
	inputs := benchInputs(b)
	for _, input := range []string{"source", "minified", "binary", "base64"} {
		text := inputs[input]
		b.Run("input="+input+"/forms=plain", func(b *testing.B) { benchSearch(b, text, findPlain) })
		for _, p := range passes {
			b.Run(fmt.Sprintf("input=%s/forms=%d", input, p), func(b *testing.B) {
				benchSearch(b, text, func(dst []Match, text []byte, from, to int) []Match { return findBy(p, dst, text, from, to, 0) })
			})
		}
	}
}

// benchSearch searches as a scan does, in pieces that fit the processor's cache.
func benchSearch(b *testing.B, text []byte, find func(dst []Match, text []byte, from, to int) []Match) {
	const piece = 256 << 10
	b.SetBytes(int64(len(text)))
	var ms []Match
	for b.Loop() {
		for at := 0; at < len(text); at += piece {
			ms = find(ms[:0], text, at, min(len(text), at+piece))
		}
	}
}
