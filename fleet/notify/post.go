package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"r8scan/fleet/dial"
)

// poster sends JSON.
type poster struct {
	client *http.Client
	now    func() time.Time
}

// answer is what came back.
type answer struct {
	status int
	body   []byte // at most maxAnswer bytes; empty if it has more, or broke off
}

// send posts v, signed if there is a secret, and with an idempotency key if there is an id.
// Without an answer, the outcome says whether the request may have arrived. The error holds
// neither the URL, which may be a secret, nor anything that the server wrote.
func (p poster) send(ctx context.Context, url, secret, id string, v any) (answer, Outcome, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return answer{}, Refused, err
	}
	var reached, broken atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { reached.Store(true) },
		WroteRequest: func(w httptrace.WroteRequestInfo) { broken.Store(w.Err != nil) },
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return answer{}, Refused, errors.New("its URL cannot be read")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "r8scan-fleet")
	if id != "" {
		r.Header.Set("Idempotency-Key", id)
	}
	if secret != "" {
		r.Header.Set(SignatureHeader, Sign(secret, p.now(), body))
	}
	got, err := p.client.Do(r)
	if err != nil {
		if reached.Load() && !broken.Load() { // it may be written, even if that was not seen
			return answer{}, Uncertain, fmt.Errorf("it may have got the request, and did not answer: %s", reason(err))
		}
		return answer{}, Again, errors.New(reason(err))
	}
	defer got.Body.Close()
	a := answer{status: got.StatusCode}
	text, err := io.ReadAll(io.LimitReader(got.Body, maxAnswer+1))
	if err == nil && len(text) <= maxAnswer {
		a.body = text
	}
	return a, Sent, nil
}

// SignatureHeader has the signature of a request.
const SignatureHeader = "R8scan-Signature"

// Sign returns the signature of a body at a time: "t=UNIXTIME,v1=HEX", where HEX is the
// HMAC-SHA256 of the time as it stands there, a dot, and the body as it was sent.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(t + "."))
	h.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(h.Sum(nil))
}

// reason says in our words why there is no answer. The words of an error may be a
// server's, or hold a URL.
func reason(err error) string {
	var (
		refused *dial.Refused
		name    *net.DNSError
		cert    *tls.CertificateVerificationError
		errno   syscall.Errno
	)
	switch {
	case errors.As(err, &refused):
		return refused.Error()
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return "it took too long"
	case errors.Is(err, context.Canceled):
		return "it was interrupted"
	case errors.As(err, &name):
		return "its name cannot be resolved"
	case errors.As(err, &cert):
		return "its certificate is not trusted"
	case errors.As(err, &errno):
		return errno.Error()
	}
	return "the connection failed"
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
