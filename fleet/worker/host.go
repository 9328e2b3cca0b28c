package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"r8scan/fleet/ledger"
	"r8scan/internal/git/fetch"
	"r8scan/result"
	"r8scan/rules"
	"r8scan/scanner"
)

// busyError says that no request to a host may go for some time: the job comes again
// then.
type busyError struct{ wait time.Duration }

func (busyError) Error() string { return "too many requests wait for this host" }

// postponed returns what makes a job come again, if an error says that its host is busy or
// if the process ends; nil if neither is so.
func postponed(ctx context.Context, err error) error {
	var busy busyError
	switch {
	case errors.As(err, &busy):
		return river.JobSnooze(busy.wait)
	case ctx.Err() != nil:
		return river.JobSnooze(0)
	}
	return nil
}

// busyFor is for how long requests to a host may wait in a row.
const busyFor = 5 * time.Second

// maxBusy bounds what a host can ask for.
const maxBusy = time.Hour

// busy turns the error of a host that asks to wait into a busyError, and lets no process
// ask it meanwhile.
func (w *Worker) busy(ctx context.Context, host string, err error) error {
	wait, ok := fetch.Busy(err)
	if !ok {
		return err
	}
	wait = min(max(wait, time.Second), maxBusy)
	if err := w.leave(ctx, host, wait, err.Error()); err != nil {
		return err
	}
	return busyError{wait}
}

// leave lets no process ask a host for some time, as its answer says.
func (w *Worker) leave(ctx context.Context, host string, wait time.Duration, answer string) error {
	wait = min(wait, maxBusy)
	now, err := w.store.Now(ctx, w.store.DB)
	if err != nil {
		return err
	}
	if err := ledger.Defer(ctx, w.store.DB, host, now, wait); err != nil {
		return err
	}
	w.log.Warn("a host asks to wait", "host", host, "seconds", int64(wait.Seconds()), "answer", answer)
	return nil
}

// reserve waits until a request to a host may go. Its rate, in requests a minute, is
// for all workers together.
func (w *Worker) reserve(ctx context.Context, host string, rate int) error {
	wait, err := ledger.Reserve(ctx, w.store, host, int64(time.Minute/time.Microsecond)/int64(rate), busyFor.Microseconds())
	if errors.Is(err, ledger.ErrLost) {
		now, err := w.store.Now(ctx, w.store.DB)
		if err != nil {
			return err
		}
		free, err := ledger.Free(ctx, w.store.DB, host, now)
		if err != nil {
			return err
		}
		return busyError{max(busyFor, time.Duration(free)*time.Microsecond)}
	}
	if err != nil {
		return err
	}
	select {
	case <-time.After(time.Duration(wait) * time.Microsecond):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// listRefs asks a server for a repository's refs and returns a digest of them; "" for a
// folder on this machine, which is scanned at each visit.
func (w *Worker) listRefs(ctx context.Context, url, host string) (string, error) {
	if !fetch.IsURL(url) {
		return "", nil
	}
	if err := w.reserve(ctx, host, w.cfg.HostRate); err != nil {
		return "", err
	}
	at, err := fetch.Parse(url)
	if err != nil {
		return "", err
	}
	session, err := (&fetch.Client{}).Open(ctx, at)
	if err != nil {
		return "", w.busy(ctx, host, err)
	}
	defer session.Close()
	sum := sha256.New()
	fmt.Fprintf(sum, "rules %d\n", rules.Version) // new rules read everything again
	for _, ref := range session.Refs {
		fmt.Fprintf(sum, "%s %s\n", ref.ID, ref.Name)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// scan reads everything that a repository has or, with what earlier scans remember, what
// is new in it. A panic is an error: what is in one
// repository must not end the process.
func (w *Worker) scan(ctx context.Context, url, host string, visits scanner.Visits) (res *result.Result, err error) {
	if fetch.IsURL(url) {
		if err := w.reserve(ctx, host, w.cfg.HostRate); err != nil {
			return nil, err
		}
	}
	defer func() {
		if recover() != nil {
			err = errors.New("the scan failed inside r8scan: scan it with r8scan history, and report what that prints")
		}
	}()
	res, err = scanner.History(ctx, url, scanner.Options{Jobs: 1, MaxMemory: scanMemory, MinConfidence: rules.Medium, Visits: visits})
	if err != nil {
		err = w.busy(ctx, host, err)
	}
	return res, err
}

// scanMemory is how many bytes one scan may use beside its pack.
const scanMemory = 64 << 20
