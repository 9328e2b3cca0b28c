package report

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzRead feeds saved results from anywhere: what Read accepts, every format
// can render, and what a workflow gets is annotations and a summary that fits.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"full.json", "empty.json", "siblings.json"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"schema":"r8scan/1","tool":{"name":"x"},"complete":false,"target":{"range":"a..b"},"asked":{"host":"h"},
"coverage":{"unread":[{"what":"a","reason":"b"}]},"findings":[{"rule":"replicate-api-token","token":"r8_Hw***************","token_id":"0123456789abcdef",
"confidence":"low","exposure":"staged","verification":{"status":"live","reason":"r","account":{"type":"t"}},
"locations":[{"path":"p","member":"m","kind":"blob","commit":"c","current":true}],"history":{"introduced":{"author":"a"}}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		doc, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, format := range formats {
			var out bytes.Buffer
			err := format.render(&out, doc, Options{Verbose: true})
			switch {
			case err != nil && (format.name != "sarif" || !strings.Contains(err.Error(), "unknown rule")):
				t.Errorf("%s: %v", format.name, err)
			case format.name == "github":
				parseAnnotations(t, out.String())
			case format.name == "markdown" && out.Len() > 1<<20:
				t.Errorf("a summary of %d bytes", out.Len())
			}
		}
	})
}
