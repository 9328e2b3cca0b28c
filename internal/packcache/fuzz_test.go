package packcache

import (
	"bytes"
	"os"
	"reflect"
	"testing"
)

// FuzzLoad takes anything as an entry: it is used only if Save could have
// written it. A saved entry that is changed is the same or of no use.
func FuzzLoad(f *testing.F) {
	f.Add([]byte("x\n{}"), "stamp", "name", uint16(3), byte(1))
	f.Add([]byte(digest([]byte("{}"))+"\n{}"), "", "\xff", uint16(70), byte(0x20))
	f.Add([]byte(digest([]byte("null"))+"\nnull"), "", "", uint16(0), byte(0))
	f.Fuzz(func(t *testing.T, text []byte, stamp, name string, at uint16, flip byte) {
		c, key := Open(t.TempDir(), "v1"), bytes.Repeat([]byte{7}, 20)
		if err := os.WriteFile(c.path(key), text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Load(key); err == nil && (len(text) < 65 || string(text[:64]) != digest(text[65:])) {
			t.Fatal("an entry with a wrong checksum is used")
		}
		saved := &Entry{Stamp: stamp, Objects: int64(at), Search: []string{name}, Outside: []Outside{{ID: stamp, Name: name}}}
		if err := c.Save(key, saved); err != nil {
			t.Fatal(err)
		}
		want, err := c.Load(key)
		if err != nil {
			t.Fatal(err)
		}
		text, err = os.ReadFile(c.path(key))
		if err != nil {
			t.Fatal(err)
		}
		text[int(at)%len(text)] ^= flip
		if err := os.WriteFile(c.path(key), text, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Load(key); err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("a changed entry is used: %+v, saved was %+v", got, want)
		}
	})
}
