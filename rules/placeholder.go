package rules

import "bytes"

// Each test below holds for a random body with a probability under one in a
// hundred million, so that no real token is called a placeholder. The figures
// are union bounds over a body of 37 characters from an alphabet of 62.
const (
	minDistinct = 15 // a random body has 28 on average; 14 or fewer: 3e-10
	maxRun      = 6  // of one character; 7 or more: 7e-10
	maxSequence = 7  // abcdefgh, 87654321; 8 or more: 2e-11
)

// placeholderWords are seven letters or longer: a given one stands in a random
// body, in any case of letters, with a probability under 1.2e-9.
var placeholderWords = [][]byte{
	[]byte("example"), []byte("replace"), []byte("replicate"), []byte("placeholder"), []byte("changeme"),
	[]byte("yourtoken"), []byte("yourapi"), []byte("yourkey"), []byte("yoursecret"), []byte("tokenhere"), []byte("insertyour"),
}

// placeholder reports whether a token's body was plainly typed by a person.
func placeholder(body []byte) bool {
	var seen [256]bool
	distinct, run, up, down := 0, 1, 1, 1
	lower, upper := false, false
	for i, c := range body {
		if !seen[c] {
			seen[c] = true
			distinct++
		}
		lower = lower || 'a' <= c && c <= 'z'
		upper = upper || 'A' <= c && c <= 'Z'
		if i == 0 {
			continue
		}
		run = lengthen(run, c == body[i-1])
		up = lengthen(up, c == body[i-1]+1)
		down = lengthen(down, c == body[i-1]-1)
		if run > maxRun || up > maxSequence || down > maxSequence {
			return true
		}
	}
	if distinct < minDistinct {
		return true
	}
	folded := bytes.ToLower(body)
	for _, word := range placeholderWords {
		if bytes.Contains(folded, word) {
			return true
		}
	}
	// "your" alone is too short a word (one random body in 27,000 has it), but
	// not together with letters of one case only (one random body in 2.7e8).
	return bytes.Contains(folded, []byte("your")) && !(lower && upper)
}

func lengthen(n int, grows bool) int {
	if grows {
		return n + 1
	}
	return 1
}
