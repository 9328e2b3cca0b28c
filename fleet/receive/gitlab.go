package receive

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"time"

	"r8scan/fleet/config"
	"r8scan/fleet/ledger"
	scan "r8scan/report"
	"r8scan/rules"
)

// revoker is GitLab's token revocation API.
type revoker struct {
	*receiver
	secret config.Secret
	acts   bool          // tokens are disabled; else this is a dry run
	wait   time.Duration // until tokens are disabled
}

// acts reports whether tokens are disabled.
func acts(cfg *config.Config) bool { return cfg.Act && cfg.Disable != nil }

const revokerWait = 20 * time.Second

// retryRevoke is when GitLab is to ask again about what is not disabled.
const retryRevoke = time.Minute

const fromGitLab = "gitlab"

// types answers which tokens can be revoked, as GitLab names them: by the identifiers of
// r8scan's own report.
func (g *revoker) types(out http.ResponseWriter, req *http.Request) {
	if g.isGitLab(out, req) {
		answer(out, map[string][]string{"types": {"r8scan_rule_" + rules.APIToken.ID}})
	}
}

// isGitLab reports whether a request has GitLab's secret. Without ok, it has answered.
func (g *revoker) isGitLab(out http.ResponseWriter, req *http.Request) (ok bool) {
	got, want := sha256.Sum256([]byte(req.Header.Get("Authorization"))), sha256.Sum256([]byte(g.secret.Reveal()))
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 { // digests have one length
		g.refuse(out, fromGitLab, http.StatusUnauthorized, "the Authorization header is not GitLab's")
		return false
	}
	return true
}

// revoke takes tokens, and answers when all of them are disabled. GitLab asks again about
// what it was not told of.
func (g *revoker) revoke(out http.ResponseWriter, req *http.Request) {
	if !g.isGitLab(out, req) {
		return
	}
	reports, ok := g.reports(out, req)
	if !ok {
		return
	}
	tokens := ours(reports)
	if err := g.record(req.Context(), "gitlab", tokens); err != nil {
		g.failed(out, fromGitLab, err)
		return
	}
	if len(tokens) < len(reports) {
		g.refuse(out, fromGitLab, http.StatusBadRequest, "some of it is no token that can be revoked here; the others are taken")
		return
	}
	wait := g.wait
	if !g.acts {
		wait = 0
	}
	known, err := g.await(req.Context(), ids(tokens), wait, isOver)
	if err != nil {
		g.failed(out, fromGitLab, err)
		return
	}
	left := 0
	for _, o := range known {
		if !isOver(o) {
			left++
		}
	}
	g.log.Info("told of tokens", "from", fromGitLab, "tokens", len(known), "not disabled", left)
	if left > 0 {
		retryIn(out, retryRevoke)
		http.Error(out, "not all of the tokens are disabled yet: ask again", http.StatusServiceUnavailable)
		return
	}
	out.WriteHeader(http.StatusNoContent)
}

// isOver reports whether nobody can use a token any more.
func isOver(o ledger.Outcome) bool { return o.Disabled || o.Status == scan.StatusRevoked }

// reports returns the tokens of a message. Without ok, it has answered.
func (g *revoker) reports(out http.ResponseWriter, req *http.Request) (reports []report, ok bool) {
	body, done, ok := g.body(out, req, fromGitLab, maxBody)
	if !ok {
		return nil, false
	}
	defer done()
	reports, err := parseGitLab(body)
	if err != nil {
		g.refuse(out, fromGitLab, http.StatusBadRequest, err.Error())
		return nil, false
	}
	return reports, true
}

// parseGitLab returns the tokens of a message. GitLab finds them in repositories.
func parseGitLab(body []byte) ([]report, error) {
	type one struct {
		Type     string `json:"type"`
		Token    string `json:"token"`
		Location string `json:"location"`
	}
	return parse(body, func(o one) report { return newReport(o.Token, o.Type, "content", o.Location) })
}
