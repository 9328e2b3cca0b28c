// Package keypage serves a page on this computer that tests a token: for whom a
// terminal is no place to paste one.
//
// A token comes in the body of a POST, goes to Replicate, and is forgotten with the
// answer. Nobody else can use the page: it listens on loopback, its path cannot be
// guessed, and it answers only requests that name its own address (against a name
// that was made to point here) and that its own form has sent.
package keypage

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"r8scan/internal/ask"
	"r8scan/internal/door"
	"r8scan/internal/page"
	"r8scan/report"
	"r8scan/verifier"
)

// Idle is how long a page waits for a request before it ends.
const Idle = 10 * time.Minute

// Page is the page to serve.
type Page struct {
	Verifier *verifier.Verifier // with FreshConnections, so that each run has all phases
	Tool     report.Tool
	Runs     int // how many requests a test sends if the form does not say
	MaxRuns  int
	Idle     time.Duration

	Out  io.Writer             // gets the page's URL
	Err  io.Writer             // gets what the user should know
	Open func(url string) bool // shows a URL in a browser, if there is one; nil for none
}

// maxForm bounds a form, in bytes. A token has 40.
const maxForm = 64 << 10

// Serve serves the page until ctx ends, or nobody has used it for Idle. The error is
// ctx's, or says why no page could be served.
func (p Page) Serve(ctx context.Context) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("serve a page on this computer: %w; r8scan verify asks in the terminal", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &server{page: p, host: listener.Addr().String(), path: "/" + rand.Text() + "/"}
	s.idle.timer = time.AfterFunc(p.Idle, func() { cancel(errIdle) })
	s.idle.after = p.Idle
	web := &http.Server{
		Handler:           s,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // a panic's text may hold what it worked on
	}
	url := "http://" + s.host + s.path
	fmt.Fprintln(p.Out, url)
	where := "open this page in a browser on this computer"
	if p.Open != nil && p.Open(url) {
		where = "your browser shows this page"
	}
	fmt.Fprintf(p.Err, "%s; it ends with Ctrl-C, or when nobody has used it for %.0f minutes\n", where, p.Idle.Minutes())
	go func() {
		<-ctx.Done()
		_ = web.Close() // what still runs has no one to answer
	}()
	if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve a page on this computer: %w", err)
	}
	if cause := context.Cause(ctx); !errors.Is(cause, errIdle) {
		return cause
	}
	fmt.Fprintln(p.Err, "the page has ended: nobody used it")
	return nil
}

var errIdle = errors.New("idle")

// server answers the requests of one page.
type server struct {
	page Page
	host string // the address that requests must name
	path string
	idle idle
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	if code, why := s.refuse(r); code != 0 {
		if code == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", "GET, HEAD, POST")
		}
		http.Error(w, why, code)
		return
	}
	s.idle.begin()
	defer s.idle.end()
	v := s.view()
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			http.Error(w, "the form cannot be read: go back and paste the token again", http.StatusBadRequest)
			return
		}
		v.Runs = runs(r.PostForm.Get("runs"), s.page.Runs, s.page.MaxRuns)
		v.Result = s.test(r.Context(), r.PostForm.Get("key"), v.Runs)
		if r.Context().Err() != nil {
			return // the browser has closed the page
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Write(door.NewWriter(w), "verify", door.Values(v)) // whoever asked is gone
}

// setHeaders forbids to keep what a page says, to show it in another one, and to
// tell others of it.
func setHeaders(h http.Header) {
	for name, value := range map[string]string{
		"Cache-Control":                "no-store",
		"Content-Security-Policy":      head.Policy() + "; frame-ancestors 'none'",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Referrer-Policy":              "no-referrer",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
	} {
		h.Set(name, value)
	}
}

// refuse returns why a request gets no answer, 0 if it gets one.
func (s *server) refuse(r *http.Request) (code int, why string) {
	switch {
	case r.Host != s.host:
		return http.StatusMisdirectedRequest, "this page has another address: use the one that r8scan printed"
	case subtle.ConstantTimeCompare([]byte(r.URL.Path), []byte(s.path)) != 1:
		return http.StatusNotFound, "there is no such page: use the address that r8scan printed"
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return 0, ""
	case r.Method != http.MethodPost:
		return http.StatusMethodNotAllowed, "a page is read with GET, and a token is tested with POST"
	case !s.fromHere(r.Header):
		return http.StatusForbidden, "this form was sent by another page: open the address that r8scan printed"
	}
	return 0, ""
}

// fromHere reports whether the page's own form sent a request. Under the policy
// no-referrer a browser calls the origin of a form null, and only Sec-Fetch-Site
// tells where it comes from.
func (s *server) fromHere(h http.Header) bool {
	site := h.Get("Sec-Fetch-Site")
	switch h.Get("Origin") {
	case "http://" + s.host:
		return site == "" || site == "same-origin"
	case "null":
		return site == "same-origin"
	}
	return false
}

// runs reads how many requests a form asks for.
func runs(text string, otherwise, most int) int {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return otherwise
	}
	return max(1, min(n, most))
}

// test asks about one text.
func (s *server) test(ctx context.Context, text string, requests int) *answer {
	return answerOf(ask.Tokens(ctx, s.page.Verifier, ask.APITokens, []string{text}, requests).Document(s.page.Tool))
}

// idle ends a page that nobody uses. A request that still runs is use.
type idle struct {
	mu     sync.Mutex
	active int
	after  time.Duration
	timer  *time.Timer
}

func (i *idle) begin() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.active++
	i.timer.Stop()
}

func (i *idle) end() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.active--; i.active == 0 {
		i.timer.Reset(i.after)
	}
}
