package receive

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"r8scan/fleet/config"
	"r8scan/fleet/ledger"
	"r8scan/internal/forge"
	"r8scan/internal/git/fetch"
)

// pushes hears of pushes from GitHub.
type pushes struct {
	*receiver
	secret config.Secret
}

const fromWebhook = "github webhook"

// maxPush is how long GitHub's messages are at most, in bytes.
const maxPush = 25 << 20

// push is what counts of a message.
type push struct {
	Before     string `json:"before"`
	Forced     bool   `json:"forced"`
	Deleted    bool   `json:"deleted"`
	Repository struct {
		CloneURL string `json:"clone_url"`
		SSHURL   string `json:"ssh_url"`
		Size     int64  `json:"size"` // kilobytes
		Owner    struct {
			Login string `json:"login"`
		} `json:"owner"`
	} `json:"repository"`
}

// ServeHTTP takes a message. Those about other things than pushes change nothing.
func (p *pushes) ServeHTTP(out http.ResponseWriter, req *http.Request) {
	signature, err := hex.DecodeString(strings.TrimPrefix(req.Header.Get("X-Hub-Signature-256"), "sha256="))
	if err != nil || len(signature) == 0 {
		p.refuse(out, fromWebhook, http.StatusUnauthorized, "there is no signature")
		return
	}
	body, done, ok := p.body(out, req, fromWebhook, maxPush)
	if !ok {
		return
	}
	defer done()
	mac := hmac.New(sha256.New, []byte(p.secret.Reveal()))
	mac.Write(body)
	if !hmac.Equal(mac.Sum(nil), signature) {
		p.refuse(out, fromWebhook, http.StatusUnauthorized, "the signature is not that of the webhook's secret")
		return
	}
	if req.Header.Get("X-GitHub-Event") != "push" { // such as ping
		out.WriteHeader(http.StatusNoContent)
		return
	}
	at, err := parsePush(body)
	if err != nil {
		p.refuse(out, fromWebhook, http.StatusBadRequest, err.Error())
		return
	}
	visits, err := p.visit(req.Context(), at, hex.EncodeToString(mac.Sum(nil)))
	if err != nil {
		p.failed(out, fromWebhook, err)
		return
	}
	p.log.Info("told of a push", "from", fromWebhook, "visits", visits)
	out.WriteHeader(http.StatusNoContent)
}

// pushed is the repository of a push.
type pushed struct {
	url, host string   // to add it under
	urls      []string // under which it may be known
	owners    []string // sources that would list it
	size      ledger.Size
	dropped   string // the id of what was there before, if that has no ref any more
}

var errNoPush = errors.New("the body is no push to a repository")

// parsePush returns the repository of a push.
func parsePush(body []byte) (pushed, error) {
	var one push
	if err := json.Unmarshal(body, &one); err != nil {
		return pushed{}, errNoPush
	}
	at, err := fetch.Parse(one.Repository.CloneURL)
	owned := false
	if err == nil {
		first, _, _ := strings.Cut(strings.TrimPrefix(at.Path, "/"), "/")
		owned = strings.EqualFold(first, one.Repository.Owner.Login)
	}
	if !owned || at.Scheme == "ssh" {
		return pushed{}, errNoPush
	}
	p := pushed{url: at.String(), host: at.Hostname(), size: ledger.SizeOf(one.Repository.Size << 10), urls: bothNames(at.String())}
	if at, err := fetch.Parse(one.Repository.SSHURL); err == nil && at.Scheme == "ssh" && at.Hostname() == p.host {
		p.urls = append(p.urls, bothNames(at.String())...)
	}
	if (one.Forced || one.Deleted) && isCommit(one.Before) {
		p.dropped = one.Before
	}
	owner := forge.Owner{Service: forge.GitHub, Site: url.URL{Scheme: at.Scheme, Host: strings.ToLower(at.Host)}, Name: one.Repository.Owner.Login}
	if forge.IsName(owner.Name) {
		p.owners = append(p.owners, owner.String())
		if owner.Name = strings.ToLower(owner.Name); owner.Name != one.Repository.Owner.Login {
			p.owners = append(p.owners, owner.String())
		}
	}
	return p, nil
}

// isCommit reports whether a text can be the id of a commit.
func isCommit(id string) bool {
	raw, err := hex.DecodeString(id)
	return err == nil && (len(raw) == 20 || len(raw) == 32) && id == strings.ToLower(id) && strings.Trim(id, "0") != ""
}

// bothNames returns a URL with and without .git: servers take both.
func bothNames(url string) []string {
	url = strings.TrimSuffix(url, ".git")
	return []string{url, url + ".git"}
}

// visit queues visits of a repository that the fleet knows, or whose owner it follows, and
// returns how many. A message that came before changes nothing.
func (p *pushes) visit(ctx context.Context, at pushed, digest string) (queued int, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = p.store.Tx(ctx, func(tx *sql.Tx) error {
		now, err := p.store.Now(ctx, tx)
		if err != nil {
			return err
		}
		isNew, err := ledger.Hear(ctx, tx, digest, now)
		if err != nil || !isNew {
			return err
		}
		visits, known, err := ledger.Pushed(ctx, tx, ledger.Push{URLs: at.urls, Dropped: at.dropped}, now)
		if err == nil && known == 0 {
			visits, err = add(ctx, tx, at)
		}
		if err != nil {
			return err
		}
		queued = len(visits)
		return p.queue.Visits(ctx, tx, time.Time{}, visits...)
	})
	return queued, err
}

// add adds a repository, if its owner is followed.
func add(ctx context.Context, tx *sql.Tx, at pushed) ([]ledger.Visit, error) {
	if len(at.owners) == 0 {
		return nil, nil
	}
	followed, err := ledger.HasSource(ctx, tx, at.owners)
	if err != nil || !followed {
		return nil, err
	}
	v, err := ledger.Insert(ctx, tx, at.url, at.host, at.size)
	if err != nil || v == nil {
		return nil, err
	}
	return []ledger.Visit{*v}, nil
}
