package main

import (
	"bytes"
	"encoding/pem"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// image writes an OCI image layout as a tar, with an image for each Linux. An image has
// what that of the Dockerfile has: the binary, and the certificates for --verify.
func image(r *release) error {
	annotations := map[string]string{
		"org.opencontainers.image.title":       "r8scan",
		"org.opencontainers.image.description": summary,
		"org.opencontainers.image.version":     r.version,
		"org.opencontainers.image.licenses":    "MIT",
		"org.opencontainers.image.created":     r.made.Format("2006-01-02T15:04:05Z07:00"),
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, b := range r.binaries {
		if b.os != "linux" {
			continue
		}
		img, err := r.linux(b, annotations)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        img,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: b.os, Architecture: b.arch}},
		})
	}
	if manifest, err := index.IndexManifest(); err != nil || len(manifest.Manifests) == 0 {
		return err // nil if there is no binary for Linux
	}
	index = mutate.Annotations(index, annotations).(v1.ImageIndex)
	return r.layout("r8scan_"+r.version+"_image.tar", index)
}

func (r *release) linux(b binary, annotations map[string]string) (v1.Image, error) {
	var content bytes.Buffer
	err := r.tar(&content, []file{
		{"etc/", 0o755, nil}, {"etc/ssl/", 0o755, nil}, {"etc/ssl/certs/", 0o755, nil},
		{"etc/ssl/certs/ca-certificates.crt", 0o644, certificates()},
		{"src/", 0o755, nil},
		{"usr/", 0o755, nil}, {"usr/bin/", 0o755, nil},
		{"usr/bin/r8scan", 0o755, b.data},
	})
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.Append(img, mutate.Addendum{Layer: layer, History: v1.History{CreatedBy: "scripts/snapshot", Created: v1.Time{Time: r.made}}})
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = b.os, b.arch, v1.Time{Time: r.made}
	config.Config = v1.Config{
		Entrypoint: []string{"r8scan"},
		Env:        []string{"PATH=/usr/bin"},
		WorkingDir: "/src",
		User:       "65534:65534",
		Labels:     annotations,
	}
	img, err = mutate.ConfigFile(img, config)
	if err != nil {
		return nil, err
	}
	return mutate.Annotations(img, annotations).(v1.Image), nil
}

// certificates are Mozilla's, as a Go module carries them. A file cannot say of a
// certificate that it holds only under a condition, so those are left out.
func certificates() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}))
		}
	}
	return out.Bytes()
}

// layout writes an index and its images as one file, which podman, skopeo and Docker
// can load.
func (r *release) layout(name string, index v1.ImageIndex) error {
	dir, err := os.MkdirTemp("", "r8scan-image")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	err = path.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": "r8scan:" + r.version}))
	if err != nil {
		return err
	}
	var files []file
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if e.IsDir() {
			files = append(files, file{name + "/", 0o755, nil})
			return nil
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		files = append(files, file{name, 0o644, data})
		return err
	})
	if err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(r.dist, name))
	if err != nil {
		return err
	}
	if err := r.tar(out, files); err != nil {
		return err
	}
	return out.Close()
}
