package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	_ "embed"
)

// about is what a package says of itself.
//
//go:embed about.md
var about string

const summary = "Find leaked Replicate API tokens in files and in everything git holds"

// A release is what pack packs.
type release struct {
	dist      string // the folder that all files go to
	version   string
	made      time.Time // every file's time
	downloads string    // a URL without a slash at its end
	license   []byte
	binaries  []binary

	wheelOf map[platform]string // file names in dist
	npmOf   map[platform]string
}

// A platform is named as Go names it.
type platform struct{ os, arch string }

type binary struct {
	platform
	data []byte
}

// name is the binary's file name.
func (p platform) name() string {
	if p.os == "windows" {
		return "r8scan.exe"
	}
	return "r8scan"
}

var platforms = []platform{
	{"linux", "amd64"}, {"linux", "arm64"},
	{"darwin", "amd64"}, {"darwin", "arm64"},
	{"windows", "amd64"}, {"windows", "arm64"},
}

// read reads the binaries of all platforms that dist has an archive for.
func read(dist, version string) (*release, error) {
	r := &release{dist: dist, version: version, wheelOf: map[platform]string{}, npmOf: map[platform]string{}}
	for _, p := range platforms {
		name, open := fmt.Sprintf("r8scan_%s_%s_%s.tar.gz", version, p.os, p.arch), untar
		if p.os == "windows" {
			name, open = fmt.Sprintf("r8scan_%s_%s_%s.zip", version, p.os, p.arch), unzip
		}
		archive, err := os.ReadFile(filepath.Join(dist, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		files, err := open(archive)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if files[p.name()] == nil || files["LICENSE"] == nil {
			return nil, fmt.Errorf("%s has no %s or no LICENSE", name, p.name())
		}
		r.license = files["LICENSE"]
		r.binaries = append(r.binaries, binary{p, files[p.name()]})
	}
	if len(r.binaries) == 0 {
		return nil, fmt.Errorf("%s has no archive of r8scan %q", dist, version)
	}
	return r, nil
}
