package verifier

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"r8scan/rules"
)

// registryService is Replicate's registry of images, which knows the tokens of cog login. It
// is asked as cog login asks: for the page where a user finds a token, without one, and
// then whose a token is.
type registryService struct {
	base *url.URL

	// refusal is the media type with which it refused a fake token. Any server answers
	// 404 where it has nothing, so only a 404 like that one is taken for a refusal.
	refusal string
}

func (s *registryService) about(secret rules.Secret) question {
	q := s.ask(secret, func(a answer) bool { return a.mediaType() == s.refusal })
	switch token := secret.Reveal(); {
	case !sendable(token):
		q.unfit = unsendable
	case strings.HasPrefix(token, "r8_"):
		q.unfit = "it begins with r8_, as API tokens do, and those are not for the registry"
	}
	return q
}

// ask returns the question whose a token is. refuses says of a 404 whether it is the
// registry's.
func (s *registryService) ask(secret rules.Secret, refuses func(answer) bool) question {
	return question{
		request: func(ctx context.Context) (*http.Request, error) {
			form := url.Values{"token": {secret.Reveal()}}
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base.JoinPath("cog", "v1", "verify-token").String(), strings.NewReader(form.Encode()))
			if err != nil {
				return nil, err
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			return req, nil
		},
		judge: func(a answer) Verdict { return judgeUser(a, secret, refuses) },
		limit: maxBody,
	}
}

// prove asks for the page of tokens, because a server of something else may refuse a
// fake token with 404 too, and then a real one.
func (s *registryService) prove(ask func(question) Verdict) string {
	page := ask(question{
		request: func(ctx context.Context) (*http.Request, error) {
			return http.NewRequestWithContext(ctx, http.MethodGet, s.base.JoinPath("cog", "v1", "display-token-url").String(), nil)
		},
		judge: judgePage,
		limit: maxBody,
	})
	switch {
	case page.Status == Live:
	case page.HTTP == 0:
		return page.Reason
	default:
		return s.base.Host + " does not say where cog login finds a token, so it is not known to be Replicate's registry: " + page.Reason
	}
	fake := s.ask(rules.NewSecret(random("0123456789abcdef", 40), 0), func(a answer) bool {
		s.refusal = a.mediaType()
		return true
	})
	return refusesFake(ask(fake), s.base.Host, "registry")
}

// judgeUser says what an answer of the registry about a token means.
func judgeUser(a answer, secret rules.Secret, refuses func(answer) bool) Verdict {
	v := Verdict{Status: Unknown, HTTP: a.code}
	var user struct {
		Username string `json:"username"`
	}
	switch {
	case a.cut:
		v.Reason = a.unclear()
	case a.code == http.StatusOK && json.Unmarshal(a.body, &user) == nil && user.Username != "":
		v.Status, v.Account = Live, &Account{Type: "user", Username: clean(user.Username, secret)}
	case a.code == http.StatusOK:
		v.Reason = "HTTP 200 without a user: something other than Replicate's registry answered"
	case a.code == http.StatusNotFound && refuses(a):
		v.Status = Revoked
	case a.code == http.StatusNotFound:
		v.Reason = "HTTP 404 in another form than the refusal of a fake token: something other than Replicate's registry answered"
	default:
		v.Reason = a.unclear()
	}
	return v
}

// judgePage says whether an answer names the page where a user finds a token, as the
// registry's does. Live stands for yes.
func judgePage(a answer) Verdict {
	v := Verdict{Status: Unknown, HTTP: a.code}
	var page struct {
		URL string `json:"url"`
	}
	switch {
	case a.cut || a.code != http.StatusOK:
		v.Reason = a.unclear()
	case json.Unmarshal(a.body, &page) == nil && strings.HasPrefix(page.URL, "http"):
		v.Status = Live
	default:
		v.Reason = "HTTP 200 without the address of a page"
	}
	return v
}
