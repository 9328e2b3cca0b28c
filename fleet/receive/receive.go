// Package receive hears what others tell the fleet: GitHub and GitLab of tokens that they
// have found, and GitHub of pushes. A message counts only if its sender proves itself, and
// one that comes again changes nothing. No URL in a message is ever fetched.
package receive

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"time"

	"r8scan/fleet/config"
	"r8scan/fleet/ledger"
	"r8scan/fleet/seal"
	"r8scan/fleet/store"
)

// Queue puts jobs into the queue, in a transaction of its caller: for the time given or,
// if that is zero, for now.
type Queue interface {
	Questions(ctx context.Context, tx *sql.Tx, at time.Time, questions ...ledger.Question) error
	Visits(ctx context.Context, tx *sql.Tx, at time.Time, visits ...ledger.Visit) error
}

// receiver is what all endpoints share.
type receiver struct {
	store *store.Store
	queue Queue
	log   *slog.Logger
	to    *seal.PublicKey // what tokens are sealed to
	slots chan struct{}   // one for each long body that may be in memory
	every time.Duration   // how often await looks
}

// bodies is how many bodies may be in memory at a time that are not small. Those that are
// need no slot: somebody who sends long ones slowly holds up none of them.
const (
	bodies = 16
	small  = 64 << 10 // bytes
)

// New returns the handler of the endpoints that are configured. Tokens are sealed to a key:
// what others tell stands nowhere where the fleet could find it again.
func New(cfg *config.Config, s *store.Store, queue Queue, to *seal.PublicKey, log *slog.Logger) (http.Handler, error) {
	serve := cfg.Serve
	if to == nil && (serve.GitHub != nil || serve.GitLab != nil) {
		return nil, fmt.Errorf("tokens that GitHub and GitLab tell are kept sealed: name a key in %s, which r8scan-fleet key makes", seal.PublicVariable)
	}
	r := &receiver{store: s, queue: queue, log: log, to: to, slots: make(chan struct{}, bodies), every: 200 * time.Millisecond}
	mux := http.NewServeMux()
	if serve.GitHub != nil {
		mux.Handle("POST /github/secret-scanning", &partner{receiver: r, keys: newKeys(serve.GitHub.Keys, cfg.Reach), wait: partnerWait})
	}
	if serve.GitLab != nil {
		g := &revoker{receiver: r, secret: serve.GitLab.Secret, acts: acts(cfg), wait: revokerWait}
		mux.HandleFunc("GET /gitlab/v1/revocable_token_types", g.types)
		mux.HandleFunc("POST /gitlab/v1/revoke_tokens", g.revoke)
	}
	if serve.Webhook != nil {
		mux.Handle("POST /github/webhook", &pushes{receiver: r, secret: serve.Webhook.Secret})
	}
	return r.guarded(mux), nil
}

// guarded answers a panic without saying where it was, and lets nobody keep an answer.
func (r *receiver) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, req *http.Request) {
		defer func() {
			if recover() != nil { // its value may be anything
				r.log.Error("a message was not taken: it failed inside r8scan-fleet")
				http.Error(out, "it failed inside r8scan-fleet", http.StatusInternalServerError)
			}
		}()
		out.Header().Set("Cache-Control", "no-store")
		out.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(out, req)
	})
}

// refuse answers that a message is not taken, and logs it. Neither repeats anything of the
// message.
func (r *receiver) refuse(out http.ResponseWriter, from string, code int, why string) {
	r.log.Warn("refused a message", "from", from, "code", code, "reason", why)
	http.Error(out, why, code)
}

// failed answers that a message is to come again: it was right, and could not be written.
func (r *receiver) failed(out http.ResponseWriter, from string, err error) {
	r.log.Error("cannot take a message", "from", from, "error", err.Error())
	retryIn(out, time.Minute)
	http.Error(out, "try again later", http.StatusServiceUnavailable)
}

func retryIn(out http.ResponseWriter, wait time.Duration) {
	out.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
}

// body reads the body of a message, of most bytes. Call done when it is no longer needed.
// Without ok, it has answered.
func (r *receiver) body(out http.ResponseWriter, req *http.Request, from string, most int64) (body []byte, done func(), ok bool) {
	media, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	switch {
	case err != nil || media != "application/json" || req.Header.Get("Content-Encoding") != "":
		r.refuse(out, from, http.StatusUnsupportedMediaType, "the content type is not application/json")
		return nil, nil, false
	case req.ContentLength > most:
		r.tooLarge(out, from, most)
		return nil, nil, false
	}
	limited := http.MaxBytesReader(out, req.Body, most)
	done = func() {}
	if body, err = io.ReadAll(io.LimitReader(limited, small)); err == nil && len(body) == small {
		select {
		case r.slots <- struct{}{}:
			done = func() { <-r.slots }
		default:
			retryIn(out, time.Second)
			r.refuse(out, from, http.StatusServiceUnavailable, "too many long messages come at once")
			return nil, nil, false
		}
		var rest []byte
		rest, err = io.ReadAll(limited)
		body = append(body, rest...)
	}
	if err == nil {
		return body, done, true
	}
	done()
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		r.tooLarge(out, from, most)
	} else {
		r.refuse(out, from, http.StatusBadRequest, "the message ended early")
	}
	return nil, nil, false
}

func (r *receiver) tooLarge(out http.ResponseWriter, from string, most int64) {
	out.Header().Set("Connection", "close") // the rest is not read
	r.refuse(out, from, http.StatusRequestEntityTooLarge, fmt.Sprintf("a message has at most %d bytes", most))
}

// answer writes v as JSON.
func answer(out http.ResponseWriter, v any) {
	out.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(out).Encode(v) // who asked may be gone
}
