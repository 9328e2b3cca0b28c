package verifier

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"r8scan/rules"
)

// Model names a model, or one of its versions.
type Model struct {
	Owner, Name string
	Version     string // "" for the model, of which the API gives the latest version
}

// ParseModel reads OWNER/NAME or OWNER/NAME:VERSION. The error does not repeat the text,
// which may be a token in the wrong place.
func ParseModel(text string) (Model, error) {
	name, version, versioned := strings.Cut(text, ":")
	owner, name, ok := strings.Cut(name, "/")
	if !ok || !isSlug(owner) || !isSlug(name) || versioned && !isSlug(version) {
		return Model{}, errors.New("write a model as OWNER/NAME or OWNER/NAME:VERSION")
	}
	return Model{owner, name, version}, nil
}

// maxSlug is longer than any name, and than the 64 digits of a version.
const maxSlug = 128

// isSlug reports whether s can be a part of a model's name: it is put into a path.
func isSlug(s string) bool {
	const signs = "-_."
	return s != "" && len(s) <= maxSlug && !strings.Contains(signs, s[:1]) && strings.IndexFunc(s, func(r rune) bool {
		return !('a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune(signs, r))
	}) < 0
}

// String returns the model as ParseModel reads it.
func (m Model) String() string {
	if m.Version != "" {
		return m.Owner + "/" + m.Name + ":" + m.Version
	}
	return m.Owner + "/" + m.Name
}

func (m Model) path() []string {
	path := []string{"models", m.Owner, m.Name}
	if m.Version != "" {
		path = append(path, "versions", m.Version)
	}
	return path
}

// maxModel bounds the answer about a model, in bytes. Its schema and its example have
// some tens of kB.
const maxModel = 8 << 20

// aboutModel returns the question what a model is, asked with a token. The body of the
// answer goes to got, if Replicate gave it: the verdict is Live then.
func (s apiService) aboutModel(secret rules.Secret, m Model, got func(body []byte)) question {
	q := s.about(secret)
	q.request = func(ctx context.Context) (*http.Request, error) { return s.get(ctx, secret, m.path()...) }
	q.limit = maxModel
	q.judge = func(a answer) Verdict {
		v := Verdict{Status: Unknown, HTTP: a.code}
		switch {
		case a.cut:
			v.Reason = "the answer is longer than 8 MB"
		case a.code == http.StatusOK && json.Valid(a.body):
			v.Status = Live
			got(a.body)
		case a.code == http.StatusOK:
			v.Reason = "HTTP 200 without JSON: something other than Replicate's API answered"
		case a.code == http.StatusUnauthorized && a.refuses():
			v.Status = Revoked
		case a.code == http.StatusNotFound && a.isProblem():
			v.Reason = "there is no such model or version, or it is private and not for the account of the token (HTTP 404)"
		case a.code == http.StatusForbidden && a.isProblem():
			v.Reason = "the account of the token may not see it (HTTP 403)"
		default:
			v.Reason = a.unclear()
		}
		return v
	}
	return q
}
