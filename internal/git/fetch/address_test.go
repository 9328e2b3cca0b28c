package fetch

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"https://github.com/owner/name":         "https://github.com/owner/name",
		"https://github.com/owner/name.git/":    "https://github.com/owner/name.git",
		"HTTPS://example.org:8443/a b":          "https://example.org:8443/a%20b",
		"http://127.0.0.1:80/a":                 "http://127.0.0.1:80/a",
		"http://localhost/a":                    "http://localhost/a",
		"http://[::1]:8080/a":                   "http://[::1]:8080/a",
		"ssh://git@example.org:22/owner/name":   "ssh://git@example.org:22/owner/name",
		"ssh://example.org/~ann/name":           "ssh://example.org/~ann/name",
		"git+ssh://git@example.org/owner/name":  "ssh://git@example.org/owner/name",
		"git@github.com:owner/name":             "ssh://git@github.com/owner/name",
		"ann@host.example:/srv/git/name.git":    "ssh://ann@host.example/srv/git/name.git",
		"http://example.org/a":                  "!use https",
		"http://127.0.0.1.example.org/a":        "!use https",
		"https://ann:pass@example.org/a":        "!~/.netrc",
		"https://ghp_secret@github.com/a/b":     "!~/.netrc",
		"ssh://git:pass@example.org/a":          "!~/.netrc",
		"https://example.org/a?access_token=xy": "!query",
		"https://example.org/a#xy":              "!query",
		"https://example.org":                   "!cannot be understood",
		"https:///a":                            "!cannot be understood",
		"https://exa mple.org/a":                "!cannot be understood",
		"git://example.org/a":                   "!not encrypted",
		"ftp://example.org/a":                   "!over ftp",
		"ext::sh -c id":                         "!cannot be understood",
		"git@example.org:-x":                    "!dash",
		"ssh://-oProxyCommand=x@example.org/a":  "!dash",
		"ssh://-oProxyCommand=x/a":              "!dash",
		"git@example.org:a\nb":                  "!cannot be understood",
	} {
		a, err := Parse(text)
		switch reason, bad := strings.CutPrefix(want, "!"); {
		case bad && (err == nil || !strings.Contains(err.Error(), reason)):
			t.Errorf("%q: %v, %v", text, a, err)
		case bad && (strings.Contains(err.Error(), "pass") && !strings.Contains(err.Error(), "password") || strings.Contains(err.Error(), "secret")):
			t.Errorf("%q: the error repeats the password: %v", text, err)
		case !bad && (err != nil || a.String() != want):
			t.Errorf("%q: %v, %v; want %s", text, a, err, want)
		}
	}
}

func TestSSHParts(t *testing.T) {
	for text, want := range map[string][3]string{
		"git@github.com:owner/name":        {"git", "github.com", "owner/name"},
		"ann@host.example:/srv/name":       {"ann", "host.example", "/srv/name"},
		"ssh://git@example.org:2222/a/b":   {"git", "example.org:2222", "/a/b"},
		"ssh://git@example.org:2222/~/b c": {"git", "example.org:2222", "/~/b c"},
	} {
		a, err := Parse(text)
		if err != nil || [3]string{a.User, a.Host, a.Path} != want {
			t.Errorf("%s: %+v, %v", text, a, err)
		}
	}
}

func TestIsURL(t *testing.T) {
	for text, want := range map[string]bool{
		"https://example.org/a": true, "ssh://h/a": true, "git@h.example:a": true, "ftp://h/a": true,
		"file:///a": false, "FILE:///a": false, "a": false, "./a://b": false, "/a/git@h:b": false, `C:\a`: false, "C:/a": false, "": false, "a@b": false,
	} {
		if got := IsURL(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	for text, want := range map[string]string{"file:///a/b%20c": "/a/b c", "file://localhost/a": "/a", "file:///C:/a": "C:/a", "file://a": "a"} {
		if got, ok := LocalPath(text); got != want || !ok {
			t.Errorf("%q: %q, %v", text, got, ok)
		}
	}
	if _, ok := LocalPath("/a"); ok {
		t.Error("a path is no file URL")
	}
}

func TestQuoted(t *testing.T) {
	if got, want := quoted("a'b!c$(d)"), `'a'\''b'\!'c$(d)'`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
