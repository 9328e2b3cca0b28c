package rules

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
)

// CogToken is the rule for the tokens that cog login stores.
var CogToken = &Rule{
	ID:    "replicate-cog-token",
	Name:  "ReplicateCogToken",
	Title: "cog login token",
	Description: "What cog login keeps for Replicate's registry, with which models can be pulled and pushed: the auth, password or identity token of r8.im in " +
		"a Docker configuration, also in base64 as Kubernetes' .dockerconfigjson, and the value of COG_TOKEN.",
	Example:  `{"auths": {"r8.im": {"auth": "****************************************"}}}`,
	Severity: "8.8",
	Context:  true,
	Askable:  true,
	Remedy: Remedy{
		It:      "the token",
		Page:    "https://replicate.com/auth/token",
		Disable: "ask Replicate's support (https://replicate.com/support) to disable the registry token",
		Effect:  "No way to do it oneself is documented: https://replicate.com/auth/token only shows it.",
		Renew:   "Then run cog login again. Keep the new token in a credential helper (docker's credsStore) or a secret manager, not in a file that git tracks.",
		Another: " and run cog login again.",
		Short:   "ask Replicate's support (https://replicate.com/support) to disable it",
		Harm:    "push and pull your models",
		Read:    "let cog login keep it in a credential helper (docker's credsStore)",
	},
	In: Contents,
	Anchors: []Anchor{wordCogToken.leads(cogNamed), wordCogLogin.leads(cogLogin), wordRegistry.leads(registry),
		wordReplicate.leads(cogReplicate)},
}

var (
	wordCogToken = &word{text: "cog_token", group: 3}
	wordCogLogin = &word{text: "og login", probe: 4, group: 3, exact: true, is: isCogLogin}
	wordRegistry = &word{text: "r8.im", group: 4, exact: true}
)

// A shorter value is not taken for a token.
const minCogToken = 8

// cogNamed looks at a name with COG_TOKEN in it.
func cogNamed(b []byte, at int) []Found {
	start, end := nameAround(b, at, at+len(wordCogToken.text))
	if end != at+len(wordCogToken.text) || start < at && isAlnum(b[at-1]) || !ownName(b[start:at]) {
		return nil // it is about something else: recog_token, cog_token_url, relay_cog_token
	}
	return cogValue(b, end)
}

// ownWords may be in front of cog_token in a name of Replicate's.
var ownWords = []string{"tf", "var", "next", "public", "vite", "react", "app", "input", "replicate", "r8", "my", "prod", "production", "dev", "staging", "test", "old", "new", "env", "process",
	"secrets", "config", "settings", "self", "this", "docker", "ci", "github", "gh", "gitlab", "default", "os", "environ", "args", "opts", "options", "vars", "e"}

// ownName reports whether a name that goes on with cog_token may be Replicate's.
func ownName(before []byte) bool {
	for _, w := range bytes.FieldsFunc(before, func(r rune) bool { return r == '_' || r == '-' || r == '.' }) {
		if !slices.Contains(ownWords, string(bytes.ToLower(w))) {
			return false
		}
	}
	return true
}

// cogValue looks at the value of a name that ends at i.
func cogValue(b []byte, end int) []Found {
	a := valueOf(b, end)
	if a.at < 0 || !a.sign {
		return nil
	}
	stop := runOf(b, a.at, 256, isCogByte)
	value := string(b[a.at:stop])
	if len(value) < minCogToken || stop < len(b) && !endsValue(b[stop]) {
		return nil
	}
	random := looksRandom(value) && len(value) >= 20
	if !random && !literal(value) {
		return nil
	}
	switch {
	case !a.quoted && !random:
		return nil // an expression, a variable's name
	case random:
		return []Found{cogFound(a.at, stop, value, Medium, nil)}
	}
	return []Found{cogFound(a.at, stop, value, Low, nil)}
}

func isCogByte(c byte) bool {
	return isAlnum(c) || c == '_' || c == '-' || c == '.' || c == '+' || c == '/' || c == '='
}

func endsValue(c byte) bool { return bytes.IndexByte([]byte(" \t\r\n\"'`,;&|\\}]<#"), c) >= 0 }

// cogFound returns the token that stands in text from start to end.
func cogFound(start, end int, token string, confidence Confidence, encoding []string) Found {
	c := Found{Start: start, End: end, Secret: token, Confidence: confidence, Encoding: encoding}
	switch {
	case typed(token):
		c.Why = "placeholder"
	case confidence == Low:
		c.Why = "does not look random"
	}
	return c
}

// isCogLogin reports whether the "og login" at a place belongs to cog.
func isCogLogin(b []byte, at int) bool { return at > 0 && b[at-1] == 'c' }

// cogLogin looks at "cog login": a command that gets a token.
func cogLogin(b []byte, at int) (found []Found) {
	if at > 1 && isNameByte(b[at-2]) || crowded(b, at, wordCogLogin.text) {
		return nil
	}
	return loginAt(b, at)
}

// loginAt returns the literals that a login at b[at] gets.
func loginAt(b []byte, at int) (found []Found) {
	logins(b, at, func(start, end int) {
		if value := string(b[start:end]); isUUIDOr40(value) || looksRandom(value) && len(value) >= 20 {
			found = append(found, cogFound(start, end, value, Medium, nil))
		}
	})
	return found
}

// cogReplicate looks at Replicate's name in REPLICATE_CLI_AUTH_TOKEN and in the
// action that logs cog in to the registry.
func cogReplicate(b []byte, at int) (found []Found) {
	start, end := nameAround(b, at, at+len(replicate))
	switch name := plainName(b[at:end]); {
	case slices.Contains([]string{"replicatecliauthtoken", "replicateclitoken", "replicateregistrytoken", "replicatecogtoken"}, name) && ownName(b[start:at]):
		if name == "replicatecogtoken" {
			return nil // cog_token finds it
		}
		return cogValue(b, end)
	case bytes.HasPrefix(b[at:], []byte("replicate/setup-cog")):
		return given(b, at, "token")
	}
	return nil
}

// given returns the value of a YAML key near b[at], in the same workflow step.
func given(b []byte, at int, name string) []Found {
	end := min(len(b), at+anchorReach-64)
	if next := bytes.Index(b[at:end], []byte("- uses:")); next > 0 {
		end = at + next
	}
	for i := at; i < end; i++ {
		if j := bytes.Index(b[i:end], []byte(name+":")); j >= 0 {
			if i += j; isNameByte(b[i-1]) {
				continue
			}
			return cogValue(b, i+len(name))
		}
		return nil
	}
	return nil
}

// registry looks at "r8.im".
func registry(b []byte, at int) (found []Found) {
	if crowded(b, at, wordRegistry.text) {
		return nil
	}
	from, _ := command(b, at)
	if login := bytes.LastIndex(b[from:at], []byte("login ")); login >= 0 && at-from-login < 160 && !bytes.Contains(b[from+login:at], []byte("&&")) {
		return loginAt(b, at)
	}
	if bytes.HasSuffix(bytes.TrimRight(b[:at], "\"' /:htps"), []byte("registry")) {
		return given(b, at, "password")
	}
	registryLogins(b, at, func(l login) {
		found = append(found, cogFound(l.start, l.end, l.token, l.confidence, l.encoding))
	})
	return found
}

// login is a credential of a registry in a Docker configuration.
type login struct {
	start, end int
	token      string
	confidence Confidence
	encoding   []string
}

// registryLogins calls found with each credential in the object under the key
// "r8.im" at i. The key may have https:// in front and a path behind.
func registryLogins(b []byte, i int, found func(login)) {
	if i == 0 || b[i-1] != '"' && b[i-1] != '/' {
		return
	}
	if i += len(wordRegistry.text); i < len(b) && isNameByte(b[i]) {
		return
	}
	i = runOf(b, i, 16, func(c byte) bool { return isAlnum(c) || c == '/' || c == '.' })
	if i = runOf(b, i, 8, func(c byte) bool { return c == '\\' }); i == len(b) || b[i] != '"' {
		return
	}
	open := runOf(b, i+1, 64, func(c byte) bool { return bytes.IndexByte([]byte(": \t\r\n"), c) >= 0 })
	if open == len(b) || b[open] != '{' {
		return
	}
	pairs(b, open, anchorReach-64, func(key, value span) {
		l := login{start: value.from, end: value.to, token: string(value.of(b)), confidence: Medium}
		switch string(key.of(b)) {
		case "auth":
			raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(l.token, "="))
			_, token, ok := bytes.Cut(raw, []byte(":"))
			if err != nil || !ok {
				return
			}
			l.token, l.encoding = string(token), []string{"base64"}
		case "password", "identitytoken", "registrytoken":
		default:
			return
		}
		if len(l.token) < minCogToken || !literal(l.token) {
			return
		}
		if looksRandom(l.token) {
			l.confidence = High // the registry's own entry leaves nothing to doubt
		}
		found(l)
	})
}

func printable(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }
