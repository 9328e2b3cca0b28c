package search

import (
	"bytes"
	"context"
	"io"
	"strings"

	"r8scan/internal/archive"
	"r8scan/rules"
)

// Text searches one text and, if the text is a container, its members. A
// container's own bytes are searched too, because tokens may be between
// members, in comments or behind damage. A token that is found there and in a
// member is reported once, for the member.
type Text struct {
	Hits    []Hit // those of a member stand behind those of the members in it
	Members int64 // of containers
	Bytes   int64 // of these members
	Held    int64 // bytes of memory that the text itself takes; set it before Read

	// Seen is told of each match as soon as it is found, and Hits may have; nil if
	// nobody wants to know. It is set before Read.
	Seen func(*rules.Match)

	// Entered is told of each member's path; nil if nobody wants to know. It is set
	// before Read.
	Entered func(path string)

	s      *Searcher
	unread func(member, reason string)
	quota  Quota
}

// keepHits is the number of hits for which a searcher keeps memory.
const keepHits = 1 << 10

// Done ends the search after the hits were handed on.
func (t *Text) Done() {
	t.quota.Done()
	clear(t.Hits)
	if cap(t.Hits) > keepHits {
		t.Hits = nil
	}
}

// Read searches a stream. at reads the same bytes again, if possible. name is
// the file's name as far as known. Read returns the number of bytes read, and
// the error that ended the stream.
func (t *Text) Read(ctx context.Context, r io.Reader, at io.ReaderAt, name string) (int64, error) {
	w := t.window("")
	defer t.s.release(w)
	err := w.fill(r)
	format := archive.Detect(w.buf[:w.n], name)
	if at == nil && (format != archive.None || w.total == int64(len(w.buf)) || archive.HoldsZip(w.buf[:w.n])) {
		return t.once(ctx, r, w, err, format, name)
	}
	w.program = format == archive.Executable && w.n == len(w.buf)
	binary := archive.MayEndInZip(w.buf[:w.n], nil)
	err = w.rest(ctx, r, err)
	if at != nil {
		format = tail(w, at, format, binary)
	}
	if at != nil && format != archive.None {
		t.Container(ctx, archive.Input{Name: name, At: at, Size: w.total, NoZip: w.program && !w.zip}, format)
	}
	t.take(w, 0)
	return w.total, err
}

// window returns a window for the bytes of a member, "" for the text's own.
func (t *Text) window(member string) *window {
	w := t.s.window()
	w.member, w.seen = member, t.Seen
	return w
}

// tail detects the format of a file by its end too. The window may hold part of
// the end.
func tail(w *window, at io.ReaderAt, f archive.Format, binary bool) archive.Format {
	switch {
	case w.total == int64(w.n):
		return archive.DetectTail(f, w.buf[:w.n])
	case f != archive.None || !binary && !archive.MayEndInZip(nil, w.buf[:w.n]):
		return f // the walk sees the end of a long executable
	}
	end := w.buf[:min(archive.TailLen, w.total)]
	if k, err := at.ReadAt(end, w.total-int64(len(end))); k < len(end) && err != nil {
		return f
	}
	return archive.DetectTail(f, end)
}

// take adds the hits of a window.
func (t *Text) take(w *window, inside int) {
	if len(t.Hits) == 0 && len(w.hits) > keepHits { // the window's list becomes the text's, so that it is not there twice
		t.Hits, w.hits = w.hits, nil
	}
	t.add(w.hits, inside)
	if w.dropped {
		t.unread(w.member, TooMany)
	}
}

// once searches a container that can be read only once. The bytes that the walk
// reads also go to the search. w holds the first bytes and err is the error of
// reading them.
func (t *Text) once(ctx context.Context, r io.Reader, w *window, err error, f archive.Format, name string) (int64, error) {
	head := bytes.NewReader(bytes.Clone(w.buf[:w.n]))
	rest := r
	if err != nil {
		rest = errReader{err}
	}
	w.n, w.total = 0, 0
	all := io.TeeReader(io.MultiReader(head, rest), w)
	t.Container(ctx, archive.Input{Name: name, Reader: all}, f)
	_, err = io.Copy(io.Discard, ctxReader{ctx, all})
	w.search(true)
	t.take(w, 0)
	return w.total, err
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

// Container searches the members of a container.
func (t *Text) Container(ctx context.Context, in archive.Input, f archive.Format) {
	limits := t.s.limits
	limits.Memory = max(0, min(limits.Memory, t.s.work-t.Held))
	_ = archive.Walk(ctx, in, f, limits, t) // the context's error ends the scan anyway
}

// Matches adds matches in a text that was searched in one piece. Lines and
// columns count from data[from:], which holds all matches.
func (t *Text) Matches(data []byte, from int, matches []rules.Match) {
	var own []Hit
	at, done := locate(data[from:]), from
	for _, m := range matches {
		at = at.after(data[done:m.Start])
		done = m.Start
		own = append(own, at.hit(m, data[m.Start:m.End], ""))
	}
	t.add(own, 0)
}

// add adds the hits in a container's own bytes. It leaves out those that a
// member has with the same confidence or more. The members' hits begin at
// t.Hits[inside].
func (t *Text) add(own []Hit, inside int) {
	if len(own) == 0 || len(t.Hits) == inside {
		t.Hits = append(t.Hits, own...)
		return
	}
	known := map[Key]rules.Confidence{}
	for i := inside; i < len(t.Hits); i++ {
		if h := &t.Hits[i]; h.Member != own[0].Member { // its own hits all have its path
			key := h.Key()
			known[key] = max(known[key], h.Match.Confidence)
		}
	}
	for _, h := range own {
		if best, ok := known[h.Key()]; !ok || best < h.Match.Confidence {
			t.Hits = append(t.Hits, h)
		}
	}
}

// Member searches a member's name and returns what searches its bytes.
func (t *Text) Member(path, name string) io.WriteCloser {
	var all bool
	if t.Hits, all = Name(t.Hits, t.s.rules, name, path, &t.quota); !all {
		t.unread(path, TooMany)
	}
	if name != "" && !strings.HasSuffix(name, "/") {
		t.Members++
	}
	if t.Entered != nil {
		t.Entered(path)
	}
	return &member{t: t, path: path, inside: len(t.Hits)}
}

// Unread reports what could not be read in a container.
func (t *Text) Unread(path, reason string) { t.unread(path, reason) }

// member is the sink of a member's bytes.
type member struct {
	t      *Text
	path   string
	inside int     // where the hits of members in it begin
	w      *window // nil until there are bytes
}

func (m *member) Write(p []byte) (int, error) {
	if m.w == nil {
		m.w = m.t.window(m.path)
	}
	return m.w.Write(p)
}

func (m *member) Close() error {
	if m.w == nil {
		return nil
	}
	m.w.search(true)
	m.t.Bytes += m.w.total
	m.t.take(m.w, m.inside)
	m.t.s.release(m.w)
	return nil
}
