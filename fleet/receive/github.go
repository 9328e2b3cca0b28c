package receive

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"r8scan/fleet/ledger"
	scan "r8scan/report"
)

// partner is GitHub's secret scanning partner endpoint.
type partner struct {
	*receiver
	keys *keys
	wait time.Duration // for answers of Replicate
}

// GitHub waits for 30 seconds, in which many tokens may have to be written.
const (
	partnerWait = 10 * time.Second
	partnerMost = 25 * time.Second
)

const fromPartner = "github secret scanning"

// label is what GitHub is told about one token, by its hash.
type label struct {
	Hash  string `json:"token_hash"`
	Type  string `json:"token_type"`
	Label string `json:"label"`
}

// ServeHTTP takes a message, and answers which of its tokens are real ones, as far as that
// is known.
func (p *partner) ServeHTTP(out http.ResponseWriter, req *http.Request) {
	begun := time.Now()
	reports, ok := p.reports(out, req)
	if !ok {
		return
	}
	tokens := ours(reports)
	if err := p.record(req.Context(), "github", tokens); err != nil {
		p.failed(out, fromPartner, err)
		return
	}
	known, err := p.await(req.Context(), ids(tokens), min(p.wait, partnerMost-time.Since(begun)), isReal)
	if err != nil {
		p.failed(out, fromPartner, err)
		return
	}
	p.log.Info("told of tokens", "from", fromPartner, "tokens", len(known), "others", len(reports)-len(tokens))
	answer(out, labels(reports, known))
}

// isReal reports whether a token is one that Replicate has made: it works, or has worked.
func isReal(o ledger.Outcome) bool {
	return o.Status == scan.StatusLive || o.Status == scan.StatusRevoked
}

// labels returns what GitHub is told. What is not known is left out.
func labels(reports []report, known map[string]ledger.Outcome) []label {
	list, said := []label{}, map[label]bool{}
	for _, r := range reports {
		l := label{r.hash, r.kind, "true_positive"}
		if r.rule == nil {
			l.Label = "false_positive"
		} else if !isReal(known[r.secret.ID()]) {
			continue
		}
		if !said[l] {
			said[l] = true
			list = append(list, l)
		}
	}
	return list
}

// reports returns the tokens of a message that GitHub has signed. Nothing of the body is
// looked at before. Without ok, it has answered.
func (p *partner) reports(out http.ResponseWriter, req *http.Request) (reports []report, ok bool) {
	signature, err := base64.StdEncoding.Strict().DecodeString(req.Header.Get("Github-Public-Key-Signature"))
	if err != nil || len(signature) == 0 {
		p.refuse(out, fromPartner, http.StatusUnauthorized, "there is no signature")
		return nil, false
	}
	key, err := p.key(req)
	switch {
	case err != nil:
		p.failed(out, fromPartner, err)
		return nil, false
	case key == nil:
		p.refuse(out, fromPartner, http.StatusUnauthorized, "GitHub has no such key")
		return nil, false
	}
	body, done, ok := p.body(out, req, fromPartner, maxBody)
	if !ok {
		return nil, false
	}
	defer done()
	if sum := sha256.Sum256(body); !ecdsa.VerifyASN1(key, sum[:], signature) {
		p.refuse(out, fromPartner, http.StatusUnauthorized, "the signature is not GitHub's")
		return nil, false
	}
	if reports, err = parsePartner(body); err != nil {
		p.refuse(out, fromPartner, http.StatusBadRequest, err.Error())
		return nil, false
	}
	return reports, true
}

// key returns the key that a message names.
func (p *partner) key(req *http.Request) (*ecdsa.PublicKey, error) {
	key, err := p.keys.get(req.Context(), req.Header.Get("Github-Public-Key-Identifier"))
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("GitHub does not answer when it is asked for its keys")
	}
	return key, err
}

// parsePartner returns the tokens of a message.
func parsePartner(body []byte) ([]report, error) {
	type one struct {
		Token  string `json:"token"`
		Type   string `json:"type"`
		URL    string `json:"url"`
		Source string `json:"source"`
	}
	return parse(body, func(o one) report { return newReport(o.Token, o.Type, o.Source, o.URL) })
}
