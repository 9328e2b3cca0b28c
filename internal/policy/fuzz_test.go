package policy

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// FuzzParseBaseline makes sure that an error has a line and repeats nothing of it,
// and that an accepted file is written without loss and has what is added.
func FuzzParseBaseline(f *testing.F) {
	id := "0123456789abcdef"
	f.Add([]byte("# head\n\n# above\n"+id+" replicate-api-token # reason\n"+id+"\r\n# tail"), []byte("1"))
	f.Add([]byte("\ufeff\n\n"+id+"\tx\n \n#\n"), []byte("abcdef"))
	f.Add([]byte("no id"), []byte{})
	f.Fuzz(func(t *testing.T, text, seed []byte) {
		b, err := ParseBaseline(text)
		if err != nil {
			var place *Error
			if !errors.As(err, &place) || place.Line < 1 || place.Line > bytes.Count(text, []byte("\n"))+1 {
				t.Fatalf("error %v has no place", err)
			}
			return
		}
		once := b.Bytes()
		again, err := ParseBaseline(once)
		if err != nil || again.Len() != b.Len() || !bytes.Equal(again.Bytes(), once) {
			t.Fatalf("%q is written as %q, and that as %q, %v", text, once, again.Bytes(), err)
		}
		for _, line := range bytes.Split(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("\n")) {
			if s := strings.TrimSpace(string(line)); s != "" && s[0] != '#' && !bytes.Contains(once, []byte(s)) {
				t.Errorf("the line %q is lost", s)
			}
		}
		id := idFrom(seed)
		_, was := b.Find(id, nil)
		if b.Add(id, "replicate-api-token") == was {
			t.Error("Find and Add disagree")
		}
		if _, is := b.Find(id, nil); !is {
			t.Error("what was added is not found")
		}
	})
}

// idFrom returns a token id made from any bytes.
func idFrom(seed []byte) string {
	id := []byte("0000000000000000")
	for i, c := range seed {
		id[i%len(id)] = "0123456789abcdef"[c&15]
	}
	return string(id)
}
