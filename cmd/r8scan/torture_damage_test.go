package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// damage is what was done to a file.
type damage struct {
	how     string
	path    string // in the base
	with    string // the other one of two swapped files
	removes bool   // the file is gone
}

// fileGroups are groups of files. A trial chooses a group, then a file in it, so that
// the one index of a repository is damaged as often as all its objects together. Files
// that match no expression are grouped by extension.
var fileGroups = []*regexp.Regexp{
	regexp.MustCompile(`objects/../[0-9a-f]+$`),
	regexp.MustCompile(`objects/pack/.*\.pack$`),
	regexp.MustCompile(`objects/pack/.*\.idx$`),
	regexp.MustCompile(`objects/pack/[^/]*$`),
	regexp.MustCompile(`(^|/)logs/`),
	regexp.MustCompile(`(^|/)refs/`),
	regexp.MustCompile(`(^|/)reftable/.*\.ref$`),
	regexp.MustCompile(`(^|/)sharedindex\.`),
	regexp.MustCompile(`(^|/)(index|HEAD|config|packed-refs|shallow|alternates|commondir|gitdir|tables\.list|\.git)$`),
}

func fileGroup(file string) string {
	for _, g := range fileGroups {
		if m := g.FindStringSubmatch(file); len(m) > 2 {
			return m[2]
		} else if m != nil {
			return g.String()
		}
	}
	return path.Ext(file)
}

// damage changes one file of the base, or sometimes two.
func (b *tortureBase) damage(t *testing.T, rng *rand.Rand) []damage {
	t.Helper()
	var names []string
	for name := range b.groups {
		names = append(names, name)
	}
	slices.Sort(names)
	var out []damage
	for range 1 + rng.IntN(3)/2 {
		group := b.groups[names[rng.IntN(len(names))]]
		if file := group[rng.IntN(len(group))]; !touches(out, file) {
			out = append(out, b.damageFile(t, rng, file, out))
		}
	}
	return out
}

func touches(all []damage, file string) bool {
	return slices.ContainsFunc(all, func(d damage) bool { return d.path == file || d.with == file })
}

// another returns an undamaged file to swap with file. Half of the time it is of the
// same group.
func (b *tortureBase) another(rng *rand.Rand, file string, touched []damage) string {
	group := b.groups[fileGroup(file)]
	if other := group[rng.IntN(len(group))]; rng.IntN(2) == 0 && other != file && !touches(touched, other) {
		return other
	}
	for {
		if other := b.files[rng.IntN(len(b.files))].path; other != file && !touches(touched, other) {
			return other
		}
	}
}

// replacements replace a file. If the system does not support one, the file is only
// removed.
var replacements = []struct {
	how  string
	make func(path string) error
}{
	{"removal", func(string) error { return nil }},
	{"replacement by a folder", func(path string) error { return os.Mkdir(path, 0o755) }},
	{"replacement by a link to nothing", func(path string) error { return os.Symlink("nothing", path) }},
	{"replacement by a link to its folder", func(path string) error { return os.Symlink(".", path) }},
	{"replacement by a link to /dev/zero", func(path string) error { return os.Symlink("/dev/zero", path) }},
	{"replacement by a link to an endless file", func(path string) error { return os.Symlink("/proc/self/pagemap", path) }},
	{"replacement by a pipe", makePipe},
}

// damageFile damages a file; before is the damage so far.
func (b *tortureBase) damageFile(t *testing.T, rng *rand.Rand, file string, before []damage) damage {
	t.Helper()
	full := filepath.Join(b.root, file)
	d := damage{path: file}
	switch n := rng.IntN(12); n {
	default:
		text := bytes.Clone(b.byPath[file].text)
		var changed []byte
		d.how, changed = damageText(rng, text)
		writeTorture(t, full, changed, b.byPath[file].mode)
	case 0, 1:
		r := replacements[rng.IntN(len(replacements))]
		d.how, d.removes = r.how, true
		removeTorture(t, full)
		if r.make(full) != nil {
			d.how += ", which this system does not have"
		}
	case 2:
		d.how, d.with = "swap", b.another(rng, file, before)
		x, y := b.byPath[file], b.byPath[d.with]
		writeTorture(t, full, y.text, y.mode)
		writeTorture(t, filepath.Join(b.root, d.with), x.text, x.mode)
	case 3:
		d.how = "chmod 0" // root can still read it
		if err := os.Chmod(full, 0); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// damageText changes bytes, mostly at both ends, where the headers are.
func damageText(rng *rand.Rand, text []byte) (how string, out []byte) {
	const header = 64
	at := rng.IntN(len(text) + 1)
	switch rng.IntN(3) {
	case 0:
		at = rng.IntN(min(header, len(text)) + 1)
	case 1:
		at = len(text) - rng.IntN(min(header, len(text))+1)
	}
	n := 1 + rng.IntN(1<<rng.IntN(8))
	end := min(at+n, len(text))
	junk := make([]byte, n)
	for i := range junk {
		junk[i] = byte(rng.UintN(256))
	}
	where := fmt.Sprintf("%d bytes at %d of %d", n, at, len(text))
	switch rng.IntN(8) {
	case 0:
		return fmt.Sprintf("cut at %d of %d", at, len(text)), text[:at]
	case 1:
		return "zeros: " + where, slices.Concat(text[:at], make([]byte, end-at), text[end:])
	case 2:
		return "duplicate: " + where, slices.Insert(text, at, text[at:end]...)
	case 3:
		return "insertion: " + where, slices.Insert(text, at, junk...)
	case 4:
		return "deletion: " + where, slices.Delete(text, at, end)
	case 5:
		return "garbage at the end: " + where, append(text, junk...)
	case 6:
		if rng.IntN(4) == 0 {
			return "emptying", nil
		}
		return "overwriting: " + where, slices.Concat(text[:at], junk[:end-at], text[end:])
	}
	if at == len(text) {
		return "nothing", text
	}
	bit := byte(1) << rng.UintN(8)
	text[at] ^= bit
	return fmt.Sprintf("flip of bit %#x at %d of %d", bit, at, len(text)), text
}

// restore undoes all damage.
func (b *tortureBase) restore(t *testing.T) {
	t.Helper()
	for _, f := range b.files {
		full := filepath.Join(b.root, f.path)
		info, err := os.Lstat(full)
		if err == nil && info.Mode() == f.mode && info.ModTime().Equal(f.time) {
			continue // untouched
		}
		writeTorture(t, full, f.text, f.mode)
		if err := os.Chtimes(full, f.time, f.time); err != nil {
			t.Fatal(err)
		}
	}
}

// writeTorture replaces what is at path by a new file.
func writeTorture(t *testing.T, path string, text []byte, mode fs.FileMode) {
	t.Helper()
	removeTorture(t, path)
	if err := os.WriteFile(path, text, mode|0o200); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func removeTorture(t *testing.T, path string) {
	t.Helper()
	_ = os.Chmod(path, 0o600) // Windows does not remove read-only files
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}
