package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"r8scan/internal/ask"
	"r8scan/rules"
)

// environment is where a client would run.
type environment struct {
	dir, home string
	raw       string          // REPLICATE_API_TOKEN as it is
	token     rules.Diagnosis // of it
	set       bool            // the variable is set, perhaps to nothing
}

func newEnvironment() (*environment, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the current folder: %w", err)
	}
	home, _ := os.UserHomeDir() // "": then nothing in it is checked
	value, set := os.LookupEnv(ask.TokenVariable)
	return &environment{dir: dir, home: home, raw: value, token: rules.Diagnose(value), set: set}, nil
}

// shown returns path relative to the current folder, or with ~ for the home
// folder.
func (e *environment) shown(path string) string {
	if rel, err := filepath.Rel(e.dir, path); err == nil && !strings.HasPrefix(rel, filepath.Join("..", "..", "..", "..")) && !e.above(rel, path) {
		return rel
	}
	if rel, err := filepath.Rel(e.home, path); e.home != "" && err == nil && filepath.IsLocal(rel) {
		return filepath.Join("~", rel)
	}
	return path
}

// above reports whether rel leads to a file of the home folder by leaving the current
// folder: ~ is shorter to read.
func (e *environment) above(rel, path string) bool {
	return strings.HasPrefix(rel, "..") && e.home != "" && filepath.Dir(path) == e.home
}
