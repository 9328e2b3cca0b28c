package archive

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestSelfExtracting reads archives behind programs of various lengths. The
// programs contain the signatures too. A program alone has no members.
func TestSelfExtracting(t *testing.T) {
	for _, magic := range []string{"MZ\x90\x00", "\x7fELF\x02\x01\x01\x00"} {
		for _, length := range []int{100, bufLen, 700_000, 3 << 20} {
			stub := magic + strings.Repeat("\x00code "+signature7z+"\x00\x04 "+signatureRAR+"\x00 "+signatureRAR+"\x01\x00", length/30)
			for _, b := range [][]byte{sevenZipOf(t, true, two()...), rarOf(two()...)} {
				f := read(t, append([]byte(stub), b...), "setup.exe", defaultLimits())
				f.has(t, "b/c.py", two()[0].text)
				f.has(t, "d.txt", two()[1].text)
				f.complete(t)
				if got := DetectTail(Executable, append([]byte(stub), b...)); got != Executable {
					t.Errorf("behind %d bytes it is detected as %s", len(stub), got)
				}
			}
			f := read(t, []byte(stub), "plain.exe", defaultLimits())
			f.complete(t)
			if len(f.names) > 0 || DetectTail(Executable, []byte(stub)) != None {
				t.Errorf("a program alone has members %q", f.names)
			}
		}
	}
}

// TestStartsRAR4 recognizes a RAR 4 by a main header that rar wrote. No test
// builds a whole RAR 4.
func TestStartsRAR4(t *testing.T) {
	main := []byte(signatureRAR + "\x00\xcf\x90\x73\x00\x00\x0d\x00\x00\x00\x00\x00\x00\x00")
	if !startsRAR(append(main, make([]byte, 64)...)) {
		t.Error("a main header is not recognized")
	}
	if startsRAR(append(bytes.Replace(main, []byte("\x73"), []byte("\x74"), 1), make([]byte, 64)...)) {
		t.Error("another header is recognized as a main header")
	}
}

// TestSelfExtractingInside reads a self-extracting archive in a container.
func TestSelfExtractingInside(t *testing.T) {
	exe := "MZ" + strings.Repeat("code\x00", 9000) + string(sevenZipOf(t, true, two()...))
	f := read(t, tarOf(t, file{"a/setup.exe", exe}, file{"after", "text"}), "x.tar", defaultLimits())
	f.has(t, "a/setup.exe!b/c.py", two()[0].text)
	f.has(t, "a/setup.exe", exe)
	f.has(t, "after", "text")
	f.complete(t)
}

// TestSelfExtractingScripts reads an archive of each format behind the last line
// of scripts of various lengths. The scripts quote signatures. A script alone is
// only text.
func TestSelfExtractingScripts(t *testing.T) {
	for _, lines := range []int{3, 2000, 20_000} {
		script := "#!/bin/sh\n" + strings.Repeat("tail -n +3 \"$0\" | tar xz # 7z BZh91 PK\n", lines) + "exit 0\n"
		for ext, b := range streams(t, hiddenText) {
			if ext == ".br" || ext == ".lzma" || ext == ".zz" || ext == ".ar" { // they begin like lines of text
				continue
			}
			whole := append([]byte(script), b...)
			if DetectTail(Executable, whole) == None {
				t.Errorf("%s behind %d lines is not detected", ext, lines)
			}
			for how, f := range walks(t, whole, "install.run") {
				if !f.holds() {
					t.Errorf("%s behind %d lines, %s: members %q, unread %q", ext, lines, how, f.names, f.unread)
				}
				f.complete(t)
			}
		}
		if got := DetectTail(Executable, []byte(script)); got != None {
			t.Errorf("a script alone is detected as %s", got)
		}
	}
}

// TestMayHoldArchive returns true for each container that is searched for behind a
// script, even for an empty one.
func TestMayHoldArchive(t *testing.T) {
	for _, text := range []string{"", "x", strings.Repeat("text ", 100)} {
		for ext, b := range streams(t, text) {
			switch strong(b, 0) {
			case None, Zlib, Skippable, Ar:
				continue
			}
			if !mayHoldArchive(append([]byte("#!/bin/sh\n"), b...)) {
				t.Errorf("%s of %d bytes is missed", ext, len(text))
			}
		}
	}
	if mayHoldArchive([]byte("#!/bin/sh\necho caf\xe9 | gzip # \x1b[1m PK 7z BZh9\n")) {
		t.Error("text may hold an archive")
	}
}

// TestIndexZipEnd compares the search by the third byte with that by all of them.
func TestIndexZipEnd(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 3000 {
		text := make([]byte, n%60)
		for i := range text {
			text[i] = zipEndSignature[r.IntN(4)]
		}
		if got, want := indexZipEnd(text), bytes.Index(text, zipEndSignature); got != want {
			t.Fatalf("%q: %d, want %d", text, got, want)
		}
	}
}
