// Package budget shares the memory that a run may use among its workers. What
// is read and what is not never depends on what others hold at the moment:
// sizes are compared with limits that the budget alone gives, and a worker that
// may go on but has no memory yet waits.
package budget

import "sync"

// Default is the budget of a run in bytes, and Min the least that a run can
// work with.
const (
	Default = 1 << 30
	Min     = 64 << 20
)

// Budget is the memory of one run. A quarter of it is divided among the
// workers. Beyond its share goes one worker at a time, with what Work says. The
// rest is for what is found.
type Budget struct {
	Total int64
	Work  int64 // for one object, or file, with all that must be held to read it
	Found int64 // for what is kept to the end: matches, places, and what is unread

	share int64
	alone sync.Mutex // held by the worker that is beyond its share
}

// New returns a budget of total bytes, 0 for Default, for some workers.
func New(total int64, workers int) *Budget {
	if total <= 0 {
		total = Default
	}
	return &Budget{Total: total, Work: total / 8 * 5, Found: total / 8, share: total / 4 / int64(max(1, workers))}
}

// Account is the memory that one worker holds. It is not safe for concurrent
// use. The nil Account holds anything.
type Account struct {
	b     *Budget
	held  int64
	alone bool
}

// Account returns an account for one more worker.
func (b *Budget) Account() *Account {
	if b == nil {
		return nil
	}
	return &Account{b: b}
}

// Take accounts for n bytes. Where they go beyond the worker's share it waits
// until no other worker is beyond its own. That one waits for nobody, so no two
// wait for each other; nor must a worker that holds a lock of others call Take.
func (a *Account) Take(n int64) {
	if a == nil {
		return
	}
	if a.held += n; a.held > a.b.share && !a.alone {
		a.b.alone.Lock()
		a.alone = true
	}
}

// Give returns n bytes that Take was called for.
func (a *Account) Give(n int64) {
	if a == nil {
		return
	}
	if a.held -= n; a.held <= a.b.share && a.alone {
		a.alone = false
		a.b.alone.Unlock()
	}
}

// Held returns how many bytes the account holds.
func (a *Account) Held() int64 {
	if a == nil {
		return 0
	}
	return a.held
}

// Back gives back all that was taken since Held returned to.
func (a *Account) Back(to int64) { a.Give(a.Held() - to) }

// Idle returns how many bytes a worker may keep for later that it does not hold.
func (a *Account) Idle() int64 {
	if a == nil {
		return maxIdle
	}
	return min(a.b.share/8, maxIdle)
}

const maxIdle = 16 << 20

// Shares reports whether memory of n bytes may outlive the account's job, in
// the hands of another worker, which accounts for it then.
func (a *Account) Shares(n int64) bool {
	return a == nil || !a.alone && n <= a.b.share/2
}
