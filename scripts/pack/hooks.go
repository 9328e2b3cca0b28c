package main

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

//go:embed hooks/.pre-commit-hooks.yaml
var hookList string

//go:embed hooks/README.md
var hooksReadme string

// markers say on which machines pip takes a platform's wheel.
var markers = map[platform]string{
	{"linux", "amd64"}:   "sys_platform == 'linux' and platform_machine == 'x86_64'",
	{"linux", "arm64"}:   "sys_platform == 'linux' and platform_machine == 'aarch64'",
	{"darwin", "amd64"}:  "sys_platform == 'darwin' and platform_machine == 'x86_64'",
	{"darwin", "arm64"}:  "sys_platform == 'darwin' and platform_machine == 'arm64'",
	{"windows", "amd64"}: "sys_platform == 'win32' and platform_machine == 'AMD64'",
	{"windows", "arm64"}: "sys_platform == 'win32' and platform_machine == 'ARM64'",
}

// hooks writes the files of a repository of hooks for the pre-commit framework. The
// framework installs the package at the top of the repository that has the hooks, so
// they need one of their own: this one has no Go to build.
func hooks(r *release) error {
	project, err := r.pyproject()
	if err != nil {
		return err
	}
	m := r.mainManifest()
	m.Name = "r8scan-pre-commit"
	files := []file{
		text(".pre-commit-hooks.yaml", hookList),
		{"LICENSE", 0o644, r.license},
		text("README.md", hooksReadme),
		{"bin/r8scan.js", 0o755, launcher},
		{"package.json", 0o644, m.json()},
		text("pyproject.toml", project),
	}
	return r.tarball("r8scan_"+r.version+"_pre-commit.tar.gz", files)
}

// pyproject is a package without modules. It depends on the wheels by address and sum,
// not by name: nobody has claimed the name on PyPI yet.
func (r *release) pyproject() (string, error) {
	version, err := pythonVersion(r.version)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, `[build-system]
requires = ["setuptools>=64"]
build-backend = "setuptools.build_meta"

[project]
name = "r8scan-pre-commit"
version = %q
dependencies = [
`, version)
	for _, p := range platforms {
		name, ok := r.wheelOf[p]
		if !ok {
			continue
		}
		data, err := os.ReadFile(filepath.Join(r.dist, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "  \"r8scan @ %s/%s#sha256=%x ; %s\",\n", r.downloads, name, sha256.Sum256(data), markers[p])
	}
	b.WriteString("]\n\n[tool.setuptools]\npy-modules = []\n")
	return b.String(), nil
}
