// Package fix replaces hard-coded credentials by look-ups of variables, in all
// kinds of files, and leaves alone what cannot be right. It goes by the table of
// places in package advice.
package fix

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/regular"
	"r8scan/report"
	"r8scan/result"
	"r8scan/rules"
	"r8scan/scanner"
)

// Options say what is fixed, and how.
type Options struct {
	Paths  []string        // files and folders; none: the current folder, or what From is of
	Scan   scanner.Options // of the scan that finds the credentials; MinConfidence counts for From too
	Tool   report.Tool
	From   *report.Document // a saved result instead of a scan; nil to scan
	Dir    string           // the folder that its scan ran in
	Write  bool             // write, not show
	Force  bool             // also what git cannot give back
	Env    string           // an environment file for the variables; "" for none
	Ignore bool             // add Env to .gitignore
}

// Outcome is what was found, and what became of it.
type Outcome struct {
	Files   []*File
	History []*report.Document // what git holds of the credentials, which is left alone
	Staged  []string           // files that have credentials in the index too
	Unread  []result.Unread
	Notes   []string
	Env     []string // what was written into the environment file, without values
	Skipped int      // files that git ignores, where credentials may be
	Written bool     // it was written, not shown
}

// File is a file with credentials.
type File struct {
	Path string  // as the user would name it
	Left []Place // what is left alone in it

	abs           string
	allowed       map[string]bool // ids of credentials that stay
	before, after []byte
	secrets       []rules.Secret // all that were found in it
	fixed         []target       // what after has without
	refused       string         // why it is not written; "" if it may be
}

// Place is a credential that is left alone.
type Place struct {
	Line   int    // from 1; 0 if that is not known
	Token  string // masked
	Why    string // the end of a sentence
	Advice string // what to do about it, in sentences; may be ""
}

// Remains reports whether something is left to be done.
func (o *Outcome) Remains() bool {
	for _, f := range o.Files {
		if len(f.Left) > 0 || len(f.fixed) > 0 && (!o.Written || f.refused != "") {
			return true
		}
	}
	return len(o.History)+len(o.Staged) > 0
}

// Complete reports whether all was read.
func (o *Outcome) Complete() bool { return len(o.Unread) == 0 }

// run is one run of the command.
type run struct {
	Options
	trees    workTrees
	bounds   []string // what the user named, absolute and without links
	here     string   // the current folder, without links
	out      *Outcome
	declared map[string]map[string]bool // variables of Terraform, by folder
	burnt    map[string]string          // as in a setting, by token id
}

// Run finds hard-coded credentials and shows or writes their replacements.
func Run(ctx context.Context, opts Options) (*Outcome, error) {
	if !opts.Write && (opts.Force || opts.Env != "") || opts.Ignore && opts.Env == "" {
		return nil, errors.New("--force and --env-file need --write, and --ignore-env-file needs --env-file: see r8scan fix --help")
	}
	r := &run{Options: opts, trees: workTrees{}, out: &Outcome{Written: opts.Write},
		declared: map[string]map[string]bool{}, burnt: map[string]string{}}
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	r.here = regular.Real(here)
	if err := r.name(); err != nil {
		return nil, err
	}
	var env *envFile
	if opts.Env != "" {
		if env, err = openEnv(opts.Env, r.trees, opts.Ignore); err != nil {
			return nil, err
		}
	}
	scans, err := r.scans(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range scans {
		if err := r.take(ctx, s); err != nil {
			return nil, err
		}
	}
	if env != nil {
		if r.out.Env, err = env.write(ctx, r.trees, r.settings()); err != nil {
			return nil, err
		}
	}
	if opts.Write {
		return r.out, r.write(ctx)
	}
	return r.out, nil
}

// name finds out what the user named.
func (r *run) name() error {
	paths := r.Paths
	if len(paths) == 0 && r.From == nil {
		paths = []string{"."}
	}
	for _, p := range paths {
		if link, err := firstLink(p); err != nil {
			return fmt.Errorf("%s: %s: name an existing file or folder", p, regular.Cause(err))
		} else if link != "" {
			return fmt.Errorf("%s: %s is a link: name the file or folder that it leads to", p, link)
		}
		abs, err := regular.Entry(p)
		if err != nil {
			return err
		}
		if p == "." || strings.HasSuffix(p, "..") {
			abs = regular.Real(p)
		}
		r.bounds = append(r.bounds, abs)
	}
	return nil
}

// firstLink returns the first link in a path that the user named, "" if there is
// none. Of an absolute path only the last part counts: the system may have links.
func firstLink(path string) (string, error) {
	path = filepath.Clean(path)
	at := ""
	for part := range strings.SplitSeq(filepath.ToSlash(path), "/") {
		at = filepath.Join(at, part)
		if filepath.IsAbs(path) {
			at = path
		}
		info, err := os.Lstat(at)
		if err != nil || info.Mode()&fs.ModeSymlink != 0 {
			return at, err
		}
	}
	return "", nil
}

// named reports whether a path is in what the user named.
func (r *run) named(abs string) bool {
	return slices.ContainsFunc(r.bounds, func(b string) bool { return regular.Contains(b, abs) })
}

// chosen reports whether the user named a file itself, or a folder that git ignores
// with it in it: then to be ignored is no excuse.
func (r *run) chosen(t *workTree, abs string) bool {
	return slices.ContainsFunc(r.bounds, func(b string) bool {
		return regular.Contains(b, abs) && (b == abs || b != t.top && regular.Contains(t.top, b) && t.git.Ignorer(os.LookupEnv).IgnoredFolder(t.rel(b)))
	})
}

// take fixes the files of a scan, and notes what else it found.
func (r *run) take(ctx context.Context, s scan) error {
	o := r.out
	o.Unread = append(o.Unread, s.doc.Coverage.Unread...)
	files, order := map[string]map[string]bool{}, []string{} // allowed token ids, by file
	var staged []string
	git := *s.doc
	git.Findings = nil
	for _, f := range s.doc.Findings {
		inGit := f
		inGit.Locations = nil
		for _, l := range f.Locations {
			abs := s.path(l)
			if l.Path != "" && !r.named(abs) || l.Path == "" && !r.named(s.root) {
				continue
			}
			switch {
			case l.Kind == result.KindIndex && slices.ContainsFunc(f.Locations, func(o result.Location) bool { return isFile(o) && o.Path == l.Path }):
				staged = append(staged, abs)
			case l.Kind != result.KindFile && l.Kind != result.KindConfig:
				l.Current = false // what to write there is said of the file
				inGit.Locations = append(inGit.Locations, l)
			case isFile(l):
				if files[abs] == nil {
					files[abs], order = map[string]bool{}, append(order, abs)
				}
				if l.AllowedBy != "" {
					files[abs][f.TokenID] = true
				}
			case l.AllowedBy == "":
				r.leave(s, f, l)
			}
		}
		r.burnt[f.TokenID] = s.burnt(f)
		if len(inGit.Locations) > 0 {
			git.Findings = append(git.Findings, inGit)
		}
	}
	if len(git.Findings) > 0 {
		o.History = append(o.History, &git)
	}
	for _, a := range s.doc.Allowed {
		for abs := range files {
			files[abs][a.TokenID] = true
		}
	}
	for _, abs := range order {
		if err := ctx.Err(); err != nil {
			return err
		}
		if f := r.file(abs, files[abs]); f != nil {
			o.Files = append(o.Files, f)
			if slices.Contains(staged, abs) {
				o.Staged = append(o.Staged, f.Path)
			}
		}
	}
	return nil
}

// write writes the files. One that has changed meanwhile is scanned again.
func (r *run) write(ctx context.Context) error {
	const tries = 3
	for i, f := range r.out.Files {
		for try := 0; f.refused == "" && len(f.fixed) > 0; try++ {
			err := replaceFile(ctx, f.abs, f.before, f.after)
			switch {
			case err == nil:
			case ctx.Err() != nil:
				return ctx.Err()
			case errors.Is(err, errChanged) && try < tries:
				if f = r.file(f.abs, f.allowed); f == nil {
					f = &File{Path: r.out.Files[i].Path}
				}
				r.out.Files[i] = f
				continue
			default:
				f.refused = regular.Cause(err)
			}
			break
		}
	}
	return nil
}

// settings returns the variables that fixed files read, in the order of the files.
func (r *run) settings() []setting {
	var all []setting
	for _, f := range r.out.Files {
		for _, t := range f.fixed {
			if t.prose || f.refused != "" {
				continue
			}
			s := setting{name: t.variable, secret: t.Secret, burnt: "it is not known whether it was committed: disable the old value, and put a new one here"}
			if burnt, ok := r.burnt[t.Secret.ID()]; ok {
				s.burnt = burnt
			}
			i := slices.IndexFunc(all, func(other setting) bool { return other.name == s.name })
			switch {
			case i < 0:
				all = append(all, s)
			case all[i].secret.Reveal() != s.secret.Reveal():
				all[i].burnt = "several values were found for it: put the right one here"
			}
		}
	}
	return all
}

// shown returns a path as the user would name it.
func (r *run) shown(abs string) string {
	if rel, err := filepath.Rel(r.here, abs); err == nil && filepath.IsLocal(rel) {
		abs = rel
	}
	return filepath.ToSlash(abs)
}
