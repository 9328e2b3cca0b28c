package rules

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// WebhookSecret is the rule for the keys that sign Replicate's webhooks.
var WebhookSecret = &Rule{
	ID:    "replicate-webhook-secret",
	Name:  "ReplicateWebhookSecret",
	Title: "Replicate webhook signing secret",
	Description: "The secret that Replicate signs webhooks with: whsec_ and base64. Who has it can forge webhooks. Other services have the same prefix, " +
		"so it is matched only as the value of a name such as REPLICATE_WEBHOOK_SECRET or with Replicate's name nearby, and not under another service's name.",
	Example:  "REPLICATE_WEBHOOK_SECRET=whsec_q5********************************",
	Severity: "6.5",
	Context:  true,
	Remedy: Remedy{
		It:      "the secret",
		Page:    "https://replicate.com/docs/topics/webhooks/verify-webhook",
		Disable: "ask Replicate's support (https://replicate.com/support) for another signing secret",
		Effect:  "Until then a webhook with a valid signature may be forged: check what it says with the API before acting on it.",
		Renew:   "Keep the new secret in an environment variable or a secret manager, not in a file that git tracks.",
		Another: ".",
		Short:   "ask Replicate's support (https://replicate.com/support) for another signing secret",
		Harm:    "forge the webhooks that you trust",
		Read:    "read it from an environment variable",
	},
	In:      Contents,
	Anchors: []Anchor{besideName(webhookPrefix, beside{near + maxWebhook, nil}, webhook)},
	Shown:   keeps(len(webhookPrefix) + 2),
}

const webhookPrefix = "whsec_"

// The keys are 24 bytes at Replicate; the scheme allows 24 to 64.
const (
	minWebhookKey = 24
	maxWebhookKey = 64

	maxWebhook = 128 // bounds a secret and what is around to its line's end
)

// vendors sign webhooks in the same way.
var vendors = [][]byte{[]byte("stripe"), []byte("svix"), []byte("clerk"), []byte("resend"), []byte("openai"), []byte("polar"),
	[]byte("dodo"), []byte("supabase"), []byte("paddle"), []byte("lemon"), []byte("brex"), []byte("workos"), []byte("loops"),
	[]byte("creem"), []byte("autumn"), []byte("recall"), []byte("whop"), []byte("fal_"), []byte("gemini"), []byte("anthropic")}

func hasVendor(b []byte) bool {
	folded := bytes.ToLower(b)
	for _, v := range vendors {
		if bytes.Contains(folded, v) {
			return true
		}
	}
	return false
}

// webhook looks at "whsec_".
func webhook(b []byte, at int) []Found {
	body := at + len(webhookPrefix)
	end := runOf(b, body, 96, isBase64)
	end = runOf(b, end, 2, func(c byte) bool { return c == '=' })
	key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(string(b[body:end]), "="))
	if err != nil || len(key) < minWebhookKey || len(key) > maxWebhookKey || at > 0 && !leftEdge(b[max(0, at-TokenBehind):at]) ||
		end < len(b) && (isAlnum(b[end]) || isJoiner(b[end])) {
		return nil
	}
	confidence, ok := webhookContext(b, at, end)
	if !ok {
		return nil
	}
	c := Found{Start: at, End: end, Confidence: confidence}
	if typed(string(b[body:end])) {
		c.Why = "placeholder"
	}
	if confidence == Low {
		c.Why = "another service is named nearby"
	}
	return []Found{c}
}

// webhookContext returns how sure it is that b[start:end] belongs to Replicate.
// It goes by the name of the value, then by its line, then by what is nearby.
func webhookContext(b []byte, start, end int) (Confidence, bool) {
	from := start
	for from > max(0, start-24) && bytes.IndexByte([]byte("\"'` \t=:,\\("), b[from-1]) >= 0 {
		from--
	}
	nameStart, _ := nameAround(b, from, from)
	if hasReplicate(b, nameStart, from) {
		return Medium, true
	}
	if hasVendor(b[nameStart:from]) {
		return Low, false
	}
	low, high := max(0, start-near), min(len(b), end+near)
	if !hasReplicate(b, low, high) {
		return Low, false
	}
	lineStart, lineEnd := bytes.LastIndexByte(b[:start], '\n')+1, end+lineRest(b[end:])
	if hasVendor(b[low:high]) && !hasReplicate(b, lineStart, lineEnd) {
		return Low, true
	}
	return Medium, true
}

// lineRest returns the number of bytes before the first line end of b, up to
// near.
func lineRest(b []byte) int {
	b = b[:min(len(b), near)]
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i
	}
	return len(b)
}

func isBase64(c byte) bool { return isAlnum(c) || c == '+' || c == '/' }
