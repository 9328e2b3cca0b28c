package lsp

import (
	"net/url"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"r8scan/internal/regular"
)

// place is what the server knows of where a document is.
type place struct {
	name string // for the kind of file: the path in the workspace, or the last part of the URI
	root string // the folder of the workspace that it is in; "" if it is in none
	path string // on disk; "" if it is in no folder of the workspace
}

// placeOf returns the place of a document. Only a file: URI that leads, links
// followed, into one of the folders has a path: nothing else is ever opened.
func placeOf(uri string, folders []string) place {
	file := filePath(uri)
	if file == "" {
		u, err := url.Parse(uri)
		if err != nil {
			return place{}
		}
		name := u.Path
		if name == "" {
			name = u.Opaque // untitled:Untitled-1
		}
		return place{name: path.Base(path.Clean("/" + name))}
	}
	p := place{name: filepath.Base(file)}
	dir, err := filepath.EvalSymlinks(filepath.Dir(file))
	if err != nil {
		return p // it was never saved
	}
	file = filepath.Join(dir, filepath.Base(file))
	for _, root := range folders { // the innermost one counts
		if rel, err := filepath.Rel(root, file); err == nil && filepath.IsLocal(rel) && len(root) > len(p.root) {
			p = place{filepath.ToSlash(rel), root, file}
		}
	}
	return p
}

// filePath returns the absolute path of a file: URI of this machine, "" for all other
// URIs.
func filePath(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" || u.Host != "" && u.Host != "localhost" || strings.ContainsRune(u.Path, 0) {
		return ""
	}
	file := u.Path
	if runtime.GOOS == "windows" { // /c:/code
		file = strings.TrimPrefix(file, "/")
	}
	if file = filepath.FromSlash(file); !filepath.IsAbs(file) {
		return ""
	}
	return filepath.Clean(file)
}

// folderPath returns the path of a folder of the workspace, links followed, "" if it
// is none of this machine.
func folderPath(uri string) string {
	file := filePath(uri)
	if file == "" {
		return ""
	}
	return regular.Real(file)
}
