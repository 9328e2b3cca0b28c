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

	"r8scan/internal/collect"
	"r8scan/internal/regular"
	"r8scan/result"
)

// Files are files and folders; "-" is Stdin.
type Files struct {
	Paths []string
	Stdin io.Reader
}

// Tree is the folder if there is only one: the configuration of one of several
// would decide for all.
func (s *Files) Tree() (root, top string) {
	if len(s.Paths) != 1 {
		return "", ""
	}
	info, err := os.Stat(s.Paths[0])
	if err != nil || !info.IsDir() {
		return "", "" // Read says what is wrong
	}
	if top = filepath.ToSlash(filepath.Clean(s.Paths[0])); top == "." {
		top = ""
	}
	return regular.Real(s.Paths[0]), top
}

// Read reads the files. If a path does not exist, it returns an error before it
// reads anything.
func (s *Files) Read(ctx context.Context, env *Env) (*Read, error) {
	var jobs []job
	r := files{env, &pointerFiles{}}
	for _, path := range s.Paths {
		j, err := s.job(r, path)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	if err := env.run(ctx, jobs...); err != nil {
		return nil, err
	}
	if err := readPointerFiles(ctx, r); err != nil {
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
		meter := r.env.Sink.Meter
		meter.Unlisted.Add(1) // its size is not known
		return func(ctx context.Context, w *worker) error {
			r.env.Sink.Files.Add(1)
			r.text(ctx, w, meter.Part(0).Reader(s.Stdin), nil, folder{name: "-"})
			meter.Unlisted.Add(-1)
			return nil
		}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, notThere(path, "file or folder", err)
	}
	real, err := filepath.EvalSymlinks(path) // the user's own link is followed
	if err != nil {
		return nil, fmt.Errorf("%s: %s", path, regular.Reason(err))
	}
	f := folder{path: real, name: filepath.ToSlash(filepath.Clean(path))}
	f.root = &collect.Root{Shown: f.name, Disk: regular.Real(path), Folder: info.IsDir()}
	if info.IsDir() {
		if f.name == "." {
			f.root.Shown = ""
		}
		if f.name != "." {
			f.top = f.name
		}
		f.skip = r.skipGitObjects
		return r.walk(f), nil
	}
	if info.Mode().IsRegular() {
		f.size = info.Size()
		r.env.Sink.Meter.Total.Add(f.size)
	}
	return func(ctx context.Context, w *worker) error {
		switch {
		case info.Mode().IsRegular():
			r.searchName(f)
			r.file(ctx, w, f)
		case info.Mode()&fs.ModeSocket != 0: // it holds nothing
		default:
			r.env.Sink.Unread(f.name, "it is a "+regular.Kind(info.Mode())+", which is not opened: pipe its content to r8scan files -")
		}
		return nil
	}, nil
}
