package verifier

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"

	"r8scan/rules"
)

// apiService is Replicate's API, which knows API tokens.
type apiService struct{ base *url.URL }

func (s apiService) about(secret rules.Secret) question {
	q := question{
		request: func(ctx context.Context) (*http.Request, error) { return s.get(ctx, secret, "account") },
		judge:   func(a answer) Verdict { return a.judge(secret) },
		limit:   maxBody,
	}
	if !sendable(secret.Reveal()) {
		q.unfit = unsendable
	}
	return q
}

// get returns a request for what is at a path, with a token.
func (s apiService) get(ctx context.Context, secret rules.Secret, path ...string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base.JoinPath(append([]string{"v1"}, path...)...).String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+secret.Reveal())
	return req, nil
}

func (s apiService) prove(ask func(question) Verdict) string {
	return refusesFake(ask(s.about(canary())), s.base.Host, "API")
}

// canary returns a fake token. It has the form of a real one, so that no server can
// tell the difference, and 220 random bits, so that it is nobody's.
func canary() rules.Secret {
	return rules.NewSecret("r8_"+random("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 37), 5)
}

// random returns n characters of an alphabet.
func random(alphabet string, n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = alphabet[rand.IntN(len(alphabet))]
	}
	return string(text)
}
