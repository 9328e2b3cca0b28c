package doctor

import (
	"encoding/json"
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
			if len(got) == 0 || got[len(got)-1].name != name || got[len(got)-1].value != value {
				t.Errorf("%q is read as %+v", form, got)
			}
		}
	})
}

// FuzzSettings reads files as each kind of place does. Each variable must be in the
// file, and nothing may stop the reader.
func FuzzSettings(f *testing.F) {
	f.Add(`{"a": {"env": {"N": "v",}, /* x */}, // y` + "\n}")
	f.Add("services: {a: {environment: [N=v, M], env_file: [{path: x}]}}")
	f.Add("Environment=\"N=v w\" M='x'\nEnvironmentFile=x")
	f.Add("set -gx N v\nexport N=v")
	f.Add(`<c><env name="N" value="v" /></c>`)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		for _, p := range places {
			found, err := p.read([]byte(text))
			if err != nil && len(found.vars)+len(found.files) > 0 {
				t.Errorf("%s: %v, but also %+v", p.reader, err, found)
			}
		}
		if _, err := readJSON([]byte(text)); err != nil && json.Valid([]byte(text)) {
			t.Errorf("%q is plain JSON, but %v", text, err)
		}
		for _, p := range pins {
			_ = p.finds().FindStringSubmatch(text)
		}
	})
}
