package hooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"r8scan/internal/git/repo"
	"r8scan/internal/regular"
	"r8scan/internal/shell"
)

// HookStatus says whether git runs this r8scan as one of a repository's hooks.
type HookStatus struct {
	Hook    string // such as pre-commit
	InForce bool
	What    string // how git runs it, or why it does not
	Fix     string // a command or a step, "" if InForce
}

const runInstall = "r8scan install"

// Status looks at the hooks of the repository around path that check commits and
// pushes. It returns nil outside a repository. It changes nothing, and starts only git,
// as install does.
func Status(ctx context.Context, path string) ([]HookStatus, error) {
	dir, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if _, err := repo.Discover(dir, os.LookupEnv); errors.Is(err, repo.ErrNone) {
		return nil, nil // git says this only in the user's language
	}
	r, err := openTarget(ctx, dir)
	if err != nil {
		return nil, err
	}
	s, err := newSurvey(ctx, r)
	if err != nil {
		return nil, err
	}
	var out []HookStatus
	for _, k := range usual(r.top == "") {
		status := s.status(ctx, k)
		status.Hook = k.name
		out = append(out, status)
	}
	return out, nil
}

// survey is what the states of a repository's hooks depend on.
type survey struct {
	target  *target
	global  *globalHooks
	config  bool // git runs the hooks that its configuration names
	manager *manager
	self    string // this program
	onPath  string // the r8scan that managers and people's own hooks run, "" if there is none
	noHooks error  // why git runs none
}

func newSurvey(ctx context.Context, r *target) (*survey, error) {
	s := &survey{target: r, onPath: lookUp("r8scan")}
	var err error
	if s.self, err = os.Executable(); err != nil {
		return nil, fmt.Errorf("find the path of r8scan: %w", err)
	}
	if s.global, err = openGlobal(ctx); err != nil {
		return nil, err
	}
	major, minor, err := s.global.git.version(ctx)
	if err != nil {
		return nil, err
	}
	s.config = major > 2 || major == 2 && minor >= 54
	found, err := r.openHooks(usual(r.top == ""))
	if err != nil {
		s.noHooks = err
		return s, nil
	}
	s.manager = managerOf(r, found)
	return s, nil
}

// status says whether one hook is in force.
func (s *survey) status(ctx context.Context, k *kind) HookStatus {
	if s.config && s.inConfig(ctx, k) {
		return s.ofScript(filepath.Join(s.global.dir, k.name), "is installed by r8scan for all of your repositories", runInstall+" --global")
	}
	if s.noHooks != nil {
		return HookStatus{What: "is not run: " + s.noHooks.Error(), Fix: s.unsetHooksPath() + " && " + runInstall}
	}
	h, err := openHook(s.target.hooks, k)
	if err != nil {
		return HookStatus{What: "cannot be read: " + regular.Cause(err), Fix: "correct that, then: " + runInstall}
	}
	switch {
	case s.target.shared() && s.target.hooks == s.global.dir && h.state != hookForeign:
		if !isCheck(h.text) {
			return HookStatus{What: "is missing from r8scan's hooks for all of your repositories", Fix: runInstall + " --global --hook " + k.name}
		}
		return s.ofScript(h.path, "is installed by r8scan for all of your repositories", runInstall+" --global")
	case h.state == hookOurs:
		return s.ofScript(h.path, "is installed by r8scan", runInstall)
	case h.state == hookChanged:
		quoted := shell.Quote(h.path)
		return HookStatus{What: "was changed after r8scan wrote it", Fix: "mv " + quoted + " " + shell.Quote(h.path+".changed") + " && " + runInstall}
	case isCheckFile(h.path+movedSuffixes[0]) && bytes.Contains(h.text, []byte(managerByName("pre-commit").wrote)):
		return s.ofScript(h.path+movedSuffixes[0], "is installed by r8scan, and pre-commit runs it", runInstall)
	case s.manager != nil:
		return s.ofManager(h)
	case s.target.shared():
		if h.state == hookForeign && namesUs(h.text) {
			return s.ofForeign(h)
		}
		return HookStatus{What: "does not run r8scan: git takes the hooks of all repositories from " + s.target.hooks,
			Fix: "git config --local core.hooksPath " + shell.Quoted(filepath.ToSlash(s.target.own)) + " && " + runInstall}
	case h.state == hookForeign:
		return s.ofForeign(h)
	}
	return HookStatus{What: "is missing", Fix: runInstall}
}

// inConfig reports whether git's configuration names r8scan's script for a hook.
func (s *survey) inConfig(ctx context.Context, k *kind) bool {
	key := configKey(k.name)
	command, err := s.global.setting(ctx, key+"command")
	event, err2 := s.global.setting(ctx, key+"event")
	return errors.Join(err, err2) == nil && command == s.global.configCommand(k.name) && event == k.name
}

// unsetHooksPath is the command that gives the repository its own hooks again.
func (s *survey) unsetHooksPath() string {
	if s.target.shared() {
		return "git config --local core.hooksPath " + shell.Quoted(filepath.ToSlash(s.target.own))
	}
	return "git config --" + s.target.scope + " --unset-all core.hooksPath"
}

// ofScript says whether one of r8scan's scripts runs this program. how says who
// installed it.
func (s *survey) ofScript(path, how, fix string) HookStatus {
	text, err := regular.ReadFollowed(path, maxHook)
	binary := binaryOf(text)
	switch {
	case err != nil:
		return HookStatus{What: how + ", but cannot be read: " + regular.Cause(err), Fix: fix}
	case !isCheck(text):
		return HookStatus{What: how + ", but was changed since", Fix: "mv " + shell.Quote(path) + " " + shell.Quote(path+".changed") + " && " + fix}
	case !executable(path):
		return HookStatus{What: how + ", but is not executable, so git does not run it", Fix: fix}
	case sameFile(binary, s.self):
		return HookStatus{InForce: true, What: how}
	case !exists(binary):
		return HookStatus{What: how + ", but the r8scan that it runs is gone: " + binary, Fix: fix}
	}
	return HookStatus{What: how + ", but runs another r8scan: " + binary, Fix: fix}
}

// ofManager says whether the tool that manages the hooks runs r8scan for this one.
func (s *survey) ofManager(h *file) HookStatus {
	m, top := s.manager, s.target.top
	switch {
	case top == "" || !m.runsUsFor(top, h.kind.name):
		fix := fmt.Sprintf("let %s run `r8scan %s` in its %s; then: %s", m.name, h.kind.command, h.kind.name, m.then)
		if m.into != nil && top != "" && m.isConfigured(top) && (m.name == "husky" || !m.runsUs(top)) { // it leaves a file that names r8scan
			fix = runInstall + " --into " + m.name + " && " + m.then
		}
		return HookStatus{What: "is left to " + m.name + ", whose configuration does not run r8scan for it", Fix: fix}
	case h.state != hookForeign || !executable(h.path) || !m.isBehind(s.target, h):
		return HookStatus{What: "is left to " + m.name + ", which runs r8scan, but is not set up here", Fix: m.then}
	}
	return s.fromPath("is run by " + m.name)
}

// ofForeign looks at a hook that neither r8scan nor a known manager wrote.
func (s *survey) ofForeign(h *file) HookStatus {
	switch err := h.mayInstall(); {
	case namesUs(h.text) && executable(h.path):
		return s.fromPath("is a hook of your own that runs r8scan")
	case namesUs(h.text):
		return HookStatus{What: "is a hook of your own that runs r8scan, but it is not executable", Fix: "chmod +x " + shell.Quote(h.path)}
	case err != nil:
		return HookStatus{What: "does not run r8scan, and install cannot change that: " + err.Error(), Fix: "correct that, then: " + runInstall}
	}
	return HookStatus{What: "is a hook of your own that does not run r8scan (install keeps it working)", Fix: runInstall}
}

// fromPath is the state of a hook that runs the r8scan on PATH.
func (s *survey) fromPath(how string) HookStatus {
	add := `export PATH=` + shell.Quoted(filepath.Dir(s.self)) + `:"$PATH"`
	switch {
	case s.onPath == "":
		return HookStatus{What: how + ", but r8scan is not on PATH", Fix: add}
	case !sameFile(s.onPath, s.self):
		return HookStatus{What: how + ", but another r8scan is first on PATH: " + s.onPath, Fix: add}
	}
	return HookStatus{InForce: true, What: how}
}

// isCheckFile reports whether path is a script of r8scan's that git or another hook
// can run.
func isCheckFile(path string) bool {
	text, err := regular.ReadFollowed(path, maxHook)
	return err == nil && isCheck(text) && executable(path)
}

// binaryOf returns the path of the program that a script of r8scan's runs.
func binaryOf(script []byte) string {
	for _, before := range []string{"\n" + binaryIs, "\nr8scan="} { // the latter in scripts of 0.1.0
		if _, rest, ok := bytes.Cut(script, []byte(before)); ok {
			line, _, _ := bytes.Cut(rest, []byte("\n"))
			return filepath.FromSlash(shell.Unquoted(string(line)))
		}
	}
	return ""
}

// namesUs reports whether a line of a hook that is no comment names r8scan.
func namesUs(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); !bytes.HasPrefix(line, []byte("#")) && bytes.Contains(line, []byte("r8scan")) {
			return true
		}
	}
	return false
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	two, err2 := os.Stat(b)
	return errors.Join(err, err2) == nil && os.SameFile(one, two)
}

// isBehind reports whether the manager wrote the hook.
func (m *manager) isBehind(r *target, h *file) bool {
	if m.name == "husky" {
		inside := strings.Contains(filepath.ToSlash(r.hooks)+"/", "/.husky/")
		return inside || bytes.Contains(h.text, []byte("husky")) // before husky 5, in git's own folder
	}
	for _, mark := range []string{m.name, strings.ReplaceAll(m.name, "-", "_")} {
		if bytes.Contains(bytes.ToLower(h.text), []byte(mark)) {
			return true
		}
	}
	return m.wrote != "" && bytes.Contains(h.text, []byte(m.wrote)) || namesUs(h.text)
}
