package rules

import (
	"bytes"
	"slices"
)

// No real token should be called a placeholder. Each test below is true for a
// random body with a probability under 4e-8, and all tests together under 1e-7.
// The figures are union bounds for a body of 37 characters from an alphabet of
// 62. At any place, a given character has the probability 1/62, and a given
// letter in either case 2/62.
const (
	minDistinct = 15 // different characters; a random body has 28 on average; 14 or fewer: 3e-10
	maxRun      = 6  // one character in a row; 7 or more: 7e-10

	// A repeated character equals the one a period earlier, in either case. 8 or
	// more of them in a row, for any of 18 periods: 37*18*(2/62)^8 = 8e-10.
	maxRepeat, maxPeriod = 7, 18

	// A step is a character that is next to the one a stride earlier, in the
	// alphabet or among the digits. A stride of n has n strands, which each go up
	// or down. 8 or more steps in a row, for strides 1 to 4:
	// 37*(2+4+8+16)*(2/62)^8 = 1.3e-9. 16 or more steps of one stride in all:
	// 4*C(36,16)*(4/62)^16 = 3e-9. 8 or more in a row among the letters alone, up
	// or down: 37*2*(1/26)^8 = 4e-10.
	maxStride   = 4
	maxSteps    = 7
	maxAllSteps = 15

	// The same limits hold for steps to the next key in one of six orders. 8 or
	// more in a row: 6*37*2*(2/62)^8 = 5e-10. 16 or more in all:
	// 6*C(36,16)*(4/62)^16 = 4e-9.
)

// orders are the keys of keyboards by rows and by columns. A body that follows
// one was typed.
var orders = newOrders("1234567890qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
	"0p9ol8ik7ujm6yhn5tgb4rfv3edc2wsx1qaz", "qazwsxedcrfvtgbyhnujmikolp")

// order has the place of each character, counted from 1; 0 means none.
type order [256]byte

func newOrders(rows ...string) (list []order) {
	for _, row := range rows {
		var o order
		for i := range len(row) {
			o[row[i]] = byte(i + 1)
		}
		list = append(list, o)
	}
	return list
}

// placeholderWords have seven letters or more. A random body contains a given
// word, in upper or lower case, with a probability under 1.2e-9. For all words
// together it is 2e-8, because most are longer.
var placeholderWords = [][]byte{
	[]byte("example"), []byte("replace"), []byte("replicate"), []byte("placeholder"), []byte("changeme"), []byte("changethis"),
	[]byte("yourtoken"), []byte("yourapi"), []byte("yourkey"), []byte("yoursecret"), []byte("youraccess"), []byte("tokenhere"), []byte("insertyour"),
	[]byte("notareal"), []byte("notreal"), []byte("nottherealtoken"), []byte("realtoken"), []byte("faketoken"), []byte("fakekey"), []byte("fakeapi"), []byte("faketest"),
	[]byte("dummytoken"), []byte("dummykey"), []byte("dummyapi"), []byte("testtoken"), []byte("testkey"), []byte("testapi"), []byte("testing"), []byte("mocktoken"), []byte("mockapi"),
	[]byte("sampletoken"), []byte("samplekey"), []byte("secrettoken"), []byte("apitoken"), []byte("mytoken"), []byte("thisisa"), []byte("thisisnot"), []byte("invalid"),
	[]byte("redacted"), []byte("goeshere"), []byte("password"), []byte("donotuse"), []byte("loremipsum"), []byte("helloworld"), []byte("deadbeef"), []byte("undefined"),
}

// shortWords are too short to prove anything alone, so a body needs two of them.
// A random body contains a given word of four letters with a probability of
// 34*(2/62)^4 = 3.7e-5, and one of five with 1.2e-6. For all words together it is
// 2.4e-4, and for two words (2.4e-4)^2/2 = 3e-8.
var shortWords = [][]byte{[]byte("fake"), []byte("your"), []byte("mock"), []byte("test"), []byte("here"), []byte("demo"),
	[]byte("token"), []byte("dummy"), []byte("valid"), []byte("apikey"), []byte("secret"), []byte("sample"), []byte("insert"), []byte("enter"), []byte("placed")}

// placeholder reports whether a person typed a token's body.
func placeholder(body []byte) bool {
	folded := bytes.ToLower(body)
	if monotonous(body) || repeats(folded) || steps(folded) {
		return true
	}
	for i := range orders {
		if orders[i].typed(folded) {
			return true
		}
	}
	return hasWords(body, folded)
}

// monotonous reports whether a body has few different characters, a long run of
// one, or letters of one case only: 2*(26/62)^37 = 2e-14.
func monotonous(body []byte) bool {
	var seen [256]bool
	distinct, run := 0, 1
	for i, c := range body {
		if !seen[c] {
			seen[c] = true
			distinct++
		}
		if i > 0 {
			if run = lengthen(run, c == body[i-1]); run > maxRun {
				return true
			}
		}
	}
	return distinct < minDistinct || all(body, isUpper) || all(body, func(c byte) bool { return 'a' <= c && c <= 'z' })
}

// repeats reports whether a part of a body repeats.
func repeats(folded []byte) bool {
	for period := 1; period <= maxPeriod; period++ {
		run := 0
		for i := period; i < len(folded); i++ {
			if run++; folded[i] != folded[i-period] {
				run = 0
			}
			if run > maxRepeat {
				return true
			}
		}
	}
	return false
}

// steps reports whether a body counts, as in abcdefgh, A1B2C3D4E5 and a9b8c7d6e5,
// or its letters alone do, as in ab1cd2ef3.
func steps(folded []byte) bool {
	letters := make([]byte, 0, bodyLen)
	for _, c := range folded {
		if !isDigit(c) {
			letters = append(letters, c)
		}
	}
	return stepping(folded, maxStride) || stepping(letters, 1)
}

// stepping reports whether characters count, at a stride of at most longest.
func stepping(folded []byte, longest int) bool {
	for stride := 1; stride <= longest; stride++ {
		var way [maxStride]int // the direction of each strand
		run, sum := 0, 0
		for i := stride; i < len(folded); i++ {
			step := stepOf(folded[i-stride], folded[i])
			if step != 0 {
				sum++
			}
			switch {
			case step == 0:
				run = 0
			case run >= stride && way[i%stride] != step:
				run = 1
			default:
				run++
			}
			way[i%stride] = step
			if run > maxSteps {
				return true
			}
		}
		if sum > maxAllSteps && longest > 1 {
			return true
		}
	}
	return false
}

// stepOf returns 1 if b is right after a, and -1 if it is right before a, in the
// alphabet or among the digits. The first follows the last.
func stepOf(a, b byte) int {
	if isDigit(a) != isDigit(b) {
		return 0
	}
	n, low := 26, byte('a')
	if isDigit(a) {
		n, low = 10, '0'
	}
	switch (int(b) - int(low) - int(a) + int(low) + n) % n {
	case 1:
		return 1
	case n - 1:
		return -1
	}
	return 0
}

// typed reports whether a body follows the order of the keys.
func (o *order) typed(folded []byte) bool {
	up, down, sum := 0, 0, 0
	for i := 1; i < len(folded); i++ {
		a, b := o[folded[i-1]], o[folded[i]]
		isUp, isDown := a > 0 && b == a+1, b > 0 && a == b+1
		up, down = lengthen(up, isUp), lengthen(down, isDown)
		if !isUp {
			up = 0
		}
		if !isDown {
			down = 0
		}
		if isUp || isDown {
			sum++
		}
		if up > maxSteps || down > maxSteps || sum > maxAllSteps {
			return true
		}
	}
	return false
}

// hasWords reports whether a body has a long word or two short ones.
func hasWords(body, folded []byte) bool {
	for _, word := range placeholderWords {
		if bytes.Contains(folded, word) {
			return true
		}
	}
	short := 0
	for _, word := range shortWords {
		if bytes.Contains(folded, word) {
			short++
		}
	}
	// "your" alone proves nothing: one random body in 27,000 has it. Together with
	// letters of one case only it does: one random body in 2.7e8 has both.
	return short > 1 || short == 1 && bytes.Contains(folded, []byte("your")) && (bytes.Equal(body, folded) || bytes.Equal(body, bytes.ToUpper(body)))
}

func lengthen(n int, grows bool) int {
	if grows {
		return n + 1
	}
	return 1
}

// fixtures are the ids of credentials in documents and public test suites: those
// of Standard Webhooks, of Svix, and of Replicate's own clients.
var fixtures = []string{"96ad2ccd81462a76", "2ab19aabf25bf1fa", "ce5db258282b9663", "17327e264ca750bd"}

// isFixture reports whether a credential is a well-known one.
func isFixture(credential string) bool {
	return len(credential) >= guessable && slices.Contains(fixtures, tokenID(credential))
}
