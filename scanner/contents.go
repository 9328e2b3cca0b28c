package scanner

import (
	"bytes"
	"context"
	"io"
	"strings"

	"r8scan/internal/archive"
	"r8scan/internal/git/odb"
	"r8scan/rules"
)

// contents searches a file or an object and, if it is a container, all that is
// in it. A container's own bytes are searched as well, since tokens may stand
// between members, in comments or behind the damage; a token found there and
// in a member inside is told once, by its member.
type contents struct {
	ctx  context.Context
	w    *worker
	run  *run
	pack *packScan // nil if it is no object of a pack that is read whole
	obj  odb.Obj   // what is read, if it is an object
	kind odb.Type  // its type; 0 for a file
	what string    // how coverage calls it
	held int64     // bytes of memory that what is read takes, beside the walk of a container

	hits           []hit // those of a member stand behind those of the members in it
	members, bytes int64 // of containers
	quota          quota
}

// done ends the reading: its hits are on a shelf.
func (c *contents) done() {
	c.quota.done()
	clear(c.hits)
	if cap(c.hits) > keepHits {
		c.hits = nil
	}
}

// keepHits is for how many hits a worker keeps the room.
const keepHits = 1 << 10

// contents returns what searches one file or object. A worker has one at a
// time.
func (w *worker) contents(ctx context.Context, r *run, what string) *contents {
	w.content = contents{ctx: ctx, run: r, w: w, what: what, hits: w.content.hits[:0], quota: newQuota(r.budget.Found, w.memory)}
	return &w.content
}

// read searches a stream. at gives its bytes again, if they can be had. It
// returns how many bytes were read, and the error that ended it.
func (c *contents) read(r io.Reader, at io.ReaderAt, name string) (int64, error) {
	s := c.w.window()
	defer c.w.release(s)
	err := s.fill(r)
	format := archive.Detect(s.buf[:s.n], name)
	if format != archive.None && at == nil {
		return c.once(r, s, err, format, name)
	}
	s.program = format == archive.Executable && s.n == len(s.buf)
	binary := archive.MayEndInZip(s.buf[:s.n], nil)
	err = s.rest(c.ctx, r, err)
	if at != nil {
		format = c.tail(s, at, format, binary)
	}
	if at != nil && format != archive.None {
		c.walk(archive.Input{Name: name, At: at, Size: s.total, NoZip: s.program && !s.zip}, format)
	}
	c.take(s, 0)
	return s.total, err
}

// tail says what a file is by its end too, of which the window may hold a part.
func (c *contents) tail(s *window, at io.ReaderAt, f archive.Format, binary bool) archive.Format {
	switch {
	case s.total == int64(s.n):
		return archive.DetectTail(f, s.buf[:s.n])
	case f != archive.None || !binary && !archive.MayEndInZip(nil, s.buf[:s.n]):
		return f // the walk sees the end of a long executable
	}
	tail := s.buf[:min(archive.TailLen, s.total)]
	if k, err := at.ReadAt(tail, s.total-int64(len(tail))); k < len(tail) && err != nil {
		return f
	}
	return archive.DetectTail(f, tail)
}

// take adds what a window has found.
func (c *contents) take(s *window, inside int) {
	c.add(s.hits, inside)
	if s.dropped {
		c.run.dropped.Store(true)
		c.Unread(s.member, tooMany)
	}
}

// once searches a container that can be read only once: what the walk reads of
// it passes by the search. s holds its first bytes and err what came of
// reading them.
func (c *contents) once(r io.Reader, s *window, err error, f archive.Format, name string) (int64, error) {
	head := bytes.NewReader(bytes.Clone(s.buf[:s.n]))
	rest := r
	if err != nil {
		rest = errReader{err}
	}
	s.n, s.total = 0, 0
	all := io.TeeReader(io.MultiReader(head, rest), s)
	c.walk(archive.Input{Name: name, Reader: all}, f)
	_, err = io.Copy(io.Discard, ctxReader{c.ctx, all})
	s.search(true)
	c.take(s, 0)
	return s.total, err
}

// errReader gives an error.
type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// walk searches the members of a container.
func (c *contents) walk(in archive.Input, f archive.Format) {
	limits := c.run.limits
	limits.Account = c.w.memory
	limits.Memory = max(0, min(limits.Memory, c.run.budget.Work-c.held))
	_ = archive.Walk(c.ctx, in, f, limits, c) // the context's error ends the scan anyway
}

// add adds the hits in a container's own bytes, except for those that were
// found in a member of it too, and as surely, which c.hits has from inside on.
func (c *contents) add(own []hit, inside int) {
	var known map[findingKey]rules.Confidence
	if len(own) > 0 && len(c.hits) > inside {
		known = map[findingKey]rules.Confidence{}
	}
	for _, h := range c.hits[inside:] {
		if known != nil && h.member != own[0].member { // its own hits all have its path
			key := findingKey{h.match.Rule.ID, h.match.Secret.Reveal()}
			known[key] = max(known[key], h.match.Confidence)
		}
	}
	for _, h := range own {
		if best, ok := known[findingKey{h.match.Rule.ID, h.match.Secret.Reveal()}]; !ok || best < h.match.Confidence {
			c.hits = append(c.hits, h)
		}
	}
}

// Member searches a member's name and returns what searches its bytes.
func (c *contents) Member(path, name string) io.WriteCloser {
	if set := c.run.opts.Rules; set.Holds(name) {
		for _, m := range set.Find(nil, []byte(name), 0, len(name)) {
			if !c.quota.takes(m) {
				c.run.dropped.Store(true)
				c.Unread(path, tooMany)
				break
			}
			from := start.after([]byte(name[:m.Start]))
			c.hits = append(c.hits, hit{m, from, from.after([]byte(name[m.Start:m.End])), path})
		}
	}
	if name != "" && !strings.HasSuffix(name, "/") {
		c.members++
	}
	return &member{c: c, path: path, inside: len(c.hits)}
}

func (c *contents) Unread(path, reason string) {
	if path != "" {
		path = "!" + path
	}
	if c.kind == 0 {
		c.run.addUnread(c.what+path, reason)
	} else {
		c.run.addFault(fault{c.obj, c.kind, Unread{c.what + path, reason}})
	}
	if c.pack != nil {
		c.pack.again(c.obj) // so that the next scan names it again
	}
}

// member is the sink of a member's bytes.
type member struct {
	c      *contents
	path   string
	inside int     // where the hits of members in it begin
	s      *window // nil until there are bytes
}

func (m *member) Write(p []byte) (int, error) {
	if m.s == nil {
		m.s = m.c.w.window()
		m.s.member = m.path
	}
	return m.s.Write(p)
}

func (m *member) Close() error {
	if m.s == nil {
		return nil
	}
	m.s.search(true)
	m.c.bytes += m.s.total
	m.c.take(m.s, m.inside)
	m.c.w.release(m.s)
	return nil
}
