package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/r8scan/r8scan/report"
	"github.com/r8scan/r8scan/rules"
)

// TestSilent makes sure that what looks like a token and is none raises no
// alarm.
func TestSilent(t *testing.T) {
	eachFile(t, "ok", func(t *testing.T, text string) {
		doc, code := scanText(t, strings.ReplaceAll(text, "{{R8}}", "r8_"))
		if code != exitClean || len(doc.Findings) > 0 {
			t.Errorf("exit code %d and %d findings: %v", code, len(doc.Findings), doc.Findings)
		}
	})
}

// TestFound makes sure that tokens are found in every surrounding, at their
// place, and with high confidence; many of each, because tokens are random.
func TestFound(t *testing.T) {
	eachFile(t, "leak", func(t *testing.T, text string) {
		for round := range 20 {
			filled, want := fill(text, round)
			if len(want) == 0 {
				t.Fatal("the file holds no {{TOKEN}}")
			}
			doc, code := scanText(t, filled)
			if code != exitFound || len(doc.Findings) != len(want) {
				t.Errorf("exit code %d and %d findings of %d", code, len(doc.Findings), len(want))
			}
			for _, f := range doc.Findings {
				place := fmt.Sprintf("%d:%d", f.Locations[0].Line, f.Locations[0].Column)
				if len(f.Locations) != 1 || want[f.TokenID] != place || f.Confidence != rules.High {
					t.Errorf("%v stands at %q", f, want[f.TokenID])
				}
			}
		}
	})
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

// fill puts a token in each marker's place. It returns where each one stands,
// as line:column, by its id.
func fill(text string, round int) (filled string, places map[string]string) {
	places = map[string]string{}
	parts := strings.Split(text, "{{TOKEN}}")
	filled = parts[0]
	for i, part := range parts[1:] {
		secret := fakeToken(fmt.Sprintf("%d in round %d", i, round))
		line := filled[strings.LastIndexByte(filled, '\n')+1:]
		places[rules.NewSecret(secret, 0).ID()] = fmt.Sprintf("%d:%d",
			1+strings.Count(filled, "\n"), 1+len(utf16.Encode([]rune(line))))
		filled += secret + part
	}
	return filled, places
}

// scanText runs the command on a text and returns its result and exit code.
func scanText(t *testing.T, text string) (*report.Document, int) {
	t.Helper()
	var out, errs bytes.Buffer
	code := command{strings.NewReader(text), &out, &errs}.run(context.Background(), []string{"files", "-", "-f", "json"})
	var doc report.Document
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatalf("%v; it said %q", err, errs.String())
	}
	return &doc, code
}
