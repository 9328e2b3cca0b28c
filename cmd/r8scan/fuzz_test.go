package main

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzParseDotenv writes an assignment in each form that loaders take: it is
// read back as it was, whatever stands above it.
func FuzzParseDotenv(f *testing.F) {
	f.Add("A=1\n# B=2\nexport C='3' # x\r\n", "NAME", "value")
	f.Add("=\n==\n'\n\"=\"", "N", "a#b=c")
	f.Fuzz(func(t *testing.T, above, name, value string) {
		for _, v := range parseDotenv([]byte(above)) {
			if strings.ContainsAny(v.name+v.value, "\n") || !strings.Contains(above, v.name) || !strings.Contains(above, v.value) {
				t.Fatalf("%+v does not stand in %q", v, above)
			}
		}
		if name == "" || strings.ContainsAny(name, " \t\r\n\v\f\u0085\u00a0=#") || strings.TrimSpace(name) != name || strings.ContainsAny(value, "\r\n\"'") || len(above)+len(value) > maxConfig/2 {
			return
		}
		for _, form := range []string{name + "='" + value + "'", "export " + name + "=\"" + value + "\"", "  " + name + " = '" + value + "' "} {
			got := parseDotenv([]byte(above + "\n" + form + "\n"))
			if len(got) == 0 || got[len(got)-1] != (variable{name, value}) {
				t.Errorf("%q is read as %+v", form, got)
			}
		}
	})
}

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
