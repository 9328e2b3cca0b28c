package receive

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"r8scan/fleet/dial"
)

// keys are the public keys of GitHub, by their identifiers. It is safe for concurrent use.
type keys struct {
	url    string
	client *http.Client
	now    func() time.Time
	known  atomic.Pointer[keySet]

	mu    sync.Mutex // held while GitHub is asked
	asked time.Time  // when it was asked last
}

// keySet is what GitHub has answered.
type keySet struct {
	keys map[string]*ecdsa.PublicKey
	at   time.Time
}

// How often GitHub is asked for keys: at most once in askEvery, and only for one that is
// not known, or if those known are older than keysAge, as one may have been withdrawn.
const (
	askEvery = time.Minute
	keysAge  = 24 * time.Hour
	askTime  = 5 * time.Second
)

// The bounds of GitHub's answer.
const (
	maxKeysBody   = 1 << 20 // bytes
	maxIdentifier = 256     // bytes
)

// newKeys returns the keys that are at a URL, which may be in one of the networks.
func newKeys(url string, networks []netip.Prefix) *keys {
	return &keys{url: url, now: time.Now, client: dial.Client(networks, askTime)}
}

// errLater says that GitHub cannot be asked for a key now.
var errLater = errors.New("the key is not known, and GitHub is asked for keys once a minute")

// get returns the key with an identifier, nil if GitHub has none. An error says that this
// is not known yet.
func (k *keys) get(ctx context.Context, id string) (*ecdsa.PublicKey, error) {
	if id == "" || len(id) > maxIdentifier {
		return nil, nil
	}
	if key, fresh := k.lookUp(id); fresh {
		return key, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	key, fresh := k.lookUp(id)
	if fresh { // another request has asked
		return key, nil
	}
	err := errLater
	if k.asked.IsZero() || k.now().Sub(k.asked) >= askEvery {
		if err = k.ask(ctx); err == nil {
			key, _ = k.lookUp(id)
			return key, nil
		}
	}
	if key != nil { // an old one is better than none
		return key, nil
	}
	return nil, err
}

// lookUp returns a key that is known, and whether it need not be asked for.
func (k *keys) lookUp(id string) (key *ecdsa.PublicKey, fresh bool) {
	known := k.known.Load()
	if known == nil {
		return nil, false
	}
	key = known.keys[id]
	return key, key != nil && k.now().Sub(known.at) < keysAge
}

// ask replaces the keys by those that GitHub has now.
func (k *keys) ask(ctx context.Context) error {
	k.asked = k.now()
	// Who sent the message must not end what others wait for too.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "r8scan")
	resp, err := k.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GitHub answers HTTP %d when it is asked for its keys", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxKeysBody))
	if err != nil {
		return err
	}
	known, err := parseKeys(body)
	if err != nil {
		return err
	}
	k.known.Store(&keySet{known, k.asked})
	return nil
}

// parseKeys returns the keys of GitHub's answer by their identifiers. Those of other kinds
// are left out.
func parseKeys(body []byte) (map[string]*ecdsa.PublicKey, error) {
	var list struct {
		Keys []struct {
			ID  string `json:"key_identifier"`
			Key string `json:"key"`
		} `json:"public_keys"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, errors.New("GitHub's answer has no keys")
	}
	known := map[string]*ecdsa.PublicKey{}
	for _, k := range list.Keys {
		block, _ := pem.Decode([]byte(k.Key))
		if block == nil {
			continue
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			continue
		}
		if key, ok := key.(*ecdsa.PublicKey); ok && key.Curve == elliptic.P256() {
			known[k.ID] = key
		}
	}
	if len(known) == 0 {
		return nil, errors.New("GitHub's answer has no keys")
	}
	return known, nil
}
