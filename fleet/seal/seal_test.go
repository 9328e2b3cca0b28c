package seal

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"r8scan/rules"
)

func secret(letter string) rules.Secret {
	return rules.NewSecret("r8_"+strings.Repeat(letter+"7Zt", 9)+"x", 5)
}

func newKey(t testing.TB) PrivateKey {
	t.Helper()
	key, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestSeal: only the key that a token was sealed to opens it, for its own id and rule, and
// no byte of it can be changed.
func TestSeal(t *testing.T) {
	old, key := newKey(t), newKey(t)
	rule := rules.APIToken.ID
	sealed, err := Seal(key.Public(), secret("K"), rule)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte(secret("K").Reveal()[3:12])) {
		t.Error("the token is in it")
	}
	keys := Keys{old, key}
	got, err := keys.Open(sealed, secret("K").ID(), rule)
	if err != nil || got.Reveal() != secret("K").Reveal() {
		t.Fatalf("%v, %v", got, err)
	}
	if again, err := Seal(key.Public(), secret("K"), rule); err != nil || bytes.Equal(again, sealed) {
		t.Errorf("it is sealed the same way twice: %v", err)
	}
	if _, err := (Keys{old}).Open(sealed, secret("K").ID(), rule); !errors.Is(err, ErrNoKey) {
		t.Errorf("with another key: %v", err)
	}
	if _, err := keys.Open(sealed, secret("L").ID(), rule); !errors.Is(err, ErrDamaged) {
		t.Errorf("for another token: %v", err)
	}
	if _, err := keys.Open(sealed, secret("K").ID(), rules.CogToken.ID); !errors.Is(err, ErrDamaged) {
		t.Errorf("for another rule: %v", err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if got, err := keys.Open(changed, secret("K").ID(), rule); err == nil {
			t.Errorf("with byte %d changed: %v", i, got)
		}
		if _, err := keys.Open(sealed[:i], secret("K").ID(), rule); err == nil {
			t.Errorf("cut at %d", i)
		}
	}
}

// TestFiles: keys that were created are read again, for nobody else to read, and none is
// overwritten.
func TestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	made, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := Create(path); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("again: %v", err)
	}
	half := filepath.Join(t.TempDir(), "half")
	if err := os.WriteFile(half+".pub", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(half); err == nil {
		t.Error("the public key of another is overwritten")
	}
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half of a pair is left: %v", err)
	}
	t.Setenv(PublicVariable, path+".pub")
	t.Setenv(PrivateVariable, path)
	to, keys, err := FromEnvironment()
	if err != nil || to.ID() != made.ID() || len(keys) != 1 || keys[0].Public().ID() != made.ID() || len(made.ID()) != 16 {
		t.Fatalf("%v", err)
	}
	t.Setenv(PublicVariable, path)
	if _, _, err := FromEnvironment(); err == nil || !strings.Contains(err.Error(), PublicVariable+": ") || !strings.Contains(err.Error(), "is no public key") {
		t.Errorf("the private key as the public one: %v", err)
	}
	t.Setenv(PublicVariable, "")
	t.Setenv(PrivateVariable, path+string(os.PathListSeparator)+path+".none")
	if _, _, err := FromEnvironment(); err == nil {
		t.Error("a key that is not there")
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadPrivate(path); runtime.GOOS != "windows" && (err == nil || !strings.Contains(err.Error(), "chmod 600")) {
		t.Errorf("a key that others can read: %v", err)
	}
	t.Setenv(PrivateVariable, "")
	if to, keys, err := FromEnvironment(); to != nil || len(keys) != 0 || err != nil {
		t.Errorf("without any: %v %v %v", to, keys, err)
	}
}

// FuzzOpen takes anything as a sealed token: what opens was sealed.
func FuzzOpen(f *testing.F) {
	key := newKey(f)
	sealed, err := Seal(key.Public(), secret("K"), "rule")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed, secret("K").ID())
	f.Add(sealed[:20], "")
	f.Add([]byte(version), "x")
	f.Fuzz(func(t *testing.T, blob []byte, id string) {
		if got, err := (Keys{key}).Open(blob, id, "rule"); err == nil && (!bytes.Equal(blob, sealed) || got.ID() != id) {
			t.Fatalf("%x opens", blob)
		}
	})
}

// FuzzKeyFile takes anything as the text of a key: what is taken can be written and read
// again, and is the same key.
func FuzzKeyFile(f *testing.F) {
	key := newKey(f)
	raw, err := key.key.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(privateHead + base64.StdEncoding.EncodeToString(raw) + "\n"))
	f.Add([]byte(publicHead + base64.StdEncoding.EncodeToString(key.Public().key.Bytes())))
	f.Add([]byte(privateHead + "AAAA"))
	f.Add([]byte(publicHead))
	f.Fuzz(func(t *testing.T, text []byte) {
		if raw, ok := parse(text, privateHead); ok {
			if k, err := kem().NewPrivateKey(raw); err == nil {
				written, err := k.Bytes() // with other bits than were read, as RFC 9180 wants it
				if err != nil {
					t.Fatal(err)
				}
				again, err := kem().NewPrivateKey(written)
				if err != nil || !bytes.Equal(again.PublicKey().Bytes(), k.PublicKey().Bytes()) {
					t.Errorf("private: %v", err)
				}
			}
		}
		if raw, ok := parse(text, publicHead); ok {
			if k, err := kem().NewPublicKey(raw); err == nil && !bytes.Equal(k.Bytes(), raw) {
				t.Errorf("public: %x from %x", k.Bytes(), raw)
			}
		}
	})
}
