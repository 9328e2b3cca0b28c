package main

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"r8scan/rules"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"r8scan": main, "measured": measured})
}

// TestScripts runs the whole command with the scripts in testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "script"),
		Setup:               setup,
		Cmds:                scriptCommands,
		Condition:           condition,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// condition evaluates the conditions of scripts, beside testscript's own: reftable, a
// git that can write reftables, and config-hooks, a git with hooks in its
// configuration.
func condition(name string) (bool, error) {
	switch name {
	case "reftable":
		dir, err := os.MkdirTemp("", "r8scan-")
		if err != nil {
			return false, err
		}
		defer os.RemoveAll(dir)
		return exec.Command("git", "init", "-q", "--ref-format=reftable", dir).Run() == nil, nil
	case "config-hooks":
		out, err := exec.Command("git", "version").Output()
		var major, minor int
		if err == nil {
			_, err = fmt.Sscanf(string(out), "git version %d.%d", &major, &minor)
		}
		return err == nil && (major > 2 || major == 2 && minor >= 54), nil
	}
	return false, fmt.Errorf("condition %q is not known", name)
}

// tokenNames are the tokens of scripts: $tok_NAME is the token, $id_NAME its id and
// $mask_NAME its mask. The names say where scripts put them.
var tokenNames = strings.Fields("a b c d e working removed message tag note merge stash dangling never config " +
	"staged untracked ignored crlf nofinal filename branch reflog hook")

// setup gives a script its tokens, and a git without the machine's configuration.
func setup(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, ".home")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	var all []string
	for _, name := range tokenNames {
		token := fakeToken(name)
		all = append(all, token)
		env.Setenv("tok_"+name, token)
		env.Setenv("id_"+name, rules.NewSecret(token, 0).ID())
		env.Setenv("mask_"+name, token[:5]+strings.Repeat("*", 35))
	}
	env.Values[tokensKey{}] = all
	for _, kv := range []string{
		"HOME=" + home,
		"XDG_CONFIG_HOME=" + filepath.Join(home, ".config"),
		"AppData=" + filepath.Join(home, "AppData"),
		"GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_COUNT=4",
		"GIT_CONFIG_KEY_0=init.defaultBranch", "GIT_CONFIG_VALUE_0=main",
		"GIT_CONFIG_KEY_1=protocol.file.allow", "GIT_CONFIG_VALUE_1=always", // for submodules
		"GIT_CONFIG_KEY_2=core.autocrlf", "GIT_CONFIG_VALUE_2=false",
		"GIT_CONFIG_KEY_3=gc.auto", "GIT_CONFIG_VALUE_3=0", // only scripts pack
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_AUTHOR_DATE=2024-01-02T03:04:05+0100",
		"GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.com", "GIT_COMMITTER_DATE=2024-01-02T03:04:05+0100",
		"NO_COLOR=1",
	} {
		key, value, _ := strings.Cut(kv, "=")
		env.Setenv(key, value)
	}
	return nil
}

// tokensKey is the key of the tokens in a script's values.
type tokensKey struct{}

// fakeToken returns a token that looks random and is the same in every run. It is put
// together here, so that the repository has no whole token.
func fakeToken(name string) string {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	sum := sha256.Sum256([]byte("r8scan test " + name))
	n := new(big.Int).SetBytes(sum[:])
	body := make([]byte, 37)
	for i := range body {
		var digit big.Int
		n.DivMod(n, big.NewInt(int64(len(digits))), &digit)
		body[i] = digits[digit.Int64()]
	}
	return "r8_" + string(body)
}
