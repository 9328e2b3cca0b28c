package source

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/regular"
	"r8scan/result"
)

// Files are files and folders; "-" is Stdin.
type Files struct {
	Paths []string
	Stdin io.Reader
}

// Tree is the folder if it is the only one: the configuration of one of several
// would speak for them all.
func (s *Files) Tree() (root, top string) {
	if len(s.Paths) != 1 {
		return "", ""
	}
	info, err := os.Stat(s.Paths[0])
	if err != nil || !info.IsDir() {
		return "", "" // whoever reads it says what is wrong
	}
	if top = filepath.ToSlash(filepath.Clean(s.Paths[0])); top == "." {
		top = ""
	}
	return regular.Real(s.Paths[0]), top
}

// Read reads the files. A path that does not exist is an error before anything
// is read.
func (s *Files) Read(ctx context.Context, env *Env) (*Read, error) {
	var jobs []job
	for _, path := range s.Paths {
		j, err := s.job(files{env}, path)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	if err := env.run(ctx, jobs...); err != nil {
		return nil, err
	}
	kind := "files"
	if len(s.Paths) == 1 && s.Paths[0] == "-" {
		kind = "stdin"
	}
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	target := result.Target{Kind: kind, Path: strings.Join(s.Paths, " ")}
	if slices.ContainsFunc(s.Paths, filepath.IsAbs) {
		target.Root = root
	}
	return &Read{Target: target, Root: root}, nil
}

// job returns the job of scanning a path that the user named.
func (s *Files) job(r files, path string) (job, error) {
	if path == "-" {
		return func(ctx context.Context, w *worker) error {
			r.env.Sink.Files.Add(1)
			r.text(ctx, w, s.Stdin, nil, folder{name: "-"})
			return nil
		}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, notThere(path, "file or folder", err)
	}
	real, err := filepath.EvalSymlinks(path) // a link that the user names is followed
	if err != nil {
		return nil, fmt.Errorf("%s: %s", path, regular.Reason(err))
	}
	f := folder{path: real, name: filepath.ToSlash(filepath.Clean(path))}
	if info.IsDir() {
		if f.name != "." {
			f.top = f.name
		}
		f.skip = r.skipGitObjects
		return r.walk(f), nil
	}
	return func(ctx context.Context, w *worker) error {
		switch {
		case info.Mode().IsRegular():
			r.searchName(f)
			r.file(ctx, w, f)
		case info.Mode()&fs.ModeSocket != 0: // it holds nothing
		default:
			r.env.Sink.Unread(f.name, "it is a "+regular.Kind(info.Mode())+", which is not opened: pipe it in and name it -")
		}
		return nil
	}, nil
}
