package hooks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"r8scan/internal/door"
)

// Installing is no scan, and only git knows where it looks for hooks, so this
// file is the one that starts git. It asks for paths and settings only: none of
// these commands runs a program that a repository's configuration names.

// git asks git about a folder.
type git struct {
	dir string   // absolute
	env []string // of the processes
}

// gitAt returns a git that works in dir and not where this process's variables
// point to, which they do where r8scan is started by a hook or an alias.
func gitAt(dir string, more ...string) git {
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains([]string{"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX"}, name)
	})
	return git{dir: dir, env: append(env, more...)}
}

// errUnset says that git config has no such setting.
var errUnset = errors.New("not set")

// run returns what git prints, without the one newline at its end.
func (g git) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env = g.dir, g.env
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("git is not on PATH: install it first, hooks are its own")
	case errors.As(err, &exit) && args[0] == "config" && exit.ExitCode() == 1 && said.Len() == 0:
		return "", errUnset
	case err != nil:
		line, _, _ := strings.Cut(strings.TrimPrefix(said.String(), "fatal: "), "\n")
		line = door.Mask(line) // git cuts what it says
		return "", fmt.Errorf("git %s in %s: %s", args[0], g.dir, cmp.Or(line, err.Error()))
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

// version returns the major and minor number of git's version.
func (g git) version(ctx context.Context) (major, minor int, err error) {
	text, err := g.run(ctx, "version")
	if err != nil {
		return 0, 0, err
	}
	numbers := strings.Split(strings.TrimPrefix(text, "git version "), ".")
	if len(numbers) > 1 {
		major, err = strconv.Atoi(numbers[0])
		if err == nil {
			minor, err = strconv.Atoi(numbers[1])
		}
	}
	if err != nil || len(numbers) < 2 {
		return 0, 0, fmt.Errorf("%q is no version of git that r8scan can read", text)
	}
	return major, minor, nil
}

// hooksPath returns core.hooksPath, with a ~ in it replaced, and the scope that
// sets it: local, worktree, global, system or command; "" if none does.
func (g git) hooksPath(ctx context.Context) (path, scope string, err error) {
	text, err := g.run(ctx, "config", "--show-scope", "-z", "--type=path", "--get", "core.hooksPath")
	if errors.Is(err, errUnset) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	scope, path, _ = strings.Cut(strings.TrimSuffix(text, "\x00"), "\x00")
	return filepath.FromSlash(path), scope, nil
}

// target is where a repository's hooks are.
type target struct {
	top   string // the work tree, "" for a bare repository
	own   string // the hooks folder of the repository, shared by its work trees
	hooks string // the folder that git looks in: own, or what core.hooksPath names
	scope string // of core.hooksPath, "" if it is not set
	setTo string // core.hooksPath, with a ~ in it replaced
}

// openTarget finds the repository around path.
func openTarget(ctx context.Context, path string) (*target, error) {
	dir, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is no folder: name a repository", path)
	}
	g := gitAt(dir)
	common, err := g.run(ctx, "rev-parse", "--git-common-dir")
	if err != nil {
		return nil, fmt.Errorf("%w: name a repository, or use --global", err)
	}
	common = under(dir, common)
	r := &target{own: filepath.Join(common, "hooks")}
	bare, err := g.run(ctx, "rev-parse", "--is-bare-repository")
	if err != nil {
		return nil, err
	}
	base := common
	if bare != "true" {
		if r.top, err = g.run(ctx, "rev-parse", "--show-toplevel"); err != nil {
			return nil, err
		}
		r.top = filepath.FromSlash(r.top)
		base = r.top
	}
	if r.setTo, r.scope, err = g.hooksPath(ctx); err != nil {
		return nil, err
	}
	r.hooks = r.own
	if r.setTo != "" {
		r.hooks = under(base, r.setTo)
	}
	return r, nil
}

// under returns path, which git gave, as seen from dir.
func under(dir, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// shared reports whether git looks for this repository's hooks in a folder that
// is not the repository's to choose.
func (r *target) shared() bool {
	return r.scope != "" && r.scope != "local" && r.scope != "worktree"
}

// tracked reports whether git looks for hooks among the files that it tracks.
func (r *target) tracked() bool {
	if r.top == "" {
		return false
	}
	inside, err := filepath.Rel(r.top, r.hooks)
	first, _, _ := strings.Cut(filepath.ToSlash(inside), "/")
	return err == nil && filepath.IsLocal(inside) && first != ".git"
}
