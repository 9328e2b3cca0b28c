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

// Only git knows where it looks for hooks, and installing is no scan. So this is
// the only file that starts git. It asks for paths and settings: none of these
// commands runs a program that a repository's configuration names.

// git runs git in a folder.
type git struct {
	dir string   // absolute
	env []string // of the processes
}

// gitAt returns a git that works in dir. It drops git's variables, which a hook
// or an alias sets, because they may name another repository.
func gitAt(dir string, more ...string) git {
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains([]string{"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX"}, name)
	})
	return git{dir: dir, env: append(env, more...)}
}

// errUnset says that git config has no such setting.
var errUnset = errors.New("not set")

// run returns what git prints, without the final newline.
func (g git) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env = g.dir, g.env
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("git is not on PATH: install it first")
	case errors.As(err, &exit) && args[0] == "config" && exit.ExitCode() == 1 && said.Len() == 0:
		return "", errUnset
	case err != nil:
		line, _, _ := strings.Cut(strings.TrimPrefix(said.String(), "fatal: "), "\n")
		line = door.Mask(line) // here, because git may have cut a token
		return "", fmt.Errorf("git %s in %s: %s", args[0], g.dir, cmp.Or(line, err.Error()))
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

// version returns git's major and minor version.
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
		return 0, 0, fmt.Errorf("git version prints %q, which r8scan cannot read: install another git", text)
	}
	return major, minor, nil
}

// hooksPath returns core.hooksPath with ~ expanded, and the scope that sets it:
// local, worktree, global, system or command; "" if it is not set.
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

// lookUp returns the program of that name on PATH, "" if there is none.
func lookUp(name string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}

// target is where a repository's hooks are.
type target struct {
	top   string // the work tree, "" for a bare repository
	own   string // the hooks folder of the repository, shared by its work trees
	hooks string // the folder that git looks in: own, or what core.hooksPath names
	scope string // of core.hooksPath, "" if it is not set
	setTo string // core.hooksPath with ~ expanded
}

// openTarget finds the repository around path.
func openTarget(ctx context.Context, path string) (*target, error) {
	dir, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder: name a repository", path)
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

// under returns path, which git printed, relative to dir or absolute.
func under(dir, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// shared reports whether core.hooksPath is set outside the repository, so that
// other repositories share the folder.
func (r *target) shared() bool {
	return r.scope != "" && r.scope != "local" && r.scope != "worktree"
}

// tracked reports whether the hooks are in the work tree, where git may track
// them.
func (r *target) tracked() bool {
	if r.top == "" {
		return false
	}
	inside, err := filepath.Rel(r.top, r.hooks)
	first, _, _ := strings.Cut(filepath.ToSlash(inside), "/")
	return err == nil && filepath.IsLocal(inside) && first != ".git"
}
