package agentsettings

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"r8scan/internal/door"
	"r8scan/internal/git/repo"
	"r8scan/internal/home"
	"r8scan/internal/output"
	"r8scan/internal/regular"
	"r8scan/internal/shell"
)

// maxSettings bounds a settings file, in bytes.
const maxSettings = 16 << 20

// Installer writes r8scan's hook into an agent's settings.
type Installer struct {
	Out    io.Writer // what was done goes here
	Agent  string    // one of Names
	Binary string    // absolute path of r8scan, for the user's own settings
}

// target is a settings file.
type target struct {
	spec    *spec
	path    string
	bound   string // the folder that holds it, if it may not be outside; else ""
	command string
	undo    string
}

// spec returns the agent that is named.
func (i Installer) spec() (*spec, error) {
	if s := byName(i.Agent); s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("--agent %q: use %s", i.Agent, strings.Join(Names(), ", "))
}

// project returns the settings of the repository around path or, outside any, of
// the folder. Others use them too, so they name r8scan without a path.
func (i Installer) project(path string) (*target, error) {
	s, err := i.spec()
	if err != nil {
		return nil, err
	}
	root := regular.Real(path)
	if info, err := os.Stat(root); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder: name a repository", path)
	}
	if r, err := repo.Discover(root, os.LookupEnv); err == nil && r.WorkTree != "" {
		root = regular.Real(r.WorkTree)
	}
	undo := "r8scan uninstall --agent " + s.name
	if path != "." {
		undo += " " + shell.Quoted(path)
	}
	return &target{s, filepath.Join(root, filepath.FromSlash(s.project)), root, "r8scan agent", undo}, nil
}

// user returns the user's own settings.
func (i Installer) user() (*target, error) {
	s, err := i.spec()
	if err != nil {
		return nil, err
	}
	path, err := s.userFile()
	if err != nil {
		return nil, fmt.Errorf("find the settings of %s: %w", s.title, err)
	}
	return &target{s, path, "", shell.Quote(filepath.ToSlash(i.Binary)) + " agent", "r8scan uninstall --global --agent " + s.name}, nil
}

// Install writes the hook into the settings of the repository around path.
func (i Installer) Install(ctx context.Context, path string) error {
	t, err := i.project(path)
	if err != nil {
		return err
	}
	return i.install(ctx, t)
}

// InstallGlobal writes the hook into the user's own settings.
func (i Installer) InstallGlobal(ctx context.Context) error {
	t, err := i.user()
	if err != nil {
		return err
	}
	return i.install(ctx, t)
}

func (i Installer) install(ctx context.Context, t *target) error {
	d, text, err := t.open()
	if err != nil {
		return err
	}
	if d.has(t.spec, t.command) {
		i.tell("already installed: %s", t.path)
		return nil
	}
	if _, err := d.remove(); err != nil {
		return t.damaged(err)
	}
	if err := d.add(t.spec, t.command); err != nil {
		return t.damaged(err)
	}
	if text == nil {
		if err := os.MkdirAll(filepath.Dir(t.path), 0o755); err != nil {
			return err
		}
	}
	if err := t.write(ctx, d.bytes()); err != nil {
		return err
	}
	i.tell("installed for %s: %s", t.spec.title, t.path)
	if t.bound != "" && !onPath() {
		i.tell("note: r8scan is not on PATH, so the hook does nothing yet: put it there, for instance with %s", home.Install())
	}
	if t.spec.then != "" {
		i.tell("note: %s", t.spec.then)
	}
	i.tell("undo with: %s", t.undo)
	return nil
}

// Uninstall takes the hook out of the settings of the repository around path.
func (i Installer) Uninstall(ctx context.Context, path string) error {
	t, err := i.project(path)
	if err != nil {
		return err
	}
	return i.uninstall(ctx, t)
}

// UninstallGlobal takes the hook out of the user's own settings.
func (i Installer) UninstallGlobal(ctx context.Context) error {
	t, err := i.user()
	if err != nil {
		return err
	}
	return i.uninstall(ctx, t)
}

func (i Installer) uninstall(ctx context.Context, t *target) error {
	d, _, err := t.open()
	if err != nil {
		return err
	}
	was, err := d.remove()
	switch {
	case err != nil:
		return t.damaged(err)
	case !was:
		i.tell("not installed: %s", t.path)
		return nil
	case d.holdsNothing():
		err = os.Remove(t.path)
	default:
		err = t.write(ctx, d.bytes())
	}
	if err == nil {
		i.tell("removed: %s", t.path)
	}
	return err
}

// open reads the settings. text is nil if there is no file.
func (t *target) open() (d *document, text []byte, err error) {
	if t.bound != "" {
		for dir := filepath.Dir(t.path); dir != t.bound; dir = filepath.Dir(dir) {
			if _, err := os.Lstat(dir); err == nil && !regular.Within(t.bound, dir) {
				return nil, nil, fmt.Errorf("%s leads out of %s: nothing was written", dir, t.bound)
			}
		}
		text, err = regular.Read(t.path, maxSettings)
	} else {
		text, err = regular.ReadFollowed(t.path, maxSettings)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if info, e := os.Lstat(t.path); e == nil && info.Mode()&fs.ModeSymlink != 0 {
			return nil, nil, fmt.Errorf("%s is a link that leads nowhere: remove it first", t.path)
		}
		text = nil
	case err != nil:
		return nil, nil, fmt.Errorf("%s: %s: nothing was written", t.path, regular.Cause(err))
	}
	if d, err = parse(text); err != nil {
		return nil, nil, t.damaged(err)
	}
	return d, text, nil
}

// damaged says that a settings file is not as its agent needs it.
func (t *target) damaged(err error) error {
	return fmt.Errorf("%s: %w: nothing was written: repair the file first", t.path, err)
}

func (t *target) write(ctx context.Context, text []byte) error {
	return output.WriteFile(ctx, t.path, output.Bytes(text))
}

// has reports whether the hooks of an agent are there, and no others of r8scan's.
func (d *document) has(s *spec, command string) bool {
	all, err := d.installed()
	if err != nil || len(all) != len(s.events) {
		return false
	}
	for _, h := range s.events {
		if !slices.ContainsFunc(all, func(f found) bool { return f.event == h.event && f.matcher == h.matcher && f.command == command }) {
			return false
		}
	}
	return true
}

// onPath reports whether a shell finds r8scan.
func onPath() bool {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		for _, name := range []string{"r8scan", "r8scan.exe"} {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
				return true
			}
		}
	}
	return false
}

// tell prints a line about what was done. A path in it may hold any character.
func (i Installer) tell(format string, args ...any) {
	fmt.Fprintln(i.Out, door.Printable(fmt.Sprintf(format, args...)))
}
