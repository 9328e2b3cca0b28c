package doctor

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"r8scan/internal/ask"
	"r8scan/internal/door"
	"r8scan/rules"
)

const setToken = "export " + ask.TokenVariable + "=<a token from " + rules.TokensPage + ">"

// checkToken looks at the variable that Replicate's clients read.
func checkToken(e *environment) []Check {
	about := ask.TokenVariable
	refused := "Clients send the value as it is, and Replicate refuses it."
	switch {
	case !e.set:
		return []Check{inCI(Check{levelError, about, "is not set", "A client without a token reports AuthenticationError or Unauthenticated.", setToken})}
	case e.raw == "":
		return []Check{inCI(Check{levelError, about, "is set, but empty", "A client takes it for no token, and what loads .env files does not replace it.", setToken})}
	case e.token.Secret.Reveal() == "":
		return []Check{{levelError, about, "is set, but empty: only white space or quotes", refused, setToken}}
	case len(e.token.Problems) == 0:
		return []Check{{levelOK, about, "has the form of a token: " + e.token.Secret.Mask() + ", id " + e.token.Secret.ID(), "", ""}}
	}
	fix := setToken
	if cleanable(e.raw, e.token) {
		fix = fmt.Sprintf(`export %s="$(printf %%s "$%[1]s" | grep -o 'r8_[[:alnum:]]*' | tail -n 1)"`, ask.TokenVariable)
	}
	var out []Check
	for _, p := range e.token.Problems {
		out = append(out, Check{levelError, about, p, refused, fix})
	}
	return out
}

// inCI says where a CI system has its secrets, if this is one that is known: there a
// secret that a job does not get is an empty variable.
func inCI(ch Check) Check {
	const secret = ask.TokenVariable
	switch {
	case os.Getenv("GITHUB_ACTIONS") == "true" && fromFork():
		ch.Means = "GitHub gives no secrets to a workflow that runs for a pull request from a fork."
		ch.Fix = "run what needs the token only if github.event.pull_request.head.repo.full_name == github.repository, or after the merge"
	case os.Getenv("GITHUB_ACTIONS") == "true":
		ch.Means = "In GitHub Actions a secret that does not exist, or that the step does not name, is empty. Dependabot and pull requests from forks get none."
		ch.Fix = "gh secret set " + secret + "; and in the workflow, give the step env: {" + secret + ": ${{ secrets." + secret + " }}}"
	case os.Getenv("GITLAB_CI") == "true" && os.Getenv("CI_COMMIT_REF_PROTECTED") != "true":
		ch.Means = "GitLab gives a protected variable only to jobs of protected branches and tags, and this is none. Merge requests from forks get none."
		ch.Fix = "in Settings > CI/CD > Variables, add " + secret + " (masked); if it is there, clear Protect variable, or protect this branch"
	case os.Getenv("GITLAB_CI") == "true":
		ch.Means = "A job gets the variables of its project and groups, for its environment only."
		ch.Fix = "in Settings > CI/CD > Variables, add " + secret + " (masked), for all environments"
	}
	return ch
}

// fromFork reports whether a GitHub workflow runs for a pull request from a fork.
func fromFork() bool {
	file, err := readConfig(os.Getenv("GITHUB_EVENT_PATH"), maxState)
	if err != nil {
		return false
	}
	var event struct {
		PullRequest struct {
			Head struct {
				Repo struct {
					FullName string `json:"full_name"`
				} `json:"repo"`
			} `json:"head"`
		} `json:"pull_request"`
	}
	err = json.Unmarshal(file.text, &event)
	name := event.PullRequest.Head.Repo.FullName
	return err == nil && name != "" && !strings.EqualFold(name, os.Getenv("GITHUB_REPOSITORY"))
}

// lookAlikes are names that people use but Replicate's clients do not read.
var lookAlikes = []string{"REPLICATE_API_KEY", "REPLICATE_TOKEN", "REPLICATE_KEY", "REPLICATE_API", "REPLICATE_AUTH_TOKEN", "REPLICATE_API_TOKENS"}

// publicPrefixes make a build tool put a variable into the browser's code.
var publicPrefixes = []string{"NEXT_PUBLIC_", "VITE_", "REACT_APP_", "NUXT_PUBLIC_", "PUBLIC_", "EXPO_PUBLIC_", "GATSBY_", "VUE_APP_"}

// checkNames looks for variables with misspelled names.
func checkNames(e *environment) []Check {
	var out []Check
	environ := os.Environ()
	slices.Sort(environ)
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		ch, ok := nameCheck(name, rules.Diagnose(value))
		if ok && ch.Level == levelWarning && value == e.raw {
			ch = Check{levelOK, ch.About, door.Printable(name) + " has the same value as " + ask.TokenVariable, "", ""}
		}
		if ok {
			out = append(out, ch)
		}
	}
	if out == nil {
		return []Check{{levelOK, "environment", "has no misspelled variable names", "", ""}}
	}
	return out
}

// nameCheck says what is wrong with the name of a variable for Replicate. ok is
// false if nothing is.
func nameCheck(name string, value rules.Diagnosis) (c Check, ok bool) {
	const where = "environment"
	upper := strings.ToUpper(name)
	for _, p := range publicPrefixes {
		if strings.HasPrefix(upper, p) && (strings.Contains(upper, "REPLICATE") || value.Askable && strings.HasPrefix(value.Secret.Reveal(), "r8_")) {
			return Check{levelError, where, door.Printable(name) + " is set",
				"Build tools put variables that begin with " + p + " into the code that browsers load: the token is public.",
				"unset " + door.Printable(name) + "; then disable the token at " + rules.TokensPage + ", and call Replicate from the server with " + ask.TokenVariable}, true
		}
	}
	use := fmt.Sprintf(`export %s="$%s"`, ask.TokenVariable, door.Printable(name))
	switch {
	case name == ask.TokenVariable:
	case upper == ask.TokenVariable:
		return Check{levelWarning, where, door.Printable(name) + " is set", "Clients read only the name in capitals.", use}, true
	case slices.Contains(lookAlikes, upper):
		return Check{levelWarning, where, door.Printable(name) + " is set", "Replicate's clients do not read this name.", use}, true
	}
	return Check{}, false
}
