package rules

import (
	stdbase64 "encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	stdutf16 "unicode/utf16"
	"unicode/utf8"
)

// encode applies one of the encodings that Find knows to a text.
func encode(text, encoding string) string {
	var b strings.Builder
	each := func(format string) string {
		for _, c := range []byte(text) {
			fmt.Fprintf(&b, format, c)
		}
		return b.String()
	}
	switch encoding {
	case "base64":
		return stdbase64.StdEncoding.EncodeToString([]byte(text))
	case "base64url":
		return stdbase64.RawURLEncoding.EncodeToString([]byte(text))
	case "hex":
		return hex.EncodeToString([]byte(text))
	case "HEX":
		return strings.ToUpper(hex.EncodeToString([]byte(text)))
	case "utf-16le", "utf-16be":
		for _, u := range stdutf16.Encode([]rune(text)) {
			pair := []byte{byte(u), byte(u >> 8)}
			if encoding == "utf-16be" {
				slices.Reverse(pair)
			}
			b.Write(pair)
		}
		return b.String()
	case "percent":
		return each("%%%02X")
	case "hex-escape":
		return each(`\x%02x`)
	case "octal-escape":
		return each(`\%03o`)
	case "unicode-escape":
		return each(`\u%04x`)
	case "unicode brace":
		return each(`\u{%x}`)
	case "html-entity":
		return each("&#%d;")
	case "html hex":
		return each("&#x%x;")
	}
	panic("unknown encoding " + encoding)
}

// wrap breaks a text into lines of width characters.
func wrap(text string, width int, between string) string {
	var lines []string
	for part := range slices.Chunk([]byte(text), width) {
		lines = append(lines, string(part))
	}
	return strings.Join(lines, between)
}

// encodedCases hide a token in a text. want is the chain of encodings that the
// match must name.
var encodedCases = []struct {
	name string
	hide func(token string, r *rand.Rand) string
	want []string
}{
	{"base64", func(s string, r *rand.Rand) string { return "k: " + encode(s, "base64") + "\n" }, []string{"base64"}},
	{"base64 of a line", func(s string, r *rand.Rand) string { return encode(anyText(r)+" "+s+"\n"+anyText(r), "base64") }, []string{"base64"}},
	{"base64url", func(s string, r *rand.Rand) string { return "?t=" + encode(anyText(r)+":"+s, "base64url") + "&x" }, []string{"base64"}},
	{"base64 in 76 columns", func(s string, r *rand.Rand) string {
		return wrap(encode(strings.Repeat(anyText(r), 4)+" "+s+" "+anyText(r), "base64"), 76, "\r\n")
	}, []string{"base64"}},
	{"base64 in 64 columns of YAML", func(s string, r *rand.Rand) string {
		return "data: |\n    " + wrap(encode(anyText(r)+"="+s+"\n", "base64"), 64, "\n    ") + "\n"
	}, []string{"base64"}},
	{"base64 with escaped line breaks", func(s string, r *rand.Rand) string {
		return `{"a":"` + wrap(encode(anyText(r)+"="+s+"\n", "base64"), 60, `\n`) + `"}`
	}, []string{"base64"}},
	{"base64 broken at each place of its groups", func(s string, r *rand.Rand) string {
		return wrap(encode(lines(r)+s+"\n"+lines(r), "base64"), 64, []string{"\n", "\r\n", "\n      ", `\n`, `\r\n`}[r.IntN(5)])
	}, []string{"base64"}},
	{"base64url broken likewise", func(s string, r *rand.Rand) string {
		return wrap(encode(lines(r)+s+"?"+lines(r), "base64url"), 76, "\n")
	}, []string{"base64"}},
	{"hex broken at each byte", func(s string, r *rand.Rand) string {
		return wrap(encode(lines(r)+s+" ", "HEX"), 60, []string{"\n", "\r\n", "\n  ", `\n`}[r.IntN(4)])
	}, []string{"hex"}},
	{"utf-16le before what is no ASCII", func(s string, r *rand.Rand) string { return encode("\ufeff"+s+"\u0141, \u4142", "utf-16le") }, []string{"utf-16"}},
	{"utf-16le amid what is no ASCII", func(s string, r *rand.Rand) string { return encode("k="+s+"\u4142", "utf-16le") }, []string{"utf-16"}},
	{"utf-16be amid what is no ASCII", func(s string, r *rand.Rand) string { return encode("\u4142"+s+" \u4142", "utf-16be") }, []string{"utf-16"}},
	{"base64 twice", func(s string, r *rand.Rand) string {
		return "x " + encode(anyText(r)+encode(anyText(r)+" "+s+" ", "base64")+anyText(r), "base64")
	}, []string{"base64", "base64"}},
	{"base64 twice, broken at each place of its groups", func(s string, r *rand.Rand) string {
		return wrap(encode(lines(r)+encode(lines(r)+s+"\n", "base64")+lines(r), "base64"), 76, []string{"\n", "\r\n", "\n      ", `\n`, `\r\n`}[r.IntN(5)])
	}, []string{"base64", "base64"}},
	{"base64 in lines, and again", func(s string, r *rand.Rand) string {
		return encode(lines(r)+wrap(encode(lines(r)+s+"\n", "base64"), 76, []string{"\n", "\r\n"}[r.IntN(2)]), "base64")
	}, []string{"base64", "base64"}},
	{"base64 of a Docker config", func(s string, r *rand.Rand) string {
		return encode(`{"auths":{"r8.im":{"auth":"`+encode("user:"+s, "base64")+`"}}}`, "base64")
	}, []string{"base64", "base64"}},
	{"powershell", func(s string, r *rand.Rand) string {
		return "powershell -enc " + encode(encode(anyText(r)+" '"+s+"'", "utf-16le"), "base64")
	}, []string{"base64", "utf-16"}},
	{"base64 of UTF-16BE", func(s string, r *rand.Rand) string {
		return encode(encode(anyText(r)+" '"+s+"'", "utf-16be"), "base64")
	}, []string{"base64", "utf-16"}},
	{"hex", func(s string, r *rand.Rand) string { return "x'" + encode(anyText(r)+" "+s+" ", "hex") + "'" }, []string{"hex"}},
	{"upper hex", func(s string, r *rand.Rand) string { return encode(s, "HEX") }, []string{"hex"}},
	{"hex in 60 columns", func(s string, r *rand.Rand) string { return wrap(encode(anyText(r)+" "+s, "hex"), 60, "\n") }, []string{"hex"}},
	{"utf-16le", func(s string, r *rand.Rand) string { return encode("k = "+s+"\r\n", "utf-16le") }, []string{"utf-16"}},
	{"utf-16le with BOM", func(s string, r *rand.Rand) string { return "\xff\xfe" + encode(s, "utf-16le") }, []string{"utf-16"}},
	{"utf-16be", func(s string, r *rand.Rand) string { return encode("é = \""+s+"\"\n", "utf-16be") }, []string{"utf-16"}},
	{"utf-16be with BOM", func(s string, r *rand.Rand) string { return "\xfe\xff" + encode(s, "utf-16be") }, []string{"utf-16"}},
	{"percent", func(s string, r *rand.Rand) string { return "t=" + encode(s, "percent") + "&" }, []string{"percent"}},
	{"percent, underscore only", func(s string, r *rand.Rand) string { return "t=" + strings.Replace(s, "_", "%5F", 1) + "&" }, []string{"percent"}},
	{"hex-escape", func(s string, r *rand.Rand) string { return `"` + encode(s, "hex-escape") + `"` }, []string{"hex-escape"}},
	{"escaped hex-escape", func(s string, r *rand.Rand) string {
		return `"` + strings.ReplaceAll(encode(s, "hex-escape"), `\`, `\\`) + `"`
	}, []string{"hex-escape"}},
	{"unicode-escape", func(s string, r *rand.Rand) string { return `"` + encode(s, "unicode-escape") + `"` }, []string{"unicode-escape"}},
	{"unicode-escape, underscore only", func(s string, r *rand.Rand) string { return `"` + strings.Replace(s, "_", `\u005f`, 1) + `"` }, []string{"unicode-escape"}},
	{"unicode brace", func(s string, r *rand.Rand) string { return `"` + encode(s, "unicode brace") + `"` }, []string{"unicode-escape"}},
	{"octal-escape", func(s string, r *rand.Rand) string { return `"` + encode(s, "octal-escape") + `"` }, []string{"octal-escape"}},
	{"html-entity", func(s string, r *rand.Rand) string { return "<p>" + encode(s, "html-entity") + "</p>" }, []string{"html-entity"}},
	{"html hex", func(s string, r *rand.Rand) string { return "<p>" + encode(s, "html hex") + "</p>" }, []string{"html-entity"}},
	{"html, underscore only", func(s string, r *rand.Rand) string { return "<p>" + strings.Replace(s, "_", "&#95;", 1) + "</p>" }, []string{"html-entity"}},
	{"plus", func(s string, r *rand.Rand) string { return `x = "` + s[:3] + `" + "` + s[3:] + `"` }, []string{"concatenation"}},
	{"plus over lines", func(s string, r *rand.Rand) string {
		return "x = '" + s[:9] + "' +\n\t    '" + s[9:20] + "'\n  + '" + s[20:] + "';"
	}, []string{"concatenation"}},
	{"dot", func(s string, r *rand.Rand) string { return `$x = 'r8' . '` + s[2:] + `';` }, []string{"concatenation"}},
	{"SQL", func(s string, r *rand.Rand) string { return `SELECT '` + s[:7] + `' || '` + s[7:] + `'` }, []string{"concatenation"}},
	{"Lua", func(s string, r *rand.Rand) string { return `t = "` + s[:3] + `" .. "` + s[3:] + `"` }, []string{"concatenation"}},
	{"Basic", func(s string, r *rand.Rand) string { return `t = "` + s[:5] + `" & "` + s[5:] + `"` }, []string{"concatenation"}},
	{"template", func(s string, r *rand.Rand) string { return `{{ "` + s[:9] + `" ~ '` + s[9:] + `' }}` }, []string{"concatenation"}},
	{"adjacent", func(s string, r *rand.Rand) string { return `("` + s[:12] + "\"\n     \"" + s[12:] + `")` }, []string{"concatenation"}},
	{"f-string", func(s string, r *rand.Rand) string { return `("` + s[:12] + `" f"` + s[12:] + `")` }, []string{"concatenation"}},
	{"ampersand", func(s string, r *rand.Rand) string { return `t = "` + s[:5] + `" & _` + "\n" + s }, nil},
	{"line continuation", func(s string, r *rand.Rand) string { return "t='" + s[:15] + "\\\n" + s[15:] + "'" }, []string{"concatenation"}},
	{"notebook source lines", func(s string, r *rand.Rand) string {
		return `"source": ["t = (\"` + s[:20] + `\"\n",` + "\n    " + `"     \"` + s[20:] + `\")\n"]`
	}, []string{"concatenation"}},
}

// anyText returns a few words of random length, so that base64 has each of its
// alignments.
func anyText(r *rand.Rand) string { return "user name and more"[:r.IntN(18)] }

// lines returns up to three lines of text.
func lines(r *rand.Rand) string { return strings.Repeat("key: value, more; ", 9)[:r.IntN(150)] + "\n" }

// TestHostileTexts limits the memory that is taken, in all, for each byte of a
// text that consists of probes only. An earlier version decoded all of the text
// from each probe, which took minutes per megabyte. Memory tells the same as time,
// and is the same on a busy machine.
func TestHostileTexts(t *testing.T) {
	for name, s := range hostileTexts() {
		perByte := func(length int) float64 {
			text := []byte(strings.Repeat(s, length/len(s)+1))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			Find(nil, text, 0, len(text))
			runtime.ReadMemStats(&after)
			return float64(after.TotalAlloc-before.TotalAlloc) / float64(len(text))
		}
		short, long := perByte(16<<10), perByte(64<<10)
		if long > 1.25*short+10 || long > 8<<10 {
			t.Errorf("%s: %.0f bytes of memory for each byte of 64 KB, %.0f of 16 KB", name, long, short)
		}
	}
}

// TestEncodedForms finds random tokens in each case, and the right chain.
func TestEncodedForms(t *testing.T) {
	per := 3000
	if testing.Short() {
		per = 100
	}
	r := rand.New(rand.NewPCG(5, 6))
	for _, c := range encodedCases {
		found := 0
		for range per {
			token := randomToken(r)
			text := c.hide(token, r)
			ms := slices.DeleteFunc(findAll(text), func(m Match) bool { return m.Confidence < High })
			if len(ms) != 1 || ms[0].Secret.Reveal() != token || !slices.Equal(ms[0].Encoding, c.want) {
				t.Fatalf("%s: %d matches, encodings %v, want one with %v", c.name, len(ms), encodings(ms), c.want)
			}
			found++
		}
		t.Logf("%s: %d of %d found", c.name, found, per)
	}
}

// TestEscapedCharacters escapes one character of a token, or two of its prefix.
func TestEscapedCharacters(t *testing.T) {
	token := testToken(23)
	for _, encoding := range []string{"percent", "hex-escape", "octal-escape", "unicode-escape", "unicode brace", "html-entity", "html hex"} {
		for i := range token {
			for j := i; j < max(i+1, len(prefix)); j++ {
				var b strings.Builder
				for k, c := range token {
					if k == i || k == j {
						b.WriteString(encode(string(c), encoding))
					} else {
						b.WriteRune(c)
					}
				}
				if ms := findAll("k='" + b.String() + "'"); len(ms) != 1 || ms[0].Secret.Reveal() != token || ms[0].Confidence != High {
					t.Errorf("characters %d and %d by %s: %d matches", i, j, encoding, len(ms))
				}
			}
		}
	}
	if ms := findAll("r8&lowbar;" + token[3:]); len(ms) != 1 || ms[0].Secret.Reveal() != token {
		t.Errorf("&lowbar;: %d matches", len(ms))
	}
}

func encodings(ms []Match) (out [][]string) {
	for _, m := range ms {
		out = append(out, m.Encoding)
	}
	return out
}

// TestEncodedPlace checks that a match points at the encoded text.
func TestEncodedPlace(t *testing.T) {
	token := testToken(20)
	for _, encoding := range []string{"hex", "percent", "unicode-escape", "html-entity", "utf-16le", "base64"} {
		code := encode(token, encoding)
		text := "before: " + code + " after"
		ms := findAll(text)
		if len(ms) != 1 {
			t.Fatalf("%s: %d matches", encoding, len(ms))
		}
		got := text[ms[0].Start:ms[0].End]
		if want := strings.TrimRight(code, "="); got != want {
			t.Errorf("%s: the match has %d bytes and starts at %d, want %d bytes", encoding, len(got), ms[0].Start, len(want))
		}
	}
}

// TestNoEncodedToken finds nothing in texts that only look like an encoded token.
func TestNoEncodedToken(t *testing.T) {
	token := testToken(21)
	for _, text := range []string{
		`"r8_" + name + "` + token[3:] + `"`,
		`["r8_", "` + token[3:] + `"]`,
		`"r8_"` + strings.Repeat(" ", 200) + `"` + token[3:] + `"`,
		encode(token[:39], "base64"), encode(token[:39], "hex"), encode(token[:39], "utf-16le"), encode(token[:39], "percent"),
		`"` + token[:20] + `" "` + token[20:38] + `"`,
		"cjhf", "cjh", "385", "72385f", "8\x00_", "r\x008\x00_", "%38", `\x38`, "&#56;", "r8\\", `r8"`, "r8%5", "I4X", "yOF", "5T0",
	} {
		if ms := findAll(text); len(ms) != 0 {
			t.Errorf("%s: %d matches", Redact(text), len(ms))
		}
	}
}

// TestEncodedLowConfidence gives low confidence to encoded text that is more than a
// token, or a placeholder.
func TestEncodedLowConfidence(t *testing.T) {
	token := testToken(22)
	for _, text := range []string{
		encode(token+"x", "hex"), encode("x"+token, "base64"), encode(token+"_x ", "utf-16be"), encode(token, "percent") + "a",
		encode(prefix+strings.Repeat("x", bodyLen), "base64"),
	} {
		if ms := findAll(text); len(ms) != 1 || ms[0].Confidence != Low || ms[0].Why == "" {
			t.Errorf("%s: %d matches, want one of low confidence", Redact(text), len(ms))
		}
	}
}

// TestEncodedInUTF16 finds each encoded form, and a token behind each escape, in
// UTF-16 of both byte orders.
func TestEncodedInUTF16(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 16))
	for _, order := range []string{"utf-16le", "utf-16be"} {
		for _, c := range encodedCases {
			switch {
			case strings.Contains(c.name, "utf-16"):
				continue
			case c.name == "unicode-escape", c.name == "unicode brace", c.name == "html hex":
				continue // a whole token in such escapes is longer than a match may be
			case len(c.want) > 1:
				continue // base64 in base64 has no probe in UTF-16
			}
			for range 20 {
				token := randomToken(r)
				inner := c.hide(token, r)
				text := encode("\ufeffsome text\r\n"+inner+"\r\nand more", order)
				want := append([]string{"utf-16"}, c.want...)
				if ms := findAll(text); len(ms) != 1 || ms[0].Confidence != High || ms[0].Secret.Reveal() != token || !slices.Equal(ms[0].Encoding, want) {
					t.Errorf("%s, %s: %s %v, want %v", c.name, order, summary(ms), encodings(ms), want)
					break
				}
			}
		}
		for _, front := range fronts {
			if !utf8.ValidString(front) || front == "\u009b0K" {
				continue
			}
			token := randomToken(r)
			if ms := findAll(encode("a "+front+token+" x", order)); len(ms) != 1 || ms[0].Confidence != High || ms[0].Secret.Reveal() != token {
				t.Errorf("%q, %s: %s", front, order, summary(ms))
			}
		}
	}
}

// TestStartsGroup accepts each probe that begins a group of four characters.
func TestStartsGroup(t *testing.T) {
	for _, inner := range []string{"r8_", "r\x008", "cjh", "I4X", "yOF", "\nOF"} {
		if group := encode(inner, "base64"); !startsGroup([]byte(group)) || tokenProbes.at([]byte(group)) != formBase64_0 {
			t.Errorf("%q: %s", inner, group)
		}
	}
	for _, end := range lineEnds + " " {
		if group := encode("I4"+string(end), "base64"); !startsGroup([]byte(group)) || tokenProbes.at([]byte(group)) != formBase64_0 {
			t.Errorf("%q: %s", end, group)
		}
	}
	if startsGroup([]byte("STRBUF")) || startsGroup([]byte("STRI")) || startsGroup([]byte("STR")) {
		t.Error("a word that begins with STR is accepted as base64")
	}
}

// TestAdjacentTokensInUTF16 finds each of three tokens in UTF-16, in both byte
// orders. The last one ends the text.
func TestAdjacentTokensInUTF16(t *testing.T) {
	for _, between := range []string{" ", "\n", "\n\n \u0a00\n\u4142", "\u4142", ", ", " = '"} {
		text := "k=" + testToken(1) + between + testToken(2) + between + testToken(3)
		for _, big := range []bool{false, true} {
			var wide []byte
			for _, u := range stdutf16.Encode([]rune(text)) {
				if big {
					wide = append(wide, byte(u>>8), byte(u))
				} else {
					wide = append(wide, byte(u), byte(u>>8))
				}
			}
			found := map[string]bool{}
			for _, m := range Find(nil, wide, 0, len(wide)) {
				if m.Confidence == High {
					found[m.Secret.Reveal()] = true
				}
			}
			if len(found) != 3 {
				t.Errorf("%q, big-endian %v: %d of 3 tokens", between, big, len(found))
			}
		}
	}
}
