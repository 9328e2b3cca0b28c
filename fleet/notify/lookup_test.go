package notify

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/mail"
	"strings"
	"testing"

	"r8scan/fleet/config"
)

// TestAddress takes one address, and nothing that could be two, a line or a trick.
func TestAddress(t *testing.T) {
	long := strings.Repeat("a", 64)
	for text, want := range map[string]string{
		"a@b.example": "a@b.example", "Ada <ada@b.example>": "ada@b.example", `"Ada, of B" <ada@b.example>`: "ada@b.example", "Ädä <ada@b.example>": "ada@b.example",
		"a.b+c_d-e@b-c.co.uk": "a.b+c_d-e@b-c.co.uk", " a@b.example ": "a@b.example", "A@B.Example": "A@B.Example", "a@xn--bcher-kva.example": "a@xn--bcher-kva.example", long + "@b.example": long + "@b.example",
		"": "", "a": "", "@b.example": "", "a@": "", "a@b": "", "root@localhost": "", "a@b.example, c@d.example": "", "a@b.example; c@d.example": "", "a@b.example c@d.example": "",
		"a@b.example\r\nBcc: c@d.example": "", "a@b.example\n": "", "a\x00@b.example": "", "Ada\t<a@b.example>": "", "\u202ea@b.example": "", "ä@b.example": "", "a@bücher.example": "", "а@b.example": "",
		`"a b"@c.example`: "", `"a\"b"@c.example`: "", "a@[127.0.0.1]": "", "a@127.0.0.1": "", "a%c.example@b.example": "", "c.example!a@b.example": "", "-oQ/tmp@b.example": "", "-oQtmp@b.example": "", "a@-b.example": "", "a@b-.example": "", "a@b..example": "", "a@.b.example": "", "a@b.example.": "",
		".a@b.example": "", "a.@b.example": "", "a..b@c.example": "", long + "a@b.example": "", "a@" + strings.Repeat("b.", 130) + "example": "", "a@" + long + ".example": "", "\xff@b.example": "", strings.Repeat(" ", 1000) + "a@b.example": "",
		"<a@b.example>, <c@d.example>": "", "team: a@b.example, c@d.example;": "", "a@b.example<c@d.example>": "", "a@b.example> RCPT TO:<c@d.example": "",
	} {
		got, err := Address(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
		if err != nil && len(text) > 2 && strings.Contains(err.Error(), text) {
			t.Errorf("the error repeats it: %v", err)
		}
	}
}

// looker returns a notifier for a look-up endpoint.
func looker(t *testing.T, url string, m config.Mail) *Notifier {
	t.Helper()
	m.Server, m.From, m.TLS, m.Salt = "127.0.0.1:1", "security@example.com", "none", secret(t, "salt")
	m.Lookup = &config.Lookup{URL: url, Secret: secret(t, "shared")}
	return newNotifier(t, &config.Config{Mail: &m})
}

// TestRecipient asks the endpoint, then takes the contact, and an author only if it may.
func TestRecipient(t *testing.T) {
	authors := []string{"broken\r\n", "Ada <7+ada@users.noreply.github.com>", "no-reply@b.example", "Ada <ada@b.example>", "eve@b.example"}
	contact, open := config.Mail{Contact: "Security <security@acme.example>"}, config.Mail{Authors: true}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		mail   config.Mail
		want   string
		o      Outcome
	}{
		"known": {says(200, `{"email": "Owner <owner@acme.example>"}`), contact, "owner@acme.example", Sent}, "known, no contact": {says(200, `{"email": "owner@acme.example"}`), config.Mail{}, "owner@acme.example", Sent},
		"empty": {says(200, `{"email": ""}`), contact, "security@acme.example", Sent}, "null": {says(200, `{"email": null}`), contact, "security@acme.example", Sent}, "404": {says(404, ""), contact, "security@acme.example", Sent},
		"two": {says(200, `{"email": "a@b.example, c@d.example"}`), contact, "security@acme.example", Sent}, "lines": {says(200, `{"email": "a@b.example\r\nBcc: c@d.example"}`), config.Mail{}, "", Refused},
		"nobody": {says(404, ""), config.Mail{}, "", Refused}, "author": {says(404, ""), open, "ada@b.example", Sent}, "contact before author": {says(404, ""), config.Mail{Contact: "a@b.example", Authors: true}, "a@b.example", Sent},
		"500": {says(500, ""), contact, "", Again}, "401": {says(401, ""), contact, "", Again}, "429": {says(429, ""), contact, "", Again}, "cut": {cuts, contact, "", Again},
		"page": {says(200, "<html>"), contact, "", Again}, "list": {says(200, `[]`), contact, "", Again}, "no key": {says(200, `{}`), contact, "", Again}, "number": {says(200, `{"email": 1}`), contact, "", Again}, "several": {says(200, `{"email": ["a@b.example"]}`), contact, "", Again},
		"long":     {says(200, `{"email": "a@b.example", "x": "`+strings.Repeat("x", maxAnswer)+`"}`), contact, "", Again},
		"redirect": {func(w http.ResponseWriter, q *http.Request) { http.Redirect(w, q, "/other", http.StatusFound) }, contact, "", Again},
	} {
		r := newReceiver(t, c.answer)
		got, o, err := looker(t, r.URL, c.mail).Recipient(t.Context(), hostile(), authors)
		count, text := r.got()
		if got != c.want || o != c.o || (err == nil) != (o == Sent) || count != 1 {
			t.Errorf("%s: %q, %d, %v, %d requests", name, got, o, err, count)
		}
		noToken(t, name, text)
		if h := r.header[0]; h.Get(SignatureHeader) != Sign("shared", at1, []byte(text)) {
			t.Errorf("%s: header %v", name, h)
		}
		var d document
		if err := json.Unmarshal([]byte(text), &d); err != nil || d.Kind != "lookup" || d.TokenID != token().ID() || d.Verdict.Account == nil || d.Places != nil || d.Sealed != nil {
			t.Errorf("%s: %s, %v", name, text, err)
		}
	}
}

// TestRecipientWithoutLookup asks nobody, and takes no author unless told to.
func TestRecipientWithoutLookup(t *testing.T) {
	base := config.Mail{Server: "127.0.0.1:1", From: "security@example.com", TLS: "none", Salt: secret(t, "salt"), Contact: "a@b.example"}
	n := newNotifier(t, &config.Config{Mail: &base})
	if got, o, err := n.Recipient(t.Context(), event(), []string{"ada@b.example"}); got != "a@b.example" || o != Sent || err != nil {
		t.Errorf("%q, %d, %v", got, o, err)
	}
	n.contact = ""
	if got, o, err := n.Recipient(t.Context(), event(), []string{"ada@b.example"}); got != "" || o != Refused || err == nil {
		t.Errorf("%q, %d, %v", got, o, err)
	}
	if got, o, err := newNotifier(t, &config.Config{}).Recipient(t.Context(), event(), nil); got != "" || o != Refused || err == nil {
		t.Errorf("%q, %d, %v", got, o, err)
	}
}

// TestNew refuses what cannot be used before anything is sent.
func TestNew(t *testing.T) {
	for name, m := range map[string]config.Mail{
		"port": {Server: "mail.example.com:x", From: "a@b.example"}, "no port": {Server: "mail.example.com", From: "a@b.example"}, "from": {Server: "mail.example.com:25", From: "root@localhost"}, "contact": {Server: "mail.example.com:25", From: "a@b.example", Contact: "a@b.example, c@d.example"},
	} {
		if _, err := New(&config.Config{Mail: &m}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := New(&config.Config{Disable: &config.Disable{SealTo: "missing.pub"}}); err == nil {
		t.Error("a key that is missing is taken")
	}
}

// TestDigest is the same for an address in any case, and differs with the salt.
func TestDigest(t *testing.T) {
	one := newNotifier(t, &config.Config{Mail: &config.Mail{Server: "127.0.0.1:1", From: "a@b.example", Salt: secret(t, "one")}})
	two := newNotifier(t, &config.Config{Mail: &config.Mail{Server: "127.0.0.1:1", From: "a@b.example", Salt: secret(t, "two")}})
	if a := one.Digest("Owner@Acme.example"); a != one.Digest("owner@acme.example") || a == two.Digest("owner@acme.example") || a == one.Digest("other@acme.example") || len(a) != 64 {
		t.Error(a)
	}
}

// FuzzAddress: what is taken is one plain address, which reads the same again.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"a@b.example", "Ada <a@b.example>", "a@b.example, c@d.example", "a@b.example\r\nBcc: x", `"a b"@c.example`, "=?utf-8?q?a?= <a@b.example>", "(c) a@b.example", "g: a@b.example;", "<@x.example:a@b.example>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Address(s)
		if err != nil {
			if got != "" {
				t.Fatalf("%q with %v", got, err)
			}
			return
		}
		if len(got) > maxAddress || strings.Trim(got, localLetters+"@") != "" || strings.Count(got, "@") != 1 {
			t.Fatalf("%q", got)
		}
		if again, err := Address(got); err != nil || again != got {
			t.Fatalf("%q, then %q, %v", got, again, err)
		}
		if list, err := mail.ParseAddressList(s); err == nil && len(list) != 1 {
			t.Fatalf("%d addresses in %q", len(list), s)
		}
	})
}

// FuzzLookup: an answer is an address, nobody, or an error.
func FuzzLookup(f *testing.F) {
	for _, s := range []string{`{"email": "a@b.example"}`, `{"email": null}`, `{"email": "a@b.example", "email": "c@d.example"}`, `{"Email": 1}`, `[]`, `{`, ""} {
		f.Add(200, []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, text []byte) {
		got, err := lookedUp(answer{status, text})
		if got == "" {
			return
		}
		if again, bad := Address(got); err != nil || bad != nil || again != got || status/100 != 2 || errors.Is(err, errTrouble) {
			t.Fatalf("%q, %v", got, err)
		}
	})
}
