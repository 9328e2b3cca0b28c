package forge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// huggingFace lists models, datasets and Spaces, for which there is no library. A cursor
// is the path and the query of a page below the API.
type huggingFace struct{ *Lister }

// kinds are the lists, and the folders that their repositories are in.
var kinds = []struct{ list, folder string }{{"models", ""}, {"datasets", "datasets/"}, {"spaces", "spaces/"}}

// listed is an entry of a list.
type listed struct {
	ID           string    `json:"id"`
	LastModified time.Time `json:"lastModified"`
}

// page passes over lists that are empty. If all are, it is not known whether there is
// such an owner.
func (h huggingFace) page(ctx context.Context, cursor string) (page Page, resp *http.Response, err error) {
	first := cursor == ""
	if first {
		cursor = kinds[0].list + "?" + h.query()
	}
	for range kinds {
		page, resp, err = h.list(ctx, cursor)
		if cursor = page.Next; err != nil || cursor == "" || len(page.Repositories) > 0 {
			break
		}
	}
	if err == nil && first && cursor == "" && len(page.Repositories) == 0 {
		err = errNothing
	}
	return page, resp, err
}

// list asks for a page of one list.
func (h huggingFace) list(ctx context.Context, cursor string) (Page, *http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.api.Base()+"/"+cursor, nil)
	if err != nil {
		return Page{}, nil, err
	}
	resp, err := transport{h.api}.RoundTrip(r)
	if err != nil {
		return Page{}, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // nothing was written
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return Page{}, resp, errAbsent
	default:
		return Page{}, resp, fmt.Errorf("status %d", resp.StatusCode)
	}
	var list []listed
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		return Page{}, resp, err
	}
	page := Page{}
	for i, kind := range kinds {
		if name, _, _ := strings.Cut(cursor, "?"); name != kind.list {
			continue
		}
		if page.Next, err = h.next(resp); err != nil {
			return Page{}, nil, err
		}
		if page.Next == "" {
			if len(list) >= perRequest { // it may have a page after it some day, while it is the same
				resp.Header.Del("ETag")
			}
			if i+1 < len(kinds) {
				page.Next = kinds[i+1].list + "?" + h.query()
			}
		}
		for _, entry := range list {
			name := kind.folder + entry.ID
			page.Repositories = append(page.Repositories, Repository{URL: h.owner.Site.String() + "/" + name, Name: name, Changed: entry.LastModified})
		}
	}
	return page, resp, nil
}

// perRequest is the most that Hugging Face sends.
const perRequest = 1000

func (h huggingFace) query() string {
	return url.Values{"author": {h.owner.Name}, "limit": {strconv.Itoa(perRequest)}}.Encode()
}

// errElsewhere is that of an answer that names a page which is not below the API.
var errElsewhere = errors.New("it says that the list goes on at another server, which is not asked")

// next returns the cursor of the next page, as the answer names it: "" for none.
func (h huggingFace) next(resp *http.Response) (string, error) {
	for _, header := range resp.Header.Values("Link") {
		for link := range strings.SplitSeq(header, ",") {
			target, rest, ok := strings.Cut(link, ">")
			if !ok || !strings.Contains(rest, `rel="next"`) {
				continue
			}
			path, own := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(target), "<"), h.api.Base()+"/")
			if !own {
				return "", errElsewhere
			}
			return path, nil
		}
	}
	return "", nil
}
