package worker

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"r8scan/fleet/crash"
	"r8scan/fleet/ledger"
	"r8scan/internal/ask"
	"r8scan/report"
	"r8scan/rules"
	"r8scan/verifier"
)

// verifyWorker asks about tokens.
type verifyWorker struct {
	river.WorkerDefaults[verifyArgs]
	*Worker
	api, registry *verifier.Verifier
}

// newVerifyWorker returns what asks the server at url, "" for Replicate's own.
func newVerifyWorker(w *Worker) (*verifyWorker, error) {
	// One request is one place in the row that all workers share, so none is repeated here.
	cfg := verifier.Config{Retries: -1}
	api, err := ask.APITokens.NewVerifier(w.cfg.APIURL, w.cfg.Tool.Version, cfg)
	if err != nil {
		return nil, err
	}
	registry, err := ask.CogTokens.NewVerifier(w.cfg.APIURL, w.cfg.Tool.Version, cfg)
	return &verifyWorker{Worker: w, api: api, registry: registry}, err
}

// Timeout leaves time to find the token in a large repository.
func (w *verifyWorker) Timeout(*river.Job[verifyArgs]) time.Duration {
	return limit(ledger.Large) + writeTime
}

// Work asks one question. Unless the token is sealed, it is found again at its place first.
func (w *verifyWorker) Work(ctx context.Context, job *river.Job[verifyArgs]) error {
	about := ledger.Question{Token: job.Args.Token, Generation: job.Args.Generation}
	rule, places, err := ledger.ClaimQuestion(ctx, w.store.DB, about, w.id)
	if err != nil {
		return over(err)
	}
	secret, err := w.find(ctx, about.Token, rule, places)
	if again := postponed(ctx, err); again != nil {
		return again
	}
	answer := report.Verification{Status: report.StatusUnknown}
	if err != nil {
		answer.Reason = err.Error()
	} else if answer, err = w.ask(ctx, rule, secret); err != nil || ctx.Err() != nil {
		return cmp.Or(postponed(ctx, err), err)
	}
	crash.At(crash.Asked)
	err = w.store.Tx(ctx, func(tx *sql.Tx) error {
		now, err := w.store.Now(ctx, tx)
		if err != nil {
			return err
		}
		next, due, err := ledger.Answer(ctx, tx, about, w.id, answer, now)
		if err != nil {
			return err
		}
		if err := w.seal(ctx, tx, rule, secret); err != nil {
			return err
		}
		if next != nil {
			if err := w.queue.Questions(ctx, tx, time.UnixMilli(due), *next); err != nil {
				return err
			}
		}
		return complete(ctx, w.store, tx, job)
	})
	if err == nil {
		w.log.Info("asked", "token_id", about.Token, "status", string(answer.Status), "reason", answer.Reason)
	}
	return over(err)
}

var errNotThere = errors.New("the token is no longer found in its repositories")

// find opens the token, if it is sealed. Else it scans the token's repositories until one
// has it.
func (w *Worker) find(ctx context.Context, id, rule string, places []ledger.Place) (rules.Secret, error) {
	if secret, ok, err := w.unsealed(ctx, id, rule); ok || err != nil {
		return secret, err
	}
	why := errNotThere
	for _, p := range places {
		dropped, err := ledger.Dropped(ctx, w.store.DB, p.Repo)
		if err != nil {
			return rules.Secret{}, err
		}
		limited, cancel := context.WithTimeout(ctx, limit(p.Size))
		res, err := w.scan(limited, p.URL, p.Host, dropped, nil) // what is remembered holds no token
		cancel()
		if errors.As(err, &busyError{}) {
			return rules.Secret{}, err
		}
		if err != nil {
			why = errors.New("a repository that has the token could not be read again")
			continue
		}
		for _, f := range res.Findings {
			if f.Rule == rule && f.Secret.ID() == id {
				return f.Secret, nil
			}
		}
	}
	return rules.Secret{}, why
}

// unsaid is for how long nobody asks an issuer that throttles without saying how long.
const unsaid = time.Minute

// ask sends a token to its issuer, when the rate of all workers allows it.
func (w *verifyWorker) ask(ctx context.Context, rule string, secret rules.Secret) (report.Verification, error) {
	v, rate := w.api, w.cfg.APIRate
	if rule == rules.CogToken.ID {
		v, rate = w.registry, min(rate, verifier.RegistryRate)
	}
	issuer := ledger.Issuer + v.Host()
	if err := w.reserve(ctx, issuer, rate); err != nil {
		return report.Verification{}, err
	}
	verdict := v.Verify(ctx, []rules.Secret{secret})[0]
	wait := v.Throttled()
	if wait == 0 && verdict.HTTP == http.StatusTooManyRequests {
		wait = unsaid
	}
	if wait > 0 { // the token comes again, as after any answer that is not clear
		if err := w.leave(ctx, issuer, wait, verdict.Reason); err != nil {
			return report.Verification{}, err
		}
	}
	return ask.Verification(verdict), nil
}

func sortByID(findings []report.Finding) {
	slices.SortFunc(findings, func(a, b report.Finding) int { return cmp.Compare(a.TokenID, b.TokenID) })
}
