package worker

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"r8scan/fleet/config"
	"r8scan/fleet/crash"
	"r8scan/fleet/ledger"
	"r8scan/fleet/notify"
	"r8scan/fleet/store"
	"r8scan/internal/door"
	"r8scan/report"
)

// plan makes notices for tokens that are live and public, and takes over those that dead
// workers were sending.
func (w *Worker) plan(ctx context.Context, now int64) error {
	if !w.cfg.Does.Act {
		return nil
	}
	return w.store.Tx(ctx, func(tx *sql.Tx) error {
		again, err := ledger.Abandoned(ctx, tx, w.id, now)
		if err != nil {
			return err
		}
		acts, err := ledger.Plan(ctx, tx, channels(w.cfg.Operator), w.cfg.Operator.Act, now)
		if err != nil {
			return err
		}
		return w.queue.Acts(ctx, tx, time.Time{}, append(again, acts...)...)
	})
}

// channels returns the channels of a configuration.
func channels(c *config.Config) (names []string) {
	if c.Disable != nil {
		names = append(names, ledger.Disable)
	}
	if c.Mail != nil {
		names = append(names, ledger.Mail)
	}
	for _, hook := range c.Webhooks {
		names = append(names, hook.Name)
	}
	return names
}

// actWorker disables tokens, and tells of them.
type actWorker struct {
	river.WorkerDefaults[actArgs]
	*Worker
	to *notify.Notifier
}

func newActWorker(w *Worker) (*actWorker, error) {
	to, err := notify.New(w.cfg.Operator)
	return &actWorker{Worker: w, to: to}, err
}

// Timeout leaves time to find the token in a large repository.
func (w *actWorker) Timeout(*river.Job[actArgs]) time.Duration {
	return limit(ledger.Large) + writeTime
}

// attempt is one try at a notice, and what came of it.
type attempt struct {
	act    ledger.Act
	notice ledger.Notice
	about  ledger.Subject
	now    int64
	marked bool // as being sent

	outcome  notify.Outcome
	why      error         // if the outcome is not Sent
	later    time.Duration // when to try again at the earliest, without counting this as a failure; 0: it was tried
	needless string        // why the notice is not needed any more
}

// fails says that nobody was reached, and why.
func (a *attempt) fails(err error) {
	a.outcome, a.why = notify.Again, err
	a.later, _ = later(err)
}

// Work makes one attempt. The notice is marked before it is sent and after it: of what is
// between, nobody knows what became.
func (w *actWorker) Work(ctx context.Context, job *river.Job[actArgs]) (err error) {
	a := attempt{act: ledger.Act{Notice: job.Args.Notice, Epoch: job.Args.Epoch}}
	if a.now, err = w.store.Now(ctx, w.store.DB); err != nil {
		return err
	}
	a.notice, err = ledger.DueNotice(ctx, w.store.DB, a.act)
	if errors.Is(err, ledger.ErrLost) {
		return w.interrupted(ctx, job, a.act)
	}
	if err != nil {
		return err
	}
	if a.about, err = ledger.About(ctx, w.store.DB, a.notice.Token); err != nil {
		return err
	}
	w.send(ctx, &a)
	if a.outcome == notify.Again && ctx.Err() != nil { // the process ends
		a.later = time.Second
	}
	// What was sent is recorded also while the process ends.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	if err := w.record(ctx, job, a); err != nil {
		return over(err)
	}
	said := ""
	if a.why != nil {
		said = door.Printable(a.why.Error())
	}
	level := slog.LevelInfo
	if a.later > 0 {
		level = slog.LevelDebug
	}
	w.log.Log(ctx, level, "acted", "token_id", a.notice.Token, "channel", a.notice.Channel, "state", recorded(a, a.now).State, "why", said, "needless", a.needless)
	return nil
}

// interrupted ends the job of an attempt that is over, or whose result this process could
// not record.
func (w *actWorker) interrupted(ctx context.Context, job *river.Job[actArgs], act ledger.Act) error {
	return w.store.Tx(ctx, func(tx *sql.Tx) error {
		now, err := w.store.Now(ctx, tx)
		if err != nil {
			return err
		}
		acts, err := ledger.Interrupted(ctx, tx, act, w.id, now)
		if err != nil {
			return err
		}
		if err := w.queue.Acts(ctx, tx, time.Time{}, acts...); err != nil {
			return err
		}
		return complete(ctx, w.store, tx, job)
	})
}

// disableFirst is how long others are told later than the token is disabled, if that
// takes longer.
const disableFirst = 10 * time.Minute

// itIsDead is why nothing needs to be done about a token.
const itIsDead = "Replicate does not accept the token any more"

// send sends the notice.
func (w *actWorker) send(ctx context.Context, a *attempt) {
	s := a.about
	dead := s.Status != report.StatusLive || !s.Open
	switch channel := a.notice.Channel; {
	case channel == ledger.Disable && dead && a.act.Epoch == 1: // later the endpoint may have disabled it, and could not say so
		a.needless = itIsDead
	case channel == ledger.Disable:
		w.disable(ctx, a, dead)
	case s.Waits && a.now-a.notice.Made < disableFirst.Milliseconds():
		a.fails(busyError{2 * time.Second, "it waits until the token is disabled"})
	case dead && s.Disabled == 0:
		a.needless = itIsDead
	case channel == ledger.Mail:
		w.mail(ctx, a)
	default:
		w.webhook(ctx, a)
	}
}

// mark marks the notice as being sent.
func (w *actWorker) mark(ctx context.Context, a *attempt, q store.Querier) error {
	err := ledger.ClaimNotice(ctx, q, a.act, w.id, a.now)
	a.marked = err == nil
	return err
}

// disable has the operator's endpoint disable the token.
func (w *actWorker) disable(ctx context.Context, a *attempt, dead bool) {
	places, err := ledger.Stands(ctx, w.store.DB, a.notice.Token)
	if err != nil {
		a.fails(err)
		return
	}
	secret, err := w.find(ctx, a.notice.Token, a.about.Rule, places)
	if _, busy := later(err); dead && err != nil && !busy {
		a.needless = itIsDead
		return
	}
	if err == nil {
		err = w.mark(ctx, a, w.store.DB)
	}
	if err != nil {
		a.fails(err)
		return
	}
	crash.At(crash.Marked)
	a.outcome, a.why = w.to.Disable(ctx, event(a.notice.ID, a.about), secret)
	if a.outcome == notify.Sent {
		crash.At(crash.Disable)
	}
}

func (w *actWorker) webhook(ctx context.Context, a *attempt) {
	i := slices.IndexFunc(w.cfg.Operator.Webhooks, func(h config.Webhook) bool { return h.Name == a.notice.Channel })
	if i < 0 {
		a.outcome, a.why = notify.Refused, errors.New("the configuration has no such webhook any more")
		return
	}
	if err := w.mark(ctx, a, w.store.DB); err != nil {
		a.fails(err)
		return
	}
	crash.At(crash.Marked)
	a.outcome, a.why = w.to.Webhook(ctx, w.cfg.Operator.Webhooks[i], event(a.notice.ID, a.about))
	if a.outcome == notify.Sent {
		crash.At(crash.Told)
	}
}

// mail tells the owner, of all tokens of the account in one mail.
func (w *actWorker) mail(ctx context.Context, a *attempt) {
	if w.cfg.Operator.Mail == nil {
		a.outcome, a.why = notify.Refused, errors.New("the configuration has no mail any more")
		return
	}
	authors, err := w.authors(ctx, a.notice.Token, a.about.Rule)
	if err != nil {
		a.fails(err)
		return
	}
	to, outcome, err := w.to.Recipient(ctx, event(a.notice.ID, a.about), authors)
	if to == "" {
		a.outcome, a.why = outcome, err
		return
	}
	digest := w.to.Digest(to)
	events, err := w.markMail(ctx, a, digest)
	if err != nil {
		a.fails(err)
		return
	}
	crash.At(crash.Marked)
	switch a.outcome, a.why = w.to.Mail(ctx, to, events); a.outcome {
	case notify.Sent:
		crash.At(crash.Told)
	case notify.Again, notify.Refused:
		if err := ledger.ReleaseRecipient(context.WithoutCancel(ctx), w.store.DB, digest); err != nil {
			w.log.Warn("this recipient gets the next mail in a day", "error", err.Error())
		}
	}
}

// markMail takes the one mail a day of a recipient, and marks the notice as being sent,
// with the others about tokens of the same account. It returns what the mail tells.
func (w *actWorker) markMail(ctx context.Context, a *attempt, digest string) ([]notify.Event, error) {
	events := []notify.Event{event(a.notice.ID, a.about)}
	err := w.store.Tx(ctx, func(tx *sql.Tx) error {
		next, err := ledger.ReserveRecipient(ctx, tx, digest, a.now)
		if next > 0 {
			return busyError{time.Duration(next-a.now) * time.Millisecond, "this recipient has had a mail within a day"}
		}
		if err != nil {
			return err
		}
		if err := w.mark(ctx, a, tx); err != nil || a.about.Account == nil {
			return err
		}
		tokens, err := ledger.JoinMail(ctx, tx, a.act, a.about.Account, w.id, a.now)
		for _, token := range tokens {
			about, err := ledger.About(ctx, tx, token)
			if err != nil {
				return err
			}
			events = append(events, event(a.notice.ID, about))
		}
		return err
	})
	a.marked = err == nil
	return events, err
}

// authors returns who brought the token in, if the operator wants them told. Their
// addresses are not kept, so the token is looked for again.
func (w *actWorker) authors(ctx context.Context, id, rule string) ([]string, error) {
	if m := w.cfg.Operator.Mail; !m.Authors || m.Contact != "" {
		return nil, nil
	}
	places, err := ledger.Stands(ctx, w.store.DB, id)
	if err != nil {
		return nil, err
	}
	for _, p := range places {
		res, err := w.scan(ctx, p.URL, p.Host, nil, nil)
		if err != nil {
			return nil, err
		}
		for _, f := range res.Findings {
			if f.Rule == rule && f.Secret.ID() == id && f.History != nil && f.History.Introduced != nil {
				return []string{f.History.Introduced.Author}, nil
			}
		}
	}
	return nil, nil
}

// event returns what is told about a token.
func event(id string, s ledger.Subject) notify.Event {
	e := notify.Event{ID: id, TokenID: s.Token, Mask: s.Mask, Rule: s.Rule, Status: s.Status, Account: s.Account}
	if s.Checked > 0 {
		e.Checked = time.UnixMilli(s.Checked).UTC()
	}
	if s.Disabled > 0 {
		e.Disabled = time.UnixMilli(s.Disabled).UTC()
	}
	for _, p := range s.Places {
		l := p.Location
		e.Places = append(e.Places, notify.Place{Repository: l.Repository, Commit: l.Commit, Path: l.Path, Line: l.Line, URL: report.Link(l), First: time.UnixMilli(p.First).UTC()})
	}
	return e
}

// maxTries is after how many attempts in a row that reached nobody a notice waits for a
// person: about two days. A token is disabled however long that takes.
const maxTries = 60

// tryAgain is how long the first attempt in a row is waited for; twice as long each other.
const tryAgain = 5 * time.Second

// record writes what came of an attempt, and queues what follows.
func (w *actWorker) record(ctx context.Context, job *river.Job[actArgs], a attempt) error {
	return w.store.Tx(ctx, func(tx *sql.Tx) error {
		now, err := w.store.Now(ctx, tx)
		if err != nil {
			return err
		}
		if !a.marked {
			if err := w.mark(ctx, &a, tx); err != nil {
				return err
			}
		}
		if a.needless != "" {
			if err := ledger.Withdraw(ctx, tx, a.act, w.id, a.needless, now); err != nil {
				return err
			}
			return complete(ctx, w.store, tx, job)
		}
		r := recorded(a, now)
		acts, err := ledger.Record(ctx, tx, a.act, w.id, r, now)
		if err != nil {
			return err
		}
		if err := w.queue.Acts(ctx, tx, time.UnixMilli(r.Due), acts...); err != nil {
			return err
		}
		if a.notice.Channel == ledger.Disable && r.State == ledger.Sent { // is it dead?
			questions, err := ledger.AskNow(ctx, tx, a.notice.Token, now)
			if err != nil {
				return err
			}
			if err := w.queue.Questions(ctx, tx, time.Time{}, questions...); err != nil {
				return err
			}
		}
		return complete(ctx, w.store, tx, job)
	})
}

// recorded returns what is recorded of an attempt.
func recorded(a attempt, now int64) ledger.Result {
	why := ""
	if a.why != nil {
		why = door.Printable(a.why.Error())
	}
	switch {
	case a.outcome == notify.Sent:
		return ledger.Result{State: ledger.Sent, Due: now}
	case a.outcome == notify.Refused:
		return ledger.Result{State: ledger.Refused, Why: why, Due: now}
	case a.outcome == notify.Uncertain:
		return ledger.Result{State: ledger.Uncertain, Why: why, Due: now}
	case a.later > 0:
		return ledger.Result{State: ledger.Due, Why: why, Due: now + a.later.Milliseconds()}
	case a.notice.Channel != ledger.Disable && a.notice.Tries+1 >= maxTries:
		return ledger.Result{State: ledger.Refused, Why: fmt.Sprintf("it was tried %d times: %s", maxTries, why), Due: now, Count: true}
	}
	wait := min(time.Hour, tryAgain<<min(a.notice.Tries, 12))
	return ledger.Result{State: ledger.Due, Why: why, Due: now + wait.Milliseconds(), Count: true}
}
