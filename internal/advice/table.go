package advice

import "strings"

// files are the rows of files, the more special first: the first row that fits a
// path is its row.
var files = []*Row{
	// Configuration of MCP clients, each with its own form.
	{
		ID: "mcp-claude-code", Title: "MCP configuration of Claude Code", Code: "${{}}",
		names: []string{".mcp.json", ".claude.json"},
	},
	{
		ID: "mcp-vscode", Title: "MCP configuration of VS Code", Code: "${env:{}}",
		Note: `Or let VS Code ask for it: ${input:{lower}}, with {"type": "promptString", "id": "{lower}", "password": true} in "inputs".`,
		is:   func(p place) bool { return p.named("mcp.json") && p.in(".vscode") },
	},
	{
		ID: "mcp-cursor", Title: "MCP configuration of Cursor or Windsurf", Code: "${env:{}}",
		is: func(p place) bool {
			return p.named("mcp.json") && p.in(".cursor") || p.named("mcp_config.json") && p.in("windsurf", ".windsurf")
		},
	},
	{
		ID: "mcp-claude-desktop", Title: "MCP configuration of Claude Desktop",
		Note:  "Claude Desktop takes values as they are: start the server by a script of yours that sets {}, or use the hosted server at https://mcp.replicate.com, which asks you to log in.",
		names: []string{"claude_desktop_config.json"},
	},

	// Workflows and infrastructure.
	{
		ID: "github-workflow", Title: "GitHub workflow", Code: "${{ secrets.{} }}",
		Note: "Add the secret under Settings, Secrets and variables, Actions.",
		is: func(p place) bool {
			return p.named("*.yml", "*.yaml") && p.below(".github/workflows/", ".gitea/workflows/", ".forgejo/workflows/")
		},
	},
	{
		ID: "gitlab-ci", Title: "GitLab pipeline", Code: "$" + "{}",
		Note: "Add it under Settings, CI/CD, Variables, masked and protected.",
		is: func(p place) bool {
			return p.named(".gitlab-ci.yml", ".gitlab-ci.yaml", "*.gitlab-ci.yml", "*.gitlab-ci.yaml") ||
				p.named("*.yml", "*.yaml") && p.in(".gitlab", ".gitlab-ci")
		},
	},
	{
		ID: "circleci", Title: "CircleCI configuration", Code: "$" + "{}",
		Note: "Take it out of environment: and add it to the project's environment variables or to a context. Steps see it under the same name.",
		is:   func(p place) bool { return p.named("*.yml", "*.yaml") && p.in(".circleci") },
	},
	{
		ID: "compose", Title: "compose file", Code: "${{}:?}",
		Note:  "Compose takes it from its own environment, or from a .env file that git ignores.",
		names: []string{"compose.yml", "compose.yaml", "compose.*.yml", "compose.*.yaml", "docker-compose*.yml", "docker-compose*.yaml", "podman-compose*.yml", "podman-compose*.yaml"},
	},
	{
		ID: "dockerfile", Title: "Dockerfile", Code: "RUN --mount=type=secret,id={},env={}",
		Note: "ENV, ARG and COPY stay in the image's history: pass it to one RUN as a build secret (docker build --secret id={}), " +
			"or when the container runs (docker run -e {}). Each image that was built with it carries it.",
		is: func(p place) bool {
			return p.named("dockerfile", "containerfile", "dockerfile.*", "containerfile.*", "*.dockerfile", "*.containerfile") && !p.named("*.dockerignore")
		},
	},
	{
		ID: "terraform-values", Title: "Terraform variables",
		Note: "Take the line out, set TF_VAR_{lower} in the environment of terraform, and declare the variable with sensitive = true.",
		is:   func(p place) bool { return p.named("*.tfvars", "*.tfvars.json") },
	},
	{
		ID: "terraform-state", Title: "Terraform state",
		Note: "The state holds values as they are: keep it out of git, in an encrypted remote backend.",
		is:   func(p place) bool { return p.named("*.tfstate", "*.tfstate.backup", "*.tfstate.*.backup") },
	},
	{
		ID: "terraform", Title: "Terraform", Code: "var.{lower}",
		Import: "variable \"{lower}\" {\n  type      = string\n  sensitive = true\n}",
		Note:   "Set TF_VAR_{lower} in the environment of terraform. The state holds the value: keep it in an encrypted backend.",
		names:  []string{"*.tf", "*.tofu"},
	},
	{
		ID: "kubernetes", Title: "Kubernetes manifest", Code: "valueFrom: {secretKeyRef: {name: replicate, key: {}}}",
		Note: "Base64 in a Secret is no protection: make the Secret from outside of git (kubectl create secret generic replicate --from-literal, or a secret manager's operator).",
		is: func(p place) bool {
			return p.named("*.yml", "*.yaml") && !p.named("values*.yml", "values*.yaml", "chart.yaml") &&
				(p.in("k8s", "kubernetes", "manifests", "kustomize", "overlays", "helm", "charts") ||
					p.named("secret.*", "secrets.*", "*-secret.*", "*-secrets.*", "deployment.*", "*-deployment.*", "configmap.*", "*-configmap.*",
						"kustomization.*", "statefulset.*", "cronjob.*", "daemonset.*") ||
					p.declares("secretKeyRef", "kind: Secret", "kind: Deployment", "kind: ConfigMap", "stringData:"))
		},
	},

	// Environment files.
	{
		ID: "env-example", Title: "template of an environment file", Code: "{}=",
		Note: "A template is committed: it has names, and no values.",
		names: []string{".env.example", ".env.*.example", ".env.sample", ".env.template", ".env.tmpl", ".env.dist", ".env.defaults", "env.example", "env.sample",
			"env.template", "example.env", "sample.env", "template.env", "*.env.example", "*.env.sample", "*.env.template", ".env-example", ".env-sample", ".dev.vars.example"},
	},
	{
		ID: "env", Title: "environment file",
		Note:  "A token may be here if git ignores the file, nobody else can read it (chmod 600), and no image or archive takes it along.",
		names: []string{".env", ".env.*", "*.env", ".env-*", "env.local", ".dev.vars", ".dev.vars.*", ".flaskenv", ".envrc", ".envrc.*"},
	},

	{
		ID: "replicate-cli", Title: "configuration of Replicate's command line",
		Note: "A token may be here if nobody else can read the file (chmod 600) and it is in no repository of dotfiles.",
		is:   func(p place) bool { return p.named("hosts", "hosts.yml", "hosts.yaml") && p.in("replicate") },
	},

	// Apps and pages that go to users.
	{
		ID: "android", Title: "Android app", Ships: true, Note: "Whoever has the app can read what is in it.",
		is: func(p place) bool {
			return p.named("androidmanifest.xml", "local.properties") ||
				p.named("*.xml") && p.below("res/values") ||
				p.named("*.kt", "*.kts", "*.java", "*.gradle") && (p.in("androidmain", "commonmain", "iosmain", "android") ||
					p.below("app/src/main/", "app/build.gradle") || p.declares("import android", "androidx.", "buildConfigField", "com.android."))
		},
	},
	{
		ID: "swift", Title: "Swift app", Ships: true, Note: "Whoever has the app can read what is in it.",
		names: []string{"*.swift", "*.xcconfig", "info.plist", "*-info.plist", "*.pbxproj"},
	},
	{
		ID: "dart", Title: "Dart or Flutter app", Ships: true, Note: "Whoever has the app can read what is in it, --dart-define included.",
		names: []string{"*.dart"},
	},

	{
		ID: "bundle", Title: "bundle that a build has made", Ships: true,
		Note:  "Whoever gets the bundle can read it. Take it out of the source, and build again.",
		names: []string{"*.min.js", "*.bundle.js", "*.chunk.js", "*.js.map", "*.mjs.map", "*.css.map"},
		is: func(p place) bool {
			return isScript(p) && p.in("dist", "build", "out", "_next", ".next", "_nuxt", ".nuxt", ".output", ".svelte-kit")
		},
	},

	// Programs.
	{
		ID: "notebook", Title: "notebook", Code: `os.environ["{}"]`, Import: "import os",
		Note:  "Clear the outputs too: they keep what a cell has printed.",
		names: []string{"*.ipynb"},
	},
	{ID: "python", Title: "Python", Code: `os.environ["{}"]`, Import: "import os", names: []string{"*.py", "*.pyw", "*.pyi", "sconstruct", "snakefile"}},
	{
		ID: "deno", Title: "Deno", Code: `Deno.env.get("{}")`,
		is: func(p place) bool {
			return isScript(p) && (p.below("supabase/functions/", "netlify/edge-functions/") || p.in("deno") || p.named("*.deno.ts", "*.deno.js") ||
				p.declares("Deno.", "https://deno.land/", "jsr:@"))
		},
	},
	{
		ID: "sveltekit", Title: "SvelteKit's server code", Code: "env.{}", Import: `import { env } from "$env/dynamic/private";`,
		is: func(p place) bool {
			return isScript(p) && (p.named("+server.*", "+page.server.*", "+layout.server.*", "hooks.server.*") || p.below("src/lib/server/"))
		},
	},
	{
		ID: "web-server", Title: "server code of a web app", Code: "process.env.{}",
		Note: "The name must not begin with NEXT_PUBLIC_, VITE_ or the like: those reach the browser.",
		is: func(p place) bool {
			return isScript(p) && (p.named("route.*", "*.server.*", "middleware.*", "vite.config.*", "next.config.*", "nuxt.config.*") ||
				p.below("pages/api/", "app/api/", "src/api/", "server/api/", "netlify/functions/") || p.in("server", "api", "backend") ||
				p.declares(`"use server"`, `'use server'`, "import.meta.env.SSR"))
		},
	},
	{
		ID: "browser", Title: "code that runs in a browser", Ships: true, Note: "Whoever opens the page can read it.",
		names: []string{"*.html", "*.htm", "*.xhtml", "*.vue", "*.svelte", "*.jsx", "*.tsx"},
		is: func(p place) bool {
			return isScript(p) && (p.in("public", "static", "www", "wwwroot", "htdocs", "public_html", "components") ||
				p.says("document.", "window.", "import.meta.env.VITE_") || p.declares(`"use client"`, `'use client'`) || runsInPage(p))
		},
	},
	{ID: "node", Title: "JavaScript or TypeScript", Code: "process.env.{}", is: isScript},
	{ID: "go", Title: "Go", Code: `os.Getenv("{}")`, Import: `import "os"`, names: []string{"*.go"}},
	{ID: "ruby", Title: "Ruby", Code: `ENV.fetch("{}")`, names: []string{"*.rb", "*.rake", "*.ru", "*.gemspec", "rakefile", "gemfile", "fastfile", "podfile"}},
	{ID: "php", Title: "PHP", Code: `getenv("{}")`, names: []string{"*.php", "*.phtml", "*.php5", "*.inc.php"}},
	{ID: "java", Title: "Java or Kotlin", Code: `System.getenv("{}")`, names: []string{"*.java", "*.kt", "*.kts", "*.groovy", "*.gradle"}},
	{
		ID: "csharp", Title: "C#", Code: `Environment.GetEnvironmentVariable("{}")`, Import: "using System;",
		names: []string{"*.cs", "*.csx", "*.cshtml", "*.razor"},
	},
	{ID: "rust", Title: "Rust", Code: `std::env::var("{}").expect("{} is not set")`, names: []string{"*.rs"}},
	{ID: "elixir", Title: "Elixir", Code: `System.fetch_env!("{}")`, names: []string{"*.ex", "*.exs"}},
	{
		ID: "shell-start", Title: "start file of a shell",
		Note: "Every program that you start gets it, and the file is easily shared: read it from a file of mode 600 outside of git, or from a secret manager.",
		names: []string{".bashrc", ".bash_profile", ".bash_login", ".profile", ".zshrc", ".zshenv", ".zprofile", ".zlogin", ".kshrc", "config.fish",
			"bashrc", "zshrc", "microsoft.powershell_profile.ps1", "profile.ps1"},
	},
	{ID: "shell", Title: "shell script", Code: `"${}"`, names: []string{"*.sh", "*.bash", "*.zsh", "*.ksh", "*.fish"}},
	{ID: "powershell", Title: "PowerShell", Code: "$env:{}", names: []string{"*.ps1", "*.psm1", "*.psd1"}},
	{ID: "batch", Title: "batch file", Code: "%{}%", names: []string{"*.bat", "*.cmd"}},

	// Data and texts.
	{
		ID: "archive", Title: "archive", Note: noteArchive,
		names: []string{"*.zip", "*.tar", "*.tgz", "*.tar.*", "*.gz", "*.7z", "*.rar", "*.jar", "*.whl", "*.apk", "*.ipa", "*.nupkg", "*.gem"},
	},
	{
		ID: "document", Title: "document", Code: "$" + "{}",
		Note:  "Texts show the name of the variable, never a value.",
		names: []string{"*.md", "*.mdx", "*.markdown", "*.txt", "*.rst", "*.adoc", "*.org", "*.tex", "readme", "changelog", "license"},
	},
	{
		ID: "data", Title: "data or configuration",
		Note: "Take it out of the file, and let the program read {} from its environment.",
		names: []string{"*.json", "*.jsonc", "*.json5", "*.jsonl", "*.ndjson", "*.yml", "*.yaml", "*.toml", "*.ini", "*.cfg", "*.conf", "*.config", "*.properties",
			"*.xml", "*.plist", "*.csv", "*.tsv", "*.har"},
	},
	{
		ID: "log", Title: "log", Note: "Keep it out of what the program prints: r8scan redact masks tokens in a stream.",
		names: []string{"*.log", "*.log.*", "*.out", "*.trace"},
	},
}

// runsInPage reports whether the text of a script is that of a page, and nothing in
// it is of a server.
func runsInPage(p place) bool {
	if p.file == "" || p.declares("process.", "require(", "node:", "module.exports", "from \"fs", "from 'fs", "from \"http", "from 'http", "from \"express", "from 'express") {
		return false
	}
	return p.declares("document.", "window.", "localStorage.", "import.meta.env.VITE_", `from "react"`, `from 'react'`, `from "react-dom`, `from 'react-dom`,
		`from "vue"`, `from 'vue'`, `from "svelte"`, `from 'svelte'`, `from "@angular/`, `from '@angular/`)
}

// isScript reports whether a file is JavaScript or TypeScript.
func isScript(p place) bool {
	return p.named("*.js", "*.mjs", "*.cjs", "*.jsx", "*.ts", "*.mts", "*.cts", "*.tsx")
}

const noteArchive = "Build it again from files without the token, and delete the copies that were published."

// The rows of what is told by more than a file's name.
var (
	rowPublic = &Row{
		ID: "public-name", Title: "name that a bundler puts into the page", Ships: true,
		Note: "A value under this name is in the page that visitors get. Call the variable {}.",
	}
	rowLayer = &Row{
		ID: "image-layer", Title: "layer of an image",
		Note: "A later layer does not take it out: build the image again with a build secret (docker build --secret), and delete the tags that were pushed.",
	}
	rowArchive = &Row{ID: "archive-member", Title: "file in an archive", Note: noteArchive}
	rowCommit  = &Row{ID: "commit-message", Title: "commit message or header", Note: "Write the message without it (git commit --amend for the last commit)."}
	rowTag     = &Row{ID: "tag-message", Title: "tag message", Note: "Make the tag again with another message: git tag -f -a NAME."}
	rowName    = &Row{ID: "name", Title: "name of a file, folder or ref", Note: "Give it another name. In git's history the old name stays."}
	rowReflog  = &Row{ID: "reflog", Title: "reflog", Note: "It is in this clone only: git reflog expire --expire=now --all empties the reflogs."}
	rowPosted  = &Row{ID: "posted", Title: "text beside a repository on its server", Note: "Edit it, and delete the revision that has the token, or delete all of it."}
	rowConfig  = &Row{
		ID: "git-config", Title: "git's own configuration",
		Note: "Take it out of the file (git config --edit), and let a credential helper keep what git needs.",
	}
	rowGitDir = &Row{
		ID: "git-folder", Title: "file in git's own folder",
		Note: "It is in this clone only: take it out of the file, or delete the file if it is a left-over such as COMMIT_EDITMSG.",
	}
	rowOther = &Row{ID: "other", Title: "file", Note: "Take it out of the file, and let the program read {} from its environment."}
)

// Rows returns all rows, for lists and tests.
func Rows() []*Row {
	return append(append([]*Row{}, files...), rowPublic, rowLayer, rowArchive, rowCommit, rowTag, rowName, rowReflog, rowPosted, rowConfig, rowGitDir, rowOther)
}

// publicPrefixes begin the names of variables that bundlers put into what they
// send to browsers and phones.
var publicPrefixes = []string{"NEXT_PUBLIC_", "NUXT_PUBLIC_", "EXPO_PUBLIC_", "REACT_APP_", "VUE_APP_", "NG_APP_", "GATSBY_", "VITE_", "PUBLIC_"}

// IsPublic reports whether a variable of this name reaches users.
func IsPublic(name string) bool {
	for _, p := range publicPrefixes {
		if strings.HasPrefix(name, p) && len(name) > len(p) && name != "PUBLIC_KEY" {
			return true
		}
	}
	return false
}

// publicIn returns a name in the text that IsPublic, "" if there is none.
func publicIn(text string) string {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		if IsPublic(word) {
			return word
		}
	}
	return ""
}
