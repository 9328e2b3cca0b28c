package texts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"r8scan/result"
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// logDays is how long GitHub keeps logs and artifacts, unless the owner says otherwise.
const logDays = 90

type run struct {
	ID      int64     `json:"id"`
	Attempt int       `json:"run_attempt"`
	Status  string    `json:"status"`
	Page    string    `json:"html_url"`
	Created time.Time `json:"created_at"`
}

// readLogs reads the logs of the runs of the last 90 days: of each attempt a zip.
func readLogs(ctx context.Context, r *Reading) error {
	if !r.Client.LoggedIn {
		return errLogin
	}
	var going, gone int
	oldest := r.Now.AddDate(0, 0, -logDays)
	listed := map[int64]bool{}
	err := counted(ctx, r, "/actions/runs?per_page=100", "workflow_runs", func(one run) (more bool, err error) {
		if listed[one.ID] {
			return true, nil
		}
		listed[one.ID] = true
		if one.Created.Before(oldest) {
			r.Visitor.Note(fmt.Sprintf("%s: those before %s were not read: GitHub deletes logs after %d days, unless the owner keeps them longer", r.called("logs of runs"), oldest.Format(time.DateOnly), logDays))
			return false, nil
		}
		if one.Status != "completed" {
			going++
			return true, nil
		}
		for attempt := range max(1, one.Attempt) {
			path := fmt.Sprintf("actions/runs/%d/attempts/%d", one.ID, attempt+1)
			f := File{Key: "log/" + path, From: r.Client.API + r.at + "/" + path + "/logs"}
			f.Text = Text{Kind: result.KindLog, Path: path, URL: r.page(one.Page)}
			if err := r.file(ctx, &f); isGone(err) {
				gone++
			} else if err != nil {
				return false, err
			}
		}
		return true, nil
	})
	noteGone(r, gone, "log")
	if going > 0 {
		r.Visitor.Unread(r.called("logs of runs"), fmt.Sprintf("%d runs are not over: scan again when they are", going))
	}
	if err == nil {
		forget(r, "log/")
	}
	return err
}

type artifact struct {
	ID      int64  `json:"id"`
	Name    string `json:"name"`
	Expired bool   `json:"expired"`
	Run     struct {
		ID int64 `json:"id"`
	} `json:"workflow_run"`
}

// readArtifacts reads the artifacts of runs, each of which is a zip.
func readArtifacts(ctx context.Context, r *Reading) error {
	if !r.Client.LoggedIn {
		return errLogin
	}
	gone := 0
	err := counted(ctx, r, "/actions/artifacts?per_page=100", "artifacts", func(one artifact) (more bool, err error) {
		if one.Expired {
			gone++
			return true, nil
		}
		at := fmt.Sprintf("actions/artifacts/%d", one.ID)
		f := File{Key: "artifact/" + at, From: r.Client.API + r.at + "/" + at + "/zip"}
		f.Text = Text{Kind: result.KindArtifact, Path: at + "/" + one.Name + ".zip"}
		if one.Run.ID > 0 {
			f.URL = r.page(fmt.Sprintf("%s%s/actions/runs/%d", web(r), strings.TrimPrefix(r.at, "/repos"), one.Run.ID))
		}
		if err := r.file(ctx, &f); isGone(err) {
			gone++
		} else if err != nil {
			return false, err
		}
		return true, nil
	})
	noteGone(r, gone, "artifact")
	if err == nil {
		forget(r, "artifact/")
	}
	return err
}

// web is the address of GitHub's pages.
func web(r *Reading) string {
	scheme, host, _ := strings.Cut(r.Client.API, "://")
	host, _, _ = strings.Cut(strings.TrimPrefix(host, "api."), "/")
	return scheme + "://" + host
}

// noteGone counts what GitHub does not have any more. It is no gap: nobody else can read
// it either.
func noteGone(r *Reading, n int, what string) {
	if n > 0 {
		r.Visitor.Note(fmt.Sprintf("%s: %d are deleted or expired", r.called(what+"s"), n))
	}
}

// forget forgets the files of a kind that no list names any more.
func forget(r *Reading, prefix string) {
	maps.DeleteFunc(r.State.Files, func(key string, _ Entry) bool { return strings.HasPrefix(key, prefix) && !r.fresh[key] })
}

// counted reads a list whose pages say how many things it has, the newest first, until
// take returns false. New things move others to a later page, so none is lost. One that
// is deleted moves others to an earlier page, so the largest count of all pages counts.
func counted[T any](ctx context.Context, r *Reading, path, field string, take func(T) (more bool, err error)) error {
	where, read, most := r.Client.API+r.at+path, 0, 0
	var pages []Counted
	for i := range r.Client.pages() {
		var was Counted
		if known := r.State.Counted[field]; i < len(known) && known[i].URL == where {
			was = known[i]
		}
		page, list, err := countedPage[T](ctx, r, where, field, was)
		if err != nil {
			return err
		}
		pages, most = append(pages, page), max(most, page.Total)
		for _, one := range list {
			more, err := take(one)
			if err != nil {
				return err
			}
			if !more {
				r.State.Counted[field] = pages
				return nil
			}
			read++
		}
		if page.Next == "" {
			if read < most {
				return fmt.Errorf("GitHub lists %d of %d: the others were not read, or were deleted meanwhile: scan again", read, most)
			}
			r.State.Counted[field] = pages
			return nil
		}
		where = page.Next
	}
	return errEndless
}

// countedPage asks for a page of such a list, unless it is as it was.
func countedPage[T any](ctx context.Context, r *Reading, where, field string, was Counted) (page Counted, list []T, err error) {
	if json.Unmarshal(was.Things, &list) != nil { // nothing is remembered
		was = Counted{}
	}
	a, err := r.Client.get(ctx, where, was.ETag)
	switch {
	case err != nil:
		return page, nil, err
	case a.same:
		return was, list, nil
	}
	list = nil
	var fields map[string]json.RawMessage
	page = Counted{URL: where, ETag: a.etag, Next: a.next}
	if errors.Join(decode(a.body, &fields), decode(fields["total_count"], &page.Total), decode(fields[field], &list)) != nil {
		return page, nil, errHalf
	}
	page.Things, err = json.Marshal(list) // much shorter than what GitHub sends
	return page, list, err
}
