package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"r8scan/report"
	"r8scan/rules"
)

// TestSilent makes sure that texts that only look like tokens are not reported.
func TestSilent(t *testing.T) {
	eachFile(t, "ok", func(t *testing.T, text string) {
		doc, code := scanText(t, strings.NewReplacer("{{R8}}", "r8_", "{{HEX}}", strings.Repeat("0c4f1e5a9b", 4), "{{WEBHOOK}}", "whsec_"+fakeToken("ok")[4:36],
			"{{KEY}}", "sk-"+fakeToken("ok")[3:]).Replace(text))
		if code != exitClean || len(doc.Findings) > 0 {
			t.Errorf("exit code %d and %d findings: %v", code, len(doc.Findings), doc.Findings)
		}
	})
}

// TestFound makes sure that tokens are found in every context, at their place, and API
// tokens with high confidence. It runs many times, because tokens are random.
func TestFound(t *testing.T) {
	eachFile(t, "leak", func(t *testing.T, text string) {
		for round := range 20 {
			filled, want := fill(t, text, round)
			if len(want) == 0 {
				t.Fatal("the file has no marker")
			}
			doc, code := scanText(t, filled)
			if code != exitFound || len(doc.Findings) != len(want) {
				t.Errorf("exit code %d and %d findings of %d", code, len(doc.Findings), len(want))
			}
			for _, f := range doc.Findings {
				place := fmt.Sprintf("%d:%d", f.Locations[0].Line, f.Locations[0].Column)
				if len(f.Locations) != 1 || want[f.TokenID] != place || f.Confidence < sure(f.Rule) {
					t.Errorf("%v, want it at %q", f, want[f.TokenID])
				}
			}
		}
	})
}

// sure is the confidence that findings of a rule in the leaks must have.
func sure(rule string) rules.Confidence {
	if rule == rules.APIToken.ID {
		return rules.High
	}
	return rules.Medium
}

// eachFile runs test on each file of a folder of texts.
func eachFile(t *testing.T, folder string, test func(t *testing.T, text string)) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			test(t, string(text))
		})
	}
}

// markers stand for credentials in the texts. Each function makes one from a name: the
// text to write, and the credential in it.
func markers() map[string]func(name string) (written, secret string) {
	plain := func(make func(token string) string) func(string) (string, string) {
		return func(name string) (string, string) {
			secret := make(fakeToken(name))
			return secret, secret
		}
	}
	return map[string]func(string) (string, string){
		"{{TOKEN}}":   plain(func(token string) string { return token }),
		"{{HEX}}":     plain(func(token string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(token)))[:40] }),
		"{{WEBHOOK}}": plain(func(token string) string { return "whsec_" + token[4:36] }),
		"{{COG}}":     plain(func(token string) string { return token[3:] }),
		"{{KEY}}":     plain(func(token string) string { return "sk-" + token[3:] }),
		"{{AUTH}}": func(name string) (string, string) {
			secret := fakeToken(name)[3:]
			return base64.StdEncoding.EncodeToString([]byte("someone:" + secret)), secret
		},
	}
}

var marker = regexp.MustCompile(`\{\{[A-Z]+\}\}`)

// fill replaces each marker by a credential. It returns the places, as line:column, by
// id.
func fill(t *testing.T, text string, round int) (filled string, places map[string]string) {
	t.Helper()
	places = map[string]string{}
	last := 0
	for i, at := range marker.FindAllStringIndex(text, -1) {
		filled += text[last:at[0]]
		last = at[1]
		made, ok := markers()[text[at[0]:at[1]]]
		if !ok {
			t.Fatalf("no such marker: %s", text[at[0]:at[1]])
		}
		written, secret := made(fmt.Sprintf("%d in round %d", i, round))
		line := filled[strings.LastIndexByte(filled, '\n')+1:]
		places[rules.NewSecret(secret, 0).ID()] = fmt.Sprintf("%d:%d",
			1+strings.Count(filled, "\n"), 1+len(utf16.Encode([]rune(line))))
		filled += written
	}
	return filled + text[last:], places
}

// scanText runs the command on a text and returns its result and exit code.
func scanText(t *testing.T, text string) (*report.Document, int) {
	t.Helper()
	var out, errs bytes.Buffer
	code := command{strings.NewReader(text), &out, &errs}.run(context.Background(), []string{"files", "-", "-f", "json"})
	var doc report.Document
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatalf("%v; it printed %q", err, errs.String())
	}
	return &doc, code
}
