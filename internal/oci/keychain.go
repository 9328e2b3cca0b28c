package oci

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"

	"r8scan/internal/regular"
)

// keychain gives the logins that stand in Docker's config.json. The library's own would
// start credential helpers, which are programs.
type keychain struct {
	config struct {
		Auths map[string]struct {
			Auth          string `json:"auth"`
			IdentityToken string `json:"identitytoken"`
			RegistryToken string `json:"registrytoken"`
		} `json:"auths"`
		CredHelpers map[string]string `json:"credHelpers"`
		CredsStore  string            `json:"credsStore"`
	}
}

// newKeychain reads config.json. Without one there are no logins.
func newKeychain() *keychain {
	k := &keychain{}
	dir := os.Getenv("DOCKER_CONFIG")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return k
		}
		dir = filepath.Join(home, ".docker")
	}
	f, _, err := regular.Follow(filepath.Join(dir, "config.json"))
	if err != nil {
		return k
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil || json.Unmarshal(text, &k.config) != nil {
		k.config.Auths = nil // what was read of it is no login
	}
	return k
}

// Resolve returns the login of a registry.
func (k *keychain) Resolve(at authn.Resource) (authn.Authenticator, error) {
	for _, key := range slices.Sorted(maps.Keys(k.config.Auths)) {
		a := k.config.Auths[key]
		if hostOf(key) != hostOf(at.RegistryStr()) || a.Auth == "" && a.IdentityToken == "" && a.RegistryToken == "" {
			continue
		}
		login := authn.AuthConfig{IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken}
		if pair, err := base64.StdEncoding.DecodeString(a.Auth); err == nil {
			login.Username, login.Password, _ = strings.Cut(strings.TrimRight(string(pair), "\x00"), ":")
		}
		return authn.FromConfig(login), nil
	}
	return authn.Anonymous, nil
}

// helper reports whether the login of a registry is kept by a program.
func (k *keychain) helper(host string) bool {
	for key := range k.config.CredHelpers {
		if hostOf(key) == hostOf(host) {
			return true
		}
	}
	return k.config.CredsStore != ""
}

// hostOf returns the host of a key of config.json, which may be a URL. Docker Hub has
// three names.
func hostOf(key string) string {
	if _, rest, ok := strings.Cut(key, "://"); ok {
		key = rest
	}
	host, _, _ := strings.Cut(strings.ToLower(key), "/")
	if host == "docker.io" || host == "registry-1.docker.io" {
		return "index.docker.io"
	}
	return host
}
