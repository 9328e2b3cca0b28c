package archive

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// starts returns what a file begins with that has a signature, and enough behind
// it that all of what the signature asks for may hold.
func (s *signature) starts() []byte {
	more := map[string]string{"BZh": "91AY&SY", "\x1f\x9d": "\x90", "zPQ": "\x01", "\x1f\x8b": "\x08\x00"}[s.magic]
	return append([]byte(s.magic+more), make([]byte, 600)...)
}

// tarNamed is a tar whose first name is any bytes.
func tarNamed(t *testing.T, name string) []byte {
	b := tarOf(t, file{strings.Repeat("x", len(name)), "text"})
	copy(b, name)
	copy(b[148:], "        ")
	sum := 0
	for _, c := range b[:512] {
		sum += int(c)
	}
	copy(b[148:], fmt.Sprintf("%06o\x00 ", sum))
	return b
}

// No two signatures of different formats can stand in the same place, so that
// their order does not matter and each is known whatever else begins like it.
func TestSignatures(t *testing.T) {
	for i, a := range signatures {
		for _, b := range signatures[i+1:] {
			n := min(len(a.magic), len(b.magic))
			if a.magic[:n] == b.magic[:n] && (a.f != b.f || a.kind != b.kind) {
				t.Errorf("what begins with %q is %s and, with %q, %s", a.magic, a.f, b.magic, b.f)
			}
		}
	}
	for _, s := range signatures {
		b := s.starts()
		for _, name := range []string{"", "x", "x.br", "x.lzma", "x.zz", "x.Z", "x.gz", "x.zip", "x.tar", "x.txt"} {
			if f := Detect(b[:HeadLen], name); f != s.f {
				t.Errorf("what begins with %q and is called %q is %s, want %s", s.magic, name, f, s.f)
			}
		}
		if s.f == Foreign && foreignKind(b) != s.kind {
			t.Errorf("what begins with %q is %s, want %s", s.magic, foreignKind(b), s.kind)
		}
		if f := Detect(tarNamed(t, s.magic)[:HeadLen], ""); f != Tar {
			t.Errorf("a tar whose first name begins with %q is %s", s.magic, f)
		}
	}
}

// What begins with a signature is found behind something else too, or its kind is
// one that is not looked for there.
func TestSignaturesBehind(t *testing.T) {
	not := []Format{Executable, Reftable, Foreign, SevenZip, RAR} // the last two by checksums
	for _, s := range signatures {
		b := s.starts()
		want := s.f
		if slices.Contains(not, s.f) || s.f == Zip && s.magic != "PK\x03\x04" {
			want = None
		}
		if f := strong(b, 512); f != want {
			t.Errorf("%q behind something else is %s, want %s", s.magic, f, want)
		}
	}
}

// Text that begins as a format does is text.
func TestSignaturesInText(t *testing.T) {
	for _, text := range []string{"H\rello\n", "HK is a place", "X\tand so on", "(PDF), that is", "8 times", "LZIP is good", "RE~ something", "bvx3 and more", "Px*M\x17"} {
		if f := Detect([]byte(text+strings.Repeat("text ", 100)), "x"); f != None {
			t.Errorf("%q is %s", text, f)
		}
	}
}
