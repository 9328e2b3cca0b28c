package main

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"r8scan/internal/git/gittest"
)

// bounded runs the command with 4 GB of address space and a budget of 128 MiB, and
// returns its exit code. Resident memory must stay below 1.25 times the budget and
// what the program itself takes. The binary is built here, because the race detector
// takes several times the memory.
func bounded(t *testing.T, stdin io.Reader, args ...string) int {
	t.Helper()
	const budget, program = 128 << 10, 32 << 10 // in KB, as rusage is
	binary := filepath.Join(t.TempDir(), "plain-r8scan")
	if out, err := exec.Command("go", "build", "-race=false", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command("measured", append([]string{binary}, args...)...)
	var out, notes bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &notes
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, notes.Bytes())
	}
	if strings.Contains(notes.String(), "goroutine") {
		t.Fatalf("%s", notes.Bytes())
	}
	var code, resident int
	if _, err := fmt.Sscan(out.String(), &code, &resident); err != nil {
		t.Fatalf("%v in %q", err, out.Bytes())
	}
	if most := budget*5/4 + program; resident > most {
		t.Errorf("%s: %d KB were resident, %d are allowed", args[0], resident, most)
	}
	return code
}

// measured runs the command in its arguments, and prints its exit code and its peak
// resident KB. A process starts with its parent's peak, so the tests, which are large,
// do not start it themselves.
func measured() {
	cmd := exec.Command("sh", append([]string{"-c", `ulimit -v 4000000; exec "$@"`, "sh"}, os.Args[1:]...)...)
	cmd.Stdin, cmd.Stderr = os.Stdin, os.Stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(cmd.ProcessState.ExitCode(), cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
}

// TestBoundedDeltas scans, with eight workers, eight packs of a few kilobytes whose
// deltas expand to many megabytes.
func TestBoundedDeltas(t *testing.T) {
	for name, c := range map[string]struct{ size, code int }{"read": {36 << 20, exitClean}, "too large": {44 << 20, exitIncomplete}} {
		r := gittest.New(t)
		for i := range 8 {
			writeBomb(t, filepath.Join(r.GitDir(), "objects", "pack"), i, c.size)
		}
		if code := bounded(t, nil, "history", "-j8", "--no-cache", "-q", "--max-memory", "128MiB", r.Dir); code != c.code {
			t.Errorf("%s: exit code %d, want %d", name, code, c.code)
		}
	}
}

// writeBomb writes a pack with a base, a delta on it, and two deltas on that one. Each
// expands to size bytes.
func writeBomb(t *testing.T, dir string, number, size int) {
	t.Helper()
	const baseSize = 1 << 20
	pack := []byte("PACK\x00\x00\x00\x02\x00\x00\x00\x04")
	ids, starts, checks := map[string]int{}, []int{}, []uint32{}
	add := func(kind byte, data []byte, on int) {
		at := len(pack)
		c := kind<<4 | byte(len(data)&15)
		for n := len(data) >> 4; n > 0; n >>= 7 {
			pack = append(pack, c|0x80)
			c = byte(n & 0x7f)
		}
		pack = append(pack, c)
		if on >= 0 {
			pack = append(pack, backwards(at-starts[on])...)
		}
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		_, _ = w.Write(data)
		_ = w.Close()
		pack = append(pack, z.Bytes()...)
		id := sha1.Sum(fmt.Append(nil, number, len(starts)))
		ids[string(id[:])] = len(starts)
		starts, checks = append(starts, at), append(checks, crc32.ChecksumIEEE(pack[at:]))
	}
	delta := func(from int) []byte {
		d := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(from)), uint64(size))
		return append(d, bytes.Repeat([]byte{0xf0, 0, 0, 0x10}, size/baseSize)...)
	}
	add(3, bytes.Repeat([]byte{1}, baseSize), -1)
	add(6, delta(baseSize), 0)
	add(6, delta(size), 1)
	add(6, delta(size), 1)
	sum := sha1.Sum(pack)
	pack = append(pack, sum[:]...)
	write(t, filepath.Join(dir, fmt.Sprintf("pack-%040d.pack", number)), pack)
	write(t, filepath.Join(dir, fmt.Sprintf("pack-%040d.idx", number)), index(ids, starts, checks, sum[:]))
}

// backwards encodes the distance to a delta's base.
func backwards(n int) []byte {
	out := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		out = append([]byte{0x80 | byte(n&0x7f)}, out...)
	}
	return out
}

// index returns a pack's index of version 2.
func index(ids map[string]int, starts []int, checks []uint32, pack []byte) []byte {
	var sorted []string
	for id := range ids {
		sorted = append(sorted, id)
	}
	slices.Sort(sorted)
	out := []byte("\xfftOc\x00\x00\x00\x02")
	for i := range 256 {
		n := 0
		for _, id := range sorted {
			if int(id[0]) <= i {
				n++
			}
		}
		out = binary.BigEndian.AppendUint32(out, uint32(n))
	}
	out = append(out, strings.Join(sorted, "")...)
	for _, id := range sorted {
		out = binary.BigEndian.AppendUint32(out, checks[ids[id]])
	}
	for _, id := range sorted {
		out = binary.BigEndian.AppendUint32(out, uint32(starts[ids[id]]))
	}
	out = append(out, pack...)
	sum := sha1.Sum(out)
	return append(out, sum[:]...)
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBoundedPipe pipes in a zip of 200 MB, which has to be read from its end. The zip
// is named as unread, and searched as it is.
func TestBoundedPipe(t *testing.T) {
	head := "PK\x03\x04" + strings.Repeat("\x00", 60)
	stream := io.MultiReader(strings.NewReader(head), io.LimitReader(endlessInput{}, 200<<20), strings.NewReader(" "+gittest.Token(1)+" "))
	if code := bounded(t, stream, "files", "-q", "--max-memory", "128MiB", "-"); code != exitFound {
		t.Errorf("exit code %d, want %d", code, exitFound)
	}
}

// endlessInput reads as dots.
type endlessInput struct{}

func (endlessInput) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '.'
	}
	return len(p), nil
}
