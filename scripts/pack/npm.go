package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
)

// launcher starts the binary of the platform's package.
//
//go:embed launcher.js
var launcher []byte

// node names systems and processors as Node does, which names the packages too.
var node = map[string]string{
	"linux": "linux", "darwin": "darwin", "windows": "win32",
	"amd64": "x64", "arm64": "arm64",
}

func (p platform) node() string { return node[p.os] + "-" + node[p.arch] }

// manifest is a package.json.
type manifest struct {
	Name        string            `json:"name"`
	Version     string            `json:"version"`
	Description string            `json:"description"`
	License     string            `json:"license"`
	Keywords    []string          `json:"keywords"`
	OS          []string          `json:"os,omitempty"`
	CPU         []string          `json:"cpu,omitempty"`
	Engines     map[string]string `json:"engines,omitempty"`
	Bin         map[string]string `json:"bin"`
	Files       []string          `json:"files"`
	Optional    map[string]string `json:"optionalDependencies,omitempty"`
	NotZipped   bool              `json:"preferUnplugged,omitempty"` // Yarn must unpack it
}

func (r *release) manifest(name, bin string) manifest {
	return manifest{
		Name: name, Version: r.version, Description: summary, License: "MIT",
		Keywords: []string{"replicate", "secrets", "git", "pre-commit"},
		Bin:      map[string]string{"r8scan": bin}, Files: []string{"bin"},
	}
}

// npm writes one package a platform, which holds the binary, and the package r8scan,
// which brings the one that fits and starts it.
func npm(r *release) error {
	for _, b := range r.binaries {
		m := r.manifest("@r8scan/"+b.node(), "bin/"+b.name())
		m.OS, m.CPU, m.NotZipped = []string{node[b.os]}, []string{node[b.arch]}, true
		r.npmOf[b.platform] = "r8scan-" + b.node() + "-" + r.version + ".tgz"
		if err := r.npmPackage(r.npmOf[b.platform], m, file{"bin/" + b.name(), 0o755, b.data}); err != nil {
			return err
		}
	}
	return r.npmPackage("r8scan-"+r.version+".tgz", r.mainManifest(), file{"bin/r8scan.js", 0o755, launcher})
}

// mainManifest depends on the platforms' packages by address, not by name: nobody has
// claimed the names in npm's registry yet, so that anyone could.
func (r *release) mainManifest() manifest {
	m := r.manifest("r8scan", "bin/r8scan.js")
	m.Engines = map[string]string{"node": ">=18"}
	m.Optional = map[string]string{}
	for p, name := range r.npmOf {
		m.Optional["@r8scan/"+p.node()] = r.downloads + "/" + name
	}
	return m
}

func (r *release) npmPackage(name string, m manifest, program file) error {
	files := []file{
		{"package.json", 0o644, m.json()},
		text("README.md", about),
		{"LICENSE", 0o644, r.license},
		program,
	}
	for i := range files {
		files[i].name = "package/" + files[i].name
	}
	return r.tarball(name, files)
}

func (m manifest) json() []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false) // a range of versions has a >
	e.SetIndent("", "  ")
	if err := e.Encode(m); err != nil {
		panic(err) // it has only strings
	}
	return out.Bytes()
}
