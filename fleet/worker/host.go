package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"r8scan/fleet/ledger"
	"r8scan/internal/git/fetch"
	"r8scan/result"
	"r8scan/rules"
	"r8scan/scanner"
)

// errBusy says that too many requests wait for a host: the job comes again later.
var errBusy = errors.New("too many requests wait for this host")

// busyFor is how long such a job waits.
const busyFor = 5 * time.Second

// reserve waits until a request to a host may go. Its rate, in requests a minute, is
// for all workers together.
func (w *Worker) reserve(ctx context.Context, host string, rate int) error {
	now, err := w.store.Now(ctx, w.store.DB)
	if err != nil {
		return err
	}
	wait, err := ledger.Reserve(ctx, w.store.DB, host, now, int64(time.Minute/time.Microsecond)/int64(rate), busyFor.Microseconds())
	if errors.Is(err, ledger.ErrLost) {
		return errBusy
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
		return "", err
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
	return scanner.History(ctx, url, scanner.Options{Jobs: 1, MaxMemory: scanMemory, MinConfidence: rules.Medium, Visits: visits})
}

// scanMemory is how many bytes one scan may use beside its pack.
const scanMemory = 64 << 20
