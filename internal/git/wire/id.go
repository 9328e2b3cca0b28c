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

// NewHash returns the hash function for ids of n bytes.
func NewHash(n int) hash.Hash {
	if n == SHA256 {
		return sha256.New()
	}
	return sha1.New()
}

// Hex returns an id in lower-case hex, as git writes it.
func Hex(id []byte) string { return hex.EncodeToString(id) }

// Unhex decodes an even number of hex digits, in either case.
func Unhex(digits string) (raw []byte, ok bool) {
	raw, err := hex.DecodeString(digits)
	return raw, err == nil
}

// UnhexInto is Unhex into dst. It returns the number of bytes; false if dst is
// too small or a digit is invalid.
func UnhexInto(dst, digits []byte) (n int, ok bool) {
	if hex.DecodedLen(len(digits)) > len(dst) {
		return 0, false
	}
	n, err := hex.Decode(dst, digits)
	return n, err == nil
}

// IsHex reports whether s has only lower-case hex digits, as git writes them.
func IsHex(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// IsID reports whether s is an id of n bytes in lower-case hex.
func IsID(s string, n int) bool { return len(s) == 2*n && IsHex(s) }
