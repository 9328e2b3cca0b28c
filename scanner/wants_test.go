package scanner

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"r8scan/internal/git/gittest"
)

// TestWants reads commits that no ref names, if the server sends them, the first time and
// after a visit. What it does not send is named, and the rest is read.
func TestWants(t *testing.T) {
	for _, allow := range []bool{true, false} {
		for _, before := range []bool{true, false} {
			t.Run(fmt.Sprintf("allow %v, visited before %v", allow, before), func(t *testing.T) {
				r := gittest.New(t)
				r.Write("a", "nothing\n")
				r.Git("add", "-A")
				r.Git("commit", "-q", "-m", "first")
				opts := Options{}
				url, dir := remoteOf(t, r, nil)
				push := func() { r.Git("push", "-q", "-f", dir, "HEAD:"+strings.TrimSpace(r.Git("symbolic-ref", "HEAD"))) }
				r.Git("-C", dir, "config", "uploadpack.allowAnySHA1InWant", fmt.Sprint(allow))
				if before {
					opts.Visits = VisitsIn(filepath.Join(t.TempDir(), "visits"))
					if _, err := History(context.Background(), url, opts); err != nil {
						t.Fatal(err)
					}
				}
				r.Write("b", "key = '"+token(1)+"'\n")
				r.Git("add", "-A")
				r.Git("commit", "-q", "-m", "a leak")
				gone := strings.TrimSpace(r.Git("rev-parse", "HEAD"))
				push()
				r.Git("reset", "-q", "--hard", "HEAD~1")
				r.Git("commit", "-q", "--allow-empty", "-m", "nothing to see")
				push()
				missing := strings.Repeat("7", len(gone))
				opts.Wants = []string{gone, missing}
				res, err := History(context.Background(), url, opts)
				if err != nil {
					t.Fatal(err)
				}
				unread := 1
				if !allow {
					unread = 2
				}
				if n := len(res.Findings); n != 2-unread {
					t.Errorf("%d findings", n)
				}
				if len(res.Coverage.Unread) != 1 || !strings.HasSuffix(res.Coverage.Unread[0].Reason, fmt.Sprint(": ", unread)) {
					t.Errorf("unread: %v", res.Coverage.Unread)
				}
				if len(res.Findings) == 1 && res.Findings[0].History.Introduced.Commit != gone {
					t.Errorf("%+v", res.Findings[0].History.Introduced)
				}
			})
		}
	}
}
