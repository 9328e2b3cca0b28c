package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"r8scan/internal/collect"
	"r8scan/internal/git/repo"
	"r8scan/internal/regular"
	"r8scan/result"
)

// Message is the message of the next commit, as git commits it.
type Message struct {
	path   string
	git    *repo.Repo
	getenv repo.Lookup
}

// maxMessage bounds the size of a message.
const maxMessage = 64 << 20

// OpenMessage finds the repository that git runs a hook for. path is the file with
// the message.
func OpenMessage(path string) (*Message, error) {
	g, getenv, err := hookRepository("")
	if err != nil {
		return nil, err
	}
	return &Message{path, g, getenv}, nil
}

// Tree is the work tree.
func (s *Message) Tree() (root, top string) { return s.git.WorkTree, "" }

// Read reads the message.
func (s *Message) Read(ctx context.Context, env *Env) (*Read, error) {
	text, err := regular.ReadNamed(s.path, maxMessage)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, notThere(s.path, "file with the commit message, such as .git/COMMIT_EDITMSG", err)
	case err != nil:
		return nil, fmt.Errorf("the commit message %s cannot be read: %s", s.path, regular.Reason(err))
	}
	head, err := s.git.Refs.Head()
	if err != nil {
		return nil, err
	}
	kept, comments := repo.CleanupOf(s.git, s.getenv).Committed(text)
	if len(env.Rules.Find(nil, comments, 0, len(comments))) > 0 {
		env.Sink.Note("a comment line of the message has a token. git leaves the line out, unless the command has --cleanup=verbatim, whitespace or scissors")
	}
	if err := env.run(ctx, func(ctx context.Context, w *worker) error { return s.search(ctx, w, env, kept) }); err != nil {
		return nil, err
	}
	return &Read{Target: result.Target{Kind: "message", Path: s.path, Head: head}, Root: s.git.WorkTree}, nil
}

// search searches what git commits of the message.
func (s *Message) search(ctx context.Context, w *worker, env *Env, kept []byte) error {
	for _, h := range searchText(ctx, w, env.Sink, "the commit message", "it", bytes.NewReader(kept), nil, 0) {
		env.Sink.Hit(collect.Hit{Hit: h, Kind: result.KindCommit})
	}
	return ctx.Err()
}
