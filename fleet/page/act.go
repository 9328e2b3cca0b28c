package page

import (
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"r8scan/fleet/ledger"
	"r8scan/internal/door"
	look "r8scan/internal/page"
)

// actor does what people decide.
type actor struct{ *server }

// maxForm and maxReason bound a form and the reason in it, in bytes.
const (
	maxForm   = 64 << 10
	maxReason = 1000
)

// form reads a form of the page. A token in a text that is kept is masked.
func (a *actor) form(w http.ResponseWriter, r *http.Request) *problem {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return &problem{http.StatusBadRequest, "The form cannot be read. Nothing was done."}
	}
	return nil
}

// acting answers a form: it does all in one transaction, and then shows another page.
func (a *actor) acting(post func(request, *sql.Tx, ledger.Entry) (string, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := a.begin(w, r)
		if req == nil {
			return
		}
		if p := a.form(w, r); p != nil {
			a.fail(w, &req.frame, p)
			return
		}
		if !a.gate.sealed(req.person, r.PostForm.Get("seal")) {
			a.fail(w, &req.frame, &problem{http.StatusForbidden, "This form is of another session. Nothing was done. Go back, reload the page, and send it again."})
			return
		}
		why := strings.TrimSpace(r.PostForm.Get("why"))
		if why == "" || len(why) > maxReason {
			a.fail(w, &req.frame, &problem{http.StatusBadRequest, "Say why, in " + strconv.Itoa(maxReason) + " bytes at most: the log keeps it. Nothing was done. Go back."})
			return
		}
		to := ""
		err := a.store.Tx(r.Context(), func(tx *sql.Tx) (err error) {
			to, err = post(*req, tx, ledger.Entry{At: req.now, Who: door.Mask(req.person.name), Why: door.Mask(why)})
			return err
		})
		if err != nil {
			a.fail(w, &req.frame, err)
			return
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
	})
}

// settle says what became of an act that is uncertain or refused.
func (a *actor) settle(r request, tx *sql.Tx, e ledger.Entry) (string, error) {
	choice := r.PostForm.Get("choice")
	if choice != "arrived" && choice != "again" {
		return "", &problem{http.StatusBadRequest, "Say whether it arrived or is to be sent again. Nothing was done."}
	}
	act, err := ledger.Settle(r.Context(), tx, r.PathValue("id"), choice == "arrived", e.Who, e.Why, e.At)
	if errors.Is(err, ledger.ErrLost) {
		return "", &problem{http.StatusConflict, "This act does not wait for a person any more: somebody else has decided, or it was forgotten. Nothing was done."}
	}
	if err != nil {
		return "", err
	}
	if act != nil {
		if err := a.queue.Acts(r.Context(), tx, time.Time{}, *act); err != nil {
			return "", err
		}
	}
	return "/acts?done=" + choice, nil
}

// recheck asks about a token now.
func (a *actor) recheck(r request, tx *sql.Tx, e ledger.Entry) (string, error) {
	about, err := ledger.QuestionOf(r.Context(), tx, r.PathValue("id"))
	if errors.Is(err, ledger.ErrLost) {
		return "", &problem{http.StatusConflict, "Replicate is not asked about this token: it has refused it twice, or cannot be asked."}
	}
	if err != nil {
		return "", err
	}
	questions, err := ledger.Reask(r.Context(), tx, about, e.At)
	if err != nil {
		return "", err
	}
	if err := a.queue.Questions(r.Context(), tx, time.Time{}, questions...); err != nil {
		return "", err
	}
	e.Act, e.Token = "recheck", about.Token
	return "/tokens/" + url.PathEscape(about.Token) + "?done=recheck", ledger.Log(r.Context(), tx, e)
}

// forgetToken removes all of a token. The log does not name it: it is forgotten.
func (a *actor) forgetToken(r request, tx *sql.Tx, e ledger.Entry) (string, error) {
	ok, err := ledger.ForgetToken(r.Context(), tx, r.PathValue("id"), e.At)
	if err == nil && !ok {
		err = ledger.ErrLost
	}
	if err != nil {
		return "", err
	}
	e.Act = "forget a token"
	return "/?done=forgot", ledger.Log(r.Context(), tx, e)
}

// forgetRepo removes all of a repository, likewise.
func (a *actor) forgetRepo(r request, tx *sql.Tx, e ledger.Entry) (string, error) {
	repo, err := ledger.RepoOf(r.Context(), tx, r.PathValue("id"))
	if err != nil {
		return "", err
	}
	if _, err := ledger.ForgetRepo(r.Context(), tx, repo.ID, e.At); err != nil {
		return "", err
	}
	e.Act = "forget a repository"
	return "/repositories?done=forgot", ledger.Log(r.Context(), tx, e)
}

// loginFor is where one logs in who wants to see a page.
func loginFor(r *http.Request) string {
	if r.Method != http.MethodGet || r.URL.Path == "/" {
		return "/login"
	}
	return "/login?" + url.Values{"to": {r.URL.Path}}.Encode()
}

// within returns a path of the page, "/" for what leads elsewhere: a clean path does not
// begin with two slashes, which a browser takes for a host.
func within(to string) string {
	u, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, "/") || strings.ContainsAny(to, "\\\r\n\t") || path.Clean(to) != to {
		return "/"
	}
	return u.EscapedPath()
}

func (a *actor) askLogin(w http.ResponseWriter, r *http.Request) {
	p, why := a.gate.enter(r)
	switch {
	case why != nil:
		a.fail(w, nil, why)
	case p != nil:
		http.Redirect(w, r, "/", http.StatusSeeOther)
	default:
		a.write(w, http.StatusOK, "login", loginView{frame: frame{Head: look.Head{Title: "Log in", Forms: true}}, To: within(r.URL.Query().Get("to")), Secure: secure(r)})
	}
}

// login begins a session for who knows the token.
func (a *actor) login(w http.ResponseWriter, r *http.Request) {
	if a.gate.page.Identity != "" {
		a.fail(w, nil, &problem{http.StatusNotFound, "A proxy says who sees this page: there is no login."})
		return
	}
	if p := a.form(w, r); p != nil {
		a.fail(w, nil, p)
		return
	}
	from := network(r.RemoteAddr)
	if a.gate.failures.tooMany(from, a.gate.sessions.now()) {
		w.Header().Set("Retry-After", "60")
		a.fail(w, nil, &problem{http.StatusTooManyRequests, "Too many logins have failed. Try again in a minute."})
		return
	}
	name := strings.TrimSpace(r.PostForm.Get("name"))
	if !a.gate.knows(strings.TrimSpace(r.PostForm.Get("token"))) {
		a.log.Warn("login to the page failed", "from", r.RemoteAddr)
		a.fail(w, nil, &problem{http.StatusForbidden, "This is not the page's token. Go back, and try again."})
		return
	}
	a.gate.failures.forgive(from)
	if !isName(name) {
		a.fail(w, nil, &problem{http.StatusBadRequest, "Say who you are: the log of acts has your name. Go back."})
		return
	}
	http.SetCookie(w, cookie(r, a.gate.sessions.begin(door.Mask(name))))
	http.Redirect(w, r, within(r.PostForm.Get("to")), http.StatusSeeOther)
}

// logout ends a session.
func (a *actor) logout(w http.ResponseWriter, r *http.Request) {
	p, why := a.gate.enter(r)
	if why != nil {
		a.fail(w, nil, why)
		return
	}
	if p != nil {
		if bad := a.form(w, r); bad != nil {
			a.fail(w, nil, bad)
			return
		}
		if !a.gate.sealed(p, r.PostForm.Get("seal")) {
			a.fail(w, nil, &problem{http.StatusForbidden, "This form is of another session. Go back, reload the page, and send it again."})
			return
		}
		a.gate.sessions.end(strings.TrimPrefix(p.session, "session "))
	}
	http.SetCookie(w, cookie(r, ""))
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}
