package source

import (
	"context"
	"errors"
	"fmt"
	"io"

	"r8scan/internal/collect"
	"r8scan/internal/git/fetch"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
	"r8scan/result"
)

// Remote is a repository on a server: all objects that its refs reach. They are read
// from the pack that the server sends. Nothing of it gets a name on this disk.
type Remote struct {
	at   *fetch.Address
	most int64 // bytes of the pack
}

// IsURL reports whether a text is meant as the address of a repository on a server.
func IsURL(text string) bool { return fetch.IsURL(text) }

// LocalPath returns the path that a file URL names, and any other text as it is.
func LocalPath(text string) string {
	if path, ok := fetch.LocalPath(text); ok {
		return path
	}
	return text
}

// DefaultMaxSize is how many bytes a pack may have.
const DefaultMaxSize = 20 << 30

// OpenRemote returns the repository at a URL. Of its pack most bytes are read; 0 is
// DefaultMaxSize. It asks for nothing yet.
func OpenRemote(url string, most int64) (*Remote, error) {
	at, err := fetch.Parse(url)
	if err != nil {
		return nil, err
	}
	if most == 0 {
		most = DefaultMaxSize
	}
	return &Remote{at, most}, nil
}

// Tree is nothing: what a server sends cannot have a say in how it is scanned.
func (s *Remote) Tree() (root, top string) { return "", "" }

// Read gets the objects and searches them.
func (s *Remote) Read(ctx context.Context, env *Env) (*Read, error) {
	session, err := (&fetch.Client{}).Open(ctx, s.at)
	if err != nil {
		return nil, err
	}
	defer func() { session.Close() }()
	visit := s.visit(env)
	if visit.serves(session.Advert) {
		if read, err := s.again(ctx, env, session, visit); read != nil || err != nil {
			return read, err
		}
		session.Close() // over ssh it takes one request
		if session, err = (&fetch.Client{}).Open(ctx, s.at); err != nil {
			return nil, err
		}
	}
	r := s.repository(env, session.Advert)
	pack, err := s.receive(ctx, env, session, r)
	if err != nil {
		return nil, err
	}
	if pack == nil {
		env.Sink.Note(s.at.String() + " is an empty repository")
		r.Store = odb.OpenFolders(odb.Folders{}, session.Hash, odb.LimitsOf(env.Budget))
	} else if err := searchPack(ctx, env, r, pack); err != nil {
		pack.Store.Close()
		return nil, err
	}
	visit.end(r)
	return s.read(r), nil
}

// read returns what was read.
func (s *Remote) read(r *repository) *Read {
	return &Read{Target: result.Target{Kind: "repository", Path: s.at.String()}, Repos: []*collect.Repository{&r.Repository}}
}

// searchPack searches all objects of a pack and opens the repository's store. Where a
// sift does not do, it takes the way of a pack with an index.
func searchPack(ctx context.Context, env *Env, r *repository, pack *odb.Unindexed) error {
	meter := env.Sink.Meter
	meter.AllObjects.Add(int64(pack.Store.Len()))
	meter.Begin(collect.Reading, pack.Store.PackedSize())
	s := &sift{env: env, repo: r, pack: pack}
	ok, err := s.run(ctx)
	if err != nil {
		return err
	}
	if ok {
		r.named = []*idSet{&s.known, &s.named}
		r.Store = pack.Index()
		return s.search(ctx)
	}
	meter.Begin(collect.Naming, pack.Store.PackedSize())
	if err := nameAll(ctx, env, pack); err != nil {
		return err
	}
	r.Store = pack.Index()
	meter.Objects.Store(0)
	meter.Begin(collect.Reading, pack.Store.PackedSize())
	o := &objects{env, r}
	if err := env.run(ctx, o.families()...); err != nil {
		return err
	}
	return readUnsigned(ctx, env, r)
}

// repository returns what a server says of a repository.
func (s *Remote) repository(env *Env, a *fetch.Advert) *repository {
	r := &repository{Repository: collect.Repository{From: collect.Remote{URL: s.at.String(), Branch: a.Branch}, Head: a.Head}}
	r.forget(env)
	for _, ref := range a.Refs {
		r.Refs = append(r.Refs, repo.Ref{Name: ref.Name, ID: ref.ID})
	}
	r.cutAt(a.Shallow)
	return r
}

// receive returns the pack that the server sends, nil for an empty repository. What it
// leaves out is unread.
func (s *Remote) receive(ctx context.Context, env *Env, session *fetch.Session, r *repository) (*odb.Unindexed, error) {
	wants := session.IDs()
	if len(wants) == 0 {
		return nil, nil
	}
	spool, err := fetch.NewSpool(s.most)
	if err != nil {
		return nil, err
	}
	defer spool.File.Close() // a mapping stays
	env.Sink.Meter.Begin(collect.Receiving, 0)
	if err := session.Fetch(ctx, wants, nil, counted{spool, env.Sink.Meter}); err != nil {
		r.Promised = true // one gap is named, and not each object in it
		if err = s.cutShort(ctx, env, spool, session.Hash, err); err != nil {
			return nil, fmt.Errorf("%s: %w", s.at, err)
		}
	}
	u, err := odb.OpenUnindexed(spool.File, spool.Size, "the received pack", session.Hash, odb.LimitsOf(env.Budget))
	if err != nil {
		return nil, fmt.Errorf("%s: what the server sent cannot be read: %w", s.at, err)
	}
	return u, nil
}

// cutShort ends the spool of a pack that did not arrive whole, and returns why: what
// came is read. The error is for a pack of which nothing came, or has no room.
func (s *Remote) cutShort(ctx context.Context, env *Env, spool *fetch.Spool, hash int, why error) error {
	var disk *fetch.SpoolError
	if ctx.Err() != nil || errors.As(why, &disk) || spool.Size == 0 {
		return why
	}
	reason := fmt.Sprintf("%v after %s: what came was scanned", why, shownSize(spool.Size))
	if errors.Is(why, fetch.ErrTooLarge) {
		reason = fmt.Sprintf("%v (%s): what came before was scanned", why, shownSize(s.most))
	}
	env.Sink.Unread(s.at.String(), reason)
	return spool.End(hash)
}

// shownSize shows a number of bytes.
func shownSize(n int64) string {
	if n < 10<<20 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

// counted counts what is written.
type counted struct {
	io.Writer
	meter *collect.Meter
}

func (c counted) Write(b []byte) (int, error) {
	n, err := c.Writer.Write(b)
	c.meter.Done.Add(int64(n))
	return n, err
}

// nameAll gives the objects of a pack their ids.
func nameAll(ctx context.Context, env *Env, u *odb.Unindexed) error {
	for families := u.Families(); len(families) > 0; families = u.Ready() {
		var jobs []job
		for _, f := range families {
			jobs = append(jobs, naming(u, f))
		}
		if err := env.run(ctx, jobs...); err != nil {
			return err
		}
	}
	return nil
}

// naming returns the job of giving the objects of a family their ids.
func naming(u *odb.Unindexed, f odb.Family) job {
	return func(ctx context.Context, w *worker) error {
		walker := w.walker(u.Store)
		walker.Share = func(part odb.Family) bool { return w.pool.AddIfIdle(naming(u, part)) }
		return walker.Walk(ctx, f, namer{u})
	}
}

// namer is the visitor that gives objects their ids.
type namer struct{ pack *odb.Unindexed }

func (v namer) Visit(n *odb.Node) error {
	if err := v.pack.Identify(n); err != nil {
		v.pack.Fail(n.Obj, err)
	}
	return nil
}

func (v namer) Failed(o odb.Obj, _ odb.Type, why error) { v.pack.Fail(o, why) }
