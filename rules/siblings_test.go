package rules

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// Fake credentials of every kind. They are put together here, so that the
// repository contains none.
const (
	fakeHex     = "0c4f1e5a9b3d7c2e8f60" + "1a4b9d3e7f5c2086ab1d"
	fakeWebhook = "whsec_" + "q5Zt8Qw1LpXc7Vb2NmKj9Hg5Fd3Sa6Po"
	fakeCog     = "f3Zt8Qw1LpXc7Vb2" + "NmKj9Hg5Fd3Sa6Po"
	fakeKey     = "sk-" + "Zt8Qw1LpXc7Vb2NmKj9Hg5Fd"
)

func base64Of(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// siblingCase is a text in which a rule finds one credential.
type siblingCase struct {
	text string // {} stands for the rule's credential; without {}, the text has one of its own
	want Confidence
}

// siblingTexts returns the cases of each rule except the one for API tokens.
func siblingTexts() map[*Rule][]siblingCase {
	auth := base64Of("someone:" + fakeCog)
	config := `{"auths": {"gcr.io": {"auth": "x"}, "r8.im": {"auth": "` + auth + `"}}}`
	return map[*Rule][]siblingCase{
		CogToken: {
			{"cog login --token-stdin <<< {}\n", Medium}, {`cog login --token-stdin <<<"{}"`, Medium}, {"echo {} | cog login --token-stdin", Medium}, {`printf '%s' "{}" | sudo cog login --token-stdin`, Medium},
			{"- run: |\n    echo \"{}\" | cog login --token-stdin\n", Medium}, {"cog login --token-stdin <<EOF\n{}\nEOF\n", Medium}, {"TOKEN={}\necho $TOKEN | cog login --token-stdin\n", Medium},
			{"docker login r8.im -u someone -p {}", Medium}, {"docker login -u someone -p {} r8.im", Medium}, {`docker login r8.im -u someone --password-stdin <<< "{}"`, Medium}, {"echo {} | docker login r8.im --username u --password-stdin", Medium},
			{"docker login \\\n  --username u \\\n  --password={} \\\n  r8.im\n", Medium}, {"echo {} | docker login -u someone --password-stdin https://r8.im", Medium}, {"podman login --password {} r8.im", Medium},
			{"- uses: docker/login-action@v3\n  with:\n    registry: r8.im\n    username: u\n    password: {}\n", Medium}, {"- uses: replicate/setup-cog@v2\n  with:\n    token: {}\n", Medium},
			{"REPLICATE_CLI_AUTH_TOKEN={}", Medium}, {"export REPLICATE_CLI_AUTH_TOKEN=\"{}\"\n", Medium}, {"REPLICATE_COG_TOKEN={}", Medium}, {"TF_VAR_cog_token={}", Medium}, {"process.env.COG_TOKEN = '{}'", Medium},
			{`{"auths": {"r8.im": {"auth": "` + auth + `"}}}`, High},
			{`{"auths":{"https://r8.im/v1/":{"username":"u","auth":"` + auth + `"}}}`, High},
			{"{\n\t\"auths\": {\n\t\t\"r8.im\": {\n\t\t\t\"auth\": \"" + auth + "\"\n\t\t}\n\t}\n}\n", High},
			{`{"auths": {"r8.im": {"username": "u", "password": "{}"}}}`, High},
			{`{"auths": {"r8.im": {"identitytoken": "{}"}}}`, High},
			{`echo "{\"auths\":{\"r8.im\":{\"auth\":\"` + auth + `\"}}}" > config.json`, High},
			{"data:\n  .dockerconfigjson: " + base64Of(config) + "\nkind: Secret\n", High},
			{"data:\n  .dockerconfigjson: >-\n    " + base64Of(config)[:60] + "\n    " + base64Of(config)[60:] + "\nkind: Secret\n", High},
			{`{"data":{".dockerconfigjson":"` + base64Of(config) + `"},"kind":"Secret"}`, High},
			{"COG_TOKEN={}", Medium}, {"export COG_TOKEN='{}'\n", Medium}, {"COG_TOKEN: \"{}\"", Medium},
			{"-e COG_TOKEN={} image", Medium}, {"- name: COG_TOKEN\n  value: {}\n", Medium},
			{`{"name": "COG_TOKEN", "value": "{}"}`, Medium}, {`os.environ["COG_TOKEN"] = "{}"`, Medium}, {`os.getenv("COG_TOKEN", "{}")`, Medium}, {`os.environ.get("COG_TOKEN") or "{}"`, Medium},
		},
		LegacyToken: {
			{"Replicate.configure do |config|\n  config.api_token = \"{}\"\nend", Medium}, {`Replicate.client.api_token = "{}"`, Medium}, {`client = Replicate::Client.new(api_token: "{}")`, Medium},
			{`http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Token", "{}"); await http.PostAsync("https://api.replicate.com/v1/predictions")`, Medium},
			{`{"name": "Replicate account", "type": "replicateApi", "data": {"apiKey": "{}"}}`, Medium}, {"variable \"replicate_api_token\" {\n  type = string\n  default = \"{}\"\n}", Medium},
			{"provider \"replicate\" {\n  api_token = \"{}\"\n}", Medium}, {`using var api = new ReplicateClient("{}");`, Medium}, {`c, err := replicate.NewClient(replicate.WithToken("{}"))`, Medium}, {`r8, err := replicate.NewClient("{}")`, Medium},
			{"replicate:\n  api_token: {}\n", Medium}, {"replicate:\n    # the key\n\n    api-key: \"{}\"\n", Medium}, {`{"Replicate": {"Model": "x", "ApiKey": "{}"}}`, Medium}, {"[replicate]\napi_key = {}\n", Medium},
			{"- provider: replicate\n  api_key: {}\n", Medium}, {`{"provider":"replicate","api_key":"{}"}`, Medium}, {"config :replicate,\n  api_token: \"{}\"\n", Medium}, {`$c = new \Replicate\Client('{}');`, Medium},
			{`'replicate' => ['api_token' => '{}']`, Medium}, {`let c = Replicate.Client(token: "{}")`, Medium}, {`let c = Replicate::new("{}");`, Medium}, {"services:\n  replicate:\n    url: x\n    token: '{}'\n  other:\n    a: b\n", Medium},
			{"curl https://dreambooth-api-experimental.replicate.com/v1/trainings -H \"Authorization: Token {}\"", Medium}, {"curl -H 'Authorization: Bearer {}' https://gateway.ai.cloudflare.com/v1/x/gw/replicate/predictions", Medium},
			{`request.setValue("Token {}", forHTTPHeaderField: "Authorization"); URL(string: "https://api.replicate.com/v1/models")`, Medium}, {`req.Header.Set("Authorization", "Token "+"{}") // api.replicate.com`, Medium},
			{`{"name":"Authorization","value":"Token {}"},{"url":"https://api.replicate.com/v1/predictions"}`, Medium}, {`"Authorization" => "Bearer {}", "https://api.replicate.com/v1"`, Medium},
			{"REPLICATE_API_TOKEN={}", Medium}, {"export REPLICATE_API_KEY=\"{}\"\n", Medium}, {"REPLICATE_TOKEN: {}", Medium},
			{"NEXT_PUBLIC_REPLICATE_API_TOKEN='{}'", Medium}, {"TF_VAR_replicate_api_token = \"{}\"", Medium}, {"REPLICATE_API_TOKEN_PROD={}", Medium},
			{`replicate_api_token="{}"`, Medium}, {`const replicateApiToken = '{}';`, Medium}, {`{"REPLICATE_API_TOKEN": "{}"}`, Medium},
			{`"{\"REPLICATE_API_TOKEN\":\"{}\"}"`, Medium}, {"ENV REPLICATE_API_TOKEN {}", Medium}, {"set REPLICATE_API_TOKEN={}\r\n", Medium},
			{`os.environ["REPLICATE_API_TOKEN"] = "{}"`, Medium}, {`os.Setenv("REPLICATE_API_TOKEN", "{}")`, Medium},
			{`os.environ.setdefault('REPLICATE_API_TOKEN', '{}')`, Medium}, {"${REPLICATE_API_TOKEN:-{}}", Medium},
			{"- name: REPLICATE_API_TOKEN\n  value: {}\n", Medium}, {"- name: REPLICATE_API_TOKEN\n  value: \"{}\"\n", Medium},
			{`{"name":"REPLICATE_API_TOKEN","value":"{}"}`, Medium}, {"replicate.api-token={}", Medium},
			{`REPLICATE_API_TOKEN: str = "{}"`, Medium}, {`ENV['REPLICATE_API_TOKEN'] ||= '{}'`, Medium},
			{`os.environ.get("REPLICATE_API_TOKEN", default="{}")`, Medium}, {`os.environ.get("REPLICATE_API_TOKEN") or "{}"`, Medium},
			{`replicate.Client(api_token="{}")`, Medium}, {`new Replicate({ auth: "{}" })`, Medium},
			{`curl -H "Authorization: Token {}" https://api.replicate.com/v1/models`, Medium},
			{`fetch("https://api.replicate.com/v1/predictions", {headers: {Authorization: "Token {}"}})`, Medium},
			{`headers = {"Authorization": "Token {}"}` + "\n" + `requests.get("https://api.replicate.com/v1/account", headers=headers)`, Medium},
			{"REPLICATE_API_TOKEN=" + strings.Repeat("0123456789abcdef", 3)[:40], Low},
			{"REPLICATE_API_TOKEN=" + strings.Repeat("a", 40), Low},
		},
		WebhookSecret: {
			{"REPLICATE_WEBHOOK_SECRET={}", Medium}, {"REPLICATE_WEBHOOK_SIGNING_SECRET=\"{}\"\n", Medium}, {`replicateWebhookSecret: '{}'`, Medium},
			{"REPLICATE_WEBHOOK_SIGNING_KEY: {}", Medium}, {"# Replicate\nWEBHOOK_SECRET={}\n", Medium}, {"# replicate.com\nWEBHOOK_SECRET={}\n", Medium},
			{"# the Replicate webhook's secret\nWEBHOOK_SECRET={}\n", Medium},
			{"- name: REPLICATE_WEBHOOK_SECRET\n  value: {}\n", Medium},
			{`import { validateWebhook } from "replicate"; validateWebhook(request, "{}")`, Medium},
			{"STRIPE_KEY=x\nREPLICATE_WEBHOOK_SECRET={}\n", Medium},
			{"STRIPE_KEY=x\nREPLICATE_API_TOKEN=y\nWEBHOOK_SECRET={}\n", Low},
			{"REPLICATE_WEBHOOK_SECRET=whsec_" + strings.Repeat("x", 32), Low},
			{"REPLICATE_WEBHOOK_SECRET=whsec_" + "ReplaceThisByYourOwnSecretPlease", Low},
		},
		SecretInput: {
			{`Http::post('https://api.replicate.com/v1/predictions', ['input' => ['prompt' => 'x', 'hf_token' => '{}']]);`, Medium}, {`let out = try await Replicate.Client(token: t).run(model, input: ["prompt": "x", "openai_api_key": "{}"])`, Medium},
			{`Replicate.Predictions.create(version, %{prompt: "x", openai_api_key: "{}"})`, Medium}, {`Replicate.run("o/m", prompt: "x", hf_token: "{}")`, Medium}, {"m = Replicate.client.retrieve_model(\"o/m\")\nm.latest_version.predict(prompt: \"x\", hf_token: \"{}\")", Medium},
			{"new ReplicateClient(k); client.PredictionsCreateAsync(input: new Dictionary<string, object>\n{\n  [\"prompt\"] = \"x\",\n  [\"hf_token\"] = \"{}\",\n});", Medium}, {"replicate train --destination me/mine o/m \\\n  input_images=@a.zip hf_token={}", Medium},
			{"cog predict r8.im/o/m -i image=@cat.png -i hf_token={}", Medium}, {`cog predict r8.im/o/m -i 'hf_token="{}"'`, Medium}, {"inputs = {\n  \"api_key\": \"{}\",\n}\nout = replicate.run(\"o/m\", input=inputs)", Medium},
			{`llm = Replicate(model="o/m:1", input={"temperature": 0.7, "hf_token": "{}"})`, Medium}, {`llm = Replicate(model="o/m", model_kwargs={"temperature": 0.7, "hf_token": "{}"})`, Medium}, {"replicate run o/m prompt=x api_key={}", Medium},
			{`replicate.run("owner/model", input={"prompt": "x", "api_key": "{}"})`, Medium},
			{"output = replicate.run(\n  \"owner/model\",\n  input={\n    # don't do this\n    'prompt': \"it's\",\n    'api_key': '{}',\n  }\n)", Medium},
			{`replicate.predictions.create(version="v", input=dict(hf_token="{}"))`, Medium},
			{`await replicate.run("owner/model", { input: { api_key: "{}" } })`, Medium},
			{"const input = {\n  prompt: `a\nb`,\n  openaiApiKey: \"{}\",\n};\nconst out = await replicate.run(\"m\", { input });", Medium},
			{`replicate.stream("m", { input: { api_key: process.env.KEY || "{}" } })`, Medium},
			{`input := replicate.PredictionInput{"prompt": "x", "api_key": "{}"}`, Medium},
			{`client = replicate.Client(); client.run("m", input={"api_key": "{}"})`, Medium},
			{`import Replicate from "replicate"; const r = make(); await r.run("m", { input: { api_key: "{}" } })`, Medium},
			{`r8.Run(ctx, "owner/model", replicate.PredictionInput{"api_key": "{}"}, nil)`, Medium},
			{`curl -d '{"input": {"prompt": "x", "api_key": "{}"}}' https://api.replicate.com/v1/models/o/m/predictions`, Medium},
			{"curl https://api.replicate.com/v1/predictions \\\n -d \"{\\\"input\\\": {\\\"api_key\\\": \\\"{}\\\"}}\"", Medium},
			{`replicate.run("m", input={"api_key": os.getenv("MODEL_API_KEY_1", "{}")})`, Medium},
			{`replicate.run("m", input={"n": 1, "api_key": os.environ.get("MODEL_API_KEY_1", "{}"), "x": 2})`, Medium},
			{`replicate.run("m", input={"login": {"user": "u", "access-token": "{}"}})`, Medium},
			{`replicate.run("m", input={"password": "` + "hunter" + `2222"})`, Medium},
			{`replicate.run("model", input={"api_key": "` + "sk-abc123" + `..."})`, Low},
			{`replicate.run("model", input={"api_key": "YOUR_API_KEY"})`, Low},
			{`replicate.run("model", input={"api_key": "your-key-here"})`, Low},
		},
	}
}

// filled puts a rule's credential into a text, and returns both.
func filled(rule *Rule, c siblingCase) (text, secret string) {
	secret = map[*Rule]string{CogToken: fakeCog, LegacyToken: fakeHex, WebhookSecret: fakeWebhook, SecretInput: fakeKey}[rule]
	return strings.Replace(c.text, "{}", secret, 1), secret
}

// TestSiblings finds each rule's credential once, with the confidence of its
// context. No other rule may find it.
func TestSiblings(t *testing.T) {
	for rule, cases := range siblingTexts() {
		for _, c := range cases {
			text, secret := filled(rule, c)
			ms := findAll(text)
			if len(ms) != 1 || ms[0].Rule != rule || ms[0].Confidence != c.want {
				t.Errorf("%s: want one match, %v; got %s", c.text, c.want, summary(ms))
				continue
			}
			m := ms[0]
			if (strings.Contains(c.text, "{}") || rule == CogToken) && m.Secret.Reveal() != secret {
				t.Errorf("%s: the match is not the credential", c.text)
			}
			if at := strings.Index(text, m.Secret.Reveal()); len(m.Encoding) == 0 && (at != m.Start || m.End-m.Start != len(m.Secret.Reveal())) {
				t.Errorf("%s: found at %d-%d, not at %d", c.text, m.Start, m.End, at)
			}
			if strings.Contains(Redact(text), m.Secret.Reveal()) {
				t.Errorf("%s: Redact leaves the credential", c.text)
			}
			if mask := m.Secret.Mask(); len(strings.TrimRight(mask, "*")) > len(mask)/4 {
				t.Errorf("%s: the mask shows too much", c.text)
			}
		}
	}
}

// summary describes matches without their secrets.
func summary(ms []Match) string {
	var b strings.Builder
	for _, m := range ms {
		fmt.Fprintf(&b, "%s %v %q; ", m.Rule.ID, m.Confidence, m.Why)
	}
	return b.String()
}

// TestNoSiblings finds nothing in lookups and templates, and in texts with a
// credential that nothing connects with Replicate.
func TestNoSiblings(t *testing.T) {
	auth := base64Of("someone:" + fakeCog)
	for _, text := range []string{
		// Replicate's own documentation on secrets
		`-d '{ "input": { "prompt": "Hello", "api_key": "'$MODEL_API_KEY'" } }' https://api.replicate.com/v1/models/o/m/predictions`,
		`-d '{"input": {"api_key": "'"$MODEL_API_KEY"'"}}' https://api.replicate.com/v1/models/o/m/predictions`,
		`replicate.run("owner/model", input={"prompt": "x", "api_key": os.environ["MODEL_API_KEY"]})`,
		`replicate.run("owner/model", { input: { prompt: "x", api_key: process.env.MODEL_API_KEY } });`,
		`"Authorization: Token $REPLICATE_API_TOKEN" https://api.replicate.com/v1/`,
		// lookups and templates
		`replicate.run("m", input={"api_key": os.getenv("MODEL_API_KEY_2024")})`, `replicate.run("m", input={"api_key": f"{key}abcdefgh1234567"})`,
		`replicate.run("m", input={"api_key": os.getenv("MODEL_API_KEY_2024", model_api_key_1234567)})`,
		`replicate.run("m", input={"api_key": os.getenv("K"), "prompt": describe("a", "` + fakeKey + `")})`,
		`replicate.run("m", input={"api_key": "${MODEL_API_KEY_1}"})`, `replicate.run("m", input={"api_key": "{{ secrets.model_key }}"})`,
		`replicate.run("m", input={"api_key": "<your key of 20 letters>"})`, `replicate.run("m", input={"api_key": ""})`,
		`replicate.run("m", input={"api_key": settings.model_api_key_1234567})`, `replicate.run("m", input={"api_key": key, "prompt": "` + fakeKey + `"})`,
		`COG_TOKEN=${{ secrets.COG_TOKEN }}`, `COG_TOKEN=$TOKEN_1234567890abcdefg`, `COG_TOKEN = os.environ["COG_TOKEN"]`, `cog_token = get_cog_token_from_v2()`,
		"REPLICATE_API_TOKEN=${REPLICATE_API_TOKEN}", "REPLICATE_API_TOKEN=\nGIT_COMMIT=" + fakeHex,
		// values that are not secret
		`replicate.run("m", input={"prompt": "` + fakeKey + `"})`, `replicate.run("m", input={"trigger_token": "` + fakeKey + `"})`,
		`replicate.run("m", input={"image_key": "https://x.test/a1b2c3d4e5f6a7b8"})`, `replicate.run("m", input={"max_tokens": 12345678})`,
		// without Replicate
		`uses: replicate/setup-cog` + "\n" + `openai.run("m", input={"api_key": "` + fakeKey + `"})`,
		`openai.run("m", input={"api_key": "` + fakeKey + `"})`, `{"input": {"api_key": "` + fakeKey + `"}}`,
		`this replicates the input: {"api_key": "` + fakeKey + `"}`, `# data is replicated` + "\n" + `input = {"api_key": "` + fakeKey + `"}`,
		"WEBHOOK_SECRET=" + fakeWebhook, "# replicated\nWEBHOOK_SECRET=" + fakeWebhook, "# Replicate the data\nWEBHOOK_SECRET=" + fakeWebhook, "# how to replicate this\nWEBHOOK_SECRET=" + fakeWebhook, "replicate. \nWEBHOOK_SECRET=" + fakeWebhook, "REPLICATE_API_TOKEN=y\nSTRIPE_WEBHOOK_SECRET=" + fakeWebhook,
		"# Replicate" + strings.Repeat(" far", 200) + "\nWEBHOOK_SECRET=" + fakeWebhook,
		"REPLICATE_WEBHOOK_SECRET=whsec_...", "REPLICATE_WEBHOOK_SECRET=whsec_" + "abc", "REPLICATE_WEBHOOK_SECRET=x" + fakeWebhook,
		`{"auths": {"gcr.io": {"auth": "` + auth + `"}, "r8.im": {}}}`, `{"auths": {"r8.im": {}, "gcr.io": {"auth": "` + auth + `"}}}`,
		`{"auths": {"xr8.im": {"auth": "` + auth + `"}}}`, `{"auths": {"r8.image": {"auth": "` + auth + `"}}}`,
		"docker pull r8.im/owner/model@sha256:" + fakeHex + fakeHex[:24],
		"recog_token=" + fakeCog, "cog_token_url=" + fakeCog, "RELAY_COG_TOKEN=" + fakeCog, "COGNITUM_COG_TOKEN=" + fakeCog, `const DISCOG_TOKEN="` + fakeCog + `"`, "docker login ghcr.io -p " + fakeCog, "echo " + fakeCog + " | docker login ghcr.io",
		"docker login ghcr.io -p " + fakeCog + "\ndocker pull r8.im/o/m\n", "blog login --token " + fakeCog, "cog login --token-stdin < token.txt", "cog login --token-stdin <<< $COG", "echo ${{ secrets.COG }} | cog login --token-stdin",
		"- uses: actions/checkout@v4\n  with:\n    token: " + fakeCog, "- uses: replicate/setup-cog@v2\n- uses: x/y@v1\n  with:\n    token: " + fakeCog, "registry: ghcr.io\npassword: " + fakeCog,
		"replicate:\n  url: x\nother:\n  api_key: " + fakeHex, `{"replicate": {"url": "x"}, "other": {"api_key": "` + fakeHex + `"}}`, "[replicate]\nurl = x\n[other]\napi_key = " + fakeHex, "replicate:\n  commit: " + fakeHex, "replicate:\n  rev: " + fakeHex,
		"- provider: replicate\n  model: x\n- provider: other\n  api_key: " + fakeHex, `replicate.run("m", api_token="` + fakeKey + `")`, "replicate train o/m input_images=@a.zip trigger_token=" + fakeKey, "cog push r8.im/o/m --hf_token=" + fakeKey,
		// ids of git and other hashes
		"commit " + fakeHex, "replicate commit " + fakeHex, "replicate: " + fakeHex, "REPLICATE_COMMIT=" + fakeHex, "REPLICATE_MODEL_VERSION=" + fakeHex,
		"replicate_cache_key=" + fakeHex, "REPLICATED_API_TOKEN=" + fakeHex, "REPLICATE_API_TOKEN=" + fakeHex + "a", "REPLICATE_API_TOKEN=" + fakeHex[:39],
		"REPLICATE_API_TOKEN=" + fakeHex + fakeHex[:24], "REPLICATE_API_TOKEN\n\n" + fakeHex, "API_TOKEN=" + fakeHex,
		`Authorization: Token ` + fakeHex, `Authorization: Token ` + fakeHex + strings.Repeat(" far", 200) + " api.replicate.com",
		"https://github.com/replicate/cog/commit/" + fakeHex, "uses: replicate/setup-cog@" + fakeHex,
	} {
		if ms := findAll(text); len(ms) != 0 {
			t.Errorf("%s: %s", text, summary(ms))
		}
	}
}

// TestTokenStaysToken puts an API token where other rules look. Only its own rule
// may find it.
func TestTokenStaysToken(t *testing.T) {
	token := testToken(12)
	for _, text := range []string{"REPLICATE_API_TOKEN=" + token, `replicate.run("m", input={"api_key": "` + token + `"})`, "COG_TOKEN=" + token,
		`{"auths": {"r8.im": {"password": "` + token + `"}}}`} {
		if ms := findAll(text); len(ms) != 1 || ms[0].Rule != APIToken || ms[0].Confidence != High {
			t.Errorf("%s: %s", Redact(text), summary(ms))
		}
	}
}
