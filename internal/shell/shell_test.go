package shell

import (
	"os/exec"
	"strings"
	"testing"

	"r8scan/internal/door"
	"r8scan/internal/git/gittest"
)

// TestQuote: a shell makes the same word again of what the door shows, whatever bytes it
// has.
func TestQuote(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	for _, s := range []string{
		"", "a", "-a", "a b", "it's", `a\b`, "$(id)", "`id`", "~", "a\nb", "\x1b[31mred", "bad\xff\xfename", "'\x01'\\", "é ü", "e\u0301", "\u202eabc", "tab\there", "$'x'",
	} {
		word := Quote(s)
		if shown := door.Printable(word); shown != word {
			t.Errorf("%q: %s is shown as %s", s, word, shown)
		}
		out, err := exec.Command(bash, "-c", "printf %s "+word).Output()
		if string(out) != s || err != nil {
			t.Errorf("%q: %s is %q, %v", s, word, out, err)
		}
	}
	if got := QuoteHome("~/a\x1b"); got != `~/$'a\x1b'` {
		t.Errorf("in the home folder: %s", got)
	}
}

// TestQuoteMasked: the door finds a token behind every byte that is escaped.
func TestQuoteMasked(t *testing.T) {
	token := gittest.Token(1)
	for c := range 256 {
		name := string([]byte{byte(c)}) + token
		if word := Quote(name); word[0] == '$' && strings.Contains(door.Printable(word), token) {
			t.Errorf("%q is shown", name[:1])
		}
	}
}
