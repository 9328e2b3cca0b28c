package wire

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// The lengths of object ids in bytes.
const (
	SHA1   = sha1.Size
	SHA256 = sha256.Size
)

// NewHash returns the hash that makes ids of n bytes.
func NewHash(n int) hash.Hash {
	if n == SHA256 {
		return sha256.New()
	}
	return sha1.New()
}

// Hex returns an id in hex, as git writes it.
func Hex(id []byte) string { return hex.EncodeToString(id) }

// Unhex returns the bytes that an even number of hex digits stands for. Capitals
// are digits too.
func Unhex(digits string) (raw []byte, ok bool) {
	raw, err := hex.DecodeString(digits)
	return raw, err == nil
}

// UnhexInto is Unhex into dst. It returns how many bytes there are, and false if
// dst is too small for them.
func UnhexInto(dst, digits []byte) (n int, ok bool) {
	if hex.DecodedLen(len(digits)) > len(dst) {
		return 0, false
	}
	n, err := hex.Decode(dst, digits)
	return n, err == nil
}

// IsHex reports whether s consists of hex digits as git writes them: no capitals.
func IsHex(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// IsID reports whether s is an id of n bytes in hex, as git writes it.
func IsID(s string, n int) bool { return len(s) == 2*n && IsHex(s) }
