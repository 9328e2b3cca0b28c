package oci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// server is a repository of a registry.
type server struct {
	at     name.Repository
	puller *remote.Puller
	keys   *keychain
}

// openRegistry asks a registry for an image.
func openRegistry(ctx context.Context, s *Store, text string) error {
	ref, err := name.ParseReference(text)
	if err != nil { // the error repeats the text
		return errors.New("docker:// needs the name of an image: docker://REGISTRY/IMAGE, with :TAG or @DIGEST")
	}
	keys := newKeychain()
	puller, err := remote.NewPuller(remote.WithTransport(newWire(ref.Context().RegistryStr())), remote.WithAuthFromKeychain(keys), remote.WithUserAgent("r8scan"),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}))
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	r := &server{ref.Context(), puller, keys}
	s.blobs = r
	d, err := puller.Get(ctx, ref)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, r.explain(ctx, err))
	}
	if len(d.Manifest) > maxText {
		return fmt.Errorf("%s: its manifest has more than %d bytes", s.Name, maxText)
	}
	s.seen[d.Digest] = true
	s.addText(ctx, d.Descriptor, d.Manifest, s.Name, 0)
	return nil
}

func (r *server) close() error { return nil }

func (r *server) manifest(ctx context.Context, d v1.Descriptor) ([]byte, error) {
	got, err := r.puller.Get(ctx, r.at.Digest(d.Digest.String()))
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	return got.Manifest, nil
}

func (r *server) open(ctx context.Context, d v1.Descriptor) (io.ReadCloser, error) {
	layer, err := r.puller.Layer(ctx, r.at.Digest(d.Digest.String()))
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	body, err := layer.Compressed()
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	return &explained{body, func(err error) error { return r.explain(ctx, err) }}, nil
}

// explained reads a body whose errors are explained.
type explained struct {
	io.ReadCloser
	why func(error) error
}

func (e *explained) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = e.why(err)
	}
	return n, err
}

// explain says in a line why a registry gave nothing. What it sent is not repeated: it
// may repeat what it was asked with.
func (r *server) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var status *transport.Error
	var own wireError
	var network net.Error
	var dns *net.DNSError
	var address *url.Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &status):
		return r.status(status.StatusCode)
	case errors.As(err, &dns):
		return fmt.Errorf("the registry %s has no address: check the name", r.at.RegistryStr())
	case errors.As(err, &network) && network.Timeout():
		return fmt.Errorf("the registry %s is silent: try again later", r.at.RegistryStr())
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the registry ended the answer too early: try again later")
	case errors.As(err, &address):
		return fmt.Errorf("the registry %s cannot be asked: %v", r.at.RegistryStr(), address.Err)
	}
	return errors.New("the registry's answer cannot be read: it is no registry, or what it sent does not have the digest that was asked for")
}

// status explains the status of an answer.
func (r *server) status(code int) error {
	host := r.at.RegistryStr()
	switch {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		if r.keys.helper(host) {
			return fmt.Errorf("the registry answers %d, and the login for %s is kept by a credential helper, a program that a scan does not start: put a login into auths of Docker's config.json, or run docker save and use docker-archive:FILE", code, host)
		}
		return fmt.Errorf("the registry answers %d: the image does not exist or needs a login: run docker login %s", code, host)
	case code == http.StatusNotFound:
		return errors.New("the registry does not have it (404): check the name")
	case code == http.StatusTooManyRequests:
		return errors.New("the registry refuses more requests now (429): try again later, or log in")
	case code >= 500:
		return fmt.Errorf("the registry has a fault (%d): try again later", code)
	}
	return fmt.Errorf("the registry answers %d", code)
}
