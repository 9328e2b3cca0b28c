package forge

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"github:acme": "https://github.com acme", "github:acme/": "https://github.com acme", "github:https://GitHub.com/acme": "https://github.com acme",
		"github:https://git.example.com/acme": "https://git.example.com acme", "github:http://127.0.0.1:80/acme": "http://127.0.0.1:80 acme",
		"gitlab:acme": "https://gitlab.com acme", "gitlab:acme/sub/deep": "https://gitlab.com acme/sub/deep", "gitlab:https://git.example.com:8443/a/b/": "https://git.example.com:8443 a/b",
		"hf:acme": "https://huggingface.co acme", "hf:a.b-c_d": "https://huggingface.co a.b-c_d",
		"github:": "", "github:/": "", "github:acme/app": "", "hf:a/b": "", "gitlab:a//b": "", "gitlab:a/../b": "", "github:a b": "", "github:a\x1b[2J": "", "github:ä": "", "github:a?b": "", "github:a%2Fb": "",
		"github:http://example.com/acme": "", "github:ftp://example.com/acme": "", "github:https://u:p@example.com/acme": "", "github:https://u@example.com/acme": "",
		"github:https://example.com/acme?x=1": "", "github:https://example.com": "", "github:https://": "", "github:://x/y": "", "acme": "", "": "",
	} {
		o, err := Parse(text)
		switch {
		case want == "":
			if err == nil {
				t.Errorf("%q is %+v", text, o)
			} else if strings.Contains(err.Error(), "u:p") || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("%q: %v", text, err)
			}
		case err != nil || o.Site.String()+" "+o.Name != want:
			t.Errorf("%q: %v, %s %s", text, err, o.Site.String(), o.Name)
		}
	}
}

// FuzzParse: what is taken is the same when it is written and read again, and nothing in
// it means anything in a URL.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"github:acme", "gitlab:https://h/a/b", "hf:http://127.0.0.1:1/x", "github:https://[::1]:8/x", "gitlab:a/.."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(o.String())
		if err != nil || again.Service != o.Service || again.Name != o.Name || again.Site.String() != o.Site.String() {
			t.Fatalf("%q: %v, %+v, again %+v", text, err, o, again)
		}
		if strings.ContainsAny(o.Name, "?#%@: \\") || o.Site.User != nil || o.Site.Path != "" {
			t.Fatalf("%q: %+v", text, o)
		}
	})
}
