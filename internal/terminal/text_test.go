package terminal

import "testing"

// TestSafe has text that would make a terminal show something else.
func TestSafe(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"src/a b.py", "src/a b.py"},
		{"doc/é漢🙂.md", "doc/é漢🙂.md"},
		{"a\x1b[31mb", `a\x1b[31mb`},
		{"a\r\n\tb\x00\x7f", `a\x0d\x0a\x09b\x00\x7f`},
		{"a\u009bb", `a\u009bb`},           // CSI in one character
		{"\u202egnp.exe", `\u202egnp.exe`}, // right-to-left override
		{"a\u2066b\u200b\u2028", `a\u2066b\u200b\u2028`},
		{"\U000e0041", `\U000e0041`}, // an invisible tag character
		{"a\xffb\xc3", `a\xffb\xc3`},
		{"\uFFFD", "\uFFFD"},
		{`C:\x1b`, `C:\x1b`},
	} {
		if got := Safe(tt.in); got != tt.want {
			t.Errorf("Safe(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// TestSafeText has what stays as it is in a text, and what stays the same value
// in JSON. More is in the tests of the door.
func TestSafeText(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"a\x1b[1mb\x1b[0m\r\n\tc", "a\x1b[1mb\x1b[0m\r\n\tc"},
		{"a\x00\u009b\u202e\U000e0041\xff", `a\u0000\u009b\u202e\udb40\udc41\xff`},
		{"# ##[x] ##vso[x] ##teamcity[x]", `# ##\u005bx] ##vso\u005bx] ##teamcity\u005bx]`},
	} {
		if got := string(SafeText([]byte(tt.in))); got != tt.want {
			t.Errorf("SafeText(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestPaint(t *testing.T) {
	if got := Paint(true, Red, "x") + Paint(false, Red, "x") + Link("u", "y"); got != "\x1b[31mx\x1b[0mx\x1b]8;;u\x1b\\y\x1b]8;;\x1b\\" {
		t.Errorf("got %q", got)
	}
}
