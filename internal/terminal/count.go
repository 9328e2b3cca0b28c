package terminal

import (
	"strconv"
	"strings"
)

// Count groups the digits of n, which is not negative, by thousands.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Plural returns "1 file" or "1,203 files".
func Plural(n int64, word string) string {
	if stem, ok := strings.CutSuffix(word, "ry"); ok && n != 1 { // repository, entry
		word = stem + "ries"
	} else if n != 1 {
		word += "s"
	}
	return Count(n) + " " + word
}
