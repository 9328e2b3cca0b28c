package policy

import (
	"strings"
	"testing"
)

func TestParseBaseline(t *testing.T) {
	b, err := ParseBaseline([]byte("\ufeff# ours\r\n\r\nbbbbbbbbbbbbbbbb\treplicate-api-token  # disabled\r\n0123456789abcdef old and gone\naaaaaaaaaaaaaaaa"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		id, reason string
		found      bool
	}{
		{"bbbbbbbbbbbbbbbb", "disabled", true},
		{"0123456789abcdef", "old and gone", true},
		{"aaaaaaaaaaaaaaaa", "", true},
		{"cccccccccccccccc", "", false},
	} {
		if reason, found := b.Find(tt.id, nil); reason != tt.reason || found != tt.found {
			t.Errorf("%s: %q, %v", tt.id, reason, found)
		}
	}
}

// TestBaselineErrors makes sure that an error has the number of a malformed line,
// and does not repeat the line, which may have a token.
func TestBaselineErrors(t *testing.T) {
	token := strings.Join([]string{"r8_", "4Zt8Qw1LpXc7Vb2NmKj9Hg5Fd3Sa6PoIuYtRe"}, "")
	for _, tt := range []struct{ text, want string }{
		{"# a\n\n" + token + "\n", "3: this line does not begin with a token id"},
		{"0123456789abcdef\n0123456789abcde\n", "2: this line"},
		{"0123456789ABCDEF\n", "1: this line"},
		{"0123456789abcdef,\n", "1: this line"},
		{"0123456789abcdef0\n", "1: this line"},
		{"\x00\xff", "1: this line"},
	} {
		_, err := ParseBaseline([]byte(tt.text))
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), token[5:]) {
			t.Errorf("%q: got %v, want %q", tt.text, err, tt.want)
		}
	}
}

// TestAdd makes sure that nothing is lost that a user wrote.
func TestAdd(t *testing.T) {
	const a, b, c = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "cccccccccccccccc"
	for _, tt := range []struct{ name, old, want string }{
		{"nothing", "", b + " rule\n"},
		{"comments only", "# ours\n# too", "# ours\n# too\n" + b + " rule\n"},
		{"unsorted", c + "\n" + a + "\n", a + "\n" + b + " rule\n" + c + "\n"},
		{"a comment on each", "# ours\n\n# of c\n" + c + " x\n\n# of a\n" + a + "   y\n# end\n",
			"# ours\n\n\n# of a\n" + a + "   y\n" + b + " rule\n# of c\n" + c + " x\n# end\n"},
		{"it is there", b + " # why\n", b + " # why\n"},
	} {
		base, err := ParseBaseline([]byte(tt.old))
		if err != nil {
			t.Fatal(err)
		}
		if base.Add(b, "rule") == strings.Contains(tt.old, b) || base.Add(b, "rule") {
			t.Errorf("%s: Add does not say what is new", tt.name)
		}
		got := string(base.Bytes())
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		again, err := ParseBaseline([]byte(got))
		if err != nil || string(again.Bytes()) != got {
			t.Errorf("%s: reading it again gives another file: %v", tt.name, err)
		}
	}
}
