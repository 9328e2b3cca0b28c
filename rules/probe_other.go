//go:build !amd64

package rules

// eachProbe calls f for each probe that starts in text[from:to], not in order.
func eachProbe(text []byte, from, to int, f func(at int, kind form)) {
	eachProbePasses(text, from, to, f)
}
