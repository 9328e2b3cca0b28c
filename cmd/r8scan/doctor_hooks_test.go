package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"r8scan/internal/doctor"
)

// TestDoctorHooks brings a repository's hooks into each state, follows what doctor
// says, word for word, and asks again.
func TestDoctorHooks(t *testing.T) {
	needShell(t)
	const head = "#!/bin/sh\n"
	for name, c := range map[string]struct {
		prepare string // as shell, in a new repository
		want    string // a part of what doctor says first
		after   string // and in the end, by default that each is installed
	}{
		"missing":        {":", "is missing", ""},
		"installed":      {"r8scan install", "is installed by r8scan", ""},
		"one is missing": {"r8scan install && rm .git/hooks/commit-msg", "is missing", ""},
		"changed":        {"r8scan install && echo exit 0 >>.git/hooks/pre-push", "was changed after r8scan wrote it", ""},
		"not executable": {"r8scan install && chmod -x .git/hooks/pre-commit", "is not executable, so git does not run it", ""},
		"another r8scan": {`cp "$(command -v r8scan)" .git/r8scan && .git/r8scan install`, "but runs another r8scan", ""},
		"r8scan is gone": {`cp "$(command -v r8scan)" .git/r8scan && .git/r8scan install && rm .git/r8scan`, "the r8scan that it runs is gone", ""},
		"their own":      {"printf '" + head + "exit 0\n' >.git/hooks/pre-commit && chmod +x .git/hooks/pre-commit", "is a hook of your own that does not run r8scan", ""},
		"a comment only": {"printf '" + head + "# r8scan staged\n' >.git/hooks/pre-commit && chmod +x .git/hooks/pre-commit", "is a hook of your own that does not run r8scan", ""},
		"their own runs r8scan": {
			"r8scan install && printf '" + head + "r8scan staged\n' >.git/hooks/pre-commit && chmod -x .git/hooks/pre-commit",
			"runs r8scan, but it is not executable", "is a hook of your own that runs r8scan",
		},
		"hooks folder is a file": {"touch x && git config core.hooksPath x", "is not run: core.hooksPath is", ""},
		"hooks of the user":      {"mkdir h && git config --file user core.hooksPath \"$PWD/h\" && export GIT_CONFIG_GLOBAL=\"$PWD/user\"", "does not run r8scan: git takes the hooks of all repositories from", ""},
		"global": {
			"export GIT_CONFIG_GLOBAL=\"$PWD/user\" && touch user && r8scan install --global", "for all of your repositories", "for all of your repositories",
		},
		"global, one is missing": {
			"export GIT_CONFIG_GLOBAL=\"$PWD/user\" && touch user && r8scan install --global --hook pre-push", "is missing", "",
		},
		"bare":              {"git config core.bare true && mv .git/* . && rmdir .git", "git hook pre-receive: is missing", ""},
		"husky":             {"mkdir .husky", "is left to husky, whose configuration does not run r8scan for it", "is run by husky"},
		"husky, one line":   {"mkdir .husky && echo r8scan staged >.husky/pre-commit", "is left to husky, which runs r8scan, but is not set up here", "is run by husky"},
		"lefthook":          {"printf 'pre-push:\\n  jobs:\\n    - run: x\\n' >lefthook.yml", "is left to lefthook, whose", "is run by lefthook"},
		"pre-commit":        {"printf 'repos:\\n- repo: local\\n  hooks: []\\n' >.pre-commit-config.yaml", "is left to pre-commit, whose", "is run by pre-commit"},
		"pre-commit, above": {"r8scan install && pre-commit install", "is installed by r8scan, and pre-commit runs it", "is installed by r8scan, and pre-commit runs it"},
		"captainhook": {
			`echo '{"x": "r8scan staged r8scan commit-msg r8scan push"}' >captainhook.json`, "is left to captainhook, which runs r8scan, but is not set up", "is run by captainhook",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPatient(t)
			p.run(t, "git init -q .")
			p.run(t, fakeManagers)
			p.run(t, c.prepare)
			before := p.hooks(t)
			wantAll(t, flat(before), c.want)
			for _, ch := range before {
				if ch.Fix != "" {
					p.run(t, ch.Fix)
				}
			}
			after := p.hooks(t)
			for _, ch := range after {
				if ch.Level != "ok" {
					t.Errorf("after the fixes: %+v", ch)
				}
			}
			if c.after == "" {
				c.after = "is installed by r8scan"
			}
			wantAll(t, flat(after), c.after)
		})
	}
}

// TestDoctorHooksByHand makes sure that what only a person can do is said.
func TestDoctorHooksByHand(t *testing.T) {
	needShell(t)
	p := newPatient(t)
	if got := p.hooks(t); got != nil {
		t.Errorf("outside a repository: %+v", got)
	}
	p.run(t, "git init -q . && printf 'pre-commit:\n  jobs:\n    - run: r8scan staged\n' >lefthook.yml")
	wantAll(t, flat(p.hooks(t)), "let lefthook run `r8scan push \"$@\"` in its pre-push; then: lefthook install")
	p.run(t, "rm lefthook.yml && printf '#!/bin/sh\nr8scan staged\n' >.git/hooks/pre-commit && chmod +x .git/hooks/pre-commit && mkdir bin && ln -s \"$(command -v git)\" bin/git")
	self, err := exec.LookPath("r8scan")
	if err != nil {
		t.Fatal(err)
	}
	out, _ := p.command(`PATH=$PWD/bin "$SELF" doctor --offline`, "SELF="+self).Output() // no token is an error
	wantAll(t, string(out), "runs r8scan, but r8scan is not on PATH", "fix: export PATH='"+filepath.Dir(self)+`':"$PATH"`)
	out, err = p.command(`PATH=/nowhere "$SELF" doctor --offline`, "SELF="+self).Output()
	wantAll(t, string(out), "warning git hooks: were not checked: git is not on PATH")
	if err == nil {
		t.Error("doctor found no error, but there is no token")
	}
}

// fakeManagers puts programs on PATH that write hooks as the managers do.
const fakeManagers = `bin=$HOME/bin && mkdir -p "$bin" vendor/bin && export PATH="$PATH:$bin" && hooks='pre-commit pre-merge-commit commit-msg pre-push'
fake() { { echo '#!/bin/sh'; echo "for h in $hooks; do"; cat; echo "done"; } >"$1" && chmod +x "$1"; }
fake "$bin/npx" <<'END'
mkdir -p .husky/_ && git config core.hooksPath .husky/_
printf '#!/bin/sh\n. "${0%%/*}/h"\n' >.husky/_/$h; chmod +x .husky/_/$h
END
fake "$bin/lefthook" <<'END'
printf '#!/bin/sh\ncall_lefthook run %s\n' $h >.git/hooks/$h; chmod +x .git/hooks/$h
END
fake "$bin/pre-commit" <<'END'
if [ -e .git/hooks/$h ]; then mv .git/hooks/$h .git/hooks/$h.legacy; fi
printf '#!/bin/sh\n# File generated by pre-commit: https://pre-commit.com\n' >.git/hooks/$h; chmod +x .git/hooks/$h
END
fake vendor/bin/captainhook <<'END'
printf '#!/bin/sh\nvendor/bin/captainhook hook:%s\n' $h >.git/hooks/$h; chmod +x .git/hooks/$h
END`

func needShell(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("doctor's commands are for a POSIX shell")
	}
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git to make a repository with")
	}
}

// patient is a folder where somebody follows doctor in a shell. What one command
// exports is there for the next.
type patient struct{ dir, exports string }

func newPatient(t *testing.T) *patient {
	home, dir := sickbed(t)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	p := &patient{dir, filepath.Join(home, "exports")}
	if err := os.WriteFile(p.exports, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// command returns a command that runs a script after what was exported.
func (p *patient) command(script string, env ...string) *exec.Cmd {
	cmd := exec.Command("sh", "-c", ". '"+p.exports+"'\ncd '"+p.dir+"'\n"+script)
	cmd.Dir, cmd.Env = p.dir, append(os.Environ(), env...)
	return cmd
}

// run runs a script, which must work.
func (p *patient) run(t *testing.T, script string) {
	t.Helper()
	if out, err := p.command("{ " + script + "\n} || exit\nexport -p >'" + p.exports + "'").CombinedOutput(); err != nil {
		t.Fatalf("%s\n%v: %s", script, err, out)
	}
}

// checks returns what doctor says here.
func (p *patient) checks(t *testing.T) doctor.Checks {
	t.Helper()
	cmd := p.command("r8scan doctor --offline -f json")
	cmd.Stderr = os.Stderr
	out, _ := cmd.Output() // it exits with 1 if it finds an error
	return readChecks(t, out)
}

// hooks returns what doctor says about hooks.
func (p *patient) hooks(t *testing.T) (out doctor.Checks) {
	t.Helper()
	for _, ch := range p.checks(t) {
		if strings.HasPrefix(ch.About, "git hook") {
			out = append(out, ch)
		}
	}
	return out
}

// flat returns checks as the text that people see.
func flat(checks doctor.Checks) string {
	var b strings.Builder
	_ = checks.WriteText(&b, false) // a Builder does not fail
	return b.String()
}
