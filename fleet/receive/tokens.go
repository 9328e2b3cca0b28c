package receive

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"r8scan/fleet/ledger"
	"r8scan/fleet/seal"
	"r8scan/internal/door"
	"r8scan/rules"
)

// report is one token of a message.
type report struct {
	hash         string // SHA-256 of the token as it was told
	kind         string // the sender's name for this kind of token
	place, where string // place is one of places; where is for people
	secret       rules.Secret
	rule         *rules.Rule // nil: it has the form of none of ours
}

// The bounds of a message.
const (
	maxBody    = 10 << 20 // bytes: GitHub sends batches
	maxReports = 100_000
	maxToken   = 4096 // bytes
	maxWhere   = 2048 // bytes
)

// places are where GitHub finds tokens. Elsewhere is unknown.
var places = []string{"commit", "commit_comment", "content", "discussion_body", "discussion_comment", "discussion_title", "gist_comment", "gist_content",
	"issue_comment", "issue_description", "issue_title", "npm", "pull_request_comment", "pull_request_description", "pull_request_title"}

var errNoReports = errors.New("the body is no list of tokens")

// parse returns the tokens of a message, which is a list of objects of type T.
func parse[T any](body []byte, read func(T) report) ([]report, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	if start, err := d.Token(); err != nil || start != json.Delim('[') {
		return nil, errNoReports
	}
	var all []report
	for d.More() {
		var one T
		if err := d.Decode(&one); err != nil || len(all) == maxReports {
			return nil, errNoReports
		}
		all = append(all, read(one))
	}
	if _, err := d.Token(); err != nil {
		return nil, errNoReports
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNoReports
	}
	return all, nil
}

// newReport judges a token that was told.
func newReport(token, kind, place, where string) report {
	sum := sha256.Sum256([]byte(token))
	r := report{hash: hex.EncodeToString(sum[:]), kind: kind, place: "unknown", where: shown(where)}
	if place = strings.ToLower(place); slices.Contains(places, place) {
		r.place = place
	}
	if len(token) > maxToken {
		return r
	}
	for _, m := range rules.Find(nil, []byte(token), 0, len(token)) {
		if m.Confidence >= rules.Medium && m.Rule.Askable {
			r.secret, r.rule = m.Secret, m.Rule
			break
		}
	}
	return r
}

// shown returns a URL as people may see it: without tokens, control characters or what is
// not UTF-8, and not longer than maxWhere.
func shown(url string) string {
	url = door.Printable(strings.TrimSpace(url[:min(len(url), 2*maxWhere)]))
	for cut := maxWhere; len(url) > maxWhere; cut-- {
		if utf8.RuneStart(url[cut]) {
			url = url[:cut]
		}
	}
	return url
}

// ours returns the reports of our tokens, in the order of their ids: two transactions that
// write them in the same order never wait for each other.
func ours(reports []report) []report {
	var list []report
	for _, r := range reports {
		if r.rule != nil {
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b report) int { return cmp.Compare(a.secret.ID(), b.secret.ID()) })
	return list
}

// ids returns the ids of tokens, each once.
func ids(list []report) []string {
	var ids []string
	for _, r := range list {
		ids = append(ids, r.secret.ID())
	}
	return slices.Compact(ids)
}

// told returns the report as the ledger keeps it.
func (r report) told(source string) ledger.Told {
	return ledger.Told{Token: r.secret.ID(), Rule: r.rule.ID, Mask: r.secret.Mask(), Source: source, Kind: r.place, URL: r.where}
}

// together is how many tokens one transaction writes.
const together = 200

// record writes what was told of our tokens, and queues their questions. It goes on if the
// sender is gone.
func (r *receiver) record(ctx context.Context, source string, list []report) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	for part := range slices.Chunk(list, together) {
		before, err := ledger.ToldBefore(ctx, r.store.DB, source, r.to.ID(), ids(part))
		if err != nil {
			return err
		}
		part = slices.DeleteFunc(slices.Clone(part), func(t report) bool { return before[t.told(source)] })
		if len(part) == 0 { // so a batch that was too long for one time comes to its end
			continue
		}
		sealed := make([]ledger.Sealed, len(part))
		for i, t := range part {
			body, err := seal.Seal(*r.to, t.secret, t.rule.ID)
			if err != nil {
				return err
			}
			sealed[i] = ledger.Sealed{Token: t.secret.ID(), Rule: t.rule.ID, Key: r.to.ID(), Body: body}
		}
		err = r.store.Tx(ctx, func(tx *sql.Tx) error {
			now, err := r.store.Now(ctx, tx)
			if err != nil {
				return err
			}
			var questions []ledger.Question
			for i, t := range part {
				q, err := ledger.Tell(ctx, tx, t.told(source), sealed[i], now)
				if err != nil {
					return err
				}
				if q != nil {
					questions = append(questions, *q)
				}
			}
			return r.queue.Questions(ctx, tx, time.Time{}, questions...)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// await returns what became of tokens, when settled says so of each of them, or after a
// wait.
func (r *receiver) await(ctx context.Context, tokens []string, wait time.Duration, settled func(ledger.Outcome) bool) (map[string]ledger.Outcome, error) {
	end := time.NewTimer(wait)
	defer end.Stop()
	known := make(map[string]ledger.Outcome, len(tokens))
	for {
		now, err := ledger.Outcomes(ctx, r.store.DB, tokens)
		if err != nil {
			return nil, err
		}
		var left []string
		for _, id := range tokens {
			o, there := now[id]
			if known[id] = o; there && !settled(o) {
				left = append(left, id)
			}
		}
		if tokens = left; len(tokens) == 0 {
			return known, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-end.C:
			return known, nil
		case <-time.After(r.every):
		}
	}
}
