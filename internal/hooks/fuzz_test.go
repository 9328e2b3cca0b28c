package hooks

import (
	"bytes"
	"testing"
)

// FuzzSealed: a hook that was sealed is known, and so is any change of it.
// What else is known as whole would be sealed to the same bytes.
func FuzzSealed(f *testing.F) {
	f.Add([]byte("exit 0\n"), uint16(30), byte(1))
	f.Add(seal("exit 0\n"), uint16(0), byte(0))
	f.Fuzz(func(t *testing.T, text []byte, at uint16, flip byte) {
		if ours, intact := sealed(text); intact {
			body, whole := bytes.CutPrefix(text, []byte(sealStart))
			if !ours || !whole || len(body) < sealSize {
				t.Errorf("%q is taken for a whole hook", text)
			}
		}
		hook := seal(string(text))
		if ours, intact := sealed(hook); !ours || !intact {
			t.Fatalf("%q is not known", hook)
		}
		hook[int(at)%len(hook)] ^= flip
		if _, intact := sealed(hook); intact && flip != 0 {
			t.Errorf("%q was changed, which is not noticed", hook)
		}
	})
}
