package doctor

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"r8scan/internal/ask"
	"r8scan/internal/door"
	"r8scan/internal/pattern"
	"r8scan/internal/regular"
	"r8scan/internal/shell"
)

// checkClients looks for clients that are installed or asked for, and says how their
// versions authenticate.
func checkClients(e *environment) []Check {
	out := pythonClients(e)
	path := filepath.Join(e.dir, "node_modules", "replicate", "package.json")
	if file, err := readConfig(path, maxConfig); err != nil {
		out = append(out, unread(door.Printable(e.shown(path)), err)...)
	} else {
		var manifest struct {
			Version string `json:"version"`
		}
		_ = json.Unmarshal(file.text, &manifest) // clientCheck reports an empty version
		out = append(out, clientCheck(nodeClient, e.shown(path), manifest.Version, "npm install replicate@latest"))
	}
	out = append(out, checkPins(e)...)
	slices.SortStableFunc(out, func(a, b Check) int { return strings.Compare(a.About+a.What, b.About+b.What) })
	out = slices.Compact(out) // VIRTUAL_ENV may be this .venv
	if out == nil {
		return []Check{{levelOK, "clients", "this folder has no Python or Node client of Replicate's", "", ""}}
	}
	return out
}

const (
	pythonClient = "Python client"
	nodeClient   = "Node client"
)

// pythonClients finds the clients of the environments that a program here may run in:
// of venv, uv and conda, and of the python on PATH.
func pythonClients(e *environment) []Check {
	roots := []string{os.Getenv("VIRTUAL_ENV"), os.Getenv("UV_PROJECT_ENVIRONMENT"), os.Getenv("CONDA_PREFIX"), filepath.Join(e.dir, ".venv"), filepath.Join(e.dir, "venv"), filepath.Join(e.dir, "env")}
	roots = append(roots, pythonOnPath())
	var out []Check
	for _, root := range roots {
		if root == "" {
			continue
		}
		if !filepath.IsAbs(root) {
			root = filepath.Join(e.dir, root)
		}
		for _, pattern := range []string{"lib/python*/site-packages", "lib/python*/dist-packages", "local/lib/python*/dist-packages", "Lib/site-packages"} {
			found, _ := filepath.Glob(filepath.Join(regular.GlobQuoted(root), pattern, "replicate-*.dist-info")) // the pattern is sound
			for _, dir := range found {
				version := strings.TrimPrefix(strings.TrimSuffix(filepath.Base(dir), ".dist-info"), "replicate-")
				out = append(out, clientCheck(pythonClient, e.shown(dir), version, upgradePython(e, root)))
			}
		}
	}
	return out
}

// pythonOnPath returns the root of the installation of the python on PATH, "" if there
// is none. It does not run it.
func pythonOnPath() string {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		for _, name := range []string{"python3", "python", "python.exe"} {
			path := filepath.Join(dir, name)
			info, err := os.Stat(path)
			if dir == "" || err != nil || !info.Mode().IsRegular() || runtime.GOOS != "windows" && info.Mode()&0o111 == 0 {
				continue
			}
			if _, err := os.Lstat(filepath.Join(dir, "..", "pyvenv.cfg")); err == nil { // its python is a link
				return filepath.Dir(dir)
			}
			dir = filepath.Dir(regular.Real(path))
			if name == "python.exe" {
				return dir
			}
			return filepath.Dir(dir)
		}
	}
	return ""
}

// upgradePython is the command that upgrades the client in the environment at root.
func upgradePython(e *environment, root string) string {
	config, err := readConfig(filepath.Join(root, "pyvenv.cfg"), maxConfig)
	python := filepath.Join(root, "bin", "python")
	if runtime.GOOS == "windows" {
		python = filepath.Join(root, "Scripts", "python.exe")
	}
	switch _, notThere := os.Stat(python); {
	case err == nil && strings.Contains(string(config.text), "uv = "): // uv leaves pip out
		return "uv pip install --python " + shell.QuoteHome(door.Printable(e.shown(root))) + " --upgrade replicate"
	case notThere != nil:
		return "pip install --upgrade replicate"
	}
	return shell.QuoteHome(door.Printable(e.shown(python))) + " -m pip install --upgrade replicate"
}

// clientCheck says how a version of a client authenticates.
func clientCheck(about, path, version, fix string) Check {
	where := " (" + door.Printable(path) + ")"
	is := "version " + door.Printable(version)
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	const alphaName = "REPLICATE_CLIENT_BEARER_TOKEN"
	switch {
	case err != nil:
		return Check{levelWarning, about, "its version cannot be read" + where, "An old client may not authenticate as Replicate expects.", fix}
	case n < 1 && about == pythonClient:
		return Check{levelWarning, about, is + where, "It reads " + ask.TokenVariable + ", some versions when they are imported: a .env file that is loaded later does not count. A version before 1.0 may not authenticate as Replicate expects.", fix}
	case n < 1:
		return Check{levelWarning, about, is + where, "A version before 1.0 may not authenticate as Replicate expects: old ones do not read " + ask.TokenVariable + ", but only what the program gives them as auth.", fix}
	case about == pythonClient && n == 2 && alpha().MatchString(version):
		if os.Getenv(alphaName) != "" {
			return Check{levelOK, about, is + where + " reads " + alphaName, "", ""}
		}
		return Check{levelWarning, about, is + where, "This alpha reads " + alphaName + ", not " + ask.TokenVariable + ".", fmt.Sprintf(`export %s="$%s"`, alphaName, ask.TokenVariable)}
	case about == pythonClient && n == 2:
		return Check{levelOK, about, is + where + " reads " + ask.TokenVariable + "; in a program it takes bearer_token=", "", ""}
	case about == pythonClient:
		return Check{levelOK, about, is + where + " reads " + ask.TokenVariable + "; in a program it takes api_token=", "", ""}
	}
	return Check{levelOK, about, is + where + " reads " + ask.TokenVariable + "; in a program it takes auth", "", ""}
}

// alpha matches the versions of Python's alphas.
var alpha = pattern.Of(`^[0-9.]+a[0-9]+$`)

// pin is a kind of file that says which versions are to be installed.
type pin struct {
	client string
	globs  []string
	finds  pattern.Pattern // the version is its first group
	fix    string          // what renews it
}

var pins = []pin{
	{pythonClient, []string{"requirements*.txt", "requirements/*.txt", "constraints*.txt"}, pattern.Of(`(?mi)^replicate(?:\[[^\]]*\])?\s*(?:==|~=|<=?)\s*([0-9][\w.]*)`), ""},
	{pythonClient, []string{"pyproject.toml"}, pattern.Of(`(?m)(?:["']replicate\s*(?:==|~=|<=?)\s*|^replicate\s*=\s*["'][\^~=<]*)([0-9][\w.]*)`), ""},
	{pythonClient, []string{"Pipfile.lock"}, pattern.Of(`"replicate":\s*\{[^{}]*"version":\s*"==([0-9][\w.]*)"`), "pipenv update replicate"},
	{pythonClient, []string{"uv.lock"}, pattern.Of(`(?m)^name = "replicate"\r?\nversion = "([^"]*)"`), "uv lock --upgrade-package replicate && uv sync"},
	{pythonClient, []string{"poetry.lock"}, pattern.Of(`(?m)^name = "replicate"\r?\nversion = "([^"]*)"`), "poetry update replicate"},
	{pythonClient, []string{"environment.yml", "environment.yaml"}, pattern.Of(`(?m)^\s*-\s*["']?replicate\s*(?:==?|~=|<=?)\s*([0-9][\w.]*)`), ""},
	{nodeClient, []string{"package.json"}, pattern.Of(`"replicate":\s*"[\^~=<]*([0-9][\w.-]*)"`), "npm install replicate@latest"},
	{nodeClient, []string{"package-lock.json"}, pattern.Of(`"node_modules/replicate":\s*\{\s*"version":\s*"([^"]*)"`), "npm install replicate@latest"},
	{nodeClient, []string{"yarn.lock"}, pattern.Of(`(?m)^"?replicate@[^\n]*\n\s+version:?\s+"?([0-9][\w.-]*)`), "yarn add replicate@latest"},
	{nodeClient, []string{"pnpm-lock.yaml"}, pattern.Of(`(?m)^\s+['"]?/?replicate[@/]([0-9][\w.-]*)`), "pnpm add replicate@latest"},
}

// checkPins looks for old versions in what the project asks for: the next install
// brings them back.
func checkPins(e *environment) []Check {
	var out []Check
	for _, p := range pins {
		for _, glob := range p.globs {
			found, _ := filepath.Glob(filepath.Join(regular.GlobQuoted(e.dir), filepath.FromSlash(glob))) // the pattern is sound
			for _, path := range found {
				out = append(out, checkPin(e, p, path)...)
			}
		}
	}
	return out
}

func checkPin(e *environment, p pin, path string) []Check {
	about := door.Printable(e.shown(path))
	file, err := readConfig(path, maxState)
	if err != nil {
		return unread(about, err)
	}
	m := p.finds().FindSubmatch(file.text)
	if m == nil {
		return nil
	}
	fix := p.fix
	if fix == "" {
		fix = "in " + about + ", ask for replicate>=1.0; then install it again"
	}
	ch := clientCheck(p.client, about, string(m[1]), fix)
	if ch.Level == levelOK {
		return nil
	}
	ch.What = "asked for: " + ch.What
	return []Check{ch}
}
