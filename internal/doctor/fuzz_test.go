package doctor

import (
	"strings"
	"testing"
)

// FuzzParseDotenv writes an assignment in each form that loaders accept. It must
// be read back unchanged, whatever is above it.
func FuzzParseDotenv(f *testing.F) {
	f.Add("A=1\n# B=2\nexport C='3' # x\r\n", "NAME", "value")
	f.Add("=\n==\n'\n\"=\"", "N", "a#b=c")
	f.Fuzz(func(t *testing.T, above, name, value string) {
		for _, v := range parseDotenv([]byte(above)) {
			if strings.ContainsAny(v.name+v.value, "\n") || !strings.Contains(above, v.name) || !strings.Contains(above, v.value) {
				t.Fatalf("%+v is not in %q", v, above)
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
