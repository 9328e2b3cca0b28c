package notify

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"r8scan/report"
	"r8scan/rules"

	"r8scan/fleet/config"
	"r8scan/fleet/seal"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with testdata/name, or renews that file with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (renew with -update if that is right):\n%s", path, got)
	}
}

// body is of a token that exists nowhere.
func body() string { return strings.Repeat("7ZtQ", 9) + "x" }

func token() rules.Secret { return rules.NewSecret("r8_"+body(), 5) }

// at1 is a moment.
var at1 = time.Date(2026, 11, 27, 22, 57, 3, 9, time.UTC)

// event is a token of acme's.
func event() Event {
	return Event{
		ID: "notice-1", TokenID: token().ID(), Mask: token().Mask(), Rule: "replicate-api-token",
		Status: report.StatusLive, Checked: at1,
		Account: &report.Account{Type: "organization", Username: "acme", Name: "Acme Corp"},
		Places: []Place{
			{"https://github.com/acme/app", "0123456789abcdef0123456789abcdef01234567", "config/settings.py", 12, "https://github.com/acme/app/blob/0123456789abcdef0123456789abcdef01234567/config/settings.py#L12", at1.AddDate(0, -1, 0)},
			{"https://git.example.com/acme/old", "89abcdef0123456789abcdef0123456789abcdef", ".env", 0, "", time.Time{}},
		},
	}
}

// disabled is that token after the endpoint said so.
func disabled() Event {
	e := event()
	e.Disabled = at1.Add(time.Minute)
	return e
}

// attack is what an attacker writes into every field, with a token in it.
func attack() string {
	return "x\r\nBcc: evil@example.com\r\n\r\n<script>alert(1)</script>\"'`*_~|@everyone @here <!channel> <@U1> <at>all</at> [free](https://evil.example) \x1b[31m\x00\u202e{{.}} \xff r8_" + body()
}

// hostile is an event of which each field from outside is an attack.
func hostile() Event {
	e := event()
	a := attack()
	e.Account = &report.Account{Type: a, Username: a, Name: a}
	for range 7 {
		e.Places = append(e.Places, Place{a, a, a, 1, "https://evil.example/" + a, at1}, Place{a, a, a, 1, "https://evil.example/)>|*_[a](`b`)\"'<", at1}, Place{a, a, strings.Repeat(a, 100), 1, "javascript:alert(1)", at1})
	}
	return e
}

// secret is a value of a configuration.
func secret(t *testing.T, value string) config.Secret {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(value), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse([]byte("serve:\n  gitlab:\n    secret: 'file:" + file + "'\n"))
	if err != nil {
		t.Fatal(err)
	}
	return c.Serve.GitLab.Secret
}

// newKey makes a key and returns it with the file of its public half.
func newKey(t *testing.T) (seal.Keys, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	if _, err := seal.Create(file); err != nil {
		t.Fatal(err)
	}
	keys, err := seal.ReadPrivate(file)
	if err != nil {
		t.Fatal(err)
	}
	return keys, file + ".pub"
}

// newNotifier is New with a clock that stands still.
func newNotifier(t *testing.T, c *config.Config) *Notifier {
	t.Helper()
	n, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	n.now = func() time.Time { return at1 }
	n.post.now = n.now
	return n
}

// noToken fails if a token or a part of it stands in text.
func noToken(t *testing.T, what, text string) {
	t.Helper()
	if strings.Contains(text, body()[:12]) {
		t.Errorf("%s has the token:\n%s", what, text)
	}
}
