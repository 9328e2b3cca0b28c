package fetch

import (
	"runtime"
	"strings"

	"r8scan/internal/regular"
)

// login is what a server is told to let us in.
type login struct {
	user     string
	password secret
	from     string // where it comes from, for messages
}

// secret is a password. It is printed as asterisks.
type secret string

func (secret) String() string   { return "***" }
func (secret) GoString() string { return "***" }

// Reveal returns the password.
func (s secret) Reveal() string { return string(s) }

// tokens are the variables whose tokens are for one host.
var tokens = []struct{ host, variable, user string }{
	{"github.com", "GITHUB_TOKEN", "x-access-token"},
	{"github.com", "GH_TOKEN", "x-access-token"},
	{"gitlab.com", "GITLAB_TOKEN", "oauth2"},
	{"huggingface.co", "HF_TOKEN", "hf"},
}

// loginFor returns the credentials for a host, nil if there are none.
func loginFor(c *Client, host string) *login {
	for _, t := range tokens {
		if value := strings.TrimSpace(c.getenv(t.variable)); value != "" && strings.EqualFold(host, t.host) {
			return &login{t.user, secret(value), t.variable}
		}
	}
	names := []string{".netrc"}
	if runtime.GOOS == "windows" {
		names = append(names, "_netrc")
	}
	for _, name := range names {
		const most = 1 << 20 // bytes
		text, err := regular.ReadFollowed(c.inHome(name), most)
		if err != nil {
			continue
		}
		if l := netrc(string(text), host); l != nil {
			l.from = "~/" + name
			return l
		}
	}
	return nil
}

// howToLogIn says where credentials for a host are looked for.
func howToLogIn(host string) string {
	for _, t := range tokens {
		if strings.EqualFold(host, t.host) {
			return "set " + t.variable + " to a token that may read it"
		}
	}
	return "add a line \"machine " + host + " login USER password TOKEN\" to ~/.netrc"
}

// netrc returns the login for a host in the text of a .netrc, nil if there is none.
// Its default is not used: a host gets only what was meant for it.
func netrc(text, host string) *login {
	var found login
	words := netrcWords(text)
	for inside := false; len(words) > 0; {
		word, value := words[0], ""
		words = words[1:]
		if word == "default" {
			inside = false
			continue
		}
		if len(words) > 0 {
			value, words = words[0], words[1:]
		}
		switch {
		case word == "machine":
			if inside {
				words = nil // the first counts
			}
			inside = strings.EqualFold(value, host)
		case word == "login" && inside:
			found.user = value
		case word == "password" && inside:
			found.password = secret(value)
		}
	}
	if found.password == "" {
		return nil
	}
	return &found
}

// netrcWords returns the words of a .netrc without comments and macros. A macro ends
// with an empty line.
func netrcWords(text string) (words []string) {
	macro := false
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if macro = macro && len(fields) > 0; macro {
			continue
		}
		for _, word := range fields {
			if macro = word == "macdef"; macro || strings.HasPrefix(word, "#") {
				break
			}
			words = append(words, word)
		}
	}
	return words
}
