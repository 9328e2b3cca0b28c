package advice

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"r8scan/result"
	"r8scan/rules"
)

// TestOf has places of every row, and look-alikes of each.
func TestOf(t *testing.T) {
	seen := map[string]bool{}
	for _, tt := range []struct {
		place Place
		want  string
	}{
		{Place{Path: ".mcp.json"}, "mcp-claude-code"},
		{Place{Path: "home/ann/.claude.json"}, "mcp-claude-code"},
		{Place{Path: "mcp.json"}, "data"},
		{Place{Path: ".vscode/mcp.json"}, "mcp-vscode"},
		{Place{Path: ".vscode/settings.json"}, "data"},
		{Place{Path: "app/.cursor/mcp.json"}, "mcp-cursor"},
		{Place{Path: ".codeium/windsurf/mcp_config.json"}, "mcp-cursor"},
		{Place{Path: "Library/Application Support/Claude/claude_desktop_config.json"}, "mcp-claude-desktop"},

		{Place{Path: ".github/workflows/ci.yml"}, "github-workflow"},
		{Place{Path: "module/.github/workflows/ci.yaml"}, "github-workflow"},
		{Place{Path: ".github/dependabot.yml"}, "data"},
		{Place{Path: "x.github/workflows/ci.yml"}, "data"},
		{Place{Path: ".gitlab-ci.yml"}, "gitlab-ci"},
		{Place{Path: "ci/build.gitlab-ci.yml"}, "gitlab-ci"},
		{Place{Path: "gitlab-ci.md"}, "document"},
		{Place{Path: ".circleci/config.yml"}, "circleci"},
		{Place{Path: "circleci/config.yml"}, "data"},
		{Place{Path: "docker-compose.override.yml"}, "compose"},
		{Place{Path: "deploy/compose.yaml"}, "compose"},
		{Place{Path: "compose.md"}, "document"},
		{Place{Path: "composer.json"}, "data"},
		{Place{Path: "Dockerfile"}, "dockerfile"},
		{Place{Path: "docker/Dockerfile.dev"}, "dockerfile"},
		{Place{Path: "api.Dockerfile"}, "dockerfile"},
		{Place{Path: "Containerfile"}, "dockerfile"},
		{Place{Path: "Dockerfile.dockerignore"}, "other"},
		{Place{Path: "dockerfile_parser.py"}, "python"},
		{Place{Path: "prod.tfvars"}, "terraform-values"},
		{Place{Path: "terraform.tfstate.backup"}, "terraform-state"},
		{Place{Path: "main.tf"}, "terraform"},
		{Place{Path: "k8s/app.yaml"}, "kubernetes"},
		{Place{Path: "replicate-secret.yaml"}, "kubernetes"},
		{Place{Path: "app.yaml", Text: "kind: Secret"}, "kubernetes"},
		{Place{Path: "charts/app/values.yaml"}, "data"},
		{Place{Path: "secrets.json"}, "data"},
		{Place{Path: "secret.py"}, "python"},

		{Place{Path: ".env"}, "env"},
		{Place{Path: "a/.env.production.local"}, "env"},
		{Place{Path: "prod.env"}, "env"},
		{Place{Path: ".dev.vars"}, "env"},
		{Place{Path: ".envrc"}, "env"},
		{Place{Path: ".env.example"}, "env-example"},
		{Place{Path: ".env.local.example"}, "env-example"},
		{Place{Path: "env.go"}, "go"},
		{Place{Path: ".env", Text: "NEXT_PUBLIC_REPLICATE_API_TOKEN="}, "public-name"},
		{Place{Path: "src/api.ts", Text: `const t = import.meta.env.VITE_REPLICATE_API_KEY || "`}, "public-name"},
		{Place{Path: ".env", Text: "PUBLIC_KEY=1 MY_NEXT_PUBLIC_KEY=2 VITE_="}, "env"},
		{Place{Path: ".config/replicate/hosts"}, "replicate-cli"},
		{Place{Path: "etc/hosts"}, "other"},

		{Place{Path: "app/src/main/java/com/x/Main.kt"}, "android"},
		{Place{Path: "app/src/main/res/values/strings.xml"}, "android"},
		{Place{Path: "android/local.properties"}, "android"},
		{Place{Path: "shared/src/commonMain/kotlin/Api.kt"}, "android"},
		{Place{Path: "Main.java", Text: "import android.os.Bundle;"}, "android"},
		{Place{Path: "src/main/java/com/x/Main.java"}, "java"},
		{Place{Path: "src/main/kotlin/Main.kt"}, "java"},
		{Place{Path: "build.gradle.kts"}, "java"},
		{Place{Path: "pom.xml"}, "data"},
		{Place{Path: "App/ContentView.swift"}, "swift"},
		{Place{Path: "App/Info.plist"}, "swift"},
		{Place{Path: "launchd.plist"}, "data"},
		{Place{Path: "lib/main.dart"}, "dart"},
		{Place{Path: "dist/index.js"}, "bundle"},
		{Place{Path: "web/app.min.js"}, "bundle"},
		{Place{Path: "dist/app.py"}, "python"},
		{Place{Path: "index.html"}, "browser"},
		{Place{Path: "src/App.tsx"}, "browser"},
		{Place{Path: "src/components/chat.js"}, "browser"},
		{Place{Path: "lib/x.ts", Text: `"use client"`}, "browser"},
		{Place{Path: "public/robots.txt"}, "document"},

		{Place{Path: "a.ipynb"}, "notebook"},
		{Place{Path: "a b/x.PY"}, "python"},
		{Place{Path: "supabase/functions/run/index.ts"}, "deno"},
		{Place{Path: "main.ts", Text: `Deno.serve(`}, "deno"},
		{Place{Path: "src/routes/+page.server.ts"}, "sveltekit"},
		{Place{Path: "app/api/run/route.ts"}, "web-server"},
		{Place{Path: "pages/api/run.js"}, "web-server"},
		{Place{Path: "app/actions.tsx", Text: `"use server"`}, "web-server"},
		{Place{Path: "vite.config.ts"}, "web-server"},
		{Place{Path: "index.mjs"}, "node"},
		{Place{Path: "src/index.ts"}, "node"},
		{Place{Path: "main.go"}, "go"},
		{Place{Path: "Rakefile"}, "ruby"},
		{Place{Path: "config/application.rb"}, "ruby"},
		{Place{Path: "index.php"}, "php"},
		{Place{Path: "Program.cs"}, "csharp"},
		{Place{Path: "style.css"}, "other"},
		{Place{Path: "src/main.rs"}, "rust"},
		{Place{Path: "config/runtime.exs"}, "elixir"},
		{Place{Path: "home/.zshrc"}, "shell-start"},
		{Place{Path: "run.sh"}, "shell"},
		{Place{Path: "run.ps1"}, "powershell"},
		{Place{Path: "run.CMD"}, "batch"},
		{Place{Path: "README.md"}, "document"},
		{Place{Path: "package.json"}, "data"},
		{Place{Path: "app.toml"}, "data"},
		{Place{Path: "app.log"}, "log"},
		{Place{Path: "x.bin"}, "other"},
		{Place{Path: "main.ts", File: "a\nDeno.serve("}, "deno"},
		{Place{Path: "app.yaml", File: "a: b\nkind: Deployment"}, "kubernetes"},
		{Place{Path: "Main.kt", File: "import androidx.compose"}, "android"},
		{Place{Path: "src/x.js", File: "document.title"}, "browser"},
		{Place{Path: "src/x.js", File: `import React from "react"`}, "browser"},
		{Place{Path: "src/x.js", File: `require("jsdom"); document.title`}, "node"},
		{Place{Path: "src/x.ts", File: `"use client"`}, "browser"},
		{Place{Path: "src/x.ts", File: "process.env.NEXT_PUBLIC_URL"}, "node"},
		{Place{}, "other"},
		{Place{Kind: result.KindFile}, "other"},

		{Place{Path: "dump.zip"}, "archive"},
		{Place{Path: "a.whl", Member: "b/c.py"}, "archive-member"},
		{Place{Path: "image.tar", Member: "0a1b/layer.tar!app/x.py"}, "image-layer"},
		{Place{Path: "image.tar", Member: "blobs/sha256/0a1b!app/.env"}, "image-layer"},
		{Place{Path: "a.tar", Member: "layer.tar"}, "archive-member"},
		{Place{Path: "a.py", Kind: result.KindIndex}, "python"},
		{Place{Path: "a.py", Kind: result.KindBlob}, "python"},
		{Place{Kind: result.KindCommit}, "commit-message"},
		{Place{Kind: result.KindTag}, "tag-message"},
		{Place{Path: "a/r8_Hw***.py", Kind: result.KindTree}, "name"},
		{Place{Path: "r8_Hw***********************************.py", Kind: result.KindFile}, "name"},
		{Place{Path: ".git/refs/heads/x", Kind: result.KindRef}, "name"},
		{Place{Path: ".git/logs/HEAD", Kind: result.KindReflog}, "reflog"},
		{Place{Path: "issues/12", Kind: result.KindIssue}, "posted"},
		{Place{Path: "releases/v1/app.zip", Member: ".env", Kind: result.KindReleaseFile}, "posted"},
		{Place{Path: ".git/config", Kind: result.KindConfig}, "git-config"},
		{Place{Path: "sub/.git/COMMIT_EDITMSG", Kind: result.KindFile}, "git-folder"},
		{Place{Path: "my.git/x.py"}, "python"},
	} {
		got := Of(tt.place).ID
		seen[got] = true
		if got != tt.want {
			t.Errorf("%+v: got %s, want %s", tt.place, got, tt.want)
		}
	}
	for _, r := range Rows() {
		if !seen[r.ID] {
			t.Errorf("no place of the row %s", r.ID)
		}
	}
}

// TestRows: each row says something, and once.
func TestRows(t *testing.T) {
	ids := map[string]bool{}
	for _, r := range Rows() {
		if ids[r.ID] {
			t.Errorf("two rows are called %s", r.ID)
		}
		ids[r.ID] = true
		l := r.Instead("REPLICATE_API_TOKEN")
		if r.Title == "" || l.String() == "" {
			t.Errorf("%s says nothing", r.ID)
		}
		if r.Ships != (strings.Contains(l.Note, "server of your own")) || r.Ships && l.Code != "" {
			t.Errorf("%s: %q", r.ID, l)
		}
		if s := l.String() + r.Needs("X"); strings.Contains(s, "{}") || strings.Contains(s, "{lower}") {
			t.Errorf("%s: %q", r.ID, s)
		}
	}
}

// TestLookup has what rows write, word by word.
func TestLookup(t *testing.T) {
	for path, want := range map[string]string{
		"a.py": `os.environ["X_Y"]`, "a.js": `process.env.X_Y`, "deno/a.ts": `Deno.env.get("X_Y")`, "a.go": `os.Getenv("X_Y")`,
		"a.rb": `ENV.fetch("X_Y")`, "a.php": `getenv("X_Y")`, "a.java": `System.getenv("X_Y")`, "a.cs": `Environment.GetEnvironmentVariable("X_Y")`,
		"a.rs": `std::env::var("X_Y").expect("X_Y is not set")`, "a.sh": `"$X_Y"`, "a.ps1": `$env:X_Y`, "a.bat": `%X_Y%`,
		".github/workflows/a.yml": `${{ secrets.X_Y }}`, ".gitlab-ci.yml": `$X_Y`, ".circleci/config.yml": `$X_Y`, "compose.yml": `${X_Y:?}`,
		"main.tf": `var.x_y`, ".mcp.json": `${X_Y}`, ".vscode/mcp.json": `${env:X_Y}`, ".cursor/mcp.json": `${env:X_Y}`, ".env.example": `X_Y=`,
		"Dockerfile": `RUN --mount=type=secret,id=X_Y,env=X_Y`, "k8s/a.yml": `valueFrom: {secretKeyRef: {name: replicate, key: X_Y}}`,
		"src/routes/+server.ts": `env.X_Y`, "README.md": `$X_Y`, "a.json": ``, ".env": ``,
	} {
		if got := Of(Place{Path: path}).Lookup("X_Y"); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	if got := Of(Place{Path: "main.tf"}).Needs("X_Y"); got != "variable \"x_y\" {\n  type      = string\n  sensitive = true\n}" {
		t.Errorf("got %q", got)
	}
}

// TestLookupsParse parses what a parser is here for.
func TestLookupsParse(t *testing.T) {
	for _, r := range Rows() {
		code := r.Lookup("REPLICATE_API_TOKEN")
		var err error
		switch r.ID {
		case "go":
			if _, err = parser.ParseExpr(code); err == nil {
				_, err = parser.ParseFile(token.NewFileSet(), "", "package x\n"+r.Needs("X")+"\nvar x = "+code+"\n", parser.SkipObjectResolution)
			}
		case "mcp-claude-code", "mcp-vscode", "mcp-cursor":
			var v map[string]string
			if err = json.Unmarshal([]byte(`{"REPLICATE_API_TOKEN": "`+code+`"}`), &v); err == nil && v["REPLICATE_API_TOKEN"] != code {
				t.Errorf("%s: %q", r.ID, v)
			}
		case "github-workflow", "gitlab-ci", "circleci", "compose":
			var v struct{ Env map[string]string }
			if err = yaml.Unmarshal([]byte("env:\n  X: "+code+"\n  Y: 1\n"), &v); err == nil && v.Env["X"] != code {
				t.Errorf("%s: %q", r.ID, v)
			}
		case "kubernetes":
			var v []struct {
				Name      string
				ValueFrom struct {
					SecretKeyRef struct{ Name, Key string } `yaml:"secretKeyRef"`
				} `yaml:"valueFrom"`
			}
			if err = yaml.Unmarshal([]byte("- name: REPLICATE_API_TOKEN\n  "+code+"\n"), &v); err == nil && v[0].ValueFrom.SecretKeyRef.Key != "REPLICATE_API_TOKEN" {
				t.Errorf("%+v", v)
			}
		}
		if err != nil {
			t.Errorf("%s: %s: %v", r.ID, code, err)
		}
	}
}

func TestVariable(t *testing.T) {
	for _, tt := range []struct{ rule, key, want string }{
		{rules.APIToken.ID, "anything", "REPLICATE_API_TOKEN"},
		{rules.LegacyToken.ID, "", "REPLICATE_API_TOKEN"},
		{rules.WebhookSecret.ID, "", "REPLICATE_WEBHOOK_SIGNING_SECRET"},
		{rules.CogToken.ID, "", "COG_TOKEN"},
		{rules.SecretInput.ID, "", "MODEL_API_KEY"},
		{rules.SecretInput.ID, "api_key", "MODEL_API_KEY"},
		{rules.SecretInput.ID, "apiKey", "MODEL_API_KEY"},
		{rules.SecretInput.ID, "hf_token", "HF_TOKEN"},
		{rules.SecretInput.ID, "openaiApiKey", "OPENAI_API_KEY"},
		{rules.SecretInput.ID, "wandb-key", "WANDB_KEY"},
		{rules.SecretInput.ID, "1st", "MODEL_API_KEY"},
		{rules.SecretInput.ID, "a b;\n\x1b$(x)", "A_B_X"},
		{rules.SecretInput.ID, "x r8_" + strings.Repeat("a", 37), "MODEL_API_KEY"},
		{rules.SecretInput.ID, strings.Repeat("k", 65), "MODEL_API_KEY"},
		{"acme-shop-key", "", "ACME_SHOP_KEY"},
		{"", "", "SECRET"},
	} {
		if got := Variable(tt.rule, tt.key); got != tt.want {
			t.Errorf("%s, %q: got %s, want %s", tt.rule, tt.key, got, tt.want)
		}
	}
}

// FuzzInstead: whatever a place and a key are called, the line is of our own
// words, with a name that is one in every language, and without a token.
func FuzzInstead(f *testing.F) {
	token := "r8_" + strings.Repeat("Kq7ZtY3mWx0Lr9DsVb", 3)[:37]
	f.Add("a.py", "", "file", token, "apiKey")
	f.Add(token+".js", "x/"+token, "blob", "NEXT_PUBLIC_X="+token, token)
	name := regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
	f.Fuzz(func(t *testing.T, path, member, kind, text, key string) {
		v := Variable(rules.SecretInput.ID, key)
		if !name.MatchString(v) {
			t.Errorf("%q is no variable", v)
		}
		r := Of(Place{Path: path, Member: member, Kind: kind, Text: text})
		if out := r.Instead(v).String() + r.Needs(v); rules.Default().Redact(out) != out || strings.Contains(out, token) {
			t.Errorf("a token in %q", out)
		}
	})
}
