package texts

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"r8scan/result"
)

// item is a text in an answer of the REST API.
type item struct {
	ID          int64     `json:"id"`
	Node        string    `json:"node_id"`
	Number      int64     `json:"number"`
	API         string    `json:"url"`
	Page        string    `json:"html_url"`
	Title       string    `json:"title"`
	Name        string    `json:"name"`
	Tag         string    `json:"tag_name"`
	Body        string    `json:"body"`
	Created     string    `json:"created_at"`
	Updated     string    `json:"updated_at"`
	PullRequest *struct{} `json:"pull_request"`
	Issue       string    `json:"issue_url"`
	Pull        string    `json:"pull_request_url"`
	Commit      string    `json:"commit_id"`
	Assets      []struct {
		ID      int64  `json:"id"`
		API     string `json:"url"`
		Name    string `json:"name"`
		Updated string `json:"updated_at"`
	} `json:"assets"`
}

// parts returns the parts of a text as they are now.
func (it *item) parts() (parts []Part) {
	for _, p := range []Part{{"title", it.Title}, {"title", it.Name}, {"body", it.Body}} {
		if p.Text != "" {
			parts = append(parts, p)
		}
	}
	return parts
}

// text returns the text of an item.
func (r *Reading) text(it *item, kind, path string) Text {
	return Text{Kind: kind, Path: path, URL: r.page(it.Page), API: it.API, Node: it.Node, Updated: it.Updated,
		edited: it.Updated != it.Created, Parts: it.parts()}
}

// last returns the last element of an API URL: a number.
func last(address string) string { return address[strings.LastIndexByte(address, '/')+1:] }

func readIssues(ctx context.Context, r *Reading) error {
	return r.since(ctx, "/issues", url.Values{"state": {"all"}}, func(it *item) Text {
		if it.PullRequest != nil {
			return r.text(it, result.KindPullRequest, fmt.Sprintf("pulls/%d", it.Number))
		}
		return r.text(it, result.KindIssue, fmt.Sprintf("issues/%d", it.Number))
	})
}

// readPulls reads pull requests where issues are switched off.
func readPulls(ctx context.Context, r *Reading) error {
	return r.pages(ctx, "/pulls?state=all&sort=created&direction=asc&per_page=100", func(it *item) (Text, []File) {
		return r.text(it, result.KindPullRequest, fmt.Sprintf("pulls/%d", it.Number)), nil
	})
}

func readComments(ctx context.Context, r *Reading) error {
	return r.since(ctx, "/issues/comments", url.Values{}, func(it *item) Text {
		kind, folder := kindOf(it.Page)
		return r.text(it, kind, fmt.Sprintf("%s/%s/comments/%d", folder, last(it.Issue), it.ID))
	})
}

func readReviewComments(ctx context.Context, r *Reading) error {
	return r.since(ctx, "/pulls/comments", url.Values{}, func(it *item) Text {
		return r.text(it, result.KindReviewComment, fmt.Sprintf("pulls/%s/review-comments/%d", last(it.Pull), it.ID))
	})
}

var errEndless = errors.New("GitHub's list does not end")

// since reads a list in the order of the last change, from where an earlier reading
// ended. The next page is asked for by the time of the last text, and not by a number:
// so a text that is deleted, or changed, while the list is read moves no other one out
// of sight. It ends with a page that has nothing new.
func (r *Reading) since(ctx context.Context, path string, query url.Values, textOf func(*item) Text) error {
	at, save := r.State.Lists[path], true
	if at.Bare && r.Client.LoggedIn {
		at = List{}
	}
	at.Bare = !r.Client.LoggedIn
	seen := map[string]string{} // by id: when it was changed
	query.Set("sort", "updated")
	query.Set("direction", "asc")
	query.Set("per_page", "100")
	page := 1
	for range r.Client.pages() {
		query.Set("page", fmt.Sprint(page))
		if at.Since != "" {
			query.Set("since", at.Since)
		}
		where, etag := r.Client.API+r.at+path+"?"+query.Encode(), ""
		if where == at.URL {
			etag = at.ETag
		}
		a, err := r.Client.get(ctx, where, etag)
		if err != nil || a.same {
			return err
		}
		var items []item
		if err := decode(a.body, &items); err != nil {
			return err
		}
		var texts []Text
		for i := range items {
			id := fmt.Sprint(items[i].ID)
			if was, ok := seen[id]; !ok || was != items[i].Updated {
				seen[id] = items[i].Updated
				texts = append(texts, textOf(&items[i]))
			}
		}
		whole, err := r.take(ctx, texts)
		if err != nil {
			return err
		}
		save = save && whole // what an earlier page lacks must come again
		moved := false
		if n := len(items); n > 0 && items[n-1].Updated > at.Since {
			at.Since, page, moved = items[n-1].Updated, 1, true
		} else if a.next != "" {
			page++
		}
		end := len(texts) == 0 && a.next == ""
		if end {
			at.URL, at.ETag = where, a.etag
		}
		if save && (moved || end) {
			r.State.Lists[path] = at
		}
		if end {
			return nil
		}
	}
	return errEndless
}

func readCommitComments(ctx context.Context, r *Reading) error {
	return r.pages(ctx, "/comments?per_page=100", func(it *item) (Text, []File) {
		return r.text(it, result.KindCommitComment, fmt.Sprintf("commits/%s/comments/%d", it.Commit, it.ID)), nil
	})
}

func readReleases(ctx context.Context, r *Reading) error {
	return r.pages(ctx, "/releases?per_page=100", func(it *item) (Text, []File) {
		t := r.text(it, result.KindRelease, "releases/"+it.Tag)
		t.Node = "" // it keeps no edits
		var files []File
		for _, a := range it.Assets {
			f := File{Key: fmt.Sprintf("asset/%d/%s", a.ID, a.Updated), From: a.API}
			f.Text = Text{Kind: result.KindReleaseFile, Path: t.Path + "/" + a.Name, URL: t.URL}
			files = append(files, f)
		}
		return t, files
	})
}

// readGist reads the description of a gist. Its files are in git.
func readGist(ctx context.Context, r *Reading) error {
	a, err := r.Client.get(ctx, r.at, "")
	if err != nil {
		return err
	}
	var gist struct {
		item
		Description string `json:"description"`
	}
	if err := decode(a.body, &gist); err != nil {
		return err
	}
	t := Text{Kind: result.KindGist, Path: "gists/" + r.Name, URL: r.page(gist.Page), API: gist.API, Parts: []Part{{"title", gist.Description}}}
	_, err = r.take(ctx, []Text{t})
	return err
}

func readGistComments(ctx context.Context, r *Reading) error {
	return r.pages(ctx, "/comments?per_page=100", func(it *item) (Text, []File) {
		it.Page = strings.Replace(web(r), "://", "://gist.", 1) + fmt.Sprintf("/%s#gistcomment-%d", r.Name, it.ID) // GitHub names none
		t := r.text(it, result.KindGistComment, fmt.Sprintf("gists/%s/comments/%d", r.Name, it.ID))
		return t, nil
	})
}

// passes is how often a list is read that changes while it is read.
const passes = 4

var errChanges = errors.New("the list changed again and again while it was read: scan again")

// pages reads a list of numbered pages. A page that did not change since the last
// reading does not come again. A text that is deleted meanwhile moves those after it up
// by one, so that one is on no page that was asked for: so several pages are asked for
// again, until none of them has changed.
func (r *Reading) pages(ctx context.Context, path string, textOf func(*item) (Text, []File)) error {
	files, read := map[string]File{}, map[string]Page{}
	for range passes {
		n, changed := 0, false
		for where := r.Client.API + r.at + path; where != ""; n++ {
			if n == r.Client.pages() {
				return errEndless
			}
			known, ok := read[where]
			if !ok {
				known = r.State.Pages[where]
			}
			if known.Bare && r.Client.LoggedIn {
				known = Page{}
			}
			p, same, err := r.onePage(ctx, where, known, textOf)
			if err != nil {
				return err
			}
			for _, f := range p.Files {
				files[f.Key] = f
			}
			read[where], changed, where = p, changed || !same, p.Next
		}
		if n == 1 || !changed {
			return r.files(ctx, files)
		}
	}
	if err := r.files(ctx, files); err != nil {
		return err
	}
	return errChanges
}

// onePage reads a page of a list, and returns whether it is the same as the known one.
func (r *Reading) onePage(ctx context.Context, where string, known Page, textOf func(*item) (Text, []File)) (Page, bool, error) {
	a, err := r.Client.get(ctx, where, known.ETag)
	switch {
	case err != nil:
		return Page{}, false, err
	case a.same:
		r.recallPage(known)
		return known, true, nil
	}
	var items []item
	if err := decode(a.body, &items); err != nil {
		return Page{}, false, err
	}
	p := Page{ETag: a.etag, Next: a.next, Bare: !r.Client.LoggedIn}
	var texts []Text
	for i := range items {
		t, files := textOf(&items[i])
		texts, p.Files = append(texts, t), append(p.Files, files...)
	}
	whole, err := r.take(ctx, texts)
	for i := range texts {
		if key := texts[i].key(); texts[i].Node == "" && r.State.Texts[key].Found != nil {
			p.Found = append(p.Found, key)
		}
	}
	if err == nil && whole {
		r.State.Pages[where] = p
	} else {
		delete(r.State.Pages, where)
	}
	return p, false, err
}

// recallPage recalls what was found on a page. Of texts that keep their edits, the page
// does not tell whether these are still there: revisit asks.
func (r *Reading) recallPage(p Page) {
	for _, key := range p.Found {
		if e, ok := r.State.Texts[key]; ok && !e.Again && !r.Again && !r.fresh[key] {
			r.fresh[key] = true
			r.Visitor.Recall(e.Found)
		}
	}
}

// files reads files of releases. Those that are gone were deleted meanwhile.
func (r *Reading) files(ctx context.Context, files map[string]File) error {
	for _, key := range sorted(files) {
		f := files[key]
		if err := r.file(ctx, &f); err != nil && !isGone(err) {
			return err
		}
	}
	return nil
}
