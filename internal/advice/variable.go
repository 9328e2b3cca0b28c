package advice

import (
	"strings"

	"r8scan/rules"
)

// Variable returns the name of the environment variable for a credential of a
// rule. key is what the place calls it, such as the key of a model's input; it
// counts for secret inputs only, which are credentials of all kinds of services.
func Variable(rule, key string) string {
	switch rule {
	case rules.APIToken.ID, rules.LegacyToken.ID:
		return "REPLICATE_API_TOKEN"
	case rules.WebhookSecret.ID:
		return "REPLICATE_WEBHOOK_SIGNING_SECRET"
	case rules.CogToken.ID:
		return "COG_TOKEN"
	case rules.SecretInput.ID:
		return inputVariable(key)
	}
	if name := upperSnake(rule); name != "" { // a rule of the caller's own
		return name
	}
	return "SECRET"
}

// inputVariable returns the name for a secret input. A key that names no service
// is the model's.
func inputVariable(key string) string {
	switch name := upperSnake(key); name {
	case "":
		return "MODEL_API_KEY"
	case "API_KEY", "API_TOKEN", "KEY", "TOKEN", "SECRET", "SECRET_KEY", "PASSWORD", "ACCESS_TOKEN", "ACCESS_KEY", "AUTH_TOKEN", "CREDENTIAL", "CREDENTIALS", "PAT":
		return "MODEL_" + name
	default:
		return name
	}
}

// maxVariable is how long a name may be: a longer one is no name.
const maxVariable = 64

// upperSnake returns hfToken, hf-token and hf_token as HF_TOKEN, "" if there is no
// such name. What it returns is a name in every shell and language.
func upperSnake(key string) string {
	if len(key) > maxVariable || strings.Contains(strings.ToLower(key), "r8_") { // the latter may be a token
		return ""
	}
	var b strings.Builder
	small := false // the last letter was small, or a digit
	for i := range len(key) {
		switch c := key[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			if c >= 'a' {
				c -= 'a' - 'A'
			}
			b.WriteByte(c)
			small = true
		case 'A' <= c && c <= 'Z':
			if small {
				b.WriteByte('_')
			}
			b.WriteByte(c)
			small = false
		default:
			if s := b.String(); s != "" && s[len(s)-1] != '_' {
				b.WriteByte('_')
			}
			small = false
		}
	}
	name := strings.Trim(b.String(), "_")
	if name == "" || name[0] <= '9' {
		return ""
	}
	return name
}
