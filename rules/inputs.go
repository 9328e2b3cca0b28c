package rules

import (
	"bytes"
	"slices"
	"strings"
)

// SecretInput is the rule for credentials of other services in calls to
// Replicate.
var SecretInput = &Rule{
	ID:    "replicate-secret-input",
	Name:  "ReplicateSecretInput",
	Title: "credential in the input of a Replicate model",
	Description: "A key, token or password, mostly of another service, written as a literal into the input of a model: in replicate.run, " +
		"predictions.create and their like in Python, JavaScript and Go, and in the JSON of a request to api.replicate.com.",
	Example:  `replicate.run("owner/model", input={"api_key": "sk-*********************"})`,
	Severity: "7.5",
	Context:  true,
	Remedy: Remedy{
		It:      "the credential",
		Page:    "https://replicate.com/docs/topics/predictions/secrets",
		Disable: "revoke the credential at the service that it is for (mostly not Replicate)",
		Effect:  "Programs that use it stop working at once.",
		Renew:   "Create a new one there, and pass it to the model from an environment variable or a secret manager, not as a literal.",
		Another: ", and create a new one there.",
		Short:   "revoke it at the service that it is for",
		Harm:    "use that service in your name",
		Read:    "read it from an environment variable",
	},
	In: Contents,
	Anchors: []Anchor{
		besideName("nput", beside{anchorReach + near, isCall}, secretInputs),
		besideName("predict(", beside{anchorReach, isCall}, predictInputs),
		wordReplicate.leads(callInputs),
		wordRegistry.leads(commandInputs),
	},
	Shown: knownPrefix,
}

const (
	minInput = 8
	maxInput = 256
)

// secretInputs looks at "nput", the end of input, PredictionInput and
// TrainingInput.
func secretInputs(b []byte, at int) (found []Found) {
	open, ok := inputObject(b, at)
	if !ok || crowded(b, at, "nput") {
		return nil
	}
	pairs(b, open, anchorReach-(open-at)-1, func(key, value span) {
		if c, ok := secretInput(b, key, value); ok {
			found = append(found, c)
		}
	})
	if len(found) == 0 || !callNearby(b, at+anchorReach+near) {
		return nil
	}
	return found
}

// inputObject returns where the object of an input opens. i is inside the
// input's name.
func inputObject(b []byte, i int) (int, bool) {
	if i == 0 || lower(b[i-1]) != 'i' {
		return 0, false
	}
	small := b[i-1] == 'i'
	if small && i > 1 && (isAlnum(b[i-2]) || b[i-2] == '-') {
		return 0, false
	}
	sign := !small // of a Go literal: PredictionInput{
	i += len("nput")
	if small && i < len(b) && b[i] == 's' { // inputs
		i++
	}
	for end := min(len(b), i+96); i < end; i++ {
		switch c := b[i]; {
		case c == '=' && i+1 < end && b[i+1] == '=':
			return 0, false
		case c == ':' || c == '=':
			sign = true
		case c == '{' || c == '(' && bytes.HasSuffix(b[:i], []byte("dict")), c == '[' && sign && startsList(b[i+1:]):
			return i, sign
		case isSpace(c), c == '"', c == '\'', c == '\\':
		case sign && (isNameByte(c) || bytes.IndexByte([]byte("[]&()<>,%"), c) >= 0):
			// a type, as in map[string]any{ or &replicate.PredictionInput{
		default:
			return 0, false
		}
	}
	return 0, false
}

// startsList reports whether b continues with a key. Then the bracket before it
// opens an object, as in PHP, Swift and Objective-C.
func startsList(b []byte) bool {
	i := runOf(b, 0, maxIndent, func(c byte) bool { return isSpace(c) || c == '@' })
	if i == len(b) || b[i] != '"' && b[i] != '\'' {
		return false
	}
	end := runOf(b, i+1, maxName, isNameByte)
	i = runOf(b, end+1, 8, isSpace)
	return end < len(b) && end+1 < len(b) && b[end] != '\n' && i < len(b) && (b[i] == ':' || b[i] == '=')
}

// running follow Replicate's name where a call has a model's inputs among its
// arguments.
var running = []string{".run(", ".stream(", ".use(", ".predictions.create(", ".trainings.create(", ".deployments.predictions.create(", ".models.predictions.create(", ".Predictions.create(", ".Trainings.create(",
	".Predictions.create!(", ".async_run(", ".Run(", "(model", "(\n", "( "}

// callInputs looks at Replicate's name where a call begins: its arguments may
// be the inputs.
func callInputs(b []byte, at int) []Found {
	follows := b[at+len(replicate):]
	if found := trainInputs(b, at); found != nil {
		return found
	}
	if !startsWithAny(follows, running) || crowded(b, at, "eplicate") {
		return nil
	}
	open := at + len(replicate) + bytes.IndexByte(follows, '(')
	if follows[0] == '(' && !isLangChain(b[open:min(len(b), open+near)]) {
		return nil
	}
	return inputsIn(b, open, at)
}

// isLangChain reports whether Replicate( makes a LangChain model: a client has
// no model argument.
func isLangChain(b []byte) bool {
	i := bytes.Index(b, []byte("model"))
	return i >= 0 && i < maxIndent
}

// predictInputs looks at "predict(", a method of a version in Ruby.
func predictInputs(b []byte, at int) []Found {
	if at == 0 || b[at-1] != '.' || !callNearby(b, at+near) && !hasReplicate(b, max(0, at-near), at) {
		return nil
	}
	return inputsIn(b, at+len("predict"), at)
}

// inputsIn returns the secrets inside a bracket.
func inputsIn(b []byte, open, at int) (found []Found) {
	pairs(b, open, anchorReach-(open-at)-1, func(key, value span) {
		if slices.Contains([]string{"apitoken", "replicateapitoken", "replicateapikey", "auth", "webhooksecret"}, plainName(key.of(b))) {
			return
		}
		if c, ok := secretInput(b, key, value); ok {
			found = append(found, c)
		}
	})
	return found
}

// trainInputs looks at the commands replicate train and replicate run.
func trainInputs(b []byte, at int) []Found {
	follows := b[at+len(replicate):]
	if !startsWithAny(follows, []string{" train", " run ", " prediction", " training"}) {
		return nil
	}
	return flagInputs(b, at)
}

// commandInputs looks at a model of r8.im in a command of cog.
func commandInputs(b []byte, at int) []Found {
	from, _ := command(b, at)
	for _, c := range []string{"cog predict", "cog run", "cog train", "cog exec"} {
		if bytes.Contains(b[from:at], []byte(c)) {
			return flagInputs(b, at)
		}
	}
	return nil
}

// flagInputs returns the secrets among the key=value arguments of a command,
// with or without -i.
func flagInputs(b []byte, at int) (found []Found) {
	_, to := command(b, at)
	to = min(to, at+anchorReach)
	for i := at; i < to; i++ {
		if b[i] != '=' {
			continue
		}
		from := i
		for from > at && i-from < maxName && (isAlnum(b[from-1]) || b[from-1] == '_') {
			from--
		}
		start := runOf(b[:to], i+1, 2, func(c byte) bool { return c == '"' || c == '\'' })
		end := runOf(b[:to], start, maxInput, func(c byte) bool { return c > ' ' && c != '"' && c != '\'' && c != '\\' && c != ';' })
		if c, ok := secretInput(b, span{from, i}, span{start, end}); ok && from < i {
			found = append(found, c)
		}
	}
	return found
}

// calls follow Replicate's name where a model is run.
var calls = []string{".run", ".stream", ".async", ".predictions", ".trainings", ".deployments", ".models", ".com/v1", ".PredictionInput",
	".TrainingInput", ".createPrediction", ".use(", ".Predictions", ".Trainings", "(model"}

// clients follow Replicate's name where a client gets a name of its own.
var clients = []string{"(", ".Client(", ".NewClient(", `"`, "'", "Client(", ".client", "::Client", ".Client", "(\n"}

// ownCalls run a model through a client of any name.
var ownCalls = []string{"predictions.create(", "CreatePrediction", ".run(", ".Run(", ".stream(", ".Stream(", "PredictionsCreate", "TrainingsCreate", ".predict(", ".RunAsync(", "trainings.create("}

// isCall reports whether a name followed by b runs a model or makes a client.
func isCall(b []byte) bool { return startsWithAny(b, calls) || startsWithAny(b, clients) }

func startsWithAny(b []byte, starts []string) bool {
	return slices.ContainsFunc(starts, func(s string) bool { return bytes.HasPrefix(b, []byte(s)) })
}

// callNearby reports whether b[:to] runs a model on Replicate.
func callNearby(b []byte, to int) bool {
	to = min(to, len(b))
	client := false
	return eachReplicate(b, 0, to, func(end int) bool {
		client = client || startsWithAny(b[end:], clients)
		return startsWithAny(b[end:], calls)
	}) || client && slices.ContainsFunc(ownCalls, func(c string) bool { return bytes.Contains(b[:to], []byte(c)) })
}

// secretInput checks one key and value of an input.
func secretInput(b []byte, key, value span) (Found, bool) {
	text := string(value.of(b))
	kind := secretKey(plainName(key.of(b)))
	if kind == noSecret || len(text) < minInput || len(text) > maxInput || !literal(text) {
		return Found{}, false
	}
	c := Found{Start: value.from, End: value.to, Confidence: Medium}
	letters, digits := classes(text)
	switch {
	case typed(text), constant(text):
		c.Why = "placeholder"
	case looksRandom(text), knownPrefix(text) > 0 && len(text) >= 20:
	case kind == password && letters && digits:
	default:
		c.Why = "does not look random"
	}
	return c, true
}

// What a key's name says of its value.
type keyKind int

const (
	noSecret keyKind = iota
	secret
	password
)

// secretKey judges a plain name.
func secretKey(name string) keyKind {
	for _, no := range []string{"monkey", "donkey", "turkey", "publickey", "cachekey", "hotkey", "musicalkey", "songkey", "primarykey", "foreignkey",
		"sortkey", "objectkey", "s3key", "filekey", "stoptoken", "eostoken", "bostoken", "padtoken", "unktoken", "triggertoken", "specialtoken",
		"placeholdertoken", "concepttoken", "instancetoken", "classtoken", "nexttoken", "pagetoken", "prompttoken", "starttoken", "endtoken",
		"initializertoken"} {
		if strings.HasSuffix(name, no) {
			return noSecret
		}
	}
	for _, end := range []string{"password", "passwd", "passphrase", "pwd"} {
		if strings.HasSuffix(name, end) {
			return password
		}
	}
	for _, end := range []string{"key", "token", "secret", "credential", "credentials", "pat"} {
		if strings.HasSuffix(name, end) && (end != "pat" || name == "pat" || name == "githubpat") {
			return secret
		}
	}
	return noSecret
}

// NamesSecret reports whether the name of an input says that it takes a credential, as
// hf_token and password do. It is in doubt about a bare key: that of a song, of an object.
func NamesSecret(name string) bool {
	plain := plainName([]byte(name))
	return plain != "key" && secretKey(plain) != noSecret
}

// literal reports whether a value is a literal in one piece. A quote or a
// backslash in it means shell syntax or prose.
func literal(value string) bool {
	return printable([]byte(value)) && !strings.ContainsAny(value, "\"'`\\") && !template(value)
}

// template reports whether a value is filled in elsewhere: a variable, a
// lookup, a format, a link.
func template(value string) bool {
	if strings.IndexByte("$<{%@[(", value[0]) >= 0 {
		return true
	}
	for _, part := range []string{"${", "{{", "$(", "<%", "%s", "%v", "%(", "://", "process.env", "os.environ", "os.getenv", "env:", "vault:", "op://", "secretKeyRef", "{", "}"} {
		if strings.Contains(value, part) {
			return true
		}
	}
	return false
}

// constant reports whether a value is the name of a variable in capitals.
func constant(value string) bool {
	return strings.Contains(value, "_") && value == strings.ToUpper(value) && strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// knownPrefix returns the length of the prefix by which a service marks its
// keys, 0 if there is none. It tells nothing of the key itself.
func knownPrefix(value string) int {
	for _, p := range []string{"sk-proj-", "sk-ant-", "sk-or-", "sk-", "hf_", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "AIza", "AKIA",
		"gsk_", "pk-", "sk_live_", "sk_test_", "SG.", "rk_live_", "key-", "pplx-", "xai-", "tvly-", "dop_v1_", "npm_", "pypi-", "eyJ"} {
		if strings.HasPrefix(value, p) {
			return len(p)
		}
	}
	return 0
}
