package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const whole = `
act: true
reach: [10.0.0.0/8]
disable:
  url: https://ops.example.com/disable
  secret: env:CONFIG_TEST_SECRET
  seal_to: disable.pub
mail:
  server: mail.example.com:587
  user: r8scan
  password: env:CONFIG_TEST_SECRET
  from: Security <security@example.com>
  salt: env:CONFIG_TEST_SECRET
  lookup:
    url: https://ops.example.com/owner
    secret: env:CONFIG_TEST_SECRET
  contact: leaks@example.com
webhooks:
  - name: team
    kind: slack
    url: env:CONFIG_TEST_URL
serve:
  page:
    token: env:CONFIG_TEST_PAGE
  github: {}
  gitlab:
    secret: env:CONFIG_TEST_SECRET
  webhook:
    secret: env:CONFIG_TEST_SECRET
`

func set(t *testing.T) {
	t.Setenv("CONFIG_TEST_SECRET", "hidden-value")
	t.Setenv("CONFIG_TEST_URL", "https://hooks.example.com/hidden-value")
	t.Setenv("CONFIG_TEST_EMPTY", "")
	t.Setenv("CONFIG_TEST_PAGE", strings.Repeat("hidden-value", 2))
}

// TestParse reads a whole file, and never shows a secret.
func TestParse(t *testing.T) {
	set(t)
	c, err := Parse([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	if !c.Act || c.Disable.Secret.Reveal() != "hidden-value" || c.Mail.TLS != "starttls" || c.Serve.Listen != "127.0.0.1:8380" ||
		!strings.HasPrefix(c.Serve.GitHub.Keys, "https://api.github.com/") || c.Reach[0].String() != "10.0.0.0/8" {
		t.Errorf("%+v", c)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, *c.Disable) + fmt.Sprintf(format, c.Webhooks); strings.Contains(text, "hidden-value") {
			t.Errorf("%s shows a secret", format)
		}
	}
	if c, err := Parse(nil); err != nil || c.Act {
		t.Errorf("an empty file: %v %v", c, err)
	}
}

// TestParseWrong names what is wrong, and never a secret's value.
func TestParseWrong(t *testing.T) {
	set(t)
	for change, want := range map[string]string{
		"act: true→actt: true":   "line 2: there is no setting actt here",
		"act: true→act: perhaps": "line 2",
		"https://ops.example.com/disable→http://ops.example.com/disable":                  "disable: url must begin with https",
		"https://ops.example.com/disable→https://a:hidden-value@ops.example.com":          "password in it",
		"  secret: env:CONFIG_TEST_SECRET\n  seal_to: disable.pub→  seal_to: disable.pub": "disable: secret",
		"  seal_to: disable.pub→":                                                               "seal_to",
		"password: env:CONFIG_TEST_SECRET→password: hidden-value":                               "env:NAME or file:PATH",
		"password: env:CONFIG_TEST_SECRET→password: env:CONFIG_TEST_EMPTY":                      "CONFIG_TEST_EMPTY is empty",
		"password: env:CONFIG_TEST_SECRET→password: file:/no/such/file":                         "/no/such/file",
		"server: mail.example.com:587→server: mail.example.com:587\n  tls: none":                "tls is starttls",
		"from: Security <security@example.com>→from: nobody":                                    "from is no address",
		"contact: leaks@example.com→contact: a@example.com, b@example.com":                      "contact is no address",
		"kind: slack→kind: pager":                                                               "kind of team",
		"name: team→name: mail":                                                                 "the name mail is taken",
		"name: team→name: \"<!channel>\"":                                                       "letters, digits",
		"    token: env:CONFIG_TEST_PAGE→    token: env:CONFIG_TEST_PAGE\n    identity: X-User": "token or identity",
		"    token: env:CONFIG_TEST_PAGE→    identity: X-User":                                  "proxies is missing",
		"    token: env:CONFIG_TEST_PAGE→    token: env:CONFIG_TEST_SECRET":                     "shorter than 20",
		"reach: [10.0.0.0/8]→reach: [hidden-value]":                                             "a network is written",
	} {
		from, to, _ := strings.Cut(change, "→")
		if !strings.Contains(whole, from) {
			t.Fatalf("%q is not there", from)
		}
		_, err := Parse([]byte(strings.Replace(whole, from, to, 1)))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden-value") {
			t.Errorf("%s: %v", change, err)
		}
	}
}

// TestRead reads secrets from files, and refuses what is none.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	secret, file := filepath.Join(dir, "secret"), filepath.Join(dir, "fleet.yaml")
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(file, "serve:\n  gitlab:\n    secret: file:"+filepath.ToSlash(secret)+"\n")
	write(secret, "of a file\r\n")
	c, err := Read(file)
	if err != nil || c.Serve.GitLab.Secret.Reveal() != "of a file" {
		t.Errorf("%v %v", c, err)
	}
	write(secret, "two\nlines")
	if _, err := Read(file); err == nil || !strings.Contains(err.Error(), "several lines") {
		t.Errorf("two lines: %v", err)
	}
	write(file, strings.Repeat("#", maxFile+1))
	if _, err := Read(file); err == nil || !strings.Contains(err.Error(), "1 MB") {
		t.Errorf("a long file: %v", err)
	}
}

// FuzzParse reads anything without a panic.
func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("act: [\n"))
	f.Add([]byte("webhooks:\n  - {name: a, kind: json, url: env:HOME}\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if c, err := Parse(body); err == nil && c == nil {
			t.Error("nothing was read")
		}
	})
}
