package odb

import (
	"bytes"
	"compress/zlib"
	"io"
	"strconv"
	"strings"
	"testing"
)

// FuzzLoose uses any bytes as the inflated content of a loose object or, with
// raw, as the file itself. The walk and Lookup have readers of their own; both
// must agree with a simple one. An invalid or truncated file is never an
// object.
func FuzzLoose(f *testing.F) {
	for _, s := range []string{"blob 5\x00hello", "blob 4\x00hello", "blob 6\x00hello", "tree 0\x00", "commit 05\x00hello", "blob -1\x00", "bl\x00", "tag 99999999999999999999\x00"} {
		f.Add([]byte(s), false)
		f.Add(deflate([]byte(s)), true)
	}
	f.Add(deflate([]byte("blob 5\x00hello"))[:12], true)
	f.Fuzz(func(t *testing.T, text []byte, raw bool) {
		if len(text) > 1<<10 {
			t.Skip() // a deflated 1 KB can be 1 MB, which is a limit below
		}
		file := text
		if !raw {
			file = deflate(text)
		}
		dir, id := t.TempDir(), fakeID(1)
		if kind, _, ok := plainLoose(file); ok {
			id = idOf(kind.Type, kind.Data)
		}
		writeLoose(t, dir, id, file)
		limits := Limits{Stream: 2 << 20, Object: 2 << 20, Held: 2 << 20}
		s := openOwn([]string{dir}, 20, limits)
		defer s.Close()
		want, sure, ok := plainLoose(file)
		h := walkWith(t, s, true)
		o, there := s.Find(id[:])
		if !there {
			t.Fatal("the store does not have it")
		}
		_, failed := h.failed[o]
		l := NewLookup(Folders{Dirs: []string{dir}, Lent: []bool{false}}, 20, limits)
		defer l.Close()
		got, err := l.ReadAll(id[:], want.Type, nil)
		switch {
		case sure && ok && (failed || err != nil || !bytes.Equal(got, want.Data)):
			t.Errorf("%d bytes of a good object: the walk says %q, Lookup %v and %d bytes", len(want.Data), h.failed[o], err, len(got))
		case !ok && (!failed || err == nil):
			t.Errorf("no object is taken: the walk says %q, Lookup %v", h.failed[o], err)
		}
	})
}

// plainLoose reads a loose object in the simplest way. The result is ambiguous
// if git would not write such a header, or if bytes follow the stream.
func plainLoose(file []byte) (o Content, sure, ok bool) {
	in := bytes.NewReader(file)
	z, err := zlib.NewReader(in)
	if err != nil {
		return o, true, false
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return o, true, false
	}
	head, data, ends := bytes.Cut(text, []byte{0})
	name, number, _ := strings.Cut(string(head), " ")
	t, known := parseType(name)
	size, err := strconv.Atoi(number)
	if !ends || !known || err != nil || size != len(data) {
		return o, true, false
	}
	sure = in.Len() == 0 && number == strconv.Itoa(size)
	return Content{Type: t, Size: int64(size), Data: data}, sure, true
}
