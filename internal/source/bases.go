package source

import (
	"context"
	"io"

	"r8scan/internal/git/fetch"
	"r8scan/internal/git/odb"
)

// A server may send deltas whose base it leaves out, although it was not asked to. The
// bases are asked for in a second request, if the server takes one for any object.

// withBases returns a spool with a pack that has the objects of another one and the
// objects with these ids, in hex. It returns nil if the server does not send them: what
// builds on them is then unread.
func withBases(ctx context.Context, s *Remote, pack *fetch.Spool, ids []string) (*fetch.Spool, error) {
	session, err := s.open(ctx)
	if err != nil {
		return nil, ctx.Err()
	}
	defer session.Close()
	if !session.TakesAny() {
		return nil, nil
	}
	more, err := fetch.NewSpool(s.most)
	if err != nil {
		return nil, err
	}
	defer more.File.Close()
	if err := session.Fetch(ctx, ids, nil, more); err != nil {
		return nil, ctx.Err()
	}
	both, err := fetch.NewSpool(s.most)
	if err != nil {
		return nil, err
	}
	if err := odb.JoinPacks(both, session.Hash, whole(pack), whole(more)); err != nil {
		_ = both.File.Close() // nobody reads it
		return nil, nil
	}
	return both, nil
}

func whole(s *fetch.Spool) *io.SectionReader { return io.NewSectionReader(s.File, 0, s.Size) }
