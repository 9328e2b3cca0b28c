package verifier

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"r8scan/rules"
)

// Config says how to ask. A zero field means its default, which the comment names
// after the semicolon.
type Config struct {
	// BaseURL is that of the API, with or without /v1, or of a server that stands for the
	// registry too: https, or http to this machine; DefaultBaseURL or DefaultRegistryURL.
	BaseURL   string
	UserAgent string  // names the program that asks; r8scan
	Rate      float64 // requests per minute, retries included, below 3000; DefaultRate or RegistryRate
	Retries   int     // tries per token after the first, none if negative; 4

	AnswerTimeout time.Duration // one request, from its start to the end of its answer; 30 s
	TotalTimeout  time.Duration // one call of Verify, beyond the time that Rate needs; 5 min

	FreshConnections bool // a new connection for each request, to measure it

	// Asked is told, before the first token and after each, how many of those that a
	// call of Verify asks about are done; nil if nobody wants to know. The calls come
	// one at a time and in order.
	Asked func(done, of int)

	concurrency    int               // requests at a time; 8
	connectTimeout time.Duration     // one connection, and one TLS handshake; 10 s
	rootCAs        *x509.CertPool    // the system's
	transport      http.RoundTripper // one that respects HTTPS_PROXY; others are for tests
}

// The default rates, in requests per minute. Replicate documents 3,000 as the limit of
// its API, and none for its registry.
const (
	DefaultRate  = 2400
	RegistryRate = 300
)

const maxRate = 3000

func (c Config) withDefaults() Config {
	set(&c.UserAgent, "r8scan")
	set(&c.concurrency, 8)
	set(&c.Retries, 4)
	set(&c.connectTimeout, 10*time.Second)
	set(&c.AnswerTimeout, 30*time.Second)
	set(&c.TotalTimeout, 5*time.Minute)
	return c
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Verifier asks one server about tokens of one kind. It keeps no token between calls. Several
// goroutines may use it, and share its rate.
type Verifier struct {
	cfg       Config
	base      *url.URL
	service   service
	transport http.RoundTripper
	clock     clock
	gate      gate

	proofMu sync.Mutex // held while the service is asked to prove itself
	proven  bool       // it has
}

// clock is the time. Tests have their own.
type clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error // nil after d, or ctx's error
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// New checks cfg and returns a Verifier of API tokens. It sends nothing. It refuses a
// BaseURL that could leak tokens: plain http to another machine, a URL with a user
// name, a password or a query, or the registry's. Errors do not repeat the URL, which
// may be a token in the wrong place.
func New(cfg Config) (*Verifier, error) {
	base, err := apiURL(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	set(&cfg.Rate, DefaultRate)
	return newVerifier(cfg, base, apiService{base})
}

// NewRegistry is New for tokens of cog login, which Replicate's registry knows. The
// BaseURL of Replicate's API means the default here.
func NewRegistry(cfg Config) (*Verifier, error) {
	base, err := registryURL(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	set(&cfg.Rate, RegistryRate)
	return newVerifier(cfg, base, &registryService{base: base})
}

func newVerifier(cfg Config, base *url.URL, s service) (*Verifier, error) {
	cfg = cfg.withDefaults()
	switch {
	case cfg.concurrency < 0 || cfg.connectTimeout < 0 || cfg.AnswerTimeout < 0 || cfg.TotalTimeout < 0:
		return nil, errors.New("the verifier's limits must not be negative")
	case !(cfg.Rate > 0 && cfg.Rate < maxRate): // also true for NaN
		return nil, fmt.Errorf("a rate of %g requests per minute: use more than 0 and less than %d", cfg.Rate, maxRate)
	}
	v := &Verifier{cfg: cfg, base: base, service: s, transport: cfg.transport, clock: systemClock{}}
	if v.transport == nil {
		v.transport = newTransport(cfg, base)
	}
	// With a burst of b, a minute has Rate+b requests at most.
	burst := max(1, min(cfg.concurrency, int(maxRate-cfg.Rate)-1))
	v.gate.limiter = rate.NewLimiter(rate.Limit(cfg.Rate/60), burst)
	return v, nil
}

// Host returns the host that tokens are sent to, with its port if it has one.
func (v *Verifier) Host() string { return v.base.Host }

// Verify asks about each distinct token once and returns a verdict for each of
// secrets, in their order. It always returns: a token that could not be asked about
// in time, or before ctx ended, is unknown, and the reason says so.
//
// Before the first token, Verify asks about a fake one, which the server must
// refuse as Replicate does. Until then it gets no token, and all verdicts are
// unknown: a server that accepts everything is not Replicate's.
func (v *Verifier) Verify(ctx context.Context, secrets []rules.Secret) []Verdict {
	place := map[string]int{} // of each token in distinct
	var distinct []rules.Secret
	for _, s := range secrets {
		if s.IsRemembered() {
			continue
		}
		if _, seen := place[s.Reveal()]; !seen {
			place[s.Reveal()] = len(distinct)
			distinct = append(distinct, s)
		}
	}
	verdicts := v.verifyDistinct(ctx, distinct)
	out := make([]Verdict, len(secrets))
	for i, s := range secrets {
		if s.IsRemembered() {
			out[i] = Verdict{Status: Unknown, Reason: remembered}
			continue
		}
		out[i] = verdicts[place[s.Reveal()]]
	}
	return out
}

// remembered is why a credential of an earlier scan cannot be asked about.
const remembered = "its value was not kept: scan again with --no-cache"

func (v *Verifier) verifyDistinct(ctx context.Context, secrets []rules.Secret) []Verdict {
	verdicts := make([]Verdict, len(secrets))
	if len(secrets) == 0 {
		return verdicts
	}
	ctx, cancel, r := v.begin(ctx, time.Duration(float64(len(secrets))/v.cfg.Rate*float64(time.Minute)))
	defer cancel()
	asked := v.counter(len(secrets))
	asked()
	if reason := r.prove(ctx); reason != "" {
		for i := range verdicts {
			verdicts[i] = Verdict{Status: Unknown, Reason: reason}
		}
		return verdicts
	}
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(v.cfg.concurrency, len(secrets)) {
		workers.Go(func() {
			for i := range next {
				verdicts[i] = r.ask(ctx, v.service.about(secrets[i]))
				asked()
			}
		})
	}
	for i := range secrets {
		next <- i // after the time limit they are taken too, without a request
	}
	close(next)
	workers.Wait()
	return verdicts
}

// Throttled returns for how long from now the server has asked to be left alone, 0 if it
// has not. Verify waits that long; other processes do not know of it.
func (v *Verifier) Throttled() time.Duration { return v.gate.left(v.clock.Now()) }

// counter returns what counts tokens for Config.Asked, from 0 on.
func (v *Verifier) counter(of int) func() {
	if v.cfg.Asked == nil {
		return func() {}
	}
	var mu sync.Mutex
	done := 0
	return func() {
		mu.Lock()
		defer mu.Unlock()
		v.cfg.Asked(done, of)
		done++
	}
}

// Probe asks about a fake API token and sends no real one. The verdict is Revoked if
// the server is Replicate's API, or behaves like it.
func (v *Verifier) Probe(ctx context.Context) Verdict {
	ctx, cancel, r := v.begin(ctx, 0)
	defer cancel()
	return r.ask(ctx, v.service.about(canary()))
}

// Model asks the API, with a token, what a model is, and returns the JSON of the answer.
// As in Verify, the API first has to refuse a fake token. The verdict is Live if there
// is an answer; else its Reason says why there is none, or it is Revoked, as the token.
func (v *Verifier) Model(ctx context.Context, secret rules.Secret, m Model) (answer []byte, verdict Verdict) {
	api, ok := v.service.(apiService)
	if !ok {
		return nil, Verdict{Status: Unknown, Reason: "the registry is not asked about models"}
	}
	ctx, cancel, r := v.begin(ctx, 0)
	defer cancel()
	if reason := r.prove(ctx); reason != "" {
		return nil, Verdict{Status: Unknown, Reason: reason}
	}
	verdict = r.ask(ctx, api.aboutModel(secret, m, func(body []byte) { answer = body }))
	return answer, verdict
}

// run is one call of Verify or its like.
type run struct {
	v        *Verifier
	deadline time.Time
}

// begin starts a run that may take extra beyond the usual limit. The deadline
// tells before a wait that it would pass the limit; ctx ends a running request.
func (v *Verifier) begin(ctx context.Context, extra time.Duration) (context.Context, context.CancelFunc, run) {
	limit := v.cfg.TotalTimeout + extra
	r := run{v: v, deadline: v.clock.Now().Add(limit)}
	ctx, cancel := context.WithTimeout(ctx, limit)
	return ctx, cancel, r
}

// prove lets the service prove itself, unless it has. It returns why no token may be
// sent, "" if tokens may be sent.
func (r run) prove(ctx context.Context) string {
	v := r.v
	v.proofMu.Lock()
	defer v.proofMu.Unlock()
	if v.proven {
		return ""
	}
	if reason := v.service.prove(func(q question) Verdict { return r.ask(ctx, q) }); reason != "" {
		return notAsked + reason
	}
	v.proven = true
	return ""
}

// ask asks one question until another try would not change the answer.
func (r run) ask(ctx context.Context, q question) Verdict {
	if q.unfit != "" {
		return Verdict{Status: Unknown, Reason: notAsked + q.unfit}
	}
	var last Verdict
	for try := 0; ; try++ {
		if err := r.v.gate.pass(ctx, r.v.clock, r.deadline); err != nil {
			return last.stopped(err)
		}
		verdict, wait := r.try(ctx, q, try)
		if err := ctx.Err(); err != nil && verdict.HTTP == 0 {
			return last.stopped(err)
		}
		verdict.Requests = try + 1
		if wait < 0 || try >= r.v.cfg.Retries {
			return verdict
		}
		if r.v.clock.Now().Add(wait).After(r.deadline) {
			verdict.Reason += fmt.Sprintf("; the next try is due in %s, after the time limit", wait.Round(time.Second))
			return verdict
		}
		if err := r.v.clock.Sleep(ctx, wait); err != nil {
			return verdict
		}
		last = verdict
	}
}

// try sends one request. It returns the verdict and how long to wait before the
// next try, negative if there is none.
func (r run) try(ctx context.Context, q question, tries int) (Verdict, time.Duration) {
	v := r.v
	a, timing, err := v.send(ctx, q)
	now := v.clock.Now()
	verdict, wait := Verdict{Status: Unknown}, time.Duration(-1)
	if err != nil {
		reason, again := v.explain(err)
		verdict.Reason = reason
		if again {
			wait = backoff(tries)
		}
	} else {
		verdict = q.judge(a)
		if a.code == http.StatusTooManyRequests || a.code >= 500 {
			wait = backoff(tries)
			if asked, ok := a.asked(now); ok {
				wait = asked + backoff(0)
				v.gate.close(now.Add(asked)) // the server throttles this address, so other tokens wait too
			}
		}
	}
	verdict.CheckedAt, verdict.Timing = now.UTC(), timing
	if date, err := http.ParseTime(a.header.Get("Date")); err == nil {
		verdict.ServerTime = date.UTC()
	}
	return verdict, wait
}

// stopped returns the verdict of the last try or, without one, a verdict that says
// why.
func (v Verdict) stopped(err error) Verdict {
	if v.Requests > 0 {
		return v
	}
	reason := err.Error()
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		reason = errOutOfTime.Error()
	case errors.Is(err, context.Canceled):
		reason = "interrupted"
	}
	return Verdict{Status: Unknown, Reason: "no answer: " + reason}
}

var (
	errOutOfTime = errors.New("the time limit has passed")
	errThrottled = errors.New("the server throttles until after the time limit")
)

// gate passes requests at the limiter's rate, and none while the server throttles.
type gate struct {
	limiter *rate.Limiter

	mu     sync.Mutex
	closed time.Time // until then
}

// close holds requests back until then.
func (g *gate) close(until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until.After(g.closed) {
		g.closed = until
	}
}

// left returns how long requests are still held back.
func (g *gate) left(now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(0, g.closed.Sub(now))
}

// pass waits for a turn. It fails if there is none before the deadline.
func (g *gate) pass(ctx context.Context, c clock, deadline time.Time) error {
	for {
		g.mu.Lock()
		closed := g.closed
		g.mu.Unlock()
		now := c.Now()
		if !closed.After(now) {
			break
		}
		if closed.After(deadline) {
			return errThrottled
		}
		if err := c.Sleep(ctx, closed.Sub(now)); err != nil {
			return err
		}
	}
	wait, err := g.reserve(c, deadline)
	if err != nil {
		return err
	}
	return c.Sleep(ctx, wait)
}

// reserve returns the time to the next turn. It holds the lock because the limiter
// must get times in order: otherwise it counts time twice.
func (g *gate) reserve(c clock, deadline time.Time) (time.Duration, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := c.Now()
	turn := g.limiter.ReserveN(now, 1)
	wait := turn.DelayFrom(now)
	if now.Add(wait).After(deadline) {
		turn.CancelAt(now)
		return 0, errOutOfTime
	}
	return wait, nil
}
