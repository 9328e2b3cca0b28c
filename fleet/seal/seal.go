// Package seal keeps a token between two questions so that only who asks can read it: it
// is encrypted with HPKE (RFC 9180: X25519, HKDF-SHA256, ChaCha20-Poly1305) to the
// operator's public key. Processes that scan have only that one.
package seal

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"r8scan/rules"
)

// PublicKey is what tokens are sealed to.
type PublicKey struct{ key hpke.PublicKey }

// PrivateKey opens what was sealed to its public key.
type PrivateKey struct{ key hpke.PrivateKey }

// Keys are the private keys of a process, the newest first.
type Keys []PrivateKey

func kem() hpke.KEM { return hpke.DHKEM(ecdh.X25519()) }

// New returns a new key.
func New() (PrivateKey, error) {
	key, err := kem().GenerateKey()
	return PrivateKey{key}, err
}

// Public returns the key to seal to.
func (k PrivateKey) Public() PublicKey { return PublicKey{k.key.PublicKey()} }

// ID tells keys apart: 16 hex digits of the SHA-256 of the public key.
func (k PublicKey) ID() string { return hex.EncodeToString(k.digest()) }

func (k PublicKey) digest() []byte {
	sum := sha256.Sum256(k.key.Bytes())
	return sum[:idLen]
}

// A sealed token is its version, the id of the key, the encapsulated key, and the
// ciphertext.
const (
	version = "r8s1"
	idLen   = 8
	encLen  = 32
)

// Errors of Open. None holds anything of what was sealed.
var (
	ErrNoKey   = errors.New("the key that it is sealed to is not there")
	ErrDamaged = errors.New("what is sealed is damaged, or of another token")
)

// bound is what a sealed token belongs to: moved to another token's row, it does not open.
func bound(head []byte, id, rule string) []byte {
	return bytes.Join([][]byte{head, []byte(id), []byte(rule)}, []byte{0})
}

// Seal encrypts a token to a key.
func Seal(to PublicKey, secret rules.Secret, rule string) ([]byte, error) {
	enc, sender, err := hpke.NewSender(to.key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), []byte(version))
	if err != nil {
		return nil, err
	}
	head := append([]byte(version), to.digest()...)
	text, err := sender.Seal(bound(head, secret.ID(), rule), []byte(secret.Reveal()))
	return bytes.Join([][]byte{head, enc, text}, nil), err
}

// Open returns the token with an id and of a rule.
func (k Keys) Open(sealed []byte, id, rule string) (rules.Secret, error) {
	if len(sealed) < len(version)+idLen+encLen || string(sealed[:len(version)]) != version {
		return rules.Secret{}, ErrDamaged
	}
	head, rest := sealed[:len(version)+idLen], sealed[len(version)+idLen:]
	for _, key := range k {
		if !bytes.Equal(head[len(version):], key.Public().digest()) {
			continue
		}
		receiver, err := hpke.NewRecipient(rest[:encLen], key.key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), []byte(version))
		if err != nil {
			return rules.Secret{}, ErrDamaged
		}
		text, err := receiver.Open(bound(head, id, rule), rest[encLen:])
		if err != nil {
			return rules.Secret{}, ErrDamaged
		}
		secret := rules.NewSecret(string(text), 0)
		if secret.ID() != id {
			return rules.Secret{}, ErrDamaged
		}
		return secret, nil
	}
	return rules.Secret{}, ErrNoKey
}
