package doctor

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"r8scan/internal/ask"
	"r8scan/internal/door"
	"r8scan/internal/shell"
	"r8scan/rules"
)

// checkTools checks the files of Replicate's CLI and of cog.
func checkTools(e *environment) []Check {
	var out []Check
	if e.home == "" {
		return nil
	}
	hosts := filepath.Join(e.home, ".config", "replicate", "hosts")
	about := door.Printable(e.shown(hosts))
	switch file, err := readConfig(hosts, maxConfig); {
	case err == nil:
		out = append(out, checkHosts(e, e.shown(hosts), file.text, file.info))
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
	file, err := readConfig(filepath.Join(docker, "config.json"), maxConfig)
	if err != nil {
		return append(out, unread(about, err)...)
	}
	return append(append(out, checkDocker(about, file.text)), file.formCheck(about)...)
}

func checkHosts(e *environment, about string, data []byte, info os.FileInfo) Check {
	matches := rules.Find(nil, data, 0, len(data))
	differs := len(matches) > 0 && e.token.Askable && !slices.ContainsFunc(matches, func(m rules.Match) bool {
		return m.Secret.Reveal() == e.token.Secret.Reveal()
	})
	switch {
	case len(matches) > 0 && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return Check{levelWarning, about, fmt.Sprintf("holds the CLI's token, and others on this machine can read it (mode %#o)", info.Mode().Perm()),
			"Other users and their programs can copy the token.", "chmod 600 " + shell.QuoteHome(about)}
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
		return Check{levelWarning, about, "is not valid JSON", "docker and cog cannot log in.", "mv " + shell.QuoteHome(about) + " " + shell.QuoteHome(about+".damaged") + " && cog login"}
	}
	entry, ok := config.Auths["r8.im"]
	decoded, _ := base64.StdEncoding.DecodeString(entry.Auth) // what is not base64 holds no token
	switch {
	case !ok && config.CredHelpers["r8.im"] == "":
		return Check{levelOK, about, "has no entry for r8.im: cog is not logged in (only cog push needs that)", "", ""}
	case holdsToken(decoded):
		return Check{levelWarning, about, "holds an API token for r8.im", "Every program that reads Docker's configuration gets a token that can run models. cog login stores another one.", "cog login; then disable the token at " + rules.TokensPage}
	}
	return Check{levelOK, about, "has an entry for r8.im, for cog only: API clients do not use it", "", ""}
}

// checkNetrc looks for passwords for Replicate's hosts in .netrc. Some libraries send
// them in place of the token that a program gives them.
func checkNetrc(e *environment) []Check {
	var out []Check
	for _, name := range []string{".netrc", "_netrc"} {
		if e.home == "" {
			continue
		}
		path := filepath.Join(e.home, name)
		about := door.Printable(e.shown(path))
		file, err := readConfig(path, maxConfig)
		if err != nil {
			out = append(out, unread(about, err)...)
			continue
		}
		words := strings.Fields(string(file.text))
		for i, word := range words[:max(0, len(words)-1)] {
			if host := words[i+1]; word == "machine" && slices.Contains([]string{"api.replicate.com", "replicate.com", "r8.im"}, host) {
				out = append(out, Check{levelWarning, about, "has a password for " + host, "Python's requests, and curl -n, send it in place of the token that a program gives them.", "remove the lines of machine " + host + " from " + about})
			}
		}
	}
	return out
}
