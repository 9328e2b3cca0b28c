package doctor

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"r8scan/internal/ask"
	"r8scan/internal/door"
	"r8scan/internal/plain"
	"r8scan/internal/regular"
	"r8scan/internal/shell"
	"r8scan/result"
	"r8scan/rules"
	"r8scan/scanner"
)

// maxConfig bounds a configuration file, in bytes. Usually it has a few kB.
const maxConfig = 1 << 20

// configFile is a configuration file that was read.
type configFile struct {
	text []byte // as UTF-8
	form plain.Form
	info os.FileInfo
}

// readConfig reads the regular file at path. A pipe would block, and a device
// might never end.
func readConfig(path string) (configFile, error) {
	f, info, err := regular.Follow(path)
	if err != nil {
		return configFile{}, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	data, err := regular.All(f, path, info.Size(), maxConfig)
	return configFile{plain.Text(data), plain.FormOf(data), info}, err
}

// unread says why a file was not read. It returns nil if the file does not exist.
func unread(about string, err error) []Check {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	return []Check{{levelWarning, about, "was not read: " + regular.Cause(err), "Its settings were not checked.", ""}}
}

// formCheck warns of an encoding that few programs expect.
func (c configFile) formCheck(about string) []Check {
	if c.form == "" {
		return nil
	}
	return []Check{{levelWarning, about, "is written as " + string(c.form), "Programs that expect plain UTF-8 misread its first line, or all of it.", "save it as UTF-8 without a byte order mark"}}
}

// levelsUp is how many folders above the current one may have a .env file that
// counts: programs are often started in a subfolder of their project.
const levelsUp = 3

// checkDotenvs checks the .env files from the current folder up to the top of the
// repository.
func (e *environment) checkDotenvs() []Check {
	var out []Check
	dir := e.dir
	for range levelsUp + 1 {
		paths, _ := filepath.Glob(filepath.Join(globQuoted(dir), ".env*")) // the pattern is sound
		for _, path := range append(paths, filepath.Join(dir, ".dev.vars")) {
			out = append(out, e.checkDotenv(path)...)
		}
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil || dir == filepath.Dir(dir) || dir == e.home {
			break
		}
		dir = filepath.Dir(dir)
	}
	if out == nil {
		return []Check{{levelOK, ".env files", "none of them names Replicate", "", ""}}
	}
	return out
}

func globQuoted(dir string) string {
	if runtime.GOOS == "windows" { // a backslash is a separator there
		return dir
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// checkDotenv checks one file, which need not exist.
func (e *environment) checkDotenv(path string) []Check {
	about := door.Printable(e.shown(path))
	file, err := readConfig(path)
	if err != nil {
		if isFolder(path) { // a virtual environment of Python
			return nil
		}
		return unread(about, err)
	}
	var out []Check
	for _, v := range parseDotenv(file.text) {
		if isTemplate(path) {
			break
		}
		d := rules.Diagnose(v.value)
		if ch, ok := nameCheck(v.name, d, about); ok {
			out = append(out, ch)
		}
		if v.name == ask.TokenVariable {
			out = append(out, e.checkAssignment(about, d)...)
		}
	}
	if len(out) > 0 {
		out = append(out, file.formCheck(about)...)
	}
	if holdsToken(file.text) {
		out = append(out, exposureCheck(about, filepath.Base(path), scanner.Exposure(path)))
	}
	return out
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// isTemplate reports whether path is an example file, which no program loads.
func isTemplate(path string) bool {
	return slices.Contains([]string{".example", ".sample", ".template", ".dist", ".defaults"}, filepath.Ext(path))
}

// checkAssignment compares a file's REPLICATE_API_TOKEN with the environment's.
func (e *environment) checkAssignment(about string, d rules.Diagnosis) []Check {
	var out []Check
	for _, p := range d.Problems {
		out = append(out, Check{levelError, about, ask.TokenVariable + ": " + p, "A client that loads this file sends the value as it is.", "write " + ask.TokenVariable + "=<token>, without anything else on the line"})
	}
	switch {
	case !e.set:
		out = append(out, Check{levelWarning, about, "sets " + ask.TokenVariable + ", but the environment does not",
			"Clients do not read .env files: your program has to load it (python-dotenv, node --env-file).",
			"set -a; . " + shell.Quote("./"+about) + "; set +a"})
	case d.Secret.Reveal() != e.token.Secret.Reveal():
		out = append(out, Check{levelWarning, about, "sets " + ask.TokenVariable + " to another token than the environment",
			"The environment wins: most loaders do not override a variable that is set.", "unset " + ask.TokenVariable + ", or correct the file"})
	case len(d.Problems) == 0:
		out = append(out, Check{levelOK, about, "sets " + ask.TokenVariable + " as the environment does", "", ""})
	}
	return out
}

func exposureCheck(about, base string, exposure result.Exposure) Check {
	quoted := shell.Quote(door.Printable(base))
	switch exposure {
	case result.ExposureTracked:
		return Check{levelError, about, "holds a token, and git tracks it", "Everybody who can read the repository has the token, even after you delete it.",
			fmt.Sprintf("disable the token at %s; then: git rm --cached %s && echo %s >> .gitignore", rules.TokensPage, quoted, quoted)}
	case result.ExposureUntracked:
		return Check{levelWarning, about, "holds a token, and git does not ignore it", "The next `git add .` puts the token into the repository.",
			fmt.Sprintf("echo %s >> .gitignore", quoted)}
	case result.ExposureIgnored:
		return Check{levelOK, about, "holds a token, and git ignores it", "", ""}
	}
	return Check{levelOK, about, "holds a token, outside any repository", "", ""}
}

// holdsToken reports whether data has a token that is not a placeholder.
func holdsToken(data []byte) bool {
	return slices.ContainsFunc(rules.Find(nil, data, 0, len(data)), func(m rules.Match) bool { return m.Confidence > rules.Low })
}

// shown returns path relative to the current folder, or with ~ for the home
// folder.
func (e *environment) shown(path string) string {
	if rel, err := filepath.Rel(e.dir, path); err == nil && !strings.HasPrefix(rel, filepath.Join("..", "..", "..", "..")) {
		return rel
	}
	if rel, err := filepath.Rel(e.home, path); e.home != "" && err == nil && filepath.IsLocal(rel) {
		return filepath.Join("~", rel)
	}
	return path
}

type variable struct{ name, value string }

// parseDotenv returns the assignments of a .env file. Like loaders, it removes
// white space around a value and one pair of quotes.
func parseDotenv(data []byte) []variable {
	var out []variable
	for text := range plain.Lines(data) {
		line := strings.TrimSpace(string(text))
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		value = strings.TrimSpace(value)
		if n := len(value); n >= 2 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
			value = value[1 : n-1]
		} else if i := strings.Index(value, " #"); i >= 0 {
			value = strings.TrimSpace(value[:i])
		}
		out = append(out, variable{strings.TrimSpace(name), value})
	}
	return out
}

// checkTools checks the files of Replicate's CLI and of cog.
func (e *environment) checkTools() []Check {
	var out []Check
	if e.home == "" {
		return nil
	}
	hosts := filepath.Join(e.home, ".config", "replicate", "hosts")
	about := door.Printable(e.shown(hosts))
	switch file, err := readConfig(hosts); {
	case err == nil:
		out = append(out, e.checkHosts(e.shown(hosts), file.text, file.info))
		out = append(out, file.formCheck(about)...)
	case unread(about, err) != nil:
		out = append(out, unread(about, err)...)
	default:
		out = append(out, Check{levelOK, "replicate CLI", "is not logged in (no " + filepath.Join("~", ".config", "replicate", "hosts") + ")", "", ""})
	}
	docker := os.Getenv("DOCKER_CONFIG")
	if docker == "" {
		docker = filepath.Join(e.home, ".docker")
	}
	about = door.Printable(e.shown(filepath.Join(docker, "config.json")))
	file, err := readConfig(filepath.Join(docker, "config.json"))
	if err != nil {
		return append(out, unread(about, err)...)
	}
	return append(append(out, checkDocker(about, file.text)), file.formCheck(about)...)
}

func (e *environment) checkHosts(about string, data []byte, info os.FileInfo) Check {
	matches := rules.Find(nil, data, 0, len(data))
	differs := len(matches) > 0 && e.token.Askable && !slices.ContainsFunc(matches, func(m rules.Match) bool {
		return m.Secret.Reveal() == e.token.Secret.Reveal()
	})
	switch {
	case len(matches) > 0 && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return Check{levelWarning, about, fmt.Sprintf("holds the CLI's token, and others on this machine can read it (mode %#o)", info.Mode().Perm()),
			"Other users and their programs can copy the token.", "chmod 600 " + shell.Quote(about)}
	case differs:
		return Check{levelWarning, about, "holds another token than " + ask.TokenVariable, "The CLI and the clients use different tokens, perhaps of different accounts.", "replicate auth login"}
	case len(matches) == 0:
		return Check{levelWarning, about, "holds no token", "The CLI is not logged in.", "replicate auth login"}
	}
	return Check{levelOK, about, "holds the CLI's token", "", ""}
}

// checkDocker checks the entry that cog login makes for r8.im.
func checkDocker(about string, data []byte) Check {
	var config struct {
		Auths map[string]struct {
			Auth string `json:"auth"`
		} `json:"auths"`
		CredsStore  string            `json:"credsStore"`
		CredHelpers map[string]string `json:"credHelpers"`
	}
	if json.Unmarshal(data, &config) != nil {
		return Check{levelWarning, about, "is not valid JSON", "docker and cog cannot log in.", "move the file away, then: cog login"}
	}
	entry, ok := config.Auths["r8.im"]
	decoded, _ := base64.StdEncoding.DecodeString(entry.Auth) // what is not base64 holds no token
	switch {
	case !ok && config.CredHelpers["r8.im"] == "":
		return Check{levelOK, about, "has no entry for r8.im: cog is not logged in (only cog push needs that)", "", ""}
	case holdsToken(decoded):
		return Check{levelWarning, about, "holds an API token for r8.im", "Every program that reads Docker's configuration gets a token that can run models.", "run cog login, which stores a separate token; then disable the old one at " + rules.TokensPage}
	}
	return Check{levelOK, about, "has an entry for r8.im, for cog only: API clients do not use it", "", ""}
}

// checkClients looks for installed clients and their versions.
func (e *environment) checkClients() []Check {
	var out []Check
	for _, env := range []string{os.Getenv("VIRTUAL_ENV"), filepath.Join(e.dir, ".venv"), filepath.Join(e.dir, "venv")} {
		if env == "" {
			continue
		}
		for _, pattern := range []string{"lib/python*/site-packages", "Lib/site-packages"} {
			found, _ := filepath.Glob(filepath.Join(globQuoted(env), pattern, "replicate-*.dist-info")) // the pattern is sound
			for _, dir := range found {
				name := strings.TrimSuffix(filepath.Base(dir), ".dist-info")
				out = append(out, clientCheck("Python client", e.shown(dir), strings.TrimPrefix(name, "replicate-"), "pip install --upgrade replicate"))
			}
		}
	}
	path := filepath.Join(e.dir, "node_modules", "replicate", "package.json")
	if file, err := readConfig(path); err != nil {
		out = append(out, unread(door.Printable(e.shown(path)), err)...)
	} else {
		var manifest struct {
			Version string `json:"version"`
		}
		_ = json.Unmarshal(file.text, &manifest) // clientCheck reports an empty version
		out = append(out, clientCheck("Node client", e.shown(path), manifest.Version, "npm install replicate@latest"))
	}
	slices.SortFunc(out, func(a, b Check) int { return strings.Compare(a.About+a.What, b.About+b.What) })
	out = slices.Compact(out) // VIRTUAL_ENV may be this .venv
	if out == nil {
		return []Check{{levelOK, "clients", "this folder has no Python or Node client of Replicate's", "", ""}}
	}
	return out
}

func clientCheck(about, path, version, fix string) Check {
	where := " (" + door.Printable(path) + ")"
	major, err := strconv.Atoi(strings.SplitN(version, ".", 2)[0])
	switch {
	case err != nil:
		return Check{levelWarning, about, "its version cannot be read" + where, "An old client may not authenticate as Replicate expects.", fix}
	case major < 1:
		return Check{levelWarning, about, "version " + door.Printable(version) + where, "A version before 1.0 may not authenticate as Replicate expects.", fix}
	}
	return Check{levelOK, about, "version " + door.Printable(version) + where, "", ""}
}
