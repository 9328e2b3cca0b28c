package seal

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"r8scan/internal/regular"
)

// Where keys are: files, so that no key is in an argument or in the environment.
const (
	PublicVariable  = "R8SCAN_FLEET_SEAL_TO" // a file with a public key
	PrivateVariable = "R8SCAN_FLEET_KEYS"    // files with private keys, the newest first, separated as in PATH
)

// How the line of a key begins.
const (
	publicHead  = "r8scan-fleet-public-key-1 "
	privateHead = "r8scan-fleet-private-key-1 "
)

// maxFile is more than a key has, in bytes.
const maxFile = 4096

// Create writes a new key to path, for the operator only, and its public key to path.pub.
// It overwrites nothing.
func Create(path string) (PublicKey, error) {
	key, err := New()
	if err != nil {
		return PublicKey{}, err
	}
	raw, err := key.key.Bytes()
	if err != nil {
		return PublicKey{}, err
	}
	if err := write(path, 0o600, privateHead, raw); err != nil {
		return PublicKey{}, err
	}
	if err := write(path+".pub", 0o644, publicHead, key.Public().key.Bytes()); err != nil {
		return PublicKey{}, errors.Join(err, os.Remove(path)) // nothing is sealed to it yet
	}
	return key.Public(), nil
}

func write(path string, mode os.FileMode, head string, raw []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists, and a key in it would be lost: name another file", path)
	}
	if err != nil {
		return fmt.Errorf("write the key: %w", err)
	}
	_, err = f.WriteString(head + base64.StdEncoding.EncodeToString(raw) + "\n")
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the key %s: %w", path, err)
	}
	return nil
}

// read returns the bytes of a key. The errors repeat nothing of the file.
func read(path, head string) ([]byte, error) {
	text, err := regular.ReadFollowed(path, maxFile)
	if err != nil {
		return nil, fmt.Errorf("the key %s cannot be read: %s", path, regular.Reason(err))
	}
	raw, ok := parse(text, head)
	if !ok {
		return nil, fmt.Errorf("%s is no %s: r8scan-fleet key makes one", path, strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(head, "r8scan-fleet-"), "-1 "), "-", " "))
	}
	return raw, nil
}

// parse returns the bytes of a key from the text of its file.
func parse(text []byte, head string) (raw []byte, ok bool) {
	line, ok := strings.CutPrefix(strings.TrimSpace(string(text)), head)
	raw, err := base64.StdEncoding.Strict().DecodeString(line)
	return raw, ok && err == nil
}

// ReadPublic reads the key to seal to from a file.
func ReadPublic(path string) (PublicKey, error) {
	raw, err := read(path, publicHead)
	if err != nil {
		return PublicKey{}, err
	}
	key, err := kem().NewPublicKey(raw)
	if err != nil {
		return PublicKey{}, fmt.Errorf("%s is no public key: r8scan-fleet key makes one", path)
	}
	return PublicKey{key}, nil
}

// ReadPrivate reads private keys from files, which are separated as in PATH. It refuses one
// that others can read.
func ReadPrivate(paths string) (Keys, error) {
	var keys Keys
	for _, path := range filepath.SplitList(paths) {
		if info, err := os.Stat(path); err == nil && exposed(info) {
			return nil, fmt.Errorf("others on this machine can read the key %s: run chmod 600 on it", path)
		}
		raw, err := read(path, privateHead)
		if err != nil {
			return nil, err
		}
		key, err := kem().NewPrivateKey(raw)
		if err != nil {
			return nil, fmt.Errorf("%s is no private key: r8scan-fleet key makes one", path)
		}
		keys = append(keys, PrivateKey{key})
	}
	return keys, nil
}

// FromEnvironment reads the keys that the environment names: to is nil if tokens are not
// sealed, and keys are empty if this process opens none.
func FromEnvironment() (to *PublicKey, keys Keys, err error) {
	if path := os.Getenv(PublicVariable); path != "" {
		key, err := ReadPublic(path)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", PublicVariable, err)
		}
		to = &key
	}
	if keys, err = ReadPrivate(os.Getenv(PrivateVariable)); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", PrivateVariable, err)
	}
	return to, keys, nil
}
