package fix

import (
	"regexp"
	"sync"
)

// pattern is a regular expression that is compiled when it is first used. Compiling
// those of all languages takes a fifth of the time in which a hook starts.
type pattern func() *regexp.Regexp

func patternOf(text string) pattern {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}
