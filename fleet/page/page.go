// Package page serves the fleet's page: what is live now, the story of a token, the
// repositories, how far the fleet is, and the acts that wait for a person. It runs no
// script. Only those who know the configured token, or whom a proxy names, see it; each
// act of theirs is in the log with its reason.
package page

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"r8scan/fleet/config"
	"r8scan/fleet/ledger"
	"r8scan/fleet/store"
	"r8scan/internal/door"
	look "r8scan/internal/page"
)

//go:embed *.tmpl
var files embed.FS

// Queue takes the jobs that come of what people decide, in the transaction that records it.
type Queue interface {
	Acts(ctx context.Context, tx *sql.Tx, at time.Time, acts ...ledger.Act) error
	Questions(ctx context.Context, tx *sql.Tx, at time.Time, questions ...ledger.Question) error
}

// patience is how long a request may work.
const patience = 30 * time.Second

// pageRows is how many rows a page lists.
const pageRows = 50

// server answers the requests of the page.
type server struct {
	store     *store.Store
	queue     Queue
	log       *slog.Logger
	gate      *gate
	templates look.Templates
	now       func(context.Context) (int64, error) // the database's clock
	numbers   *numbers
	rows      int // that a page lists
}

// New returns the page's handler, for the root of an address. It needs cfg.Serve.Page.
// The log goes to the caller's own; no token is in it.
func New(cfg *config.Config, s *store.Store, queue Queue, log *slog.Logger) (http.Handler, error) {
	p, err := newServer(cfg, s, queue, log)
	if err != nil {
		return nil, err
	}
	return p.handler(), nil
}

func newServer(cfg *config.Config, s *store.Store, queue Queue, log *slog.Logger) (*server, error) {
	if cfg.Serve == nil || cfg.Serve.Page == nil {
		return nil, errors.New("serve: page is missing in the configuration")
	}
	return &server{
		store: s, queue: queue, log: log, gate: newGate(cfg.Serve), templates: look.With(files), rows: pageRows,
		now:     func(ctx context.Context) (int64, error) { return s.Now(ctx, s.DB) },
		numbers: &numbers{},
	}, nil
}

// handler returns the routes, behind the checks that all requests share.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	l := reader{s}
	for pattern, get := range map[string]func(request) (string, any, error){
		"GET /{$}":                      l.live,
		"GET /tokens":                   l.tokens,
		"GET /tokens/{id}":              l.story,
		"GET /tokens/{id}/forget":       l.askForgetToken,
		"GET /repositories":             l.repositories,
		"GET /repositories/{id}/forget": l.askForgetRepo,
		"GET /acts":                     l.acts,
		"GET /log":                      l.entries,
	} {
		mux.Handle(pattern, s.reading(get))
	}
	a := &actor{s}
	for pattern, post := range map[string]func(request, *sql.Tx, ledger.Entry) (string, error){
		"POST /acts/{id}":                a.settle,
		"POST /tokens/{id}/recheck":      a.recheck,
		"POST /tokens/{id}/forget":       a.forgetToken,
		"POST /repositories/{id}/forget": a.forgetRepo,
	} {
		mux.Handle(pattern, a.acting(post))
	}
	mux.HandleFunc("GET /login", a.askLogin)
	mux.HandleFunc("POST /login", a.login)
	mux.HandleFunc("POST /logout", a.logout)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		if p := s.gate.check(r); p != nil {
			s.fail(w, nil, p)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		mux.ServeHTTP(w, r.WithContext(ctx))
	})
}

// setHeaders forbids to keep what a page says, to show it in another one, and to tell
// others of it.
func setHeaders(h http.Header) {
	for name, value := range map[string]string{
		"Cache-Control":                "no-store",
		"Content-Security-Policy":      look.Head{Forms: true}.Policy() + "; frame-ancestors 'none'",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Referrer-Policy":              "no-referrer",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
	} {
		h.Set(name, value)
	}
}

// request is a request of a person who may see the page.
type request struct {
	*http.Request
	person *person
	now    int64 // milliseconds of the database's clock
	frame  frame // what all pages have
}

// begin lets a person in. It is nil, and the answer is given, if it does not.
func (s *server) begin(w http.ResponseWriter, r *http.Request) *request {
	p, why := s.gate.enter(r)
	if why != nil {
		s.fail(w, nil, why)
		return nil
	}
	if p == nil {
		http.Redirect(w, r, loginFor(r), http.StatusSeeOther)
		return nil
	}
	now, err := s.now(r.Context())
	if err != nil {
		s.fail(w, nil, err)
		return nil
	}
	return &request{Request: r, person: p, now: now, frame: s.frame(p, r)}
}

func (s *server) frame(p *person, r *http.Request) frame {
	return frame{Head: look.Head{Forms: true}, Person: safe(p.name), Leaves: s.gate.page.Identity == "", Seal: s.gate.seal(p), Said: said(r.URL.Query().Get("done"))}
}

// reading answers with a page.
func (s *server) reading(get func(request) (string, any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := s.begin(w, r)
		if req == nil {
			return
		}
		name, data, err := get(*req)
		if err != nil {
			s.fail(w, &req.frame, err)
			return
		}
		s.write(w, http.StatusOK, name, data)
	})
}

// write sends a page.
func (s *server) write(w http.ResponseWriter, code int, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	if err := s.templates.Write(door.NewWriter(w), name, door.Values(data)); err != nil {
		s.log.Warn("page not written", "page", name, "error", door.Printable(err.Error()))
	}
}

// fail sends why a request was not done. f is nil for who may see nothing else.
func (s *server) fail(w http.ResponseWriter, f *frame, err error) {
	var p *problem
	switch {
	case errors.As(err, &p):
	case errors.Is(err, ledger.ErrLost):
		p = &problem{http.StatusNotFound, "There is no such thing any more: it was forgotten, or never there."}
	default:
		s.log.Warn("page failed", "error", door.Printable(err.Error()))
		p = &problem{http.StatusServiceUnavailable, "The database did not answer. Nothing was done. Try again, and see the log of the process that serves this page."}
	}
	v := problemView{Text: p.text}
	v.Title = http.StatusText(p.code)
	v.Forms = true
	if f != nil {
		v.frame = *f
		v.Title = http.StatusText(p.code)
		v.Inside = true
	}
	s.write(w, p.code, "problem", v)
}
