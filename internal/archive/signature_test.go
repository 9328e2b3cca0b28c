package archive

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// starts returns the first bytes of a file that has the signature and meets its
// other condition.
func (s *signature) starts() []byte {
	more := map[string]string{"BZh": "91AY&SY", "\x1f\x9d": "\x90", "zPQ": "\x01", "\x1f\x8b": "\x08\x00"}[s.magic]
	return append([]byte(s.magic+more), make([]byte, 600)...)
}

// tarNamed returns a tar whose first name is any bytes.
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

// TestSignatures checks that no file can begin with signatures of two formats, so
// their order does not matter. It detects each signature, whatever the file's
// name is. A tar is detected even if its first name begins with a signature.
func TestSignatures(t *testing.T) {
	for i, a := range signatures {
		for _, b := range signatures[i+1:] {
			n := min(len(a.magic), len(b.magic))
			if a.magic[:n] == b.magic[:n] && (a.f != b.f || a.kind != b.kind) {
				t.Errorf("%q of %s and %q of %s begin alike", a.magic, a.f, b.magic, b.f)
			}
		}
	}
	for _, s := range signatures {
		b := s.starts()
		for _, name := range []string{"", "x", "x.br", "x.lzma", "x.zz", "x.Z", "x.gz", "x.zip", "x.tar", "x.txt"} {
			if f := Detect(b[:HeadLen], name); f != s.f {
				t.Errorf("a file with %q and the name %q is detected as %s, want %s", s.magic, name, f, s.f)
			}
		}
		if s.f == Foreign && foreignKind(b) != s.kind {
			t.Errorf("a file with %q is of the kind %s, want %s", s.magic, foreignKind(b), s.kind)
		}
		if f := Detect(tarNamed(t, s.magic)[:HeadLen], ""); f != Tar {
			t.Errorf("a tar whose first name begins with %q is detected as %s", s.magic, f)
		}
	}
}

// TestSignaturesBehindData finds a container behind other data by its signature.
// The formats in not are not searched for there, or not by their signature alone.
func TestSignaturesBehindData(t *testing.T) {
	not := []Format{Executable, Reftable, Foreign, SevenZip, RAR} // the last two also need a checksum
	for _, s := range signatures {
		b := s.starts()
		want := s.f
		if slices.Contains(not, s.f) || s.f == Zip && s.magic != "PK\x03\x04" {
			want = None
		}
		if f := strong(b, 512); f != want {
			t.Errorf("%q behind other data is detected as %s, want %s", s.magic, f, want)
		}
	}
}

// TestSignaturesInText detects no format in text that begins like one.
func TestSignaturesInText(t *testing.T) {
	for _, text := range []string{"H\rello\n", "HK is a place", "X\tand so on", "(PDF), that is", "8 times", "LZIP is good", "RE~ something", "bvx3 and more", "Px*M\x17"} {
		if f := Detect([]byte(text+strings.Repeat("text ", 100)), "x"); f != None {
			t.Errorf("%q is detected as %s", text, f)
		}
	}
}
