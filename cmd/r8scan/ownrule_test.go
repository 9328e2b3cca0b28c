package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"r8scan/internal/git/gittest"
	"r8scan/report"
	"r8scan/result"
	"r8scan/rules"
	"r8scan/scanner"
)

// ownKey is a key that only ownRule knows.
func ownKey(n int) string { return fmt.Sprintf("acme_%024d", 918273645546372819+int64(n)) }

// ownRule is a rule of another program.
func ownRule() *rules.Rule {
	const prefix, length = "acme_", len("acme_") + 24
	return &rules.Rule{
		ID: "acme-shop-key", Name: "AcmeShopKey", Title: "key for Acme's shop", Description: "A key for Acme's shop: acme_ and 24 digits.",
		Example: "ACME_KEY=acme_90*********************", Severity: "4.2",
		Remedy: rules.Remedy{It: "the key", Page: "https://acme.test/keys", Disable: "tear up the key", Effect: "The shop closes.", Renew: "Cut a new key.",
			Another: " and cut a new one.", Short: "tear it up", Harm: "buy anvils in your name", Read: "ask the doorman for it"},
		Anchors: []rules.Anchor{{Text: prefix, Find: func(view []byte, at int) []rules.Found {
			end := at + length
			if end > len(view) || len(bytes.Trim(view[at+len(prefix):end], "0123456789")) > 0 {
				return nil
			}
			return []rules.Found{{Start: at, End: end, Confidence: rules.High}}
		}}},
		Shown: func(string) int { return len(prefix) + 2 },
	}
}

// TestOwnRule adds a rule to those of the package. Like the others it finds keys in
// files, members of archives, names, git objects and messages, and it is listed and
// reported, with its own advice. No output shows a key.
func TestOwnRule(t *testing.T) {
	set, err := rules.NewSet(append(rules.All(), ownRule())...)
	if err != nil {
		t.Fatal(err)
	}
	r := gittest.New(t)
	r.Write("shop.env", "ACME_KEY="+ownKey(1)+"\n")
	r.Write("names/"+ownKey(2)+".txt", "nothing\n")
	r.Write("mixed.env", "REPLICATE_API_TOKEN="+gittest.Token(1)+"\n")
	r.Git("add", ".")
	r.Git("commit", "-qm", "keys; and "+ownKey(3))
	r.Write("shop.env", "ACME_KEY=\n"+strings.Repeat("more\n", 100)+ownKey(4)+"\n")
	r.Git("add", ".")
	r.Git("commit", "-qm", "no key")
	r.Git("gc", "-q")

	opts := scanner.Options{Rules: set, Cache: t.TempDir()}
	for range 2 { // the first scan's cache must not hide anything from the second
		history, err := scanner.History(t.Context(), r.Dir, opts)
		checkOwn(t, history, err, 1, 2, 3, 4)
	}
	files, err := scanner.Files(t.Context(), []string{r.Dir}, nil, opts)
	checkOwn(t, files, err, 2, 4)
	stdin, err := scanner.Files(t.Context(), []string{"-"}, strings.NewReader("a "+ownKey(5)+" b"), opts)
	checkOwn(t, stdin, err, 5)

	without, err := scanner.History(t.Context(), r.Dir, scanner.Options{Cache: opts.Cache})
	if err != nil || len(without.Findings) != 1 || without.Findings[0].Rule != rules.APIToken.ID {
		t.Errorf("%v: the default rules found %d", err, len(without.Findings))
	}

	var listed strings.Builder
	if err := report.Rules(&listed, set); err != nil {
		t.Fatal(err)
	}
	ownSays(t, "rules", listed.String(), "acme-shop-key\n", "acme_ and 24 digits", "ACME_KEY=acme_90")
}

// checkOwn checks that ownRule found exactly the n-th keys, and what the formats say
// about them.
func checkOwn(t *testing.T, res *result.Result, err error, n ...int) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	missing := map[string]bool{}
	for _, i := range n {
		missing[ownKey(i)] = true
	}
	for _, f := range res.Findings {
		if f.Rule == "acme-shop-key" && !missing[f.Secret.Reveal()] {
			t.Errorf("%s: another key was found: %v", res.Target.Kind, f.Locations)
		}
		delete(missing, f.Secret.Reveal())
	}
	if len(missing) > 0 {
		t.Errorf("%s: %d of %d keys were not found", res.Target.Kind, len(missing), len(n))
	}
	doc := report.New(*res, report.Tool{Name: "r8scan", Version: "1.2.3"}, time.Now(), time.Second)
	out := map[string]string{}
	for _, format := range report.Formats() {
		render, err := report.ByName(format)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := render(&b, doc, report.Options{Verbose: true, Width: 1000}); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		out[format] = b.String()
		if strings.Contains(b.String(), ownKey(1)[:20]) {
			t.Errorf("%s, %s: a key is shown", res.Target.Kind, format)
		}
	}
	mask := "acme_00" + strings.Repeat("*", 22)
	advice := "ear up the key"
	ownSays(t, "text", out["text"], mask, "key for Acme's shop", advice)
	ownSays(t, "json", out["json"], mask, `"acme-shop-key"`)
	ownSays(t, "markdown", out["markdown"], "key for Acme's shop", advice)
	ownSays(t, "sarif", out["sarif"], mask, `"AcmeShopKey"`, "A key for Acme's shop", "https://acme.test/keys", "ear it up")
	if !json.Valid([]byte(out["sarif"])) || !json.Valid([]byte(out["json"])) {
		t.Error("the JSON is invalid")
	}
}

func ownSays(t *testing.T, what, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s: no %q in\n%s", what, w, text)
		}
	}
}

// TestOwnRuleOff switches the caller's own rule off by its id.
func TestOwnRuleOff(t *testing.T) {
	set, err := rules.NewSet(ownRule())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"config": "rules:\n  off: [acme-shop-key]\n", "shop.env": ownKey(1) + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, config := filepath.Join(dir, "shop.env"), filepath.Join(dir, "config")
	res, err := scanner.Files(t.Context(), []string{file}, nil, scanner.Options{Rules: set, Config: config})
	if err != nil || len(res.Findings) != 0 || len(res.Allowed) != 1 {
		t.Errorf("%v: %+v", err, res)
	}
	if _, err := scanner.Files(t.Context(), []string{file}, nil, scanner.Options{Config: config}); err == nil {
		t.Error("a configuration is accepted whose rule the default set does not have")
	}
}
