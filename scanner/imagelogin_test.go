package scanner

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

// TestImageLogin: the login goes to the registry, and not to the host that it sends
// requests for blobs on to.
func TestImageLogin(t *testing.T) {
	inner := registry.New(registry.Logger(quiet()))
	var told atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			told.Store(true)
		}
		inner.ServeHTTP(w, r)
	}))
	defer elsewhere.Close()
	guarded := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		switch {
		case !guarded:
			inner.ServeHTTP(w, r)
		case password != "hush":
			w.Header().Set("WWW-Authenticate", "Basic realm=\"here\"")
			w.WriteHeader(http.StatusUnauthorized)
		case strings.Contains(r.URL.Path, "/blobs/"):
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
		default:
			inner.ServeHTTP(w, r)
		}
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	pushImage(t, host+"/app:1", leakyImage(t))
	guarded = true
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	if _, err := Image(t.Context(), "docker://"+host+"/app:1", Options{}); err == nil || !strings.Contains(err.Error(), "needs a login") {
		t.Errorf("without a login: %v", err)
	}
	config := fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, base64.StdEncoding.EncodeToString([]byte("ann:hush")))
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	res, err := Image(t.Context(), "docker://"+host+"/app:1", Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkLeaky(t, res)
	if told.Load() {
		t.Error("the host of the blobs got the login")
	}
}
