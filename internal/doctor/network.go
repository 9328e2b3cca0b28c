package doctor

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"r8scan/internal/ask"
	"r8scan/internal/door"
	"r8scan/rules"
	"r8scan/verifier"
)

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
func checkAPI(ctx context.Context, e *environment, v *verifier.Verifier, live bool) []Check {
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
		out = append(out, checkLive(e, v.Verify(ctx, []rules.Secret{e.token.Secret})[0]))
	}
	return out
}

func checkLive(e *environment, verdict verifier.Verdict) Check {
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
