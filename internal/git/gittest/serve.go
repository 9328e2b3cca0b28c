package gittest

import (
	"errors"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// Server serves repositories over git's smart HTTP protocol, with git's own program.
type Server struct {
	*httptest.Server
	Requests atomic.Int64
}

// Serve serves the bare repositories and git directories below a folder on loopback,
// with TLS if secure is set. wrap may change requests and answers; nil for no change.
// Without git http-backend the test is skipped.
func Serve(t testing.TB, root string, secure bool, wrap func(http.Handler) http.Handler) *Server {
	t.Helper()
	handler, err := Backend(root)
	if err != nil {
		t.Skip(err)
	}
	s := &Server{}
	if wrap != nil {
		handler = wrap(handler)
	}
	counting := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Requests.Add(1)
		handler.ServeHTTP(w, r)
	})
	if secure {
		s.Server = httptest.NewTLSServer(counting)
	} else {
		s.Server = httptest.NewServer(counting)
	}
	t.Cleanup(s.Close)
	return s
}

// Backend returns git's own program that serves the repositories below a folder.
func Backend(root string) (http.Handler, error) {
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return nil, errors.New("git is not installed")
	}
	backend, err := exec.LookPath(filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"))
	if err != nil {
		return nil, errors.New("git http-backend is not installed")
	}
	return &cgi.Handler{Path: backend, Env: []string{
		"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "HOME=" + root, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"}}, nil
}
