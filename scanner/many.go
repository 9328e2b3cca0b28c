package scanner

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"r8scan/internal/budget"
	"r8scan/internal/collect"
	"r8scan/internal/policy"
	"r8scan/internal/source"
	"r8scan/result"
)

// Listed says which of an owner's repositories Many reads.
type Listed struct {
	NoForks    bool
	NoArchived bool
	Memory     string // folder that remembers what was listed, so that it is not sent again; "" for none
}

// Many scans the repositories of an owner, named as github:ORG, gitlab:GROUP or hf:OWNER,
// or those of a file with a list, named as @FILE or, for stdin, @-. A list may name
// owners and images too. The result is one: a token is one finding over all of them. What
// cannot be read is named, and the others are read.
func Many(ctx context.Context, name string, stdin io.Reader, listed Listed, opts Options) (*result.Result, error) {
	judged, err := opts.judged() // tell before anything is asked
	if err != nil {
		return nil, err
	}
	m := &many{opts: opts, judged: judged, running: map[*Progress]bool{}}
	if opts.Progress != nil {
		opts.Progress.many.Store(m)
	}
	lister := source.Lister{Stdin: stdin, NoForks: listed.NoForks, NoArchived: listed.NoArchived, Gists: opts.Texts, Memory: listed.Memory, Rules: opts.Rules}
	list, err := lister.List(ctx, name)
	if err != nil {
		return nil, err
	}
	m.begin(list.Members)
	for _, unread := range list.Unread {
		m.union.Unread(unread.What, unread.Reason)
	}
	for _, note := range list.Notes {
		m.union.Note(note)
	}
	if err := m.read(ctx); err != nil {
		return nil, err
	}
	res := m.union.Result(name)
	res.Notes = append(res.Notes, res.Since.Lines(fmt.Sprintf("%d repositories", res.Coverage.Repositories))...)
	slices.Sort(res.Notes)
	return res, nil
}

// How many are read at once, so that one waits for its server while another is searched;
// and how many may have been read before those in front of them.
const (
	atOnce = 4
	ahead  = 4 * atOnce
)

// many is a scan of many.
type many struct {
	opts    Options
	judged  *policy.Policy // what the user allows in each
	members []source.Member
	budget  *budget.Budget
	union   *collect.Union
	bare    int // those whose texts are not read

	mu      sync.Mutex
	done    int
	past    State              // sums of those that are done
	running map[*Progress]bool // of the others
}

// outcome is what came of a member.
type outcome struct {
	res    *result.Result
	beside bool
	err    error
}

// begin makes ready to read the members.
func (m *many) begin(members []source.Member) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.members, m.budget = members, budget.New(m.opts.MaxMemory, atOnce*m.opts.goroutines())
	m.budget.Match /= atOnce
	m.union = collect.NewUnion(m.budget, m.opts.Rules)
}

// read reads all members, and adds their results in order.
func (m *many) read(ctx context.Context) error {
	outcomes := make([]chan outcome, len(m.members))
	for i := range outcomes {
		outcomes[i] = make(chan outcome, 1)
	}
	free, held := make(chan struct{}, atOnce), make(chan struct{}, ahead)
	var g sync.WaitGroup
	defer g.Wait()
	g.Go(func() {
		for i := range m.members {
			held <- struct{}{}
			free <- struct{}{}
			g.Go(func() {
				defer func() { <-free }()
				outcomes[i] <- m.one(ctx, &m.members[i])
			})
		}
	})
	for i := range m.members { // all are waited for, so that no goroutine is left behind
		o := <-outcomes[i]
		<-held
		if ctx.Err() == nil {
			m.add(m.members[i].Repository, o)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.opts.Texts && m.bare > 0 {
		m.union.Note(fmt.Sprintf("%d repositories are not on GitHub: what stands beside them was not read", m.bare))
	}
	return nil
}

// add adds what came of a member.
func (m *many) add(of result.Repository, o outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if o.err != nil {
		m.union.Miss(of, strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(o.err.Error(), of.URL), ".git"), ": "))
		return
	}
	if !o.beside && o.res.Target.Kind != "image" {
		m.bare++
	}
	m.union.Add(of, o.res)
}

// one reads a member.
func (m *many) one(ctx context.Context, member *source.Member) (o outcome) {
	if o.err = ctx.Err(); o.err != nil {
		return o
	}
	opts := m.opts
	opts.Progress = &Progress{}
	m.mu.Lock()
	m.running[opts.Progress] = true
	m.mu.Unlock()
	defer m.end(opts.Progress)
	s, beside, err := member.Source(opts.Texts, opts.MaxSize)
	if err != nil {
		return outcome{err: err}
	}
	res, err := read(ctx, s, m.judged.Clone(), m.budget, opts)
	return outcome{res, beside, err}
}

// end counts a member as done.
func (m *many) end(p *Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := p.State()
	m.past.Files, m.past.Objects = m.past.Files+s.Files, m.past.Objects+s.Objects
	m.done++
	delete(m.running, p)
}

// state tells how far the scan is.
func (m *many) state() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.past
	s.Phase, s.Repositories, s.AllRepositories = "listing repositories", m.done, len(m.members)
	if m.union == nil {
		return s
	}
	s.Phase, s.Done, s.Total, s.Known, s.Tokens = "reading repositories", int64(m.done), int64(len(m.members)), true, m.union.Tokens()
	for p := range m.running {
		of := p.State()
		s.Files, s.Objects = s.Files+of.Files, s.Objects+of.Objects
		s.Tokens = max(s.Tokens, of.Tokens)
	}
	return s
}
