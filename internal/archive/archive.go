// Package archive reads containers: archives and compressed files, also inside
// each other. It writes nothing to disk and trusts nothing in a container.
// Memory and time are bounded for any input.
package archive

import (
	"bufio"
	"context"
	"io"

	"r8scan/internal/budget"
)

// Limits bound a walk. Tests set them absurdly small.
type Limits struct {
	Depth      int   // levels of containers inside each other
	Entries    int   // members of the outermost container and of all containers in it
	Expanded   int64 // decompressed bytes of all levels together
	Ratio      int64 // decompressed bytes for each packed byte; it applies beyond RatioFloor
	RatioFloor int64 // decompressed bytes that any container may have
	Window     int64 // bytes of a decoder's dictionary
	Memory     int64 // bytes held at a time: dictionaries, and containers that are read from their end

	// Account is what the memory is charged to. It is nil if there is only one
	// walk.
	Account *budget.Account
}

// LimitsOf returns the limits for a budget. The default budget suffices for
// what people make: zstd -22 needs a window of 128 MB, and xz -9 one of 64 MB.
// Deflate expands a byte to at most 1,032 bytes, and real text expands far less.
func LimitsOf(b *budget.Budget) Limits {
	memory := b.Work / 5 * 3
	return Limits{Depth: 5, Entries: 1_000_000, Expanded: 16 << 30, Ratio: 1000, RatioFloor: 64 << 20,
		Window: min(128<<20, memory/3), Memory: memory}
}

// Visitor receives what a walk finds. The walk calls it from its own goroutine.
type Visitor interface {
	// Member announces a member by its path, which is safe to show, and by its
	// name as in the container. The member's bytes are written to the result.
	// If the member is a container, its members are announced before the result
	// is closed.
	Member(path, name string) io.WriteCloser
	// Unread reports that the member at path, or a part of it, could not be
	// read as what it is. The outermost container has the path "".
	Unread(path, reason string)
}

// Input is the container that a walk reads.
type Input struct {
	Name   string      // the last element of its path, "" if it has none
	Reader io.Reader   // used if At is nil; the caller reads what the walk leaves of it
	At     io.ReaderAt // better than Reader, because zip and 7z are read from their end
	Size   int64       // of At
	NoZip  bool        // HoldsZip was false for all of it, called on overlapping parts
}

// Walk passes the members of a container, and of containers in it, to v. It
// reports what is wrong with the container to v.Unread, and returns the error
// of the context. Walk does not pass on the container's own bytes. To miss
// nothing between members, in comments, headers and damaged parts, the caller
// searches them like any file.
func Walk(ctx context.Context, in Input, f Format, limits Limits, v Visitor) error {
	w := &walk{ctx: ctx, limits: limits, v: v, packed: in.Size}
	defer limits.Account.Back(limits.Account.Held())
	c := &content{src: &source{r: in.Reader}, at: in.At, size: in.Size, name: in.Name, noZip: in.NoZip}
	if in.At != nil {
		c.src.r = io.NewSectionReader(in.At, 0, in.Size)
	} else {
		w.top = c.src
	}
	c.buf = bufio.NewReaderSize(c.src, bufLen)
	(&container{walk: w, c: c, depth: 1}).whole(f)
	return ctx.Err()
}
