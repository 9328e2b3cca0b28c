package rules

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// hostileLen is the length of each hostile text.
const hostileLen = 1 << 20

// hostileTexts returns texts that take as much time as possible.
func hostileTexts() map[string]string {
	texts := map[string]string{}
	for _, s := range []string{`replicate.run({input:{api_key:"`, `{input:{k:"abcdefgh",replicate          `, "dockerconfigjson:eyJ", `"r8.im":{` + strings.Repeat(" ", 23),
		"replicate:", fakeWebhook + " replicate", "replicate_key:" + fakeHex + " "} {
		texts["sibling "+s[:9]] = s
	}
	for _, p := range tokenProbes.list {
		texts["probe "+p.bytes] = p.bytes
		if p.kind >= formBase64_0 && p.kind <= formBase64_4 {
			texts["wrapped "+p.bytes] = strings.Repeat(p.bytes, 6) + "\n"
			texts["words "+p.bytes] = p.bytes + "AAAA"[:len(p.bytes)%4+1]
			texts["aligned "+p.bytes] = strings.Repeat(p.bytes+"a", 3)
		}
	}
	nested := strings.Repeat(prefix, 12)
	for n := range 4 {
		texts[fmt.Sprintf("prefixes in %d", n)] = nested
		texts[fmt.Sprintf("bodies in %d", n)] = encoded(strings.Repeat("r8_"+strings.Repeat("a7", 18), 3), n)
		texts[fmt.Sprintf("tokens in %d", n)] = encoded(strings.Repeat(testToken(5)+" ", 3), n)
		nested = encoded(nested, 1)
	}
	r := rand.New(rand.NewPCG(7, 7))
	var mixed, wrapped strings.Builder
	for mixed.Len() < 3000 {
		p := tokenProbes.list[r.IntN(len(tokenProbes.list))]
		mixed.WriteString(p.bytes)
		wrapped.WriteString(strings.TrimRight(p.bytes, "\r\n\\%#&"))
	}
	for _, p := range hiddenProbes {
		texts["hidden "+p.bytes] = p.bytes
	}
	for _, w := range []string{"replicate:", "r8.im ", "COG_TOKEN="} {
		for _, encoding := range []string{"base64", "hex", "utf-16le", "percent", "hex-escape", "html-entity"} {
			texts[encoding+" of "+w] = encode(strings.Repeat(w, 3), encoding)
		}
	}
	texts["mixed"], texts["mixed base64"] = mixed.String(), wrapped.String()
	texts["spaces"] = "I4" + strings.Repeat("\n"+strings.Repeat(" ", 40), 8)
	texts["breaks"] = strings.Repeat("cjhf\n", 5)
	texts["escapes"] = strings.Repeat(`\x72`, 8) + "8\\"
	texts["literals"] = `"r"+"8"+"_"+"a"+`
	return texts
}

// encoded encodes s in base64 several times.
func encoded(s string, times int) string {
	for range times {
		s = base64.StdEncoding.EncodeToString([]byte(s))
	}
	return s
}

// BenchmarkHostile measures Find on texts that take as much time as possible.
func BenchmarkHostile(b *testing.B) {
	for name, s := range hostileTexts() {
		text := bytes.Repeat([]byte(s), hostileLen/len(s)+1)[:hostileLen]
		b.Run(strings.Map(printed, name), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			var ms []Match
			for b.Loop() {
				ms = Find(ms[:0], text, 0, len(text))
			}
		})
	}
}

// printed replaces the characters that a benchmark's name may not have.
func printed(r rune) rune {
	if r <= ' ' || r == '/' {
		return '.'
	}
	return r
}
