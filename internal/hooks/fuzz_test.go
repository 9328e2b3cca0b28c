package hooks

import (
	"bytes"
	"testing"
)

// FuzzSealed makes sure that a sealed hook is recognized, and every change of it.
// Any other text that passes as unchanged must be what seal returns for its body.
func FuzzSealed(f *testing.F) {
	f.Add([]byte("exit 0\n"), uint16(30), byte(1))
	f.Add(seal("exit 0\n"), uint16(0), byte(0))
	f.Fuzz(func(t *testing.T, text []byte, at uint16, flip byte) {
		if ours, intact := sealed(text); intact {
			body, whole := bytes.CutPrefix(text, []byte(sealStart))
			if !ours || !whole || len(body) < sealSize {
				t.Errorf("%q passes as an unchanged hook", text)
			}
		}
		hook := seal(string(text))
		if ours, intact := sealed(hook); !ours || !intact {
			t.Fatalf("%q is not recognized", hook)
		}
		hook[int(at)%len(hook)] ^= flip
		if _, intact := sealed(hook); intact && flip != 0 {
			t.Errorf("%q was changed, and passes as unchanged", hook)
		}
	})
}
