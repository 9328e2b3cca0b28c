package odb

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"testing"
)

// contentVisitor keeps all objects, and reads streams to their end.
type contentVisitor struct {
	t      *testing.T
	seen   []string
	extra  []string
	failed int
}

func (v *contentVisitor) Visit(n *Node) error {
	data := bytes.Clone(n.Data)
	if n.Stream != nil {
		var err error
		if data, err = io.ReadAll(n.Stream); err != nil {
			v.t.Error(err)
		}
	}
	if n.Extra {
		v.extra = append(v.extra, string(data))
	} else if !n.Again {
		v.seen = append(v.seen, string(data))
	}
	return nil
}

func (v *contentVisitor) Failed(Obj, Type, error) { v.failed++ }

// thoroughly walks a store twice: nothing may be counted twice.
func thoroughly(t *testing.T, dir string, limits Limits, thorough bool) (*contentVisitor, []Problem) {
	t.Helper()
	s := openOwn([]string{dir}, 20, limits)
	defer s.Close()
	v := &contentVisitor{t: t}
	for _, w := range []*Walker{{Store: s, Thorough: thorough}, {Store: s}} {
		visit := Visitor(v)
		if w.Thorough != thorough {
			visit = &contentVisitor{t: t}
		}
		for _, f := range s.Families() {
			if err := w.Walk(context.Background(), f, visit); err != nil {
				t.Fatal(err)
			}
		}
	}
	return v, s.Problems()
}

// TestGaps adds bytes that belong to no object.
func TestGaps(t *testing.T) {
	text, small := strings.Repeat("text ", 20), defaultLimits()
	small.Stream = 50
	junk := []byte("junk")
	object := func(b *builder, data string, behind []byte) {
		b.raw(idOf(Blob, []byte(data)), entryHeader(Blob, uint64(len(data))), deflate([]byte(data)), behind)
	}
	cases := []struct {
		name, want string
		limits     Limits
		build      func(dir string)
	}{
		{"none", "", defaultLimits(), func(dir string) {
			b := newBuilder()
			object(b, text, nil)
			object(b, "x", nil)
			b.write(t, dir, "a")
		}},
		{"between entries", "it has 4 bytes that belong to none", defaultLimits(), func(dir string) {
			b := newBuilder()
			object(b, text, junk)
			object(b, "x", nil)
			b.write(t, dir, "a")
		}},
		{"behind the last", "it has a byte that belongs to none", defaultLimits(), func(dir string) {
			b := newBuilder()
			object(b, text, nil)
			object(b, "x", junk[:1])
			b.write(t, dir, "a")
		}},
		{"behind both", "it has 8 bytes that", defaultLimits(), func(dir string) {
			b := newBuilder()
			object(b, text, junk)
			object(b, "x", junk)
			b.write(t, dir, "a")
		}},
		{"before the first", "it has 4 bytes that", defaultLimits(), func(dir string) {
			b := newBuilder()
			b.pack.Write(junk)
			object(b, text, nil)
			b.write(t, dir, "a")
		}},
		{"behind a delta", "it has 4 bytes that", defaultLimits(), func(dir string) {
			b := newBuilder()
			_, at := b.object(Blob, text)
			made := []byte(text + "more")
			d := delta(len(text), "more")
			b.raw(idOf(Blob, made), entryHeader(ofsDelta, uint64(len(d))), distance(uint64(b.pack.Len())-at), deflate(d), junk)
			b.write(t, dir, "a")
		}},
		{"behind a stream", "it has 4 bytes that", small, func(dir string) {
			b := newBuilder()
			object(b, text, junk)
			b.write(t, dir, "a")
		}},
		{"a pack of nothing else", "it has 4 bytes that", defaultLimits(), func(dir string) {
			b := newBuilder()
			b.pack.Write(junk)
			b.write(t, dir, "a")
		}},
		{"in an index", "its index has 8 bytes that are no part of one", defaultLimits(), func(dir string) {
			b := newBuilder()
			object(b, text, nil)
			pack, idx := b.bytes()
			at := len(idx) - 40
			writePack(t, dir, "a", pack, slices.Concat(idx[:at], []byte("8 bytes!"), idx[at:]))
		}},
		{"in an old index", "its index has 8 bytes that are no part of one", defaultLimits(), func(dir string) {
			b := newBuilder()
			id, at := b.object(Blob, text)
			pack, _ := b.bytes()
			var idx []byte
			for first := range 256 {
				n := uint32(0)
				if int(id[0]) <= first {
					n = 1
				}
				idx = binary.BigEndian.AppendUint32(idx, n)
			}
			idx = append(binary.BigEndian.AppendUint32(idx, uint32(at)), id[:]...)
			idx = append(append(idx, "8 bytes!"...), pack[len(pack)-20:]...)
			sum := sha1.Sum(idx)
			writePack(t, dir, "a", pack, append(idx, sum[:]...))
		}},
		{"in a loose object's file", "there are bytes behind the object", defaultLimits(), func(dir string) {
			file := deflate([]byte("blob 100\x00" + text))
			writeLoose(t, dir, idOf(Blob, []byte(text)), append(file, junk...))
		}},
		{"in that of a large one", "there are bytes behind the object", small, func(dir string) {
			file := deflate([]byte("blob 100\x00" + text))
			writeLoose(t, dir, idOf(Blob, []byte(text)), append(file, 0))
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			c.build(dir)
			v, problems := thoroughly(t, dir, c.limits, true)
			if v.failed > 0 || !slices.Contains(v.seen, text) && c.name != "a pack of nothing else" {
				t.Errorf("%d failed; seen %q", v.failed, v.seen)
			}
			if c.want == "" && len(problems) > 0 || c.want != "" && (len(problems) != 1 || !strings.Contains(problems[0].Reason, c.want)) {
				t.Errorf("problems %q, want %q", problems, c.want)
			}
		})
	}
}

// TestExtraCopies has one id in two packs and in two files, with four contents.
// A thorough walk must pass all of them.
func TestExtraCopies(t *testing.T) {
	dir, lent := t.TempDir(), t.TempDir()
	id := fakeID(1)
	for _, name := range []string{"a", "b"} {
		b := newBuilder()
		b.raw(id, entryHeader(Blob, 1), deflate([]byte(name)))
		b.write(t, dir, name)
	}
	writeLoose(t, dir, id, deflate([]byte("blob 1\x00c")))
	writeLoose(t, lent, id, deflate([]byte("blob 1\x00d")))
	s := openOwn([]string{dir, lent}, 20, defaultLimits())
	defer s.Close()
	for _, thorough := range []bool{true, false} {
		v := &contentVisitor{t: t}
		w := &Walker{Store: s, Thorough: thorough}
		for _, f := range s.Families() {
			if err := w.Walk(context.Background(), f, v); err != nil {
				t.Fatal(err)
			}
		}
		slices.Sort(v.extra)
		want := "b"
		if thorough {
			want = "b c d"
		}
		if got := strings.Join(v.extra, " "); got != want || !slices.Equal(v.seen, []string{"a"}) || v.failed > 0 {
			t.Errorf("thorough %v: seen %q, extra %q, want %q; %d failed", thorough, v.seen, got, want, v.failed)
		}
	}
	for i, want := range []string{"a", "b"} {
		if _, data, err := s.ReadIn(i, 0, nil); err != nil || string(data) != want {
			t.Errorf("in pack %d: %q, %v", i, data, err)
		}
	}
}

// TestDamagedExtraCopy checks that an unreadable additional copy is not
// reported.
func TestDamagedExtraCopy(t *testing.T) {
	dir := t.TempDir()
	b := newBuilder()
	id, _ := b.object(Blob, "x")
	b.write(t, dir, "a")
	writeLoose(t, dir, id, []byte("no zlib"))
	v, problems := thoroughly(t, dir, defaultLimits(), true)
	if v.failed > 0 || len(problems) > 0 || len(v.seen) != 1 {
		t.Errorf("%d failed, problems %q, seen %q", v.failed, problems, v.seen)
	}
}
