// Package pattern has regular expressions that are compiled when they are first
// used. A hook starts for each commit and each call of an agent, and would compile
// a hundred that it does not need.
package pattern

import (
	"regexp"
	"sync"
)

// Pattern returns a regular expression, always the same one.
type Pattern func() *regexp.Regexp

// Of returns the pattern of a text, which must be sound: it panics when used
// otherwise.
func Of(text string) Pattern {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}
