package archive

import (
	"bufio"
	"fmt"
	"io"
	"runtime"
)

// container is a container, or data that may be one.
type container struct {
	*walk
	c     *content
	path  string // safe to show, "" for the outermost one
	depth int    // 1 for the outermost one
}

// whole reads a container and reports what is wrong with it. Decoders of other
// projects read hostile bytes here. Only whole catches their panics. It reports
// them as unread.
func (in *container) whole(f Format) {
	defer func() {
		if p := recover(); p != nil {
			in.v.Unread(in.path, panicked(f, p))
		}
	}()
	defer func(whole *content) { in.give(whole.held) }(in.c)
	if f == Foreign {
		if in.c, f = in.foreign(); f == None {
			return
		}
	}
	if weak(f) && !proven(in.walk, in.c, f) {
		f = in.unproven(f)
	}
	if f == None {
		in.embedded()
		return
	}
	if f == Executable {
		if in.c, f = behind(in.walk, in.c); f == None {
			return
		}
	}
	if in.allowed(f) {
		in.rest(!in.one(f))
	}
}

// allowed reports a container that is nested too deep to be read.
func (in *container) allowed(f Format) bool {
	if in.depth > in.limits.Depth {
		in.v.Unread(in.path, fmt.Sprintf("it is a %s nested deeper than %d containers; it was searched as it is", f, in.limits.Depth))
		return false
	}
	return true
}

// unproven reports data that has the name or the first bytes of a format but
// cannot be read in that format. It returns the format to try instead.
func (in *container) unproven(f Format) Format {
	head, _ := in.c.buf.Peek(HeadLen)
	if f == Zlib && head[0] != usualWindow<<4|8 && endingFormat(ending(in.c.name)) != Zlib {
		return None // the two bytes are there by chance
	}
	if !IsText(head) {
		in.v.Unread(in.path, fmt.Sprintf("it has the name or the first bytes of a %s file, but it cannot be read as one; it was searched as it is", f))
	}
	return Executable // an archive may follow it
}

// foreign reports data in a compressed format that is not supported, and reads
// the containers in it. If only the name says that it is compressed, it may be a
// zip after other data. foreign returns such a zip.
func (in *container) foreign() (*content, Format) {
	head, _ := in.c.buf.Peek(HeadLen)
	if kind := foreignKind(head); kind != "" {
		in.v.Unread(in.path, fmt.Sprintf("its format (%s) is not supported; it was searched as it is", kind))
	} else {
		if c, f := behind(in.walk, in.c); f != None {
			return c, f
		}
		in.v.Unread(in.path, "it has the name of a compressed file, but its first bytes match no supported format; it was searched as it is")
	}
	if in.depth <= in.limits.Depth {
		in.rest(true)
	}
	return in.c, None
}

// embedded reads the zip at the end of data that is no container, such as a
// picture in an archive. The data may be readable only once.
func (in *container) embedded() {
	if !in.c.skipToZip(in.walk) {
		return
	}
	if in.c.at != nil {
		in.c.begin(in.c.pos())
	}
	if err := in.c.random(in.walk); err != nil {
		in.fail(in.path, err)
		return
	}
	tail := make([]byte, min(in.c.size, TailLen))
	n, _ := in.c.at.ReadAt(tail, in.c.size-int64(len(tail)))
	if zipEnd(tail[:n]) && in.allowed(Zip) {
		in.rest(!in.one(Zip))
	}
}

// one reads the container that begins at the current position of in.c, and
// leaves in.c at its end. It reports what is wrong with the container and its
// members, and returns whether all of it was read.
func (in *container) one(f Format) bool {
	src, fails := in.c.src, in.fails
	err := in.read(f)
	if err != nil && src.err == nil { // otherwise the reader of in.c reports it
		in.fail(in.path, err)
	}
	return err == nil && in.fails == fails
}

func (in *container) read(f Format) error {
	switch f {
	case Zip:
		return readZip(in)
	case Tar:
		return readTar(in)
	case Ar:
		return readAr(in)
	case SevenZip:
		return read7z(in)
	case RAR:
		return readRAR(in)
	case Reftable:
		return readReftable(in)
	case Skippable:
		return readSkippable(in.c)
	}
	return readCompressed(in, f)
}

// panicked describes a panic without quoting the input.
func panicked(f Format, p any) string {
	if err, ok := p.(runtime.Error); ok {
		return fmt.Sprintf("its %s decoder failed (%v); what it read before that was searched", f, err)
	}
	return fmt.Sprintf("its %s decoder failed; what it read before that was searched", f)
}

// member reads one member to its end. It passes the member to the visitor. If
// the member is or ends in a container, it reads that too. It returns an error
// only when the walk is over.
func (in *container) member(name string, r io.Reader) error {
	if err := in.enter(in.path); err != nil {
		return err
	}
	path := join(in.path, name)
	sink := in.v.Member(path, name)
	defer sink.Close()
	if r == nil {
		return nil
	}
	src := &source{r: io.TeeReader(ctxReader{in.walk, r}, sink)}
	buf := in.buffered(src)
	head, _ := buf.Peek(HeadLen)
	c := &content{src: src, buf: buf, name: base(name)}
	(&container{in.walk, c, path, in.depth + 1}).whole(Detect(head, c.name))
	drain(buf)
	in.spare(buf)
	if src.err != nil {
		in.fail(path, src.err)
	}
	return in.over()
}

// drain reads the rest of a member, so that all of it goes to its sink.
func drain(buf *bufio.Reader) {
	_, _ = io.Copy(io.Discard, buf) // its source keeps the error
}

// unreadable announces a member whose content cannot be read.
func (in *container) unreadable(name, why string) error {
	if err := in.enter(in.path); err != nil {
		return err
	}
	path := join(in.path, name)
	_ = in.v.Member(path, name).Close()
	in.v.Unread(path, why)
	return nil
}
