package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/riverqueue/river"

	"r8scan/fleet/dial"
	"r8scan/fleet/ledger"
	"r8scan/internal/git/fetch"
	"r8scan/internal/loopback"
	"r8scan/result"
	"r8scan/rules"
	"r8scan/scanner"
)

// busyError says that nothing can be done for some time: the job comes again then.
type busyError struct {
	wait time.Duration
	why  string
}

func (e busyError) Error() string { return e.why }

// crowded is why no request to a host may go.
const crowded = "too many requests wait for this host"

// later returns when to try again, if an error says that nothing can be done until then.
func later(err error) (wait time.Duration, ok bool) {
	var busy busyError
	ok = errors.As(err, &busy)
	return busy.wait, ok
}

// postponed returns what makes a job come again, if an error says that its host is busy or
// if the process ends; nil if neither is so.
func postponed(ctx context.Context, err error) error {
	wait, busy := later(err)
	switch {
	case busy:
		return river.JobSnooze(wait)
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
	return busyError{wait, crowded}
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
		return busyError{max(busyFor, time.Duration(free)*time.Microsecond), crowded}
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

// git returns what asks git servers.
func (w *Worker) git() *fetch.Client { return &fetch.Client{Reach: w.reach} }

// reach says why an address of a git server is not connected to: it is private, and the
// operator has neither allowed its network nor written the address itself.
func (w *Worker) reach(host string, at netip.AddrPort) error {
	ip := at.Addr().Unmap()
	written, err := netip.ParseAddr(host)
	if err == nil && written.Unmap() == ip || loopback.Host(host) && ip.IsLoopback() {
		return nil
	}
	var networks []netip.Prefix
	if w.cfg.Operator != nil {
		networks = w.cfg.Operator.Reach
	}
	return dial.Check(networks)("tcp", at.String(), nil)
}

// listRefs asks a server for a repository's refs and returns a digest of them, and of what
// pushes have dropped; "" for a folder on this machine, which is scanned at each visit. What
// the server shows without credentials is public.
func (w *Worker) listRefs(ctx context.Context, url, host string, dropped []string) (digest string, public bool, err error) {
	if !fetch.IsURL(url) {
		return "", false, nil
	}
	if err := w.reserve(ctx, host, w.cfg.HostRate); err != nil {
		return "", false, err
	}
	at, err := fetch.Parse(url)
	if err != nil {
		return "", false, err
	}
	session, err := w.git().Open(ctx, at)
	if err != nil {
		return "", false, w.busy(ctx, host, err)
	}
	defer session.Close()
	sum := sha256.New()
	fmt.Fprintf(sum, "rules %d\n", rules.Version) // new rules read everything again
	for _, ref := range session.Refs {
		fmt.Fprintf(sum, "%s %s\n", ref.ID, ref.Name)
	}
	for _, id := range dropped {
		fmt.Fprintf(sum, "dropped %s\n", id)
	}
	return hex.EncodeToString(sum.Sum(nil)), session.Anonymous(), nil
}

// scan reads everything that a repository has, with what pushes have dropped, or, with what
// earlier scans remember, what is new in it. A panic is an error: what is in one
// repository must not end the process.
func (w *Worker) scan(ctx context.Context, url, host string, dropped []string, visits scanner.Visits) (res *result.Result, err error) {
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
	res, err = scanner.History(ctx, url, scanner.Options{Jobs: 1, MaxMemory: scanMemory, MinConfidence: rules.Medium, Visits: visits, Reach: w.reach, Wants: dropped})
	if err != nil {
		err = w.busy(ctx, host, err)
	}
	return res, err
}

// scanMemory is how many bytes one scan may use beside its pack.
const scanMemory = 64 << 20
