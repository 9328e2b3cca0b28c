package rules_test

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"strings"

	"r8scan/rules"
)

// token is put together here, so that no scanner reports this file.
var token = "r8_" + "Hw3kTq9ZbN5xYc7VmL2pRs8DfG4jKe6WuA1tB"

func Example() {
	text := []byte("REPLICATE_API_TOKEN=" + token + "\n")
	for _, m := range rules.Find(nil, text, 0, len(text)) {
		fmt.Printf("%s at %d to %d, %s confidence\n", m.Rule.Title, m.Start, m.End, m.Confidence)
		fmt.Println(m.Secret, "has the id", m.Secret.ID())
		fmt.Println("What to do:", m.Rule.Remedy.Disable)
	}
	// Output:
	// Replicate API token at 20 to 60, high confidence
	// r8_Hw*********************************** has the id f5c4f1fc6fa684c5
	// What to do: disable the token at https://replicate.com/account/api-tokens
}

// Find also returns a placeholder. Why says why the confidence is low.
func ExampleFind_placeholder() {
	text := []byte("token = r8_" + strings.Repeat("x", 37))
	for _, m := range rules.Find(nil, text, 0, len(text)) {
		fmt.Println(m.Confidence, "confidence:", m.Why)
	}
	// Output:
	// low confidence: placeholder
}

// Search a text that is too long for memory piece by piece. Each piece needs
// Behind bytes before it and Ahead bytes after it as context.
func ExampleFind_pieces() {
	text := []byte(strings.Repeat("all work and no play\n", 500) + token)
	const piece = 4096
	for from := 0; from < len(text); from += piece {
		to := min(len(text), from+piece)
		low, high := max(0, from-rules.Behind), min(len(text), to+rules.Ahead)
		for _, m := range rules.Find(nil, text[low:high], from-low, to-low) {
			fmt.Println(m.Secret, "at", low+m.Start)
		}
	}
	// Output:
	// r8_Hw*********************************** at 10500
}

func ExampleAll() {
	for _, r := range rules.All() {
		fmt.Println(r.ID)
	}
	// Output:
	// replicate-api-token
	// replicate-cog-token
	// replicate-legacy-token
	// replicate-secret-input
	// replicate-webhook-secret
}

func ExampleRedact() {
	fmt.Println(rules.Redact("logs/" + token + "/out.txt"))
	// Output:
	// logs/r8_Hw***********************************/out.txt
}

func ExampleRedactStream() {
	n, err := rules.RedactStream(os.Stdout, strings.NewReader("calling with "+token+"\n"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n, "token")
	// Output:
	// calling with r8_Hw***********************************
	// 1 token
}

func ExampleSecret() {
	secret := rules.NewSecret(token, 5)
	fmt.Printf("%v, %q\n", secret, secret)
	fmt.Println(secret.Reveal() == token)
	// Output:
	// r8_Hw***********************************, "r8_Hw***********************************"
	// true
}

func ExampleDiagnose() {
	d := rules.Diagnose("Bearer " + token + "\n")
	fmt.Println(d.Secret, "can be a token:", d.Askable)
	for _, problem := range d.Problems {
		fmt.Println("-", problem)
	}
	// Output:
	// r8_Hw*********************************** can be a token: true
	// - there is a line break around it
	// - there is "Bearer" before it
}

// A set may contain rules of the caller's own. To scan with a set, pass it as
// Options.Rules.
func ExampleNewSet() {
	key := &rules.Rule{
		ID:          "acme-key",
		Name:        "AcmeKey",
		Title:       "Acme key",
		Description: "A key for Acme's shop: acme_ and eight digits.",
		Example:     "acme_4*******",
		Severity:    "5.0",
		Remedy: rules.Remedy{
			It:      "the key",
			Page:    "https://acme.example/keys",
			Disable: "delete the key at https://acme.example/keys",
			Renew:   "Make a new one there, and keep it out of files.",
			Another: " and make a new one.",
			Short:   "delete it at https://acme.example/keys",
			Harm:    "order anvils in your name",
			Read:    "read it from ACME_KEY",
		},
		Anchors: []rules.Anchor{{Text: "acme_", Find: func(view []byte, at int) []rules.Found {
			end := at + len("acme_") + 8
			if end > len(view) || len(bytes.Trim(view[at+len("acme_"):end], "0123456789")) > 0 {
				return nil
			}
			return []rules.Found{{Start: at, End: end, Confidence: rules.High}}
		}}},
		Shown: func(string) int { return 3 },
	}
	set, err := rules.NewSet(append(rules.All(), key)...)
	if err != nil {
		log.Fatal(err)
	}
	text := []byte("key: acme_48291377")
	for _, m := range set.Find(nil, text, 0, len(text)) {
		fmt.Printf("%s: %s\n", m.Rule.Title, m.Secret)
	}
	// Output:
	// Acme key: acm**********
}
