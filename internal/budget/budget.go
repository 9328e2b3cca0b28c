// Package budget divides the memory of a run among its workers. Which inputs
// are read never depends on what other workers hold: sizes are compared with
// limits that follow from the budget alone. A worker that has to exceed its
// share waits until it may.
package budget

import "sync"

// Default is the default budget of a run in bytes. Min is the smallest budget
// that a run can work with.
const (
	Default = 1 << 30
	Min     = 64 << 20
)

// Budget is the memory of one run. A quarter is divided among the workers. One
// worker at a time may exceed its share, up to Work. The rest is for results.
type Budget struct {
	Total int64
	Work  int64 // bytes for one object or file, with everything that must be held to read it
	Found int64 // bytes for what is kept until the end beside matches: locations, names and unread things
	Match int64 // bytes for the matches of one result: whoever makes several at once divides it before

	share int64
	alone sync.Mutex // held by the worker that exceeds its share
}

// New returns a budget of total bytes for a number of workers. A total of 0
// means Default.
func New(total int64, workers int) *Budget {
	if total <= 0 {
		total = Default
	}
	return &Budget{Total: total, Work: total / 8 * 5, Found: total / 8, Match: total / 4, share: total / 4 / int64(max(1, workers))}
}

// Account counts the bytes that one worker holds. It is not safe for concurrent
// use. A nil Account has no limit.
type Account struct {
	b     *Budget
	held  int64
	alone bool
}

// Account returns an account for another worker.
func (b *Budget) Account() *Account {
	if b == nil {
		return nil
	}
	return &Account{b: b}
}

// Take adds n bytes to the account. If they exceed the worker's share, Take
// waits until no other worker exceeds its own. A worker that exceeds its share
// never waits, so there is no deadlock. A worker must not call Take while it
// holds a lock that other workers need.
func (a *Account) Take(n int64) {
	if a == nil {
		return
	}
	if a.held += n; a.held > a.b.share && !a.alone {
		a.b.alone.Lock()
		a.alone = true
	}
}

// Give returns n bytes that Take added.
func (a *Account) Give(n int64) {
	if a == nil {
		return
	}
	if a.held -= n; a.held <= a.b.share && a.alone {
		a.alone = false
		a.b.alone.Unlock()
	}
}

// Held returns the number of bytes in the account.
func (a *Account) Held() int64 {
	if a == nil {
		return 0
	}
	return a.held
}

// Back returns all bytes that were taken since Held returned to.
func (a *Account) Back(to int64) { a.Give(a.Held() - to) }

// Idle returns how many bytes a worker may keep for later use beyond what it
// holds.
func (a *Account) Idle() int64 {
	if a == nil {
		return maxIdle
	}
	return min(a.b.share/8, maxIdle)
}

const maxIdle = 16 << 20

// Shares reports whether n bytes may be passed on to another worker, whose
// account then holds them.
func (a *Account) Shares(n int64) bool {
	return a == nil || !a.alone && n <= a.b.share/2
}
