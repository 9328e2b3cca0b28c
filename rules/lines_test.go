package rules

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// between lists what may be between two lines of one encoded text.
var between = []string{
	"\n", "\r\n", "\r", "\n+", "\r\n+", "\n-", "\n> ", "\n>> ", "\n> > ", "\n# ", "\n#", "\n * ", "\n *  ", "\n// ", "\n/// ", "\n    // ", "\n; ", "\n-- ", "\n% ", "\n| ", "\n   ", "\n\t",
	"\"\n\"", "'\n'", "\",\n  \"", "',\n'", "\" +\n    \"", "\"\n  + \"", "' .\n '", "\" & _\n  \"", "\" \\\n\"", "\\\n", `\n`, `\r\n`, `\r`, `\\n`, `\\r\\n`, `\n" +` + "\n  \"", `\n",` + "\n    \"",
	"\"\n.ascii \""[:3], "')\n('"[:4], "\"\r\n+\"", "\n+    ", "\n+\t\t", "\n+# ", "\n+ * ", " \n", "  \n  ", "%0A", "%0a", "%0D%0A", "%250A", "%250D%250A", "&#10;", "&#xA;", "&#xa;", "&#x0A;", "&#13;&#10;", "&#xD;&#xA;", "&NewLine;", "`n", "`r`n", `\u000a`, `\u000D\u000A`, `\\u000a`, `\x0a`, `\x0d\x0a`, `\012`,
	`\015\012`, `\u{a}`, "%u000A", "#012", "#015#012", "=0A", "=0D=0A", "<br>", "<br/>\n", "<br />\r\n", "%0A> ", `\u000a  `, "&#10;\n", "\n  - ", "\n> +", "'\nb'", "\",\n    r\"", "\n<", "\n\n", "\r\n\r\n",
}

// TestEncodedLines finds a token in encoded lines of various widths, with each kind
// of line break.
func TestEncodedLines(t *testing.T) {
	rounds := 150
	if testing.Short() {
		rounds = 25
	}
	r := rand.New(rand.NewPCG(41, 1))
	for _, b := range between {
		for range rounds {
			token := randomToken(r)
			for _, encoding := range []string{"base64", "hex"} {
				width := []int{48, 60, 64, 72, 76, 100}[r.IntN(6)]
				code := encode(lines(r)+"k="+token+"\n"+lines(r)+lines(r), encoding)
				text := wrap(code, width, b)
				if strings.HasPrefix(b, "\n+") || strings.HasPrefix(b, "\n-") && !strings.HasPrefix(b, "\n--") {
					text = b[1:] + text
				}
				ms := findAll("data:\n" + text + "\n")
				if encoding == "hex" && b[0] == ' ' && len(ms) == 0 {
					continue // the break splits the probe: a probe of 38 and a space would match everywhere
				}
				if len(ms) != 1 || ms[0].Confidence != High || ms[0].Secret.Reveal() != token {
					t.Errorf("%s, %q, %d wide: %s\n%s", encoding, b, width, summary(ms), wrap(code, width, b))
					break
				}
			}
		}
	}
}

// TestNextLine finds a token in a line of base64. The next line is not part of the
// encoded text.
func TestNextLine(t *testing.T) {
	r := rand.New(rand.NewPCG(42, 1))
	for range 2000 {
		token := randomToken(r)
		for _, next := range []string{"password: x", "  \"other\": \"abcdefgh\"", "+abcdefg", "# comment", "MIIEpAIBAAKCAQEA", "- item"} {
			text := fmt.Sprintf("a: %s\n%s\n", encode("k="+token, "base64"), next)
			if ms := findAll(text); len(ms) != 1 || ms[0].Confidence != High {
				t.Fatalf("%q: %s", next, summary(ms))
			}
		}
	}
}

// FuzzLines puts any text between encoded lines. Nothing may panic, and the matches
// must not depend on windows.
func FuzzLines(f *testing.F) {
	for _, b := range between {
		f.Add(b, uint16(90), uint8(64))
	}
	f.Fuzz(func(t *testing.T, b string, split uint16, width uint8) {
		text := []byte("x\n" + wrap(encode("some text "+testToken(uint64(width))+" and more of it", "base64"), 8+int(width)/4*4, b))
		at := min(int(split), len(text))
		whole := describe(standard.FindTokens(nil, text, 0, len(text)))
		if parts := describe(inTwo(standard.FindTokens, text, at, TokenBehind, TokenAhead)); parts != whole {
			t.Fatalf("whole:\n%sin parts:\n%s", whole, parts)
		}
	})
}
