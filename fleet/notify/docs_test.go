package notify

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"r8scan/fleet/config"
)

// block returns the block of docs/fleet.md that begins with a text.
func block(t *testing.T, kind, begin string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "fleet.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "```"+kind+"\n"+begin)
	body, _, _ := strings.Cut(rest, "```")
	if !ok {
		t.Fatalf("no %s that begins with %q", kind, begin)
	}
	return begin + body
}

// TestDocs: the configuration in the docs is taken, and the request there is ours.
func TestDocs(t *testing.T) {
	text := block(t, "yaml", "act: true")
	text = strings.ReplaceAll(text, "file:/etc/r8scan/salt", "env:SALT")
	for _, name := range regexp.MustCompile(`env:([A-Z_]+)`).FindAllStringSubmatch(text, -1) {
		t.Setenv(name[1], "https://hooks.example.com/T1")
	}
	_, pub := newKey(t)
	c, err := config.Parse([]byte(strings.ReplaceAll(text, "/etc/r8scan/disable.pub", "'"+pub+"'")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(c); err != nil || !c.Act || len(c.Webhooks) != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	d := json.NewDecoder(strings.NewReader(block(t, "json", "{\n  \"version\": 1")))
	d.DisallowUnknownFields()
	var doc document
	if err := d.Decode(&doc); err != nil || doc.Kind != "disable" || doc.Sealed == nil || len(doc.Places) != 1 {
		t.Errorf("%+v, %v", doc, err)
	}
}

// TestSign has a signature that another program made.
func TestSign(t *testing.T) {
	const want = "t=1795820223,v1=b264fdabbe7e823f0ffd7de46bcbadc385a5c72427419edcb8925ede19d09c6b"
	if got := Sign("shared", at1, []byte(`{"a":1}`)); got != want {
		t.Error(got)
	}
}
