package report

import (
	"strings"

	"r8scan/rules"
	"r8scan/scanner"
)

// tokensPage is where the owner of a token disables it and makes a new one.
const tokensPage = "https://replicate.com/account/api-tokens"

// remedy is what makes a leaked credential of one kind worthless, in words
// that fit behind each other. All of it is text of our own.
type remedy struct {
	it      string // what the credential is called: "the token"
	page    string // where to read or do more
	disable string // an order without its period
	effect  string // what that does, a sentence or ""
	renew   string // a sentence
	another string // the end of a sentence that disable starts
	short   string // disable, with "it"
	harm    string // what whoever has it can do: the end of a sentence
	read    string // how a program gets it instead: an order without its period
}

// noun is it without the article.
func (r remedy) noun() string { return strings.TrimPrefix(r.it, "the ") }

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// remedyOf returns the remedy for findings of a rule; what this version does
// not know is taken for an API token.
func remedyOf(rule string) remedy {
	switch rule {
	case rules.CogToken.ID:
		return remedy{
			it: "the token", page: "https://replicate.com/auth/token",
			disable: "ask Replicate's support (https://replicate.com/support) to disable the registry token",
			effect:  "No way to do it oneself is documented: https://replicate.com/auth/token only shows it.",
			renew:   "Then run cog login again. Keep the new token in a credential helper (docker's credsStore) or a secret manager, not in a file that git tracks.",
			another: " and run cog login again.",
			short:   "ask Replicate's support (https://replicate.com/support) to disable it",
			harm:    "push and pull your models",
			read:    "let cog login keep it in a credential helper (docker's credsStore)",
		}
	case rules.WebhookSecret.ID:
		return remedy{
			it: "the secret", page: "https://replicate.com/docs/topics/webhooks/verify-webhook",
			disable: "ask Replicate's support (https://replicate.com/support) for another signing secret",
			effect:  "Until then a webhook with a valid signature may be forged: check what it says with the API before acting on it.",
			renew:   "Keep the new secret in an environment variable or a secret manager, not in a file that git tracks.",
			another: ".",
			short:   "ask Replicate's support (https://replicate.com/support) for another signing secret",
			harm:    "forge the webhooks that you trust",
			read:    "read it from an environment variable",
		}
	case rules.SecretInput.ID:
		return remedy{
			it: "the credential", page: "https://replicate.com/docs/topics/predictions/secrets",
			disable: "revoke the credential at the service that it is for (mostly not Replicate)",
			effect:  "Programs that use it stop working at once.",
			renew:   "Create a new one there, and pass it to the model from an environment variable or a secret manager, not as a literal.",
			another: ", and create a new one there.",
			short:   "revoke it at the service that it is for",
			harm:    "use that service in your name",
			read:    "read it from an environment variable",
		}
	}
	return remedy{
		it: "the token", page: tokensPage,
		disable: "disable the token at " + tokensPage,
		effect:  "Programs that use it stop working at once.",
		renew:   "Create a new token there. Keep the new token in an environment variable or a secret manager, not in a file that git tracks.",
		another: " and create a new one.",
		short:   "disable it at " + tokensPage,
		harm:    "run models at your expense and read your data",
		read:    "set REPLICATE_API_TOKEN, which Replicate's clients read",
	}
}

// advice returns what the owner of a token should do next, in order. It is
// text of our own: nothing of the scanned repository is in it.
func advice(f Finding) []string {
	var steps []string
	r := remedyOf(f.Rule)
	if f.Confidence == rules.Low && f.Verification.Status != StatusLive {
		steps = append(steps, "Look at it first: it may be a placeholder or a part of something else.")
	}
	if f.Verification.Status == StatusRevoked {
		return append(steps, "Nobody can use this token any more: remove it when convenient.")
	}
	switch f.Exposure {
	case scanner.ExposureHistory:
		return append(steps,
			upperFirst(r.disable)+" first: deleting it from files or from history does not un-leak it. "+r.effect,
			r.renew,
			"Then clean up: take the old "+r.noun()+" out of the files and, where it is worth the rewrite, out of the history.")
	case scanner.ExposureStaged:
		return append(steps,
			"Unstage it before it is committed: git restore --staged <file>",
			"Read "+r.it+" from an environment variable instead of the file.")
	case scanner.ExposureIgnored:
		return append(steps, "Nothing must be done: git ignores the file. Keep it out of images, archives and whatever else you share.")
	}
	return append(steps,
		"If this was ever shared (sent, synced, copied into an image), "+r.disable+r.another,
		"Move "+r.it+" out of the file into an environment variable before the next commit.")
}
