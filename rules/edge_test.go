package rules

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// fronts are escapes that end in a letter or digit. Right before a token, they are
// not part of its word.
var fronts = []string{
	// terminal sequences
	"\x1b[01;31m\x1b[K", "\x1b[0K", "\x1b[2K\x1b[1G", "\x1b[?25h", "\x1b[38:2::1:2:3m", "\x1b[m\x1b(B", "\x1b)0", "\x1bc", "\x1b7", "\x1b#8", "\x1b[1 q", "\x1b[!p", "\x9b1m", "\u009b0K",
	`\u001b[0K`, `\u001B[2J`, `\x1b[0K`, `\x1B[?25l`, `\033[0K`, `\e[0K`, `\E[31m`, `\u{1b}[0K`, `^[[0K`, `^[(B`, `#033[0K`, `%1B[0K`, `=1B[0K`, `&#27;[0K`, `&#x1b;[1G`, "`e[0K",
	`\\u001b[0K`, `\\\033[0m`, "\u241b[0K", `\u001b(B`, `\e(B`, "\ufffd[0K", "[0K", "[31m", "[m", "[1;31H", "<ESC>[0K", `\x{1b}[K`,
	`\u001b[38;2;255;255;255m\u001b[48;2;255;255;255m`,
	// escapes
	`\n`, `\t`, `\r`, `\0`, `\b`, `\a`, `\f`, `\v`, `\e`, `\s`, `\Q`, `\A`, `\\n`, `\\\\t`, "`n", "`t", "`r", "`0", `\x0a`, `\x9`, `\12`, `\012`, `\0012`, `\22`, `\0000a0`, `\'a0`,
	`\u000a`, `\U0000000a`, `%0a`, `%0D%0A`, `%20`, `%2520`, `%252520`, `%u0020`, `%u000A`, `%25u0020`, `=3D`, `=20`, `=22`, `=0A`, `=3A`, `=C2=A0`, `=3d`, `=E2=80=9C`,
	`#012`, `#011`, `#015#012`, `^M`, `^I`, `^J`, `^M^J`, `M-6`, `M-CM-)`, `M-PM-6`, `&nbsp`, `&quot`, `&amp`, "_x000D_", "_x000a_",
}

// TestEscapeBeforeToken puts each escape right before a token. The confidence must
// be that of a token on a line of its own.
func TestEscapeBeforeToken(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 1))
	for _, front := range fronts {
		for _, before := range []string{"", "x ", "TOKEN=", "a", `{"log":"`} {
			if front == "M-6" && before == "a" {
				continue // aM-6 is a name
			}
			token := randomToken(r)
			ms := findAll(before + front + token + " x")
			if len(ms) != 1 || ms[0].Confidence != High || ms[0].Secret.Reveal() != token {
				t.Errorf("%q %q: %s", before, front, summary(ms))
			}
		}
	}
}

// TestNoEscapeBeforeToken puts text right before a token that only looks like an
// escape. It is part of the token's word.
func TestNoEscapeBeforeToken(t *testing.T) {
	for _, front := range []string{"x", "9", "m", "31m", "0K", "%2", "u0020", "x0a", "nbsp", "=4", "=41", "#12", "#089", "[x", "1;31m", "(B", "zM-"[:2], "n"} {
		if ms := findAll("a " + front + testToken(60)); len(ms) != 1 || ms[0].Why != whyLonger {
			t.Errorf("%q: %s", front, summary(ms))
		}
	}
}

// TestTextBehindToken puts text right behind a token. Syntax ends the token, and
// a name does not.
func TestTextBehindToken(t *testing.T) {
	r := rand.New(rand.NewPCG(22, 1))
	for behind, want := range map[string]Confidence{
		"-->": High, "->": High, "->live": High, "-]": High, "-]{+x+}": High, "--": High, "--x": High, "---": High, "_": High, "__": High, "___": High, "__.": High, "_*": High, "*_": High,
		"-": High, "- x": High, "_\n": High, "_)": High, "__**": High, "-%>": High, "-}}": High, "-\"": High, "_,": High, "_\u2014": High, "-\u201d": High, "--}}": High, "__:": High,
		"_x000D_": High, "_x000a_x": High, strings.Repeat("-", 40): High, strings.Repeat("_", 40): High, "_\u3002": High, "-\xff": High,
		"-x": Low, "_x": Low, "__init__": Low, "_9": Low, "-9": Low, "_-x": Low, "-_x": Low, "_x00": Low, "_é": Low, "-ж": Low, "x": Low, "é": High, "_日": Low,
	} {
		token := randomToken(r)
		ms := findAll("k=" + token + behind)
		if len(ms) != 1 || ms[0].Confidence != want {
			t.Errorf("%q: %s", behind, summary(ms))
		}
	}
}

// packed returns a token as various binary formats store it, with letters and
// digits next to it.
func packed(token string) map[string]string {
	le := func(n int) string { return string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }
	var g bytes.Buffer
	_ = gob.NewEncoder(&g).Encode(map[string]string{"token": token, "a": "b"})
	return map[string]string{
		"pyc":            "\xe3\x00\x00\x00\x00\x00\x00s\x0a\x00\x00\x00z(" + token + "N)\x01\xda\x05TOKEN",
		"pyc in a URL":   "\x00\x00\x00z/Bearer " + token + "N)\x01",
		"pickle":         "\x80\x04\x95\x3c\x00\x00\x00\x8c\x05token\x94\x8c(" + token + "u.",
		"pickle 2":       "\x80\x02}q\x00X\x05\x00\x00\x00tokenq\x01X(\x00\x00\x00" + token + "q\x02s.",
		"sqlite":         "\x0d\x00\x00\x00\x01\x0f\x90\x00\x0f\x90^\x01\x043]5REPLICATE_API_TOKEN" + token + "2024-01-01T00:00:00Z",
		"plist":          "bplist00\xd2\x01\x02\x03\x04Qa_\x10(" + token + "SabcQb\x08\x0d\x0f",
		"plist, next":    "bplist00\xd2\x01\x02\x03\x04Qa_\x10(" + token + "_\x10\x15/usr/bin:/bin:/usr/sbin\x08",
		"protobuf":       "\x0a\x05token\x42(" + token + "J\x03abc",
		"protobuf, next": "\x0a(" + token + "2\x01x",
		"CBOR":           "\xa2\x65token\x78\x28" + token + "\x61n\x19\x01\xf4",
		"msgpack":        "\x82\xa5token\xd9(" + token + "\xa1n\x05",
		"smile":          ":)\x0a\x01\xfa\x84token" + "g" + token + "\xfb",
		"avro":           "Obj\x01\x02P" + token + "\x06abc",
		"parquet":        "PAR1\x15\x04(\x00\x00\x00" + token + "A\x00\x00\x00abc",
		"DER":            "0,\x0c(" + token + "0\x03\x02\x01\x05",
		"leveldb":        "\x00\x05token(" + token + "b\x01\x00",
		"bencode":        "d5:token40:" + token + "e",
		"bencode, next":  "d5:token40:" + token + "1:ai1ee",
		"marshal":        "\x04\x08{\x06:\x0atokenI\"-" + token + "\x06:\x06ET",
		"core":           "\x7fELF\x02\x01" + strings.Repeat("\x00", 90) + "garbage" + token + "left" + strings.Repeat("\x00", 30),
		"bson":           le(80) + "\x02token\x00" + le(41) + token + "\x00\x10n\x00",
		"gob":            g.String(),
		"beside":         "(" + token + "J(" + "abc",
	}
}

// TestBinaryFormats finds a token in each binary format, with medium confidence or
// more, alone, within text, in hex and in base64.
func TestBinaryFormats(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 1))
	for range 30 {
		token := randomToken(r)
		for name, text := range packed(token) {
			for _, around := range []string{"", filler} {
				ms := findAll(around + text + around)
				if len(ms) != 1 || ms[0].Confidence < Medium || ms[0].Confidence == Medium && ms[0].Why != whyBinary || ms[0].Secret.Reveal() != token {
					t.Fatalf("%s: %s", name, summary(ms))
				}
			}
			ms := findAll("data: " + encode("\x00"+text, "hex") + ".")
			if len(ms) != 1 || ms[0].Confidence < Medium {
				t.Fatalf("%s in hex: %s", name, summary(ms))
			}
			ms = findAll("data: " + encode(text, "base64") + ".")
			if len(ms) != 1 || ms[0].Confidence < Medium {
				t.Fatalf("%s in base64: %s", name, summary(ms))
			}
		}
	}
}

// TestNoBinaryFormat gives low confidence to a part of a longer word in text, in a
// long text within binary data, and in a table of symbols.
func TestNoBinaryFormat(t *testing.T) {
	token := testToken(61)
	symbols := prefix + strings.ToLower(token[3:])
	for _, text := range []string{
		"x" + token + "y", "é x" + token + "\u0416", "\x1b[0m\ax" + token + "\x0e\x0f\b", "f(" + token + "abc)", "f(" + token + "abc_d-e)", "140:" + token + "x",
		"\x00\x00maca" + symbols + "more\x00", "\x00(" + symbols + "z\x01", "日本語日本語日本語日本語x" + token + strings.Repeat("日本語", 60),
		"\x00" + strings.Repeat("far ", 40) + "x" + token + "y" + strings.Repeat(" far", 40) + "\x00",
	} {
		if ms := findAll(text); len(ms) != 1 || ms[0].Confidence != Low || ms[0].Why == whyBinary {
			t.Errorf("%q: %s", Redact(text), summary(ms))
		}
	}
}

// TestAmidBinary raises the confidence of tokens in a binary text, where the next
// string may be right next to a token.
func TestAmidBinary(t *testing.T) {
	token := testToken(62)
	for text, want := range map[string]Confidence{
		"some string of a program" + token + "another string": Medium, "error" + token + "_x": Medium, token: High,
		"x" + prefix + strings.Repeat("x", bodyLen) + "y": Low, "x" + prefix + strings.ToLower(token[3:]) + "y": Low, token[:20] + "_" + token[21:]: Low,
	} {
		ms := findAll(text)
		AmidBinary(ms)
		if len(ms) != 1 || ms[0].Confidence != want {
			t.Errorf("%s: %s", Redact(text), summary(ms))
		}
	}
}

// TestBinaryInWindows cuts binary data anywhere. The confidence of a token must
// not depend on the cut.
func TestBinaryInWindows(t *testing.T) {
	r := rand.New(rand.NewPCG(24, 1))
	var text []byte
	for range 2 {
		for _, p := range packed(randomToken(r)) {
			text = append(append(text, p...), filler[:r.IntN(200)]...)
		}
		for _, f := range fronts {
			text = fmt.Appendf(text, "%s%s__%s", f, randomToken(r), "-x"[:r.IntN(3)])
		}
	}
	want := describe(standard.FindTokens(nil, text, 0, len(text)))
	for split := 0; split < len(text); split += 1 + r.IntN(14) {
		if got := describe(inTwo(standard.FindTokens, text, split, TokenBehind, TokenAhead)); got != want {
			t.Fatalf("cut at %d: found\n%s\nwant\n%s", split, got, want)
		}
	}
}
