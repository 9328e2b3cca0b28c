package fix

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"r8scan/internal/output"
	"r8scan/internal/regular"
	"r8scan/rules"
)

// envFile is the file that --env-file names.
type envFile struct {
	path string // absolute, without links
	old  []byte
	is   bool // it exists

	ignore string // the .gitignore that gets a line for it; "" if git ignores it
}

// setting is a variable for an environment file.
type setting struct {
	name   string
	secret rules.Secret
	burnt  string // why the value is not written: the old one must not be used again; "" if it may be
}

// openEnv looks at the file for --env-file before anything is written. It has to be
// one that git ignores, or that it will ignore if ignore is set.
func openEnv(path string, trees workTrees, ignore bool) (*envFile, error) {
	abs, err := regular.Entry(path)
	if err != nil {
		return nil, fmt.Errorf("%s: its folder does not exist: create it first", path)
	}
	e := &envFile{path: abs}
	switch e.old, err = regular.Read(abs, maxFile); {
	case err == nil:
		e.is = true
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %s", path, regular.Cause(err))
	}
	t := trees.of(filepath.Dir(abs))
	switch {
	case t == nil || t.ignores(abs):
	case t.tracks(abs):
		return nil, fmt.Errorf("%s: git tracks it, so that a value in it would be committed: take it out of git first (git rm --cached), or name another file", path)
	case !ignore:
		return nil, fmt.Errorf("%s: git does not ignore it: use --ignore-env-file, which adds it to .gitignore, or name another file", path)
	default:
		e.ignore = filepath.Join(filepath.Dir(abs), ".gitignore")
	}
	return e, nil
}

// write adds settings to the file, which is of mode 0600 then. Names that it has
// stay as they are. It returns what it did: a line for each name, without values.
func (e *envFile) write(ctx context.Context, trees workTrees, settings []setting) (done []string, err error) {
	if e.ignore != "" {
		if err := e.addIgnore(ctx, trees); err != nil {
			return nil, err
		}
		done = append(done, "added to .gitignore: "+filepath.Base(e.path))
	}
	text, nl := bytes.Clone(e.old), lineEnd(e.old)
	if len(text) > 0 && !isIn(text[len(text)-1], "\r\n") {
		text = append(text, nl...)
	}
	for _, s := range settings {
		if regexp.MustCompile(`(?m)^\s*(export\s+)?` + s.name + `\s*=`).Match(e.old) {
			done = append(done, s.name+": it was there already, and stays as it is")
			continue
		}
		value, ok := quotedValue(s.secret.Reveal())
		if !ok && s.burnt == "" {
			s.burnt = "the value has characters that programs read in different ways"
		}
		if s.burnt != "" {
			text = append(text, "# "+s.name+": "+s.burnt+"."+nl+s.name+"="+nl...)
			done = append(done, s.name+": without a value, because "+s.burnt)
			continue
		}
		text = append(text, s.name+"="+value+nl...)
		done = append(done, s.name+": with its value")
	}
	if bytes.Equal(text, e.old) && e.is {
		return done, os.Chmod(e.path, 0o600)
	}
	return done, output.Replace(ctx, e.path, 0o600, output.Bytes(text))
}

// addIgnore adds a line for the file to the .gitignore of its folder.
func (e *envFile) addIgnore(ctx context.Context, trees workTrees) error {
	old, err := regular.Read(e.ignore, maxFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %s", e.ignore, regular.Cause(err))
	}
	mode := fs.FileMode(0)
	if info, err := os.Lstat(e.ignore); err == nil {
		mode = info.Mode().Perm()
	}
	nl, text := lineEnd(old), bytes.Clone(old)
	if len(text) > 0 && !isIn(text[len(text)-1], "\r\n") {
		text = append(text, nl...)
	}
	text = append(text, "/"+filepath.Base(e.path)+nl...)
	err = output.Replace(ctx, e.ignore, mode, output.Bytes(text))
	if err != nil {
		return fmt.Errorf("%s: %s", e.ignore, regular.Cause(err))
	}
	if t := trees.of(filepath.Dir(e.path)); t != nil && !t.ignores(e.path) {
		return fmt.Errorf("%s: git does not ignore it in spite of its line in .gitignore: look for another rule about it", e.path)
	}
	return nil
}

// quotedValue returns a value as environment files take it, false if they differ in
// how they read it.
func quotedValue(s string) (string, bool) {
	if strings.ContainsAny(s, "'\r\n\\$") {
		return "", false
	}
	for i := range len(s) {
		if c := s[i]; !isWord(c) && !isIn(c, "./+=:@-,") {
			return "'" + s + "'", true
		}
	}
	return s, true
}
