package doctor

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"r8scan/internal/ask"
	"r8scan/internal/door"
	"r8scan/rules"
	"r8scan/verifier"
)

const setToken = "export " + ask.TokenVariable + "=<a token from " + rules.TokensPage + ">"

// checkToken looks at the variable that Replicate's clients read.
func (e *environment) checkToken() []Check {
	about := ask.TokenVariable
	switch {
	case !e.set:
		return []Check{{levelError, about, "is not set",
			"A client without a token reports AuthenticationError or Unauthenticated.", setToken}}
	case e.token.Secret.Reveal() == "":
		return []Check{{levelError, about, "is set, but empty: only white space or quotes",
			"Clients send it as it is, and Replicate refuses it.", setToken}}
	case len(e.token.Problems) == 0:
		return []Check{{levelOK, about, "has the form of a token: " + e.token.Secret.Mask() + ", id " + e.token.Secret.ID(), "", ""}}
	}
	var out []Check
	for _, p := range e.token.Problems {
		out = append(out, Check{levelError, about, p, "Clients send the value as it is, and Replicate refuses it.", setToken})
	}
	return out
}

// lookAlikes are names that people use but Replicate's clients do not read.
var lookAlikes = []string{"REPLICATE_API_KEY", "REPLICATE_TOKEN", "REPLICATE_KEY", "REPLICATE_API", "REPLICATE_AUTH_TOKEN", "REPLICATE_API_TOKENS"}

// publicPrefixes make a build tool put a variable into the browser's code.
var publicPrefixes = []string{"NEXT_PUBLIC_", "VITE_", "REACT_APP_", "NUXT_PUBLIC_", "PUBLIC_", "EXPO_PUBLIC_", "GATSBY_", "VUE_APP_"}

// checkNames looks for variables with misspelled names.
func (e *environment) checkNames() []Check {
	var out []Check
	environ := os.Environ()
	slices.Sort(environ)
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if ch, ok := nameCheck(name, rules.Diagnose(value), "environment"); ok {
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
func nameCheck(name string, value rules.Diagnosis, where string) (c Check, ok bool) {
	upper := strings.ToUpper(name)
	for _, p := range publicPrefixes {
		if strings.HasPrefix(upper, p) && (strings.Contains(upper, "REPLICATE") || value.Askable && strings.HasPrefix(value.Secret.Reveal(), "r8_")) {
			return Check{levelError, where, door.Printable(name) + " is set",
				"Build tools put variables that begin with " + p + " into the code that browsers load: the token is public.",
				"disable the token at " + rules.TokensPage + ", and call Replicate from the server with " + ask.TokenVariable}, true
		}
	}
	switch {
	case name == ask.TokenVariable:
	case upper == ask.TokenVariable:
		return Check{levelWarning, where, door.Printable(name) + " is set", "Clients read only the name in capitals.", "rename it to " + ask.TokenVariable}, true
	case slices.Contains(lookAlikes, upper):
		return Check{levelWarning, where, door.Printable(name) + " is set", "Replicate's clients do not read this name.",
			fmt.Sprintf(`export %s="$%s"`, ask.TokenVariable, door.Printable(name))}, true
	}
	return Check{}, false
}

// checkProxy names the proxy, without its password.
func checkProxy() Check {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		value := os.Getenv(name)
		if value == "" {
			continue
		}
		if !strings.Contains(value, "://") {
			value = "http://" + value
		}
		u, err := url.Parse(value)
		if err != nil || u.Hostname() == "" {
			return Check{levelError, name, "is set, but is not the address of a proxy", "Clients fail before they reach Replicate.", "unset " + name}
		}
		return Check{levelOK, name, "requests go through the proxy at " + door.Printable(u.Host), "", ""}
	}
	return Check{levelOK, "proxy", "none is set", "", ""}
}

// skew is how far the clock may be off. Beyond that, certificates seem invalid.
const skew = 5 * time.Minute

// checkAPI asks the API about a fake token and, if live is true, about the real
// one.
func (e *environment) checkAPI(ctx context.Context, v *verifier.Verifier, live bool) []Check {
	about := v.Host()
	probe := v.Probe(ctx)
	out := []Check{{levelOK, about, "can be reached, and refuses a fake token as Replicate does, in " + ask.Millis(probe.Timing.Total), "", ""}}
	switch probe.Status {
	case verifier.Live:
		out[0] = Check{levelError, about, "accepts a fake token", "This is not Replicate's API: a token sent there is exposed.", "check " + ask.URLVariable + ", --api-url and the proxy"}
	case verifier.Unknown:
		out[0] = Check{levelError, about, "gives no clear answer: " + probe.Reason, "Clients fail here with any token.", "check the network, the proxy and Replicate's status page"}
	}
	if !probe.ServerTime.IsZero() {
		off := probe.ServerTime.Sub(probe.CheckedAt).Abs().Round(time.Second)
		clock := Check{levelOK, "clock", "agrees with the server's", "", ""}
		if off > skew {
			clock = Check{levelWarning, "clock", fmt.Sprintf("is %s off the server's", off), "With a wrong clock, certificates seem expired or not yet valid.", "set the clock, for example with: sudo timedatectl set-ntp true"}
		}
		out = append(out, clock)
	}
	if live && e.token.Askable {
		out = append(out, e.checkLive(v.Verify(ctx, []rules.Secret{e.token.Secret})[0]))
	}
	return out
}

func (e *environment) checkLive(verdict verifier.Verdict) Check {
	meaning, next := ask.Advise(e.token, verdict)
	ch := Check{levelError, ask.TokenVariable, "the token is " + string(verdict.Status), meaning, next}
	switch verdict.Status {
	case verifier.Live:
		ch = Check{Level: levelOK, About: ask.TokenVariable, What: "the token is live"}
		if verdict.Account != nil {
			ch.What += ", of the " + verdict.Account.Type + " " + verdict.Account.Username
		}
		if verdict.Reason != "" {
			ch.Level, ch.What, ch.Means, ch.Fix = levelWarning, "the token is "+verdict.Reason, meaning, next
		}
	case verifier.Unknown:
		ch.Level, ch.What = levelWarning, "no clear answer about the token: "+verdict.Reason
	}
	return ch
}
