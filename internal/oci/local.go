package oci

import (
	"archive/tar"
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"r8scan/internal/regular"
)

// files are an image's files, by their names with slashes.
type files interface {
	file(name string) (io.ReadCloser, error)
	close() error
}

// local is an OCI layout: in a folder or in a tar.
type local struct{ files }

func (l local) open(_ context.Context, d v1.Descriptor) (io.ReadCloser, error) {
	return l.file(path.Join("blobs", d.Digest.Algorithm, d.Digest.Hex))
}

func (l local) manifest(ctx context.Context, d v1.Descriptor) ([]byte, error) {
	r, err := l.open(ctx, d)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return readText(r, d.Digest)
}

// shortFile reads a short file.
func shortFile(f files, name string) ([]byte, error) {
	r, err := f.file(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return short(r)
}

// folder is a folder with an OCI layout. Nothing outside it is read, whatever links it
// holds.
type folder struct{ root *os.Root }

func (f folder) close() error { return f.root.Close() }

func (f folder) file(name string) (io.ReadCloser, error) {
	info, err := f.root.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("it is not in the folder")
	case err != nil:
		return nil, errors.New(regular.Cause(err))
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	return f.root.Open(name)
}

// openFolder opens a folder with an OCI layout.
func (s *Store) openFolder(ctx context.Context, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("%s: %s: name a folder that holds an OCI layout", s.Name, regular.Cause(err))
	}
	s.blobs = local{folder{root}}
	return s.openLayout(ctx, folder{root})
}

// openLayout reads the index of an OCI layout.
func (s *Store) openLayout(ctx context.Context, f files) error {
	text, err := shortFile(f, "index.json")
	if err != nil {
		return fmt.Errorf("%s: index.json: %w: it is no OCI layout", s.Name, err)
	}
	index, err := v1.ParseIndexManifest(strings.NewReader(string(text)))
	if err != nil {
		return fmt.Errorf("%s: index.json is no index of images: it is damaged, or the folder is no OCI layout", s.Name)
	}
	s.Indexes = append(s.Indexes, Index{s.Name, text})
	for _, d := range index.Manifests {
		name := s.Name
		if tag := d.Annotations["org.opencontainers.image.ref.name"]; tag != "" && len(index.Manifests) > 1 {
			name += ":" + tag
		}
		s.add(ctx, d, name, 0)
	}
	return nil
}

// tarred is a tar whose files are read by their places in it.
type tarred struct {
	disk    *os.File
	members map[string]place
	digests map[place]blob // of the members that were read for it
}

type place struct{ from, size int64 }

func (t *tarred) close() error { return t.disk.Close() }

func (t *tarred) file(name string) (io.ReadCloser, error) {
	at, ok := t.members[path.Clean(name)]
	if !ok {
		return nil, fmt.Errorf("%s is not in the file", name)
	}
	return io.NopCloser(io.NewSectionReader(t.disk, at.from, at.size)), nil
}

// maxMembers bounds the files of a docker save: each layer is two or three.
const maxMembers = 100_000

// openTar notes where each file of a tar stands.
func openTar(file string) (*tarred, error) {
	disk, _, err := regular.Follow(file)
	if err != nil {
		return nil, fmt.Errorf("%s: name a file that docker save wrote", regular.Cause(err))
	}
	t := &tarred{disk, map[string]place{}, map[place]blob{}}
	links := map[string]string{}
	tr := tar.NewReader(disk)
	for {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			disk.Close()
			return nil, errors.New("it is no tar, or it is damaged or compressed: name what docker save wrote")
		}
		if len(t.members)+len(links) >= maxMembers {
			disk.Close()
			return nil, fmt.Errorf("it has more than %d files: docker save writes fewer", maxMembers)
		}
		switch h.Typeflag {
		case tar.TypeReg:
			from, err := disk.Seek(0, io.SeekCurrent)
			if err != nil {
				disk.Close()
				return nil, errors.New(regular.Cause(err))
			}
			t.members[path.Clean(h.Name)] = place{from, h.Size}
		case tar.TypeSymlink: // old docker writes a layer that it has twice as a link
			links[path.Clean(h.Name)] = path.Join(path.Dir(h.Name), h.Linkname)
		}
	}
	for from, to := range links {
		if at, ok := t.members[to]; ok {
			t.members[from] = at
		}
	}
	return t, nil
}

// saved is one image of docker save's manifest.json.
type saved struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// byName is a docker save: its files are found by their names, which stand in the
// digests' place.
type byName struct{ *tarred }

func (b byName) manifest(context.Context, v1.Descriptor) ([]byte, error) {
	return nil, errors.New("it is not in the file")
}

func (b byName) open(_ context.Context, d v1.Descriptor) (io.ReadCloser, error) {
	return b.file(d.Annotations[nameKey])
}

// nameKey is where a descriptor of ours holds the name in the tar.
const nameKey = "name"

// openArchive opens what docker save has written: with manifest.json, or, as podman
// and buildx can, with an OCI layout only.
func (s *Store) openArchive(ctx context.Context, file string) error {
	t, err := openTar(file)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	if _, ok := t.members["index.json"]; ok {
		s.blobs = local{t}
		return s.openLayout(ctx, t)
	}
	s.blobs = byName{t}
	text, err := shortFile(t, "manifest.json")
	if err != nil {
		return fmt.Errorf("%s: %w: name what docker save wrote", s.Name, err)
	}
	var list []saved
	if json.Unmarshal(text, &list) != nil || len(list) > maxImages {
		return fmt.Errorf("%s: manifest.json lists no images: it is damaged, or docker save has not written it", s.Name)
	}
	for _, one := range list {
		s.addSaved(ctx, t, one, text, len(list) > 1)
	}
	return ctx.Err()
}

// addSaved adds an image of manifest.json. Its layers get the digests of their bytes.
func (s *Store) addSaved(ctx context.Context, t *tarred, one saved, text []byte, many bool) {
	im := &Image{Name: s.Name, Manifest: text}
	if many && len(one.RepoTags) > 0 {
		im.Name += ":" + strings.Join(one.RepoTags, ",")
	}
	var err error
	if im.Config, err = shortFile(t, one.Config); err == nil {
		err = s.keep(im.Config)
	}
	if err != nil {
		s.gap(im.Name, fmt.Errorf("the image's configuration: %w", err))
		im.Config = nil
	}
	if err := s.keepLayers(len(one.Layers)); err != nil {
		s.gap(im.Name, err)
		one.Layers = nil
	}
	for i, name := range one.Layers {
		digest, size, err := t.digest(ctx, name)
		if err != nil {
			s.gap(fmt.Sprintf("%s layer %d", im.Name, i+1), err)
		}
		im.Layers = append(im.Layers, layerOf(v1.Descriptor{Digest: digest, Size: size, Annotations: map[string]string{nameKey: name}}))
	}
	s.Images = append(s.Images, im)
}

// blob is what a member's bytes have.
type blob struct {
	digest v1.Hash
	size   int64
}

// digest returns the digest of a member's bytes. Each member is read once, however many
// images have it.
func (t *tarred) digest(ctx context.Context, name string) (v1.Hash, int64, error) {
	r, err := t.file(name)
	if err != nil {
		return v1.Hash{}, 0, err
	}
	at := t.members[path.Clean(name)]
	if known, ok := t.digests[at]; ok {
		return known.digest, known.size, nil
	}
	digest, size, err := v1.SHA256(bufio.NewReader(until{ctx, r}))
	if err == nil {
		t.digests[at] = blob{digest, size}
	}
	return digest, size, err
}

// until reads until the context ends.
type until struct {
	ctx context.Context
	io.Reader
}

func (u until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(p)
}
