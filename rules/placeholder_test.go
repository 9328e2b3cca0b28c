package rules

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// filledUp repeats a text up to the length of a body.
func filledUp(begin string) []byte { return []byte(strings.Repeat(begin, bodyLen)[:bodyLen]) }

// typedBodies are bodies as people type them where a token belongs.
var typedBodies = []string{
	"A1B2C3D4E5F6G7H8I9J0K1L2M3N4O5P6Q7R8S", "a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8s", "1a2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r9", "A9B8C7D6E5F4G3H2I1J0K9L8M7N6O5P4Q3R2S", "aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2y",
	"abcDEFghiJKLmnoPQRstuVWXyzABCdefGHIjk", "abc123def456ghi789jkl012mno345pqr678s", "Ab12Cd34Ef56Gh78Ij90Kl12Mn34Op56Qr78S", "ABCD1234EFGH5678IJKL9012MNOP3456QRST7", "qwertyuiopASDFGHJKLzxcvbnm1234567890Q",
	"QWERTYUIOP1234567890asdfghjklZXCVBNM1", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p1", "poiuytrewqlkjhgfdsamnbvcxz0987654321P", "qwertzuiopasdfghjklyxcvbnm12345678901", "zyxwvutsrqponmlkjihgfedcba9876543210z",
	"9876543210zyxwvutsrqponmlkjihgfedcba9", "thequickbrownfoxjumpsoverthelazydogab", "THEQUICKBROWNFOXJUMPSOVERTHELAZYDOGAB", "1234567890123456789012345678901234567", "aAbBcCdDeEfFgGhHiIjJkKlLmMnNoOpPqQrRs",
	"Xk9fNotARealTokenQ2wZ7mB4vL1pT6yR3cH8", "q8ThisIsNotAToken7Zx2Vb9Nm4Lk6Jh1Gf3D", "FakeReplicateTokenForTests8Kd72Hs91Lq", "MyTestDummyTok3nQ8zV1xC5bN7mK2jH4gF6d", "xF4keDemoMockQ9zV1xC5bN7mK2jH4gF6dS8a", "YourTokenGoesHereQ9zV1xC5bN7mK2jH4gF6",
	"mZ83kXq1Lw0mZ83kXq1Lw0mZ83kXq1Lw0mZ83", "Zx7QpLm2Zx7QpLm2Zx7QpLm2Zx7QpLm2Zx7Qp", "deadbeefDEADBEEFdeadbeefDEADBEEFdeadb", "TokenSecretForTheDemo5Kd72Hs91LqZx84W", "aZbYcXdWeVfUgThSiRjQkPlOmNnMoLpKqJrIs", "1a3b5c7d9e1f3g5h7i9j1k3l5m7n9o1p3q5r7",
	"n0pqR8InvalidZx2Vb9Nm4Lk6Jh1Gf3Dw5Yt7", "Testing123Kd72Hs91LqZx84WbVn36McPo05R", "passwordKd72Hs91LqZx84WbVn36McPo05Rt2", "qwertyQWERTY123456qwertyQWERTY123456q",
}

// TestPlaceholders gives low confidence to a body that a person typed.
func TestPlaceholders(t *testing.T) {
	for _, body := range typedBodies {
		if len(body) != bodyLen {
			t.Errorf("%s has %d characters", body, len(body))
			continue
		}
		if ms := findAll("k=" + prefix + body); len(ms) != 1 || ms[0].Confidence != Low || ms[0].Why != "placeholder" {
			t.Errorf("%s: %s", body, summary(ms))
		}
	}
	for _, begin := range []string{"xY7", "Ab1Cd2", "f00Bar", "k3yK3Y", "token", "0x0X", "Q1w2E3r4T5y6U7i8"} {
		if !placeholder(filledUp(begin)) {
			t.Errorf("repeated %s is not a placeholder", begin)
		}
	}
}

// TestNoPlaceholder checks random tokens. None may be called a placeholder: the
// probabilities in placeholder.go add up to less than one in ten million.
func TestNoPlaceholder(t *testing.T) {
	n := 3_000_000
	if testing.Short() {
		n = 100_000
	}
	r := rand.New(rand.NewPCG(51, 1))
	body := make([]byte, bodyLen)
	for range n {
		for i := range body {
			body[i] = alphabet[r.IntN(len(alphabet))]
		}
		if placeholder(body) {
			t.Fatalf("%s is called a placeholder", Redact(prefix+string(body)))
		}
	}
}

// TestPlaceholderOdds computes the probabilities in the comments of placeholder.go
// again, as union bounds, and adds them up.
func TestPlaceholderOdds(t *testing.T) {
	const letter = 2.0 / 62
	choose := func(n, k int) float64 {
		c := 1.0
		for i := range k {
			c = c * float64(n-i) / float64(i+1)
		}
		return c
	}
	power := func(x float64, n int) float64 {
		p := 1.0
		for range n {
			p *= x
		}
		return p
	}
	sum := 3e-10 + 7e-10 // few different characters, and a run of one
	sum += bodyLen * maxPeriod * power(letter, maxRepeat+1)
	sum += bodyLen * 30 * power(letter, maxSteps+1)
	sum += bodyLen * 2 * power(1.0/26, maxSteps+1)
	sum += maxStride * choose(36, maxAllSteps+1) * power(2*letter, maxAllSteps+1)
	sum += float64(len(orders)) * (bodyLen*2*power(letter, maxSteps+1) + choose(36, maxAllSteps+1)*power(2*letter, maxAllSteps+1))
	words, short := 0.0, 0.0
	for _, w := range placeholderWords {
		if len(w) < 7 {
			t.Errorf("%s has fewer than 7 letters", w)
		}
		words += float64(bodyLen-len(w)+1) * power(letter, len(w))
	}
	for _, w := range shortWords {
		short += float64(bodyLen-len(w)+1) * power(letter, len(w))
	}
	sum += words + short*short/2 + 4e-9 + 4e-14 // "your" and letters of one case; letters of one case alone
	t.Logf("words %.1e, two short ones %.1e, all %.1e", words, short*short/2, sum)
	if sum > 1e-7 {
		t.Errorf("one random token in %.0f is called a placeholder", 1/sum)
	}
}

// TestFixtures gives low confidence to credentials of public tests.
func TestFixtures(t *testing.T) {
	for _, body := range []string{"MfKQ9r8GKYqrTw" + "jUPD8ILPZIo2LaLaSw", "C2FVsBQIhrscCh" + "lQIMV+b5sSYob7oEyo", "5WbX5kEWLlfzsG" + "NjH64I8lOOqUB6e8FH"} {
		if ms := findAll("REPLICATE_WEBHOOK_SECRET=" + webhookPrefix + body); len(ms) != 1 || ms[0].Confidence != Low || ms[0].Why != "known from public tests" {
			t.Errorf("%s", summary(ms))
		}
	}
}
