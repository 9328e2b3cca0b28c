package fix

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"r8scan/internal/advice"
	"r8scan/internal/git/repo"
	"r8scan/internal/regular"
	"r8scan/report"
	"r8scan/result"
	"r8scan/rules"
	"r8scan/scanner"
)

// scan is a result with the folder that its paths are relative to.
type scan struct {
	doc  *report.Document
	root string
}

// path returns the path of a location on disk.
func (s scan) path(l result.Location) string {
	file := filepath.FromSlash(l.Path)
	if !filepath.IsAbs(file) {
		file = filepath.Join(s.root, file)
	}
	if abs, err := regular.Entry(file); err == nil {
		return abs
	}
	return file
}

// burnt says why a credential that was found must not be used again, "" if it may
// be: nothing but files of the work tree is known to have it, and all was read.
func (s scan) burnt(f report.Finding) string {
	inGit := slices.ContainsFunc(f.Locations, func(l result.Location) bool {
		return l.Kind != result.KindFile && l.Kind != result.KindIndex
	})
	switch {
	case inGit || f.History != nil:
		return "the old value was committed: disable it, and put a new one here"
	case f.Verification.Status == report.StatusRevoked:
		return "the old value is revoked: put a new one here"
	case s.doc.Target.Kind == "repository" && s.doc.Complete, s.doc.Target.Kind == "files" && f.Exposure == result.ExposureUntracked && s.outside():
		return ""
	}
	return "it is not known whether it was committed: disable the old value, and put a new one here"
}

// outside reports whether the scan was in no repository.
func (s scan) outside() bool {
	_, err := repo.Discover(s.root, os.LookupEnv)
	return err != nil
}

// isFile reports whether a place is in the content of a file itself.
func isFile(l result.Location) bool {
	return l.Kind == result.KindFile && l.Path != "" && l.Member == "" && advice.Of(advice.Place{Path: l.Path, Kind: l.Kind}).ID != "name" &&
		!strings.Contains("/"+l.Path, "/.git/")
}

// scans returns the saved result, or scans the repositories that the paths are in
// and, without them, the files that are in none.
func (r *run) scans(ctx context.Context) ([]scan, error) {
	if r.From != nil {
		return []scan{r.saved()}, nil
	}
	var all []scan
	var loose []string
	seen := map[string]bool{}
	for _, b := range r.bounds {
		dir := b
		if info, err := os.Lstat(b); err != nil || !info.IsDir() {
			dir = filepath.Dir(b)
		}
		t := r.trees.of(dir)
		switch {
		case t == nil:
			loose = append(loose, b)
		case !seen[t.top]:
			seen[t.top] = true
			s, err := r.scan(func(opts scanner.Options) (*result.Result, error) { return scanner.Audit(ctx, t.top, opts) })
			if err != nil {
				return nil, err
			}
			all = append(all, s)
		}
	}
	if len(loose) > 0 {
		s, err := r.scan(func(opts scanner.Options) (*result.Result, error) { return scanner.Files(ctx, loose, nil, opts) })
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func (r *run) scan(do func(scanner.Options) (*result.Result, error)) (scan, error) {
	started := time.Now()
	res, err := do(r.Scan)
	if err != nil {
		return scan{}, err
	}
	r.out.Notes = append(r.out.Notes, res.Notes...)
	return scan{report.New(*res, r.Tool, started, time.Since(started)), res.Root}, nil
}

// saved returns the saved result. Its paths are relative to the repository that it
// is of, or to the folder that the scan ran in.
func (r *run) saved() scan {
	root := regular.Real(r.Dir)
	if kind := r.From.Target.Kind; kind != "files" && kind != "stdin" {
		dir := r.From.Target.Path
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(root, dir)
		}
		root = regular.Real(dir)
		if t := r.trees.of(root); t != nil {
			root = t.top
		}
	}
	if len(r.bounds) == 0 {
		r.bounds = []string{root}
	}
	return scan{r.From, root}
}

// leave notes a place that is in no file of its own.
func (r *run) leave(s scan, f report.Finding, l result.Location) {
	row := advice.Of(advice.Place{Path: l.Path, Member: l.Member, Kind: l.Kind, Text: l.Variable})
	why := "it is inside another file"
	if l.Member == "" {
		why = "a look-up cannot stand there"
	}
	shown := r.shown(s.path(l))
	if l.Member != "" {
		shown += "!" + l.Member
	}
	place := Place{Line: l.Line, Token: f.Token, Why: why, Advice: row.Instead(advice.Variable(f.Rule, l.Variable)).Note}
	r.out.Files = append(r.out.Files, &File{Path: shown, Left: []Place{place}})
}

// file makes the change of a file. allowed are ids of credentials that stay. It
// returns nil if there is nothing to be done.
func (r *run) file(abs string, allowed map[string]bool) *File {
	f := &File{Path: r.shown(abs), abs: abs, allowed: allowed}
	if info, err := os.Lstat(abs); err != nil || info.Mode()&fs.ModeSymlink != 0 || !r.named(abs) {
		return nil // it is gone, or leads out of what was named
	}
	content, err := regular.Read(abs, maxFile)
	if err != nil {
		f.Left = []Place{{Why: regular.Cause(err)}}
		return f
	}
	text, form := decode(content)
	matches := slices.DeleteFunc(find(r.Scan.Rules, text, r.Scan.MinConfidence), func(m rules.Match) bool { return allowed[m.Secret.ID()] })
	if len(matches) == 0 {
		return nil
	}
	t := r.trees.of(filepath.Dir(abs))
	if t != nil && t.ignores(abs) && (!r.chosen(t, abs) || advice.Of(advice.Place{Path: abs}).ID == "env") {
		r.out.Skipped++
		return nil
	}
	d := &document{path: filepath.ToSlash(r.shown(abs)), text: text, declared: r.declares(filepath.Dir(abs))}
	if t != nil {
		d.path = t.rel(abs)
	}
	rev := d.revise(matches)
	f.before, f.after = content, form.encode(rev.text)
	f.places(rev.targets, text)
	if why := t.gives(abs, content); why != "" && !r.Force {
		f.refused = why
	}
	if f.refused == "" {
		r.declare(filepath.Dir(abs), f)
	}
	return f
}

// places notes what was fixed and what was not.
func (f *File) places(targets []target, text []byte) {
	for _, t := range targets {
		f.secrets = append(f.secrets, t.Secret)
		if t.why == "" {
			f.fixed = append(f.fixed, t)
			continue
		}
		p := Place{Line: 1 + lineCount(text[:t.Start]), Token: t.Secret.Mask(), Why: t.why}
		line := t.row.Instead(t.variable)
		if p.Advice = line.String(); !t.row.Ships && line.Code != "" && t.row.Note != "" {
			p.Advice = line.Note
		}
		f.Left = append(f.Left, p)
	}
}

func lineCount(text []byte) int {
	return bytes.Count(text, []byte("\n")) + bytes.Count(text, []byte("\r")) - bytes.Count(text, []byte("\r\n"))
}

// declares returns a function that knows the variables of the other Terraform files
// in a folder.
func (r *run) declares(dir string) func(string) bool {
	return func(name string) bool {
		if r.declared[dir] == nil {
			r.declared[dir] = map[string]bool{}
			entries, _ := os.ReadDir(dir) // what cannot be read declares nothing
			for _, e := range entries {
				if ext := path.Ext(e.Name()); ext != ".tf" && ext != ".tofu" {
					continue
				}
				if text, err := regular.Read(filepath.Join(dir, e.Name()), maxFile); err == nil {
					for _, m := range hclDeclared().FindAllSubmatch(text, -1) {
						r.declared[dir][string(m[1])] = true
					}
				}
			}
		}
		return r.declared[dir][name]
	}
}

// declare notes the variables that a fixed Terraform file declares.
func (r *run) declare(dir string, f *File) {
	if r.declared[dir] == nil {
		return
	}
	for _, m := range hclDeclared().FindAllSubmatch(f.after, -1) {
		r.declared[dir][string(m[1])] = true
	}
}
