// Package scanner finds Replicate's credentials in files, on standard input and in
// everything that a git repository holds. For each it says where it is and how it
// got there. Each function scans one kind of source. Results are in a stable order:
// two scans of the same input give equal results.
//
// A scan starts no process, sends nothing, and obeys nothing that it reads. What it
// cannot read does not end it: Result.Coverage names it.
package scanner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"r8scan/internal/budget"
	"r8scan/internal/collect"
	"r8scan/internal/forge"
	"r8scan/internal/policy"
	"r8scan/internal/regular"
	"r8scan/internal/source"
	"r8scan/result"
)

// Audit scans everything that the repository around the folder path has: work
// trees, indexes, objects, refs, reflogs and configuration, its submodules, and the
// repositories in its work trees. Outside a repository it does what Files does, and
// of a URL what History does.
func Audit(ctx context.Context, path string, opts Options) (*result.Result, error) {
	path = source.LocalPath(path)
	if source.IsURL(path) {
		return Range(ctx, path, "", opts)
	}
	res, err := scan(ctx, opts, func() (source.Source, error) { return source.OpenRepository(path) })
	if errors.Is(err, source.ErrNoRepository) || source.IsOutside(err) {
		return auditFiles(ctx, path, err, opts)
	}
	return res, err
}

// auditFiles does what Files does, and says why there is no repository.
func auditFiles(ctx context.Context, path string, why error, opts Options) (*result.Result, error) {
	res, err := Files(ctx, []string{path}, nil, opts)
	if err != nil {
		return nil, err
	}
	if source.IsOutside(why) {
		res.Coverage.Unread = append(res.Coverage.Unread, result.Unread{What: "the repository", Reason: opts.Rules.Redact(regular.Reason(why))})
		return res, nil
	}
	res.Notes = append(res.Notes, fmt.Sprintf("%s is not in a git repository: only its files were scanned", opts.Rules.Redact(path)))
	slices.Sort(res.Notes)
	return res, nil
}

// Files scans files and folders; "-" is stdin. If a path does not exist, it returns
// an error before it reads anything.
func Files(ctx context.Context, paths []string, stdin io.Reader, opts Options) (*result.Result, error) {
	return scan(ctx, opts, func() (source.Source, error) { return &source.Files{Paths: paths, Stdin: stdin}, nil })
}

// History scans only the git objects of the repository around the folder path or, of
// a URL, those that the refs of the server's repository reach.
func History(ctx context.Context, path string, opts Options) (*result.Result, error) {
	return Range(ctx, path, "", opts)
}

// Range scans what a range of commits adds. It is written as git log takes it:
// A..B, A...B, B, or ^A B.
func Range(ctx context.Context, path, commits string, opts Options) (*result.Result, error) {
	return scan(ctx, opts, func() (source.Source, error) {
		path := source.LocalPath(path)
		switch {
		case !source.IsURL(path):
			if opts.Texts {
				return nil, errors.New("texts are read beside a repository on GitHub only: name its URL, such as https://github.com/owner/name")
			}
			return source.OpenObjects(path, commits)
		case commits != "":
			return nil, errors.New("a range of a remote's commits cannot be scanned: run git clone, and name the clone")
		}
		if opts.Texts {
			return source.OpenTexts(path, opts.MaxSize)
		}
		remote, err := source.OpenRemote(path, opts.MaxSize)
		if err != nil {
			return nil, err
		}
		remote.Reach, remote.Wants = opts.Reach, opts.Wants
		return remote, nil
	})
}

// HasTextsToken reports whether there is a token for what Options.Texts reads of the
// repository at a URL, or of those that Many reads. Without one GitHub answers 60
// requests an hour, and not all. The error is that of a URL whose texts cannot be read.
func HasTextsToken(url string) (bool, error) {
	if forge.IsList(url) {
		url = source.AnyOf(url)
	}
	s, err := source.OpenTexts(url, 0)
	return err == nil && s.LoggedIn(), err
}

// Image scans a container image: oci:FOLDER, docker-archive:FILE or
// docker://REGISTRY/IMAGE, with :TAG or @DIGEST.
func Image(ctx context.Context, name string, opts Options) (*result.Result, error) {
	return scan(ctx, opts, func() (source.Source, error) { return source.NewImage(name, opts.MaxSize), nil })
}

// Staged scans what the next commit would add to the repository around the folder
// path or, with "", to the one that git runs a hook for.
func Staged(ctx context.Context, path string, opts Options) (*result.Result, error) {
	return scan(ctx, opts, func() (source.Source, error) { return source.OpenStaged(path) })
}

// Message scans the message of the next commit, in the file path, as git commits it.
// It belongs to the repository that git runs a hook for.
func Message(ctx context.Context, path string, opts Options) (*result.Result, error) {
	return scan(ctx, opts, func() (source.Source, error) { return source.OpenMessage(path) })
}

// Push scans what a push adds. It comes from the repository around the folder path
// or, with "", from the one that git runs a hook for.
func Push(ctx context.Context, path string, what Pushed, opts Options) (*result.Result, error) {
	return scan(ctx, opts, func() (source.Source, error) { return source.OpenPush(path, what.source()) })
}

// Receive is Push for the repository that is pushed to. It reads only the
// configuration that Options name.
func Receive(ctx context.Context, path string, updates []RefUpdate, opts Options) (*result.Result, error) {
	return scan(ctx, opts, func() (source.Source, error) { return source.OpenReceived(path, sourceUpdates(updates)) })
}

// scan opens a source, reads it, and returns the result.
func scan(ctx context.Context, opts Options, open func() (source.Source, error)) (*result.Result, error) {
	judged, err := opts.judged()
	if err != nil {
		return nil, err
	}
	s, err := open()
	if err != nil {
		return nil, err
	}
	res, err := read(ctx, s, judged, budget.New(opts.MaxMemory, opts.goroutines()), opts)
	if err != nil {
		return nil, err
	}
	res.Notes = append(res.Notes, res.Since.Lines(res.Target.Path)...)
	slices.Sort(res.Notes)
	return res, nil
}

// judged returns what the user allows. It checks what can be wrong in the options before
// anything is read.
func (o Options) judged() (*policy.Policy, error) {
	judged, err := policy.Load(o.Baseline, o.Config, o.Rules)
	if err != nil {
		return nil, err
	}
	_, err = policy.NewPaths(o.Include, o.Exclude)
	return judged, err
}

// read reads a source, and returns the result.
func read(ctx context.Context, s source.Source, judged *policy.Policy, b *budget.Budget, opts Options) (*result.Result, error) {
	sink := collect.NewSink(b)
	if opts.Progress != nil {
		opts.Progress.of(sink)
	}
	env := &source.Env{Sink: sink, Budget: b, Goroutines: opts.goroutines(), Rules: opts.Rules, CheckIDs: opts.CheckIDs,
		Cache: source.OpenCache(opts.Cache, opts.Rules), SmallRange: source.SmallRange,
		Visits: source.OpenVisits(opts.Visits, opts.Rules), NeedSecrets: opts.NeedSecrets}
	if opts.longRanges {
		env.SmallRange = 0
	}
	if err := judge(s, env, judged, opts); err != nil {
		if b, ok := s.(based); ok {
			b.Close()
		}
		return nil, err
	}
	read, err := s.Read(ctx, env)
	if err != nil {
		return nil, err
	}
	run := collect.Run{Sink: sink, Repos: read.Repos, Budget: b, Goroutines: opts.goroutines(), Rules: opts.Rules, Paths: env.Paths,
		Policy: judged, ReportAllowed: opts.ReportAllowed, MinConfidence: opts.MinConfidence}
	return run.Result(ctx, read.Target, read.Root)
}

// based is a source that builds on commits.
type based interface {
	Base(env *source.Env) (*source.Base, error)
	Close()
}

// judge finds out what is looked at in a source, and what is allowed. What it builds
// on decides, not what it adds: see Options.TrustChange.
func judge(s source.Source, env *source.Env, judged *policy.Policy, opts Options) (err error) {
	if b, ok := s.(based); ok && opts.TrustChange != TrustAll {
		base, err := b.Base(env)
		if err != nil {
			return err
		}
		if base != nil {
			defer base.Close()
			judged.Against(base, opts.TrustChange != TrustNone)
		}
	}
	if !opts.ReportAllowed {
		note, err := judged.ReadOwn(s.Tree())
		if err != nil {
			return err
		}
		if note != "" {
			env.Sink.Note(note)
		}
	}
	for _, note := range judged.Notes() {
		env.Sink.Note(note)
	}
	env.Paths, err = policy.NewPaths(opts.Include, slices.Concat(opts.Exclude, judged.Unread()))
	return err
}

// Walk is what InOrder reads, and WalkLimits bound it.
type (
	Walk       = source.Walk
	WalkLimits = source.WalkLimits
)

// Why a Walk leaves something out, beside what its caller says.
const (
	LeftObjects = source.LeftObjects
	LeftLink    = source.LeftLink
	LeftSpecial = source.LeftSpecial
)

// InOrder scans files and folders one after the other, so that another scan can go on
// where this one was stopped. See Walk.
func InOrder(ctx context.Context, walk *Walk, opts Options) (*result.Result, error) {
	return scan(ctx, opts, func() (source.Source, error) { return walk, nil })
}

// Treatment is how git treats a file.
type Treatment = collect.Treatment

// Treatments tells how git treats files, by their absolute paths, which lead through
// no link.
func Treatments(paths []string) map[string]Treatment { return collect.Treatments(paths) }

// Exposure says how git treats the file at path: tracked, untracked or ignored. It
// is "" outside a work tree, or if the index cannot be read.
func Exposure(path string) result.Exposure { return collect.FileExposure(path) }

// MissingRevisions returns those of the revisions, written as in a range, that name
// no commit in the repository around the folder path.
func MissingRevisions(path string, revisions ...string) ([]string, error) {
	b := budget.New(0, 1)
	return source.MissingRevisions(path, &source.Env{Sink: collect.NewSink(b), Budget: b, Goroutines: 1}, revisions...)
}
