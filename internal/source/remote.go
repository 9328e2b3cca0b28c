package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"r8scan/internal/collect"
	"r8scan/internal/git/fetch"
	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
	"r8scan/internal/git/wire"
	"r8scan/result"
)

// Remote is a repository on a server: all objects that its refs reach. They are read
// from the pack that the server sends. Nothing of it gets a name on this disk.
type Remote struct {
	// Reach says why an address is not connected to, as for fetch.Client; nil for no limits
	// of the caller's.
	Reach func(host string, at netip.AddrPort) error

	// Wants are ids in hex of commits that no ref names, such as those that a forced push
	// has dropped. They are read too, if the server sends them.
	Wants []string

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
	return &Remote{at: at, most: most}, nil
}

// Tree is nothing: what a server sends cannot have a say in how it is scanned.
func (s *Remote) Tree() (root, top string) { return "", "" }

// open asks the server for the refs. What is wanted beside them looks like more of them.
func (s *Remote) open(ctx context.Context) (*fetch.Session, error) {
	session, err := (&fetch.Client{Reach: s.Reach}).Open(ctx, s.at)
	if err != nil || len(s.Wants) == 0 {
		return session, err
	}
	for _, id := range s.Wants {
		if !wire.IsID(id, session.Hash) || !session.TakesAny() {
			session.Close()
			return nil, fmt.Errorf("%s: the server does not send %s", s.at, id)
		}
		session.Refs = append(session.Refs, fetch.Ref{Name: dropped + id, ID: id})
	}
	slices.SortFunc(session.Refs, func(a, b fetch.Ref) int { return strings.Compare(a.Name, b.Name) })
	return session, nil
}

// dropped begins the names of what is wanted beside refs.
const dropped = "refs/dropped/"

// Read gets the objects and searches them. What is wanted beside the refs, and not sent, is
// unread.
func (s *Remote) Read(ctx context.Context, env *Env) (*Read, error) {
	refused := 0
	for {
		read, err := s.readOnce(ctx, env)
		_, busy := fetch.Busy(err)
		switch {
		case err == nil && refused > 0:
			env.Sink.Unread(s.at.String(), fmt.Sprintf("the server does not send commits that a push has dropped: %d", refused))
			return read, nil
		case err == nil, len(s.Wants) == 0, busy, fetch.IsAbsent(err), ctx.Err() != nil:
			return read, err
		}
		// git's servers say which one they do not have.
		rest := slices.DeleteFunc(slices.Clone(s.Wants), func(id string) bool { return strings.Contains(err.Error(), id) })
		if len(rest) == len(s.Wants) {
			rest = nil
		}
		refused += len(s.Wants) - len(rest)
		less := *s
		less.Wants = rest
		s = &less
	}
}

// readOnce is Read, with all that is wanted or an error.
func (s *Remote) readOnce(ctx context.Context, env *Env) (*Read, error) {
	session, err := s.open(ctx)
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
		if session, err = s.open(ctx); err != nil {
			return nil, err
		}
	}
	env.Sink.Meter.Begin(collect.Receiving, 0)
	r := s.repository(env, session.Advert)
	if err := s.receive(ctx, env, session, r); err != nil {
		return nil, err
	}
	visit.end(r)
	return s.read(r), nil
}

// read returns what was read.
func (s *Remote) read(r *repository) *Read {
	return &Read{Target: result.Target{Kind: "repository", Path: s.at.String()}, Repos: []*collect.Repository{&r.Repository}}
}

// searchPack searches all objects of a pack that a sift cannot, and opens the
// repository's store. A pack that is complete may lack bases of deltas only, which are
// asked for.
func (s *Remote) searchPack(ctx context.Context, env *Env, r *repository, spool *fetch.Spool, hash int, complete bool) error {
	pack, err := s.named(ctx, env, spool, hash)
	if err != nil {
		return err
	}
	if ids := pack.Lacking(); complete && len(ids) > 0 && len(pack.Store.Problems()) == 0 {
		both, err := withBases(ctx, s, spool, ids)
		if err != nil {
			pack.Store.Close()
			return err
		}
		if both != nil {
			defer both.File.Close() // a mapping stays
			pack.Store.Close()
			if pack, err = s.named(ctx, env, both, hash); err != nil {
				return err
			}
		}
	}
	r.Store = pack.Index()
	env.Sink.Meter.Begin(collect.Reading, r.Store.PackedSize())
	o := &objects{env, r}
	if err := env.run(ctx, o.families()...); err != nil {
		r.Store.Close()
		return err
	}
	return readUnsigned(ctx, env, r)
}

// named opens a pack and gives its objects their ids.
func (s *Remote) named(ctx context.Context, env *Env, spool *fetch.Spool, hash int) (*odb.Unindexed, error) {
	pack, err := odb.OpenUnindexed(spool.File, spool.Size, "the received pack", hash, odb.LimitsOf(env.Budget))
	if err != nil {
		return nil, fmt.Errorf("%s: what the server sent cannot be read: %w", s.at, err)
	}
	meter := env.Sink.Meter
	meter.Objects.Store(0)
	meter.AllObjects.Store(int64(pack.Store.Len()))
	meter.Begin(collect.Naming, pack.Store.PackedSize())
	if err := nameAll(ctx, env, pack); err != nil {
		pack.Store.Close()
		return nil, err
	}
	return pack, nil
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

// receive searches the pack that the server sends, and opens the repository's store.
// What the server leaves out is unread.
func (s *Remote) receive(ctx context.Context, env *Env, session *fetch.Session, r *repository) error {
	wants := session.IDs()
	if len(wants) == 0 {
		env.Sink.Note("there are no commits in " + s.at.String())
		r.Store = odb.OpenFolders(odb.Folders{}, session.Hash, odb.LimitsOf(env.Budget))
		return nil
	}
	spool, err := fetch.NewSpool(s.most)
	if err != nil {
		return err
	}
	defer spool.File.Close() // a mapping stays
	sift := newSift(env, r, odb.NewArriving(spool.File, "the received pack", session.Hash, odb.LimitsOf(env.Budget)))
	fetched, err := sift.while(ctx, func(arriving io.Writer) error {
		return session.Fetch(ctx, wants, nil, io.MultiWriter(counted{spool, env.Sink.Meter}, arriving))
	})
	ok := false
	if err == nil && fetched == nil {
		ok, err = sift.finish(ctx, spool.Size)
	}
	if ok {
		r.named = []*idSet{&sift.known, &sift.trees.named, &sift.blobs.named}
		return sift.search(ctx)
	}
	sift.pack.Store.Close()
	if err != nil {
		return err
	}
	if fetched != nil {
		r.Promised = true // one gap is named, and not each object in it
		if err = s.cutShort(ctx, env, spool, session.Hash, fetched); err != nil {
			return fmt.Errorf("%s: %w", s.at, err)
		}
	}
	r.forget(env)
	return s.searchPack(ctx, env, r, spool, session.Hash, fetched == nil)
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
		if err := nameFamilies(ctx, env, u, families, nil); err != nil {
			return err
		}
	}
	return nil
}

// nameTrees gives the trees of a pack their ids.
func nameTrees(ctx context.Context, env *Env, u *odb.Unindexed) error {
	return nameFamilies(ctx, env, u, u.Families(), func(t odb.Type) bool { return t == odb.Tree })
}

// nameFamilies gives the objects of families their ids, if they are of a type that is
// wanted; nil for all types.
func nameFamilies(ctx context.Context, env *Env, u *odb.Unindexed, families []odb.Family, want func(odb.Type) bool) error {
	var jobs []job
	for _, f := range families {
		jobs = append(jobs, naming(u, f, want))
	}
	return env.run(ctx, jobs...)
}

// naming returns the job of giving the objects of a family their ids.
func naming(u *odb.Unindexed, f odb.Family, want func(odb.Type) bool) job {
	return func(ctx context.Context, w *worker) error {
		walker := w.walker(u.Store)
		walker.Want = want
		walker.Share = func(part odb.Family) bool { return w.pool.AddIfIdle(naming(u, part, want)) }
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
