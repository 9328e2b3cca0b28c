package hooks

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"r8scan/internal/regular"
	"r8scan/internal/shell"
)

// allHooks are the hooks that git looks for in a folder of hooks, as githooks(5)
// lists them, without fsmonitor-watchman, whose path is a setting.
var allHooks = []string{
	"applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit",
	"prepare-commit-msg", "commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge",
	"pre-push", "pre-receive", "update", "proc-receive", "post-receive", "post-update",
	"reference-transaction", "push-to-checkout", "pre-auto-gc", "post-rewrite", "sendemail-validate",
	"p4-changelist", "p4-prepare-changelist", "p4-post-changelist", "p4-pre-submit", "post-index-change",
}

// globalHooksDir is the folder of the global hooks.
func globalHooksDir() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("find your configuration folder: %w", err)
	}
	return filepath.Join(dir, "r8scan", "hooks"), nil
}

// globalHooks are the hooks for all of the user's repositories.
type globalHooks struct {
	dir  string
	git  git
	path string // core.hooksPath outside any repository
	from string // the scope that sets it, "" if it is not set
}

func openGlobal(ctx context.Context) (*globalHooks, error) {
	dir, err := globalHooksDir()
	if err != nil {
		return nil, err
	}
	cwd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	// With a GIT_DIR that does not exist, git reads no repository's configuration,
	// only the user's.
	g := &globalHooks{dir: dir, git: gitAt(cwd, "GIT_DIR="+filepath.Join(dir, "no-repository"))}
	g.path, g.from, err = g.git.hooksPath(ctx)
	return g, err
}

// ours reports whether core.hooksPath is r8scan's.
func (g *globalHooks) ours() bool { return g.from == "global" && g.path == g.dir }

// configKey is the prefix of the settings that make a script a hook, from git 2.54
// on. git refuses the plain names of hooks.
func configKey(name string) string { return "hook.r8scan-" + name + "." }

// configCommand is the setting that runs a hook's script.
func (g *globalHooks) configCommand(name string) string {
	return shell.Quoted(filepath.ToSlash(filepath.Join(g.dir, name)))
}

// setting returns the value of key in the user's configuration, "" if it is not
// set.
func (g *globalHooks) setting(ctx context.Context, key string) (string, error) {
	value, err := g.git.run(ctx, "config", "--global", "--get", key)
	if errors.Is(err, errUnset) {
		return "", nil
	}
	return value, err
}

// InstallGlobal installs the hooks with these names for all of the user's
// repositories; without names, all that check commits and pushes.
func (i Installer) InstallGlobal(ctx context.Context, names []string) error {
	chosen, err := chosenKinds(names)
	if err != nil {
		return err
	}
	binary, err := OwnBinary()
	if err != nil {
		return err
	}
	if chosen == nil {
		chosen = usual(false)
	}
	g, err := openGlobal(ctx)
	if err != nil {
		return err
	}
	major, minor, err := g.git.version(ctx)
	if err != nil {
		return err
	}
	if !g.ours() && (major > 2 || major == 2 && minor >= 54) {
		return i.installConfigHooks(ctx, g, chosen, binary)
	}
	if g.from != "" && !g.ours() {
		return fmt.Errorf("core.hooksPath is already %q (%s configuration), and git allows only one: %s", g.path, g.from, linesToAdd(chosen))
	}
	return i.installHooksPath(ctx, g, chosen, binary)
}

// installConfigHooks names scripts in the user's configuration. git 2.54 runs
// them in addition to a repository's hooks.
func (i Installer) installConfigHooks(ctx context.Context, g *globalHooks, chosen []*kind, binary string) error {
	scripts := map[string][]byte{}
	for _, hook := range chosen {
		was, err := g.setting(ctx, configKey(hook.name)+"command")
		if err != nil {
			return err
		}
		if was != "" && was != g.configCommand(hook.name) {
			return fmt.Errorf("%scommand has a value that r8scan did not set: unset it first with git config --global --unset %[1]scommand", configKey(hook.name))
		}
		scripts[hook.name] = checkScript(hook, chainNone, binary)
	}
	if err := g.write(scripts); err != nil {
		return err
	}
	for _, hook := range chosen {
		key := configKey(hook.name)
		for _, kv := range [][2]string{{"command", g.configCommand(hook.name)}, {"event", hook.name}} {
			if _, err := g.git.run(ctx, "config", "--global", "--replace-all", key+kv[0], kv[1]); err != nil {
				return fmt.Errorf("%w: fix this, then run install again", err)
			}
		}
		i.tell("installed for all of your repositories: %s (%scommand in your git configuration)", hook.name, key)
	}
	i.tell("they run in addition to each repository's hooks; a git older than 2.54 ignores them")
	i.tell("undo with: r8scan uninstall --global")
	return nil
}

// installHooksPath sets core.hooksPath to a folder with a script for every hook.
// git then ignores the repositories' hooks, so each script also runs them.
func (i Installer) installHooksPath(ctx context.Context, g *globalHooks, chosen []*kind, binary string) error {
	scripts := map[string][]byte{}
	for _, name := range allHooks {
		if text, err := regular.ReadFollowed(filepath.Join(g.dir, name), maxHook); err != nil || !isCheck(text) {
			scripts[name] = passScript(name)
		}
	}
	for _, hook := range chosen {
		scripts[hook.name] = checkScript(hook, chainRepository, binary)
	}
	if err := g.write(scripts); err != nil {
		return err
	}
	if _, err := g.git.run(ctx, "config", "--global", "core.hooksPath", filepath.ToSlash(g.dir)); err != nil {
		return fmt.Errorf("%w: fix this, then run install again", err)
	}
	for _, hook := range chosen {
		i.tell("installed for all of your repositories: %s", filepath.Join(g.dir, hook.name))
	}
	i.tell("core.hooksPath in your git configuration names that folder; its scripts also run each repository's hooks")
	i.tell("a repository that sets core.hooksPath itself, as with husky, is not covered: run r8scan install there")
	i.tell("undo with: r8scan uninstall --global")
	return nil
}

// write writes scripts by name, unless one would overwrite a file that is not
// r8scan's.
func (g *globalHooks) write(scripts map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(scripts)) {
		path := filepath.Join(g.dir, name)
		state, _, err := inspect(path)
		if err != nil {
			return err
		}
		if state == hookChanged || state == hookForeign {
			return fmt.Errorf("r8scan did not write %s: move it away first", path)
		}
	}
	err := os.MkdirAll(g.dir, 0o755)
	for name, text := range scripts {
		if err == nil {
			h := file{path: filepath.Join(g.dir, name)}
			_, err = h.install(text)
		}
	}
	if err != nil {
		return fmt.Errorf("write hooks into %s: %w", g.dir, err)
	}
	return nil
}

// UninstallGlobal undoes InstallGlobal in either form. It leaves what was changed
// since, and the settings that make git run it.
func (i Installer) UninstallGlobal(ctx context.Context) error {
	g, err := openGlobal(ctx)
	if err != nil {
		return err
	}
	names, left, err := g.scripts()
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return i.leftAlone(left)
	}
	done := len(names) > 0
	value, err := g.setting(ctx, "core.hooksPath")
	if err != nil {
		return err
	}
	if value == filepath.ToSlash(g.dir) {
		if err := i.unset(ctx, g, "core.hooksPath"); err != nil {
			return err
		}
		done = true
	}
	for _, hook := range kinds {
		key := configKey(hook.name)
		value, err := g.setting(ctx, key+"command")
		switch {
		case err != nil:
			return err
		case value == "":
			continue
		case value != g.configCommand(hook.name):
			left = append(left, fmt.Errorf("left alone: %scommand was changed after r8scan set it; unset it by hand", key))
			continue
		}
		if err := errors.Join(i.unset(ctx, g, key+"command"), i.unset(ctx, g, key+"event")); err != nil {
			return err
		}
		done = true
	}
	if len(left) == 0 {
		if err := i.removeScripts(g, names); err != nil {
			return err
		}
	}
	if !done && len(left) == 0 {
		i.tell("r8scan has no global hooks here")
	}
	return i.leftAlone(left)
}

// unset removes a setting from the user's configuration if it is set.
func (i Installer) unset(ctx context.Context, g *globalHooks, key string) error {
	if value, err := g.setting(ctx, key); err != nil || value == "" {
		return err
	}
	if _, err := g.git.run(ctx, "config", "--global", "--unset-all", key); err != nil {
		return fmt.Errorf("unset %s: %w", key, err)
	}
	i.tell("unset in your git configuration: %s", key)
	return nil
}

// scripts returns the names of r8scan's scripts in the folder, and an error for
// each file that r8scan did not write.
func (g *globalHooks) scripts() (names []string, left []error, err error) {
	entries, err := os.ReadDir(g.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	for _, e := range entries {
		path := filepath.Join(g.dir, e.Name())
		switch state, _, err := inspect(path); {
		case err != nil:
			left = append(left, err)
		case state != hookOurs:
			left = append(left, fmt.Errorf("left alone: r8scan did not write %s; move it away to uninstall the rest", path))
		default:
			names = append(names, e.Name())
		}
	}
	return names, left, err
}

// removeScripts removes scripts, and then the folders if they are empty.
func (i Installer) removeScripts(g *globalHooks, names []string) error {
	for _, name := range names {
		if err := os.Remove(filepath.Join(g.dir, name)); err != nil {
			return err
		}
	}
	if len(names) > 0 {
		i.tell("removed: %s", g.dir)
	}
	for _, dir := range []string{g.dir, filepath.Dir(g.dir)} {
		if os.Remove(dir) != nil {
			break // it is not empty
		}
	}
	return nil
}
