package rules

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// breaks are what may be within a token without being part of it, by the encoding
// that a match names.
var breaks = map[string][]string{
	"terminal-sequence": {"\x1b[m\x1b[K", "\x1b[01;31m\x1b[K", "\x1b[0m", "\x1b[38:2::1:2:3m", "\x1b(B\x1b[m", `\u001b[0m`, `\x1b[31m`, `\033[0m`, `\e[0m`, `\\u001b[0m`, "^[[0m", "#033[0m", "&#27;[0m",
		"\x1b]8;;https://x.test\x1b\\", "\x1b]8;;\a", "%1B[0m", "=1B[0m", `\u{1b}[0m`, "<ESC>[0m"},
	"invisible-character": {"\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u200e", "\u202c", "\ufe0f", "\u200b\u200b", "&shy;", "&#173;", "&#xAD;", "&#8203;", "&#x200b;", "<wbr>", "<wbr/>", "&zwnj;",
		"&ZeroWidthSpace;", `\u200b`, `\u00ad`, `\xad`, `\\u200b`, `\u{200b}`, `\xe2\x80\x8b`, `\342\200\213`, "%E2%80%8B", "%C2%AD", "%u200B", "=C2=AD", "=E2=80=8B", "\xad"},
	"markup":           {"<b>", "</b>", "</em>", `<span class="hl">`, `</span><span class="x">`, "<!-- -->", "<!---->", "</MARK>"},
	"quoted-printable": {"=\n", "=\r\n", "= \n", `=\n`, `=\r\n`, "=\n> ", "=\r", "=%0A", "=&#10;", "=&#xA;", `=\u000a`, "=`n", `=\x0d\x0a`, "=%0D%0A"},
	"concatenation":    {`" + "`, "\\\n", `"` + "\n" + `"`, `' + '`, `" "`, "\" +\n    \"", `\" + \"`, "` + `"},
}

// TestBreaks puts each break at each place of a token, in plain text, base64 and
// UTF-16.
func TestBreaks(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 1))
	for want, list := range breaks {
		for _, b := range list {
			for at := 1; at < tokenLen; at++ {
				token := randomToken(r)
				text := "k=" + token[:at] + b + token[at:] + " x"
				for outer, text := range map[string]string{"": text, "base64": "k: " + encode(text, "base64"), "utf-16": "\xff\xfe" + encode(text, "utf-16le"), "utf-16 ": "\xfe\xff" + encode(text, "utf-16be")} {
					if b == "\xad" && strings.HasPrefix(outer, "utf-16") || at < len(prefix) && outer == "base64" {
						continue // the byte is no text in UTF-16; base64 has no probe for a broken prefix
					}
					ms := findAll(text)
					if len(ms) != 1 || ms[0].Confidence != High || ms[0].Secret.Reveal() != token || ms[0].Encoding[len(ms[0].Encoding)-1] != want || outer == "" && len(ms[0].Encoding) != 1 {
						t.Errorf("%q at %d, %s: %s %v", b, at, outer, summary(ms), encodings(ms))
						break
					}
					assertHidden(t, Redact(text), token)
				}
			}
		}
	}
}

// TestBreakAfterEachCharacter puts a break after each character of a token. The
// list lacks escapes that have no probe when two of them break the prefix.
func TestBreakAfterEachCharacter(t *testing.T) {
	for _, b := range []string{"\u00ad", "\u200b", "\ufeff", "\u2060", "&shy;", "\x1b[m", "=\n", "&#8203;", `\u{200b}`} {
		token := testToken(67)
		text := "k=" + strings.Join(strings.Split(token, ""), b) + " x"
		if ms := findAll(text); len(ms) != 1 || ms[0].Confidence != High || ms[0].Secret.Reveal() != token {
			t.Errorf("%q: %s", b, summary(ms))
		}
	}
}

// TestBreaksInPrefix writes the prefix of a token with each break and escape that
// has a probe.
func TestBreaksInPrefix(t *testing.T) {
	token := testToken(65)
	for _, text := range []string{
		"r8\x1b[m\x1b[K_", "\x1b[01;31m\x1b[Kr8\x1b[m\x1b[K_", "r\x1b[m8_", "r\x1b[m\x1b[K8_", "r\x1b[31m8\x1b[m_", "r8=\n_", "r=\n8_", "r=\r\n8_", `r8\_`, `r8\\_`, `r8\\\_`, "r8=5F", "r8=5f", "=728_", "=72=38=5F", "r=38_", "=728=5F",
		"r8%u005f", "%u0072%u0038%u005F", "r8&shy;_", "r8<wbr>_", "r8&#173;_", "r8&lowbar;", "r8&UnderBar;", `r8\u200b_`, "r8%C2%AD_", "r8=C2=AD_", "r8+AF8-", `r8\textunderscore `, `r8\textunderscore{}`,
		`\x{72}\x{38}\x{5f}`, `r8\x{5f}`, "r\br8\b8_\b_", "_\br_\b8_\b_", `r\u001b[m8_`, `r8\u001b[m_`,
	} {
		ms := findAll("k=" + text + token[3:] + " x")
		if len(ms) != 1 || ms[0].Confidence != High || ms[0].Secret.Reveal() != token {
			t.Errorf("%q: %s", text, summary(ms))
		}
	}
}

// TestWrapped searches tokens as programs wrap them, such as nroff and grep. Other
// line breaks and characters end a token.
func TestWrapped(t *testing.T) {
	token := testToken(66)
	var bold, under, quoted strings.Builder
	for _, c := range token {
		bold.WriteString(string(c) + "\b" + string(c))
		under.WriteString("_\b" + string(c))
		quoted.WriteString("=" + encode(string(c), "HEX"))
	}
	for _, text := range []string{bold.String(), under.String(), quoted.String(), "r8\\_" + token[3:20] + "=\n" + token[20:], prefix + strings.Join(strings.Split(token[3:], ""), "\u200b"),
		prefix + strings.Join(strings.Split(token[3:], ""), "<wbr>"), prefix + token[3:10] + "\x1b[31m\u200b\x1b[m" + token[10:]} {
		ms := findAll("a " + text + " b")
		if len(ms) != 1 || ms[0].Confidence != High || ms[0].Secret.Reveal() != token || ms[0].Start > 4 || ms[0].End != 2+len(text) {
			t.Errorf("%q: %s", text, summary(ms))
		}
	}
	for _, text := range []string{token[:20] + "\n" + token[20:], token[:20] + " " + token[20:], token[:20] + "=" + token[20:], token[:20] + "\u2028" + token[20:], token[:20] + "\x1b" + token[20:], token[:20] + "*" + token[20:]} {
		if ms := findAll(text); len(ms) != 0 {
			t.Errorf("%q: %s", Redact(text), summary(ms))
		}
	}
}

// FuzzBroken puts a token with a break in it behind any text. The token must be
// found, maybe as a part of a longer word.
func FuzzBroken(f *testing.F) {
	f.Add("x=", uint8(3), uint8(20))
	f.Add("\x1b[", uint8(1), uint8(39))
	var all []string
	for _, list := range breaks {
		all = append(all, list...)
	}
	f.Fuzz(func(t *testing.T, before string, which, at uint8) {
		token := testToken(uint64(which))
		i := len(prefix) + int(at)%(tokenLen-len(prefix))
		text := before + token[:i] + all[int(which)%len(all)] + token[i:] + "\n"
		for _, m := range findAll(text) {
			if m.Secret.Reveal() == token && m.Start <= len(before) {
				return
			}
		}
		t.Fatalf("%q at %d: the token is not found", all[int(which)%len(all)], i)
	})
}

// BenchmarkHostileBreaks searches texts that consist of breaks and probes only.
// The slowest one shows how much time a hostile file takes.
func BenchmarkHostileBreaks(b *testing.B) {
	for _, unit := range []string{"r8=", "r m8_", "r\"+\"8_", "r=\n8_", "r\x1b[m8_", "r8\\", `r8"`, "r\b8_", "r8_\x1b[m", "r8_=\n", "r8_\u200b", "r8_A\u200b", "8=5", "rrrrrr8_m8_", "\\r\\8_", "%u0072%38", "(r8_", "cjhf\n", "cjhf\",\n\"", "I4\n+", "I4\\n\\n", "\n> +I4X", "OF8\n", "y\n\n\n\nOF8"} {
		text := []byte(strings.Repeat(unit, 128<<10/len(unit)))
		b.Run(fmt.Sprintf("%q", unit), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Find(nil, text, 0, len(text))
			}
		})
	}
}
