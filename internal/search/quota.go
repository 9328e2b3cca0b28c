package search

import (
	"r8scan/internal/budget"
	"r8scan/rules"
)

// Quota bounds the matches in one text, which are held until the whole text is
// read. Low confidence has a quota of its own.
type Quota struct {
	memory    *budget.Account
	high, low int // that may still come
	held      int64
}

// hitLen is the memory that a match takes until it is handed on.
const hitLen = 256

// NewQuota returns the quota of found bytes, and of an eighth of them for low
// confidence. It accounts for the matches in memory. A text may so have more tokens than a
// result can hold.
func NewQuota(found int64, memory *budget.Account) Quota {
	return Quota{memory: memory, high: int(found / hitLen), low: int(found / hitLen / 8)}
}

// Takes reports whether one more match may be kept.
func (q *Quota) Takes(m rules.Match) bool {
	left := &q.high
	if m.Confidence == rules.Low {
		left = &q.low
	}
	if *left == 0 {
		return false
	}
	*left--
	q.held += hitLen
	q.memory.Take(hitLen)
	return true
}

// Done releases the memory of matches that were handed on.
func (q *Quota) Done() {
	q.memory.Give(q.held)
	q.held = 0
}

// TooMany is the reason for matches that were not kept.
const TooMany = "there are more tokens in what was read than a result can hold; those here are not all listed: --max-memory sets the limit"
