package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"r8scan/internal/collect"
	"r8scan/internal/git/fetch"
	"r8scan/internal/texts"
	"r8scan/result"
)

// Texts are a repository on GitHub and what stands beside it: issues, pull requests,
// reviews, comments, discussions, releases, the wiki, and the logs and artifacts of
// workflows. Beside a gist there are its description and its comments.
type Texts struct {
	*Remote
	client      *texts.Client
	owner, name string
	isGist      bool
}

// OpenTexts returns the repository at a URL with its texts. Of each file most bytes are
// read; 0 is DefaultMaxSize. It asks for nothing yet.
func OpenTexts(url string, most int64) (*Texts, error) {
	r, err := OpenRemote(url, most)
	if err != nil {
		return nil, err
	}
	api, err := (&fetch.Client{}).API(r.at)
	if err != nil {
		return nil, err
	}
	client := &texts.Client{HTTP: api, API: api.Base(), LoggedIn: api.LoggedIn()}
	owner, name, ok := strings.Cut(strings.TrimSuffix(strings.Trim(r.at.Path, "/"), ".git"), "/")
	isGist := strings.HasPrefix(r.at.Host, "gist.")
	if isGist && !ok { // the owner may be left out
		owner, name, ok = "gist", owner, true
	}
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return nil, errors.New("texts are read beside a repository on GitHub only: name its URL, such as https://github.com/owner/name")
	}
	return &Texts{r, client, owner, name, isGist}, nil
}

// LoggedIn reports whether there is a token for GitHub's API. Without one it answers 60
// requests an hour, and not all.
func (s *Texts) LoggedIn() bool { return s.client.LoggedIn }

// textsKind is the kind under which a reading of texts is remembered.
const textsKind = "texts"

// Read reads the texts, the wiki, and then the repository: what is remembered of the
// repository counts what was read since its reading began.
func (s *Texts) Read(ctx context.Context, env *Env) (*Read, error) {
	env.Sink.Meter.Begin(collect.Texts, 0)
	var wiki bool
	err := env.run(ctx, func(ctx context.Context, w *worker) (err error) {
		wiki, err = s.readTexts(ctx, env, w)
		return err
	})
	if err != nil {
		return nil, err
	}
	var beside []*collect.Repository
	if wiki && env.Paths.EntersDir(wikiName) {
		beside, err = s.readWiki(ctx, env)
		if err != nil {
			return nil, err
		}
	}
	read, err := s.Remote.Read(ctx, env)
	if err != nil {
		for _, r := range beside {
			r.Store.Close()
		}
		return nil, err
	}
	read.Repos = append(read.Repos, beside...)
	return read, nil
}

// readTexts reads the texts, as far as an earlier reading has not. It returns whether
// there may be a wiki.
func (s *Texts) readTexts(ctx context.Context, env *Env, w *worker) (wiki bool, err error) {
	name := s.at.String()
	state := &texts.State{}
	if body, err := env.Visits.Load(textsKind, name); err == nil && json.Unmarshal(body, state) != nil {
		state = &texts.State{} // all is read again
	}
	client := *s.client
	client.Most = min(texts.MaxAnswer, env.Budget.Work/answersInWork)
	r := texts.Reading{Client: &client, Owner: s.owner, Name: s.name, Visitor: &textVisitor{env, w, s.most}, State: state, Again: env.NeedSecrets, Now: time.Now(),
		Save: func(state *texts.State) {
			if body, err := json.Marshal(state); err == nil {
				// Names of tags and files are from the server, and may hold a token. If it
				// cannot be saved, the next scan reads all.
				_ = env.Visits.Save(textsKind, name, []byte(env.Rules.Redact(string(body))))
			}
		}}
	if s.isGist {
		return false, r.ReadGist(ctx)
	}
	is, err := r.Read(ctx)
	return is.Enabled, err
}

// answersInWork is how often an answer of the API fits into what may be held to read one
// text: it is held as it came, decoded, and in between.
const answersInWork = 8

// wikiName is the prefix of paths in the wiki.
const wikiName = "wiki"

// readWiki reads the wiki, which is a repository of its own. Of one without a page the
// server says that there is none.
func (s *Texts) readWiki(ctx context.Context, env *Env) ([]*collect.Repository, error) {
	at := *s.at
	at.Path = strings.TrimSuffix(at.Path, ".git") + ".wiki.git"
	own := *env
	own.Visits = nil // the counters of two repositories cannot be told apart
	read, err := (&Remote{Reach: s.Reach, at: &at, most: s.most}).Read(ctx, &own)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case fetch.IsAbsent(err):
		env.Sink.Note("the wiki of " + s.owner + "/" + s.name + " has no pages, or may not be read")
		return nil, nil
	case err != nil:
		env.Sink.Unread("the wiki of "+s.owner+"/"+s.name, err.Error())
		return nil, nil
	}
	for _, r := range read.Repos {
		r.Name, r.From.Page = wikiName, strings.TrimSuffix(s.at.String(), ".git")+"/wiki"
	}
	return read.Repos, nil
}

// textVisitor searches texts, and puts the matches into the sink.
type textVisitor struct {
	env  *Env
	w    *worker
	most int64 // bytes of a file
}

// Text searches the parts of a text.
func (v *textVisitor) Text(ctx context.Context, t *texts.Text) (json.RawMessage, bool) {
	v.env.Sink.Texts.Add(1)
	var hits []collect.Hit
	whole := true
	at := collect.Hit{Kind: t.Kind, Path: t.Path, URL: t.URL}
	hits = append(hits, v.env.inName(path.Base(t.Path), at)...)
	for _, p := range t.Parts {
		at.Part = p.Name
		more, ok, _ := v.search(ctx, strings.NewReader(p.Text), strings.NewReader(p.Text), "", at, v.env.Budget.Work/2) // a string can be read
		hits, whole = append(hits, more...), whole && ok
	}
	return v.found(hits, whole)
}

// File searches a file, which is spooled first: a zip has its list of members at its
// end.
func (v *textVisitor) File(ctx context.Context, f *texts.File, content io.Reader) (json.RawMessage, bool, error) {
	spool, err := fetch.NewSpool(v.most)
	if err != nil {
		return nil, false, err
	}
	defer spool.File.Close()
	_, err = io.Copy(counted{spool, v.env.Sink.Meter}, content)
	cut := err
	if errors.Is(err, fetch.ErrTooLarge) {
		cut = fmt.Errorf("it is larger than --max-size (%s): what came before was scanned", shownSize(v.most))
	} else if err != nil {
		cut = fmt.Errorf("it arrived cut short after %s, and what came was scanned: scan again", shownSize(spool.Size))
	}
	v.env.Sink.Texts.Add(1)
	at := collect.Hit{Kind: f.Kind, Path: f.Path, URL: f.URL}
	hits := v.env.inName(path.Base(f.Path), at)
	more, whole, err := v.search(ctx, io.NewSectionReader(spool.File, 0, spool.Size), spool.File, path.Base(f.Path), at, 0)
	found, ok := v.found(append(hits, more...), whole)
	if cut == nil {
		cut = err
	}
	return found, ok && cut == nil, cut
}

// search searches what a reader gives, which at can read again. held is how much memory
// the answer takes that it is from. It returns false if something in it could not be
// read.
func (v *textVisitor) search(ctx context.Context, r io.Reader, at io.ReaderAt, name string, place collect.Hit, held int64) (hits []collect.Hit, whole bool, err error) {
	whole = true
	t := v.w.searcher.Text(func(member, reason string) {
		whole = false
		v.env.Sink.Unread(inside(place.Path, member), reason)
	})
	defer t.Done()
	t.Seen, t.Held = v.env.Sink.See, held
	n, err := t.Read(ctx, r, at, name)
	v.env.Sink.Bytes.Add(n + t.Bytes)
	v.env.Sink.Members.Add(t.Members)
	for _, h := range t.Hits {
		place.Hit = h
		hits = append(hits, place)
	}
	return hits, whole, err
}

// found puts matches into the sink, and returns what to remember of them.
func (v *textVisitor) found(hits []collect.Hit, whole bool) (json.RawMessage, bool) {
	var saved []collect.SavedHit
	for i := range hits {
		v.hit(hits[i])
		s, ok := hits[i].Save(v.env.Rules)
		saved, whole = append(saved, s), whole && ok
	}
	if len(saved) == 0 {
		return nil, whole
	}
	body, err := json.Marshal(saved)
	if err != nil || !whole {
		return nil, false
	}
	return body, true
}

// hit puts a match into the sink, if its path is looked at.
func (v *textVisitor) hit(h collect.Hit) {
	if v.Wants(h.Path, false) {
		v.env.Sink.Hit(h)
	}
}

// Recall puts the matches of an earlier reading into the sink.
func (v *textVisitor) Recall(found json.RawMessage) {
	var saved []collect.SavedHit
	if json.Unmarshal(found, &saved) != nil {
		v.env.Sink.Unread("what an earlier scan found", "it is damaged: scan with --no-cache")
		return
	}
	for i := range saved {
		h, err := saved[i].Hit(v.env.Rules)
		if err != nil || !result.IsPosted(h.Kind) {
			v.env.Sink.Unread("what an earlier scan found", "it is damaged: scan with --no-cache")
			return
		}
		v.hit(h)
	}
}

// Wants reports whether a path is looked at.
func (v *textVisitor) Wants(path string, folder bool) bool {
	if folder {
		return v.env.Paths.EntersDir(path)
	}
	return v.env.Paths.Keeps(path, "")
}

func (v *textVisitor) Unread(what, reason string) { v.env.Sink.Unread(what, reason) }
func (v *textVisitor) Note(text string)           { v.env.Sink.Note(text) }

var _ texts.Visitor = (*textVisitor)(nil)
