package texts

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"r8scan/result"
)

// Visitor takes what is read.
type Visitor interface {
	// Text searches a text. It returns what to remember of it, nil for nothing, and
	// false if what it found cannot be remembered.
	Text(ctx context.Context, t *Text) (found json.RawMessage, ok bool)
	// File is Text for a file. The error is that of a file that was not read.
	File(ctx context.Context, f *File, content io.Reader) (found json.RawMessage, ok bool, err error)
	// Recall takes what Text or File returned in an earlier reading.
	Recall(found json.RawMessage)
	// Wants reports whether a file, or anything below a folder, is to be read.
	Wants(path string, folder bool) bool
	Unread(what, reason string)
	Note(text string)
}

// Reading is the reading of the texts of one repository.
type Reading struct {
	Client  *Client
	Owner   string
	Name    string
	Visitor Visitor
	State   *State       // of the last reading; it is brought up to date
	Again   bool         // read again what has a match, for its credential was not remembered
	Save    func(*State) // called whenever a part was read; may be nil
	Now     time.Time

	at    string // /repos/OWNER/NAME
	fresh map[string]bool
	stop  error
	// failed means that a section was not read to its end.
	failed bool
}

// Wiki tells what is known of the repository's wiki.
type Wiki struct{ Enabled bool }

// Read reads all texts, and names as unread what it could not. The error is that of ctx.
func (r *Reading) Read(ctx context.Context) (Wiki, error) {
	r.State.fill()
	r.fresh = map[string]bool{}
	r.at = "/repos/" + url.PathEscape(r.Owner) + "/" + url.PathEscape(r.Name)
	repo, err := r.about(ctx)
	if err != nil {
		r.Visitor.Unread(r.called("texts"), err.Error())
		r.recallRest()
		return Wiki{}, ctx.Err()
	}
	if owner, name, ok := strings.Cut(repo.FullName, "/"); ok && !strings.Contains(name, "/") { // it may have another name now
		r.at = "/repos/" + url.PathEscape(owner) + "/" + url.PathEscape(name)
		r.Owner, r.Name = owner, name
	}
	return Wiki{repo.Wiki}, r.run(ctx, r.sections(repo.Issues, repo.Talks))
}

// about asks what the repository is, if that has changed.
func (r *Reading) about(ctx context.Context) (About, error) {
	a, err := r.Client.get(ctx, r.at, r.State.About.ETag)
	if err != nil || a.same {
		return r.State.About, err
	}
	var now About
	err = decode(a.body, &now)
	if now.ETag = a.etag; err == nil {
		r.State.About = now
	}
	return now, err
}

// ReadGist is Read for a gist, whose id is the Name of the reading. Its files are in a
// repository of git's.
func (r *Reading) ReadGist(ctx context.Context) error {
	r.State.fill()
	r.fresh = map[string]bool{}
	r.at = "/gists/" + url.PathEscape(r.Name)
	return r.run(ctx, []section{
		{"description", []string{"gists"}, readGist},
		{"comments", []string{"gists"}, readGistComments},
		{revisited, []string{"gists"}, revisit},
	})
}

// run reads sections, and names those as unread that it could not read.
func (r *Reading) run(ctx context.Context, all []section) error {
	for _, s := range all {
		if !r.wants(s.below) {
			continue
		}
		err := r.stop
		if err == nil {
			err = s.read(ctx, r)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.ended(s.name, err)
		if r.Save != nil {
			r.Save(r.State)
		}
	}
	if r.failed {
		r.recallRest()
	}
	return nil
}

// section is a part of what stands beside a repository.
type section struct {
	name  string
	below []string // its folders, in the paths of results
	read  func(ctx context.Context, r *Reading) error
}

// revisited is the section of the texts that no list has brought again.
const revisited = "texts with tokens"

const earlierVersions = "earlier versions of texts"

// sections returns what there is to read of a repository. What is switched off is no
// gap.
func (r *Reading) sections(issues, discussions bool) []section {
	all := []section{
		{"issues and pull requests", []string{"issues", "pulls"}, readIssues},
		{"comments", []string{"issues", "pulls"}, readComments},
		{"review comments", []string{"pulls"}, readReviewComments},
		{"commit comments", []string{"commits"}, readCommitComments},
		{"reviews", []string{"pulls"}, readReviews},
		{"discussions", []string{"discussions"}, readDiscussions},
		{"releases", []string{"releases"}, readReleases},
		{revisited, []string{"issues", "pulls", "commits", "discussions", "releases"}, revisit},
		{"logs of runs", []string{"actions"}, readLogs},
		{"artifacts", []string{"actions"}, readArtifacts},
	}
	const off = ": GitHub has none, because they are switched off"
	if !discussions {
		r.Visitor.Note(r.called("discussions") + off)
		all = slices.DeleteFunc(all, func(s section) bool { return s.name == "discussions" })
	}
	if !issues { // then GitHub does not list pull requests with them
		r.Visitor.Note(r.called("issues") + off)
		all[0] = section{"pull requests", []string{"pulls"}, readPulls}
	}
	return all
}

// ended names a section that was not read, or not all of it.
func (r *Reading) ended(name string, err error) {
	if name == revisited && !r.Client.LoggedIn {
		r.Visitor.Unread(r.called(earlierVersions), "GitHub shows them to those who are logged in only: "+setToken)
	}
	if err == nil {
		return
	}
	var stop *stopError
	if errors.As(err, &stop) {
		r.stop = stop
	}
	r.failed = true
	r.Visitor.Unread(r.called(name), err.Error())
}

// setToken is what to do if there is no token.
const setToken = "set GITHUB_TOKEN"

// errLogin is the error of what needs a token.
var errLogin = errors.New("GitHub gives them to those who are logged in only: " + setToken)

func (r *Reading) called(what string) string { return what + " of " + r.Owner + "/" + r.Name }

func (r *Reading) wants(folders []string) bool {
	for _, f := range folders {
		if r.Visitor.Wants(f, true) {
			return true
		}
	}
	return false
}

// decode decodes a document.
func decode(body []byte, value any) error {
	if err := json.Unmarshal(body, value); err != nil {
		return errHalf // it is JSON of another form
	}
	return nil
}

// take hands texts to the visitor, with what they said before they were edited. It
// returns false if something of them could not be read or remembered, so that they
// must be asked for again.
func (r *Reading) take(ctx context.Context, texts []Text) (whole bool, err error) {
	var ids []string
	for i := range texts {
		if t := &texts[i]; t.edited && t.Node != "" {
			ids = append(ids, t.Node)
		}
	}
	whole = true
	taken := map[string]bool{}
	if r.Client.LoggedIn {
		err = nodes(ctx, r, ids, detailFields, func(n *node) {
			for i := range texts {
				if t := &texts[i]; t.Node == n.ID { // not kept for later: a text may have a hundred versions
					t.Parts = append(t.Parts, n.earlier(r, t)...)
					r.takeOne(ctx, t, n.mark(), "")
					t.Parts, taken[n.ID] = nil, true
				}
			}
		})
		whole = err == nil
	}
	for i := range texts {
		t := &texts[i]
		if taken[t.Node] {
			continue
		}
		mark := ""
		if t.Node != "" && !t.edited {
			mark = (&node{Updated: t.Updated}).mark()
		}
		if was, ok := r.State.Texts[t.key()]; ok && was.Found != nil && !(whole && r.Client.LoggedIn) {
			r.Visitor.Recall(was.Found) // an earlier version may have it, which was not read now
		}
		r.takeOne(ctx, t, mark, "")
	}
	var stop *stopError
	if ctx.Err() != nil || err == nil || errors.As(err, &stop) {
		return whole, errors.Join(ctx.Err(), err)
	}
	r.failed = true
	r.Visitor.Unread(r.called(earlierVersions), err.Error())
	return false, nil
}

// takeOne hands a text to the visitor, and remembers what was found.
func (r *Reading) takeOne(ctx context.Context, t *Text, mark, etag string) {
	found, ok := r.Visitor.Text(ctx, t)
	r.fresh[t.key()] = true
	delete(r.State.Texts, t.key())
	if found != nil || !ok {
		r.State.Texts[t.key()] = Entry{Text: *t, Mark: mark, ETag: etag, Found: found, Again: !ok}
	}
}

// revisit asks again for the texts that had a match at the last reading and did not come
// with a list: they may have been deleted, or their old versions.
func revisit(ctx context.Context, r *Reading) error {
	var ids []string
	byID := map[string]Entry{}
	for key, e := range r.State.Texts {
		if r.fresh[key] {
			continue
		}
		if e.Text.Node != "" && r.Client.LoggedIn {
			ids, byID[e.Text.Node] = append(ids, e.Text.Node), e
			continue
		}
		if err := r.revisitOne(ctx, e); err != nil {
			return err
		}
	}
	return r.revisitNodes(ctx, ids, byID, r.State.Texts, func(e Entry) string { return e.Text.key() })
}

// recallRest recalls what could not be asked about: it was there at the last reading.
func (r *Reading) recallRest() {
	for _, entries := range []map[string]Entry{r.State.Texts, r.State.Nodes, r.State.Files} {
		for key, e := range entries {
			if !r.fresh[key] && !r.fresh[e.Text.key()] && e.Found != nil {
				r.Visitor.Recall(e.Found)
			}
		}
	}
}

// revisitOne is revisit for a text that keeps no edits, or without a token.
func (r *Reading) revisitOne(ctx context.Context, e Entry) error {
	etag := e.ETag
	if e.Again || r.Again {
		etag = ""
	}
	a, err := r.Client.get(ctx, e.Text.API, etag)
	key := e.Text.key()
	switch {
	case isGone(err):
		delete(r.State.Texts, key)
		return nil
	case err != nil:
		return err
	case a.same:
		r.fresh[key] = true
		r.Visitor.Recall(e.Found)
		return nil
	}
	var it item
	if err := decode(a.body, &it); err != nil {
		return err
	}
	t := e.Text
	t.Parts = it.parts()
	r.takeOne(ctx, &t, e.Mark, a.etag)
	return ctx.Err()
}

// revisitNodes asks GraphQL about entries: first whether they changed, without their
// texts, and then for what did.
func (r *Reading) revisitNodes(ctx context.Context, ids []string, byID map[string]Entry, in map[string]Entry, keyOf func(Entry) string) error {
	var changed []string
	there := map[string]bool{}
	err := nodes(ctx, r, ids, markFields, func(n *node) {
		e := byID[n.ID]
		there[n.ID] = true
		if n.mark() != e.Mark || e.Again || r.Again {
			changed = append(changed, n.ID)
			return
		}
		r.fresh[e.Text.key()] = true
		if e.Found != nil {
			r.Visitor.Recall(e.Found)
		}
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !there[id] {
			delete(in, keyOf(byID[id]))
		}
	}
	return nodes(ctx, r, changed, detailFields, func(n *node) {
		t := byID[n.ID].Text
		t.Parts = append(n.now(), n.earlier(r, &t)...)
		found, ok := r.Visitor.Text(ctx, &t)
		r.fresh[t.key()] = true
		in[keyOf(byID[n.ID])] = Entry{Text: t, Mark: n.mark(), Found: found, Again: !ok}
	})
}

// file hands a file to the visitor, or recalls what was found in it.
func (r *Reading) file(ctx context.Context, f *File) error {
	r.fresh[f.Key] = true
	e, known := r.State.Files[f.Key]
	if known && !(r.Again && e.Found != nil) {
		if e.Found != nil {
			r.Visitor.Recall(e.Found)
		}
		return nil
	}
	if !r.Visitor.Wants(f.Path, false) {
		return nil
	}
	content, err := r.Client.download(ctx, f.From, f.Kind == result.KindReleaseFile)
	if err != nil {
		return err
	}
	defer content.Close()
	found, ok, err := r.Visitor.File(ctx, f, content)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		r.Visitor.Unread(f.Path, err.Error())
		return nil
	case ok:
		r.State.Files[f.Key] = Entry{Found: found}
	}
	return nil
}

// page returns a URL that may be shown, "" for another one.
func (r *Reading) page(address string) string {
	u, err := url.Parse(address)
	api, bad := url.Parse(r.Client.API)
	if err != nil || bad != nil || u.User != nil || u.Scheme != api.Scheme {
		return ""
	}
	if host := strings.TrimPrefix(api.Host, "api."); u.Host != host && u.Host != "gist."+host {
		return ""
	}
	return u.String()
}

// kindOf returns the kind of a comment: those of pull requests come with those of
// issues.
func kindOf(page string) (kind, folder string) {
	if strings.Contains(page, "/pull/") {
		return result.KindPullComment, "pulls"
	}
	return result.KindIssueComment, "issues"
}
