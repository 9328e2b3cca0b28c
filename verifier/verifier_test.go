package verifier

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"r8scan/rules"
)

func live(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, accountBody) }

// TestCanary makes sure that a server gets no real token unless it refuses a fake
// one as Replicate does.
func TestCanary(t *testing.T) {
	for _, c := range []struct {
		name    string
		respond http.HandlerFunc
		reason  string
	}{
		{"accepts everything", live, "accepts a fake token"},
		{"402 for everybody", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(402)
			fmt.Fprint(w, `{"title":"Billing required","status":402}`)
		}, "accepts a fake token"},
		{"200 for everybody", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>OK</html>") }, "something other than Replicate"},
		{"refuses like a proxy", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "who are you?", http.StatusUnauthorized) }, "not Replicate's answer"},
		{"redirects everybody", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.com/", http.StatusFound)
		}, "redirect"},
		{"is down", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "HTTP 503"},
		{"throttles", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, "throttled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var seen []string
			s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				seen = append(seen, r.Header.Get("Authorization"))
				mu.Unlock()
				c.respond(w, r)
			}))
			v, _ := newTest(t, Config{BaseURL: s.URL, Retries: 1})
			secrets := []rules.Secret{testSecret(1), testSecret(2)}
			for _, got := range verifyAll(t, v, t.Context(), secrets...) {
				if got.Status != Unknown || got.Requests != 0 || !strings.HasPrefix(got.Reason, "not asked: ") || !strings.Contains(got.Reason, c.reason) {
					t.Errorf("%s after %d requests (%s), want unknown (%s)", got.Status, got.Requests, got.Reason, c.reason)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if len(seen) == 0 {
				t.Error("the canary was not sent")
			}
			for _, header := range seen {
				if len(header) != len("Bearer ")+40 {
					t.Error("the canary does not have the form of a token")
				}
				for _, s := range secrets {
					if strings.Contains(header, s.Reveal()) {
						t.Error("a server that refused no fake token got a real one")
					}
				}
			}
		})
	}
}

// TestCanaryOnce makes sure that the canary goes first, once for all calls. Without
// a clear answer the next call sends it again.
func TestCanaryOnce(t *testing.T) {
	a := &api{secret: testSecret(1), respond: live}
	down := atomic.Bool{}
	down.Store(true)
	v, _ := newTest(t, Config{Retries: -1, BaseURL: serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(500)
			return
		}
		a.ServeHTTP(w, r)
	})).URL})
	if got := verifyOne(t, v, a.secret); got.Status != Unknown {
		t.Errorf("a server that is down: %s", got.Status)
	}
	down.Store(false)
	for range 3 {
		if got := verifyOne(t, v, a.secret); got.Status != Live {
			t.Errorf("%s: %s", got.Status, got.Reason)
		}
	}
	if own, others := a.requests(); own != 3 || others != 1 || a.seen[0] == a.secret.Reveal() {
		t.Errorf("%d requests for the token, %d canaries", own, others)
	}
	if one, other := canary().Reveal(), canary().Reveal(); len(one) != 40 || one == other {
		t.Error("canaries do not have the form of a token, or are all the same")
	}
}

// TestProbe makes sure that Probe sends no real token, and returns the server's
// time.
func TestProbe(t *testing.T) {
	a := &api{secret: testSecret(1), respond: live}
	v, _ := newTest(t, Config{BaseURL: serve(t, a).URL})
	if got := v.Probe(t.Context()); got.Status != Revoked || got.Requests != 1 || time.Since(got.ServerTime).Abs() > time.Minute {
		t.Errorf("%+v", got)
	}
	v, _ = newTest(t, Config{BaseURL: serve(t, http.HandlerFunc(live)).URL})
	if got := v.Probe(t.Context()); got.Status != Live {
		t.Errorf("%+v", got)
	}
}

// TestDistinct makes sure that each token gets one request, however often it is
// given, and that verdicts are in the order of the tokens.
func TestDistinct(t *testing.T) {
	a := &api{secret: testSecret(1), respond: live}
	v, _ := newTest(t, Config{BaseURL: serve(t, a).URL})
	other := testSecret(2)
	got := verifyAll(t, v, t.Context(), other, a.secret, other, a.secret, a.secret)
	for i, want := range []Status{Revoked, Live, Revoked, Live, Live} {
		if got[i].Status != want {
			t.Errorf("verdict %d: %s, want %s", i, got[i].Status, want)
		}
	}
	if own, others := a.requests(); own != 1 || others != 2 {
		t.Errorf("%d requests for the token, %d for others", own, others)
	}
	if verdicts := v.Verify(t.Context(), nil); len(verdicts) != 0 {
		t.Errorf("%d verdicts for nothing", len(verdicts))
	}
}

// TestAsked: who wants to know is told how many are done, one at a time.
func TestAsked(t *testing.T) {
	a := &api{secret: testSecret(1), respond: live}
	var told []string
	v, _ := newTest(t, Config{BaseURL: serve(t, a).URL, Asked: func(done, of int) { told = append(told, fmt.Sprint(done, "/", of)) }})
	verifyAll(t, v, t.Context(), testSecret(1), testSecret(2), testSecret(1), testSecret(3))
	if got := strings.Join(told, " "); got != "0/3 1/3 2/3 3/3" {
		t.Errorf("told %s", got)
	}
}

// TestRemembered makes sure that the secret of an earlier scan, whose value was not
// kept, is not asked about, and does not pass for another one.
func TestRemembered(t *testing.T) {
	a := &api{secret: testSecret(1), respond: live}
	v, _ := newTest(t, Config{BaseURL: serve(t, a).URL})
	remembered, err := rules.Remembered(testSecret(2).Mask(), testSecret(2).ID())
	if err != nil {
		t.Fatal(err)
	}
	got := verifyAll(t, v, t.Context(), remembered, a.secret, remembered)
	if got[0].Status != Unknown || got[0].Requests != 0 || got[1].Status != Live || got[2] != got[0] || !strings.Contains(got[0].Reason, "--no-cache") {
		t.Errorf("%+v", got)
	}
}

// TestUnsendable makes sure that what cannot be a token is not sent.
func TestUnsendable(t *testing.T) {
	a := &api{secret: testSecret(1), respond: live}
	v, _ := newTest(t, Config{BaseURL: serve(t, a).URL})
	token := a.secret.Reveal()
	for _, text := range []string{"", token + "\n", token + "\r\nX-Evil: 1", " " + token, "é" + token, token + "\x00"} {
		if got := verifyOne(t, v, rules.NewSecret(text, 5)); got.Status != Unknown || got.Requests != 0 {
			t.Errorf("%d requests, %s", got.Requests, got.Status)
		}
	}
	if own, others := a.requests(); own != 0 || others != 1 {
		t.Errorf("%d and %d requests", own, others)
	}
}

// TestThrottledThenLive makes sure that a run waits as long as the server asks.
func TestThrottledThenLive(t *testing.T) {
	for _, c := range []struct {
		name    string
		respond http.HandlerFunc
		wait    time.Duration
	}{
		{"seconds", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "11")
			w.WriteHeader(429)
		}, 11 * time.Second},
		{"date", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", "Sat, 21 Nov 2026 11:00:00 GMT")
			w.Header().Set("Retry-After", "Sat, 21 Nov 2026 11:00:40 GMT")
			w.WriteHeader(429)
		}, 40 * time.Second},
		{"sentence", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(429)
			fmt.Fprint(w, `{"detail":"Request was throttled. Your rate limit resets in ~30s."}`)
		}, 30 * time.Second},
		{"nothing", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, firstBackoff / 2},
		{"server error", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }, firstBackoff / 2},
		{"cut connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, firstBackoff / 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var tries atomic.Int32
			a := &api{secret: testSecret(1), respond: func(w http.ResponseWriter, r *http.Request) {
				if tries.Add(1) == 1 {
					c.respond(w, r)
					return
				}
				live(w, r)
			}}
			// On an idle connection net/http itself tries once more.
			v, clock := newTest(t, Config{BaseURL: serve(t, a).URL, FreshConnections: true})
			got := verifyOne(t, v, a.secret)
			if got.Status != Live || got.Requests != 2 {
				t.Errorf("%s after %d requests (%s)", got.Status, got.Requests, got.Reason)
			}
			if waited := clock.total(); waited < c.wait || waited > c.wait+2*firstBackoff {
				t.Errorf("waited %v, want little more than %v", waited, c.wait)
			}
		})
	}
}

// TestWaitPastTheLimit makes sure that no wait beyond the time limit begins, for
// the throttled token or for others.
func TestWaitPastTheLimit(t *testing.T) {
	a := &api{secret: testSecret(1), respond: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(429)
	}}
	v, clock := newTest(t, Config{BaseURL: serve(t, a).URL, concurrency: 1})
	got := verifyAll(t, v, t.Context(), a.secret, testSecret(2))
	if got[0].Status != Unknown || got[0].Requests != 1 || !strings.Contains(got[0].Reason, "still throttled") || !strings.Contains(got[0].Reason, "after the time limit") {
		t.Errorf("%s after %d requests: %s", got[0].Status, got[0].Requests, got[0].Reason)
	}
	if got[1].Status != Unknown || got[1].Requests != 0 || !strings.Contains(got[1].Reason, "throttles until after") {
		t.Errorf("%s after %d requests: %s", got[1].Status, got[1].Requests, got[1].Reason)
	}
	if clock.total() > time.Minute {
		t.Errorf("waited %v", clock.total())
	}
}

// TestThrottleIsShared makes sure that all tokens wait when one is throttled.
func TestThrottleIsShared(t *testing.T) {
	clock := &fakeClock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	var mu sync.Mutex
	var times []time.Time
	a := &api{secret: testSecret(1), respond: func(w http.ResponseWriter, r *http.Request) {
		if len(times) < 3 { // the canary, then this
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(429)
			return
		}
		live(w, r)
	}}
	v, _ := newTest(t, Config{concurrency: 1, transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		times = append(times, clock.Now())
		return recorded(r, a.ServeHTTP), nil
	})})
	v.clock = clock
	if got := verifyAll(t, v, t.Context(), a.secret, testSecret(2)); got[0].Status != Live || got[1].Status != Revoked {
		t.Errorf("%s, %s", got[0].Status, got[1].Status)
	}
	if len(times) != 4 || times[2].Sub(times[1]) < 30*time.Second {
		t.Errorf("requests at %v", times)
	}
	v.gate.close(clock.Now().Add(time.Minute))
	v.gate.close(clock.Now().Add(time.Second)) // a shorter one does not open it
	if v.Throttled() != time.Minute {
		t.Errorf("throttled for %v", v.Throttled())
	}
	before := clock.Now()
	verifyOne(t, v, testSecret(3))
	if waited := clock.Now().Sub(before); waited < time.Minute {
		t.Errorf("a closed gate was passed after %v", waited)
	}
	if v.Throttled() != 0 {
		t.Errorf("throttled for %v after that time", v.Throttled())
	}
}

// TestManyTokens asks about 10,000 tokens. They keep to the rate and to the limit
// of requests at a time, and each gets its own verdict.
func TestManyTokens(t *testing.T) {
	const n, concurrency, perMinute = 10_000, 6, 2400
	secrets := make([]rules.Secret, n)
	liveOnes := map[string]bool{}
	for i := range secrets {
		secrets[i] = testSecret(uint64(1000 + i))
		liveOnes[secrets[i].Reveal()] = i%3 == 0
	}
	var now, most, total atomic.Int64
	transport := roundTripFunc(func(r *http.Request) (*http.Response, error) {
		total.Add(1)
		if at := now.Add(1); at > most.Load() {
			most.Store(at)
		}
		defer now.Add(-1)
		if liveOnes[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")] {
			return recorded(r, live), nil
		}
		return recorded(r, func(w http.ResponseWriter, _ *http.Request) { refuse(w) }), nil
	})
	v, clock := newTest(t, Config{transport: transport, concurrency: concurrency, Rate: perMinute, TotalTimeout: 24 * time.Hour})
	started := clock.Now()
	got := v.Verify(t.Context(), secrets)
	for i, verdict := range got {
		if want := map[bool]Status{true: Live, false: Revoked}[i%3 == 0]; verdict.Status != want {
			t.Fatalf("token %d: %s (%s), want %s", i, verdict.Status, verdict.Reason, want)
		}
	}
	if most.Load() > concurrency || total.Load() != n+1 {
		t.Errorf("%d requests, %d at a time", total.Load(), most.Load())
	}
	took := clock.Now().Sub(started)
	if least := time.Duration(float64(n-concurrency) / perMinute * float64(time.Minute)); took < least {
		t.Errorf("%d requests in %v: faster than %d a minute", n, took, perMinute)
	}
}

// TestRateAMinute makes sure that no minute of a run reaches Replicate's limit,
// even with a burst.
func TestRateAMinute(t *testing.T) {
	clock := &fakeClock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	var times []time.Time
	v, _ := newTest(t, Config{concurrency: 1, Rate: 2999, transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
		times = append(times, clock.Now())
		return recorded(r, func(w http.ResponseWriter, _ *http.Request) { refuse(w) }), nil
	})})
	v.clock = clock
	secrets := make([]rules.Secret, 7000)
	for i := range secrets {
		secrets[i] = testSecret(uint64(20_000 + i))
	}
	v.Verify(t.Context(), secrets)
	first := 0
	for i, at := range times {
		for at.Sub(times[first]) >= time.Minute {
			first++
		}
		if i-first+1 > maxRate {
			t.Fatalf("%d requests in the minute before request %d", i-first+1, i)
		}
	}
	if len(times) != len(secrets)+1 {
		t.Errorf("%d requests", len(times))
	}
}

// TestTotalTimeout makes sure that a run ends at its limit, and that the verdicts
// say so.
func TestTotalTimeout(t *testing.T) {
	v, clock := newTest(t, Config{concurrency: 1, Retries: 1000, TotalTimeout: time.Minute, transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
		return nil, errors.New("broken")
	})})
	v.proven = true
	got := verifyAll(t, v, t.Context(), testSecret(1), testSecret(2))
	if got[0].Requests < 5 || !strings.Contains(got[0].Reason, "after the time limit") {
		t.Errorf("%d requests: %s", got[0].Requests, got[0].Reason)
	}
	if clock.total() > time.Minute+time.Second {
		t.Errorf("ran for %v", clock.total())
	}
	clock.now = clock.now.Add(time.Hour)
	r := run{v: v, deadline: clock.Now().Add(-time.Second)}
	if got := r.ask(t.Context(), v.service.about(testSecret(3))); got.Requests != 0 || got.Reason != "no answer: the time limit has passed" {
		t.Errorf("%d requests: %s", got.Requests, got.Reason)
	}
}

// TestCancel makes sure that an interrupted run returns at once, with the verdicts
// so far.
func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a := &api{secret: testSecret(1)}
	a.respond = func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done() // the client hangs up
	}
	v, _ := newTest(t, Config{BaseURL: serve(t, a).URL, concurrency: 1})
	got := verifyAll(t, v, ctx, testSecret(2), a.secret, testSecret(3))
	if got[0].Status != Revoked {
		t.Errorf("asked before: %s", got[0].Status)
	}
	for _, verdict := range got[1:] {
		if verdict.Status != Unknown || verdict.Reason != "no answer: interrupted" {
			t.Errorf("%s: %s", verdict.Status, verdict.Reason)
		}
	}
	v, _ = newTest(t, Config{BaseURL: serve(t, a).URL})
	if got := verifyAll(t, v, ctx, a.secret)[0]; got.Status != Unknown || !strings.Contains(got.Reason, "interrupted") {
		t.Errorf("before the canary: %s: %s", got.Status, got.Reason)
	}
}

// TestSystemClock makes sure that a wait ends with its context.
func TestSystemClock(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := systemClock{}
	if err := c.Sleep(ctx, time.Nanosecond); err != nil {
		t.Error(err)
	}
	cancel()
	if err := c.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := c.Sleep(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if c.Now().IsZero() {
		t.Error("no time")
	}
}
