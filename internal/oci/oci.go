// Package oci reads container images: of a registry, of a folder with an OCI layout,
// and of a file that docker save has written. It gives their layers and texts, and
// knows nothing of findings. It starts no process and writes nothing.
package oci

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// The prefixes that name an image. A path that begins like one is written with ./
const (
	folderPrefix   = "oci:"
	archivePrefix  = "docker-archive:"
	registryPrefix = "docker://"
)

// maxText bounds a manifest, an index and a configuration: registries refuse more.
const maxText = 8 << 20

// maxImages and maxLayers bound what an index and a manifest may list.
const (
	maxImages = 1000
	maxLayers = 10_000
)

// maxTexts and maxAllLayers bound what the images of a store take in memory: the bytes
// of their manifests, indexes and configurations, and their layers.
const (
	maxTexts     = 64 << 20
	maxAllLayers = 100_000
)

// Is reports whether a text names an image.
func Is(text string) bool {
	for _, p := range []string{folderPrefix, archivePrefix, registryPrefix} {
		if strings.HasPrefix(text, p) {
			return true
		}
	}
	return false
}

// IsRemote reports whether a text names an image of a registry.
func IsRemote(text string) bool { return strings.HasPrefix(text, registryPrefix) }

// Image is one image of one platform.
type Image struct {
	Name     string // as the user named it, with its tag if that has more than one
	Platform string // such as linux/amd64; "" if nothing says
	Manifest []byte
	Config   []byte // nil if it cannot be read
	Layers   []Layer
}

// Layer is what one instruction of an image's build left. Several images may have it.
type Layer struct {
	Digest string
	Size   int64 // as the manifest says
	blob   v1.Descriptor
}

// Index is a list of images: what it says of them may hold a token.
type Index struct {
	Name string // as Image.Name
	Text []byte
}

// Gap is something that could not be read.
type Gap struct{ What, Reason string }

// Store holds images.
type Store struct {
	Name    string // as the user named it
	Images  []*Image
	Indexes []Index
	Gaps    []Gap

	blobs  blobs
	names  int // images that are listed, and were read or not
	texts  int // bytes of what is kept of the images
	layers int // of all images
	seen   map[v1.Hash]bool
}

// blobs gives what has a digest. The caller checks the digest.
type blobs interface {
	open(ctx context.Context, d v1.Descriptor) (io.ReadCloser, error)
	manifest(ctx context.Context, d v1.Descriptor) ([]byte, error)
	close() error
}

// Open finds the images that a text names. The error is for what holds none that can
// be read.
func Open(ctx context.Context, text string) (*Store, error) {
	s := &Store{Name: text, seen: map[v1.Hash]bool{}}
	var err error
	switch {
	case strings.HasPrefix(text, folderPrefix):
		err = s.openFolder(ctx, strings.TrimPrefix(text, folderPrefix))
	case strings.HasPrefix(text, archivePrefix):
		err = s.openArchive(ctx, strings.TrimPrefix(text, archivePrefix))
	case strings.HasPrefix(text, registryPrefix):
		err = openRegistry(ctx, s, strings.TrimPrefix(text, registryPrefix))
	default:
		err = fmt.Errorf("%s names no image: use oci:FOLDER, docker-archive:FILE or docker://REGISTRY/IMAGE", text)
	}
	if err == nil && len(s.Images) == 0 {
		err = fmt.Errorf("%s: it holds no image", text)
		if len(s.Gaps) > 0 {
			err = fmt.Errorf("%s: %s", s.Gaps[0].What, s.Gaps[0].Reason)
		}
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close releases what the store has open.
func (s *Store) Close() {
	if s.blobs != nil {
		_ = s.blobs.close() // it was only read
	}
}

// gap names what could not be read.
func (s *Store) gap(what string, err error) { s.Gaps = append(s.Gaps, Gap{what, err.Error()}) }

// keep counts a text that is kept. The error is for one that would be too much.
func (s *Store) keep(text []byte) error {
	if len(text) > maxTexts-s.texts {
		return fmt.Errorf("with it, manifests and configurations have more than %d bytes: scan the images one by one", maxTexts)
	}
	s.texts += len(text)
	return nil
}

// keepLayers is keep for the layers of an image.
func (s *Store) keepLayers(n int) error {
	switch {
	case n > maxLayers:
		return fmt.Errorf("it has more than %d layers", maxLayers)
	case n > maxAllLayers-s.layers:
		return fmt.Errorf("with it, the images list more than %d layers: scan the images one by one", maxAllLayers)
	}
	s.layers += n
	return nil
}

// Open reads a layer as it is stored. At the end of the bytes the error says if they
// are not those that the digest names.
func (s *Store) Open(ctx context.Context, l Layer) (io.ReadCloser, error) {
	if len(l.blob.URLs) > 0 || !l.blob.MediaType.IsDistributable() && l.blob.MediaType.IsLayer() {
		return nil, errors.New("its content is on another server, which is not asked: it is a foreign layer")
	}
	if strings.HasSuffix(string(l.blob.MediaType), "+encrypted") {
		return nil, errors.New("it is encrypted: scan the image before it is encrypted")
	}
	r, err := s.blobs.open(ctx, l.blob)
	if err != nil {
		return nil, err
	}
	return verified(struct {
		io.Reader
		io.Closer
	}{io.LimitReader(r, l.Size), r}, l.blob.Digest) // what is behind its size makes another digest, and is not read
}

// text reads a manifest's or a configuration's bytes.
func (s *Store) text(ctx context.Context, d v1.Descriptor, manifest bool) ([]byte, error) {
	if d.Size > maxText {
		return nil, fmt.Errorf("it has more than %d bytes", maxText)
	}
	if manifest {
		return s.blobs.manifest(ctx, d)
	}
	r, err := s.blobs.open(ctx, d)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return readText(r, d.Digest)
}

// readText reads a short text that has a digest.
func readText(r io.ReadCloser, digest v1.Hash) ([]byte, error) {
	v, err := verified(r, digest)
	if err != nil {
		return nil, err
	}
	return short(v)
}

// short reads a text of at most maxText bytes.
func short(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err == nil && len(b) > maxText {
		err = fmt.Errorf("it has more than %d bytes", maxText)
	}
	return b, err
}

// add adds what a descriptor leads to: an image, or the images of an index.
func (s *Store) add(ctx context.Context, d v1.Descriptor, name string, depth int) {
	if s.seen[d.Digest] && depth > 0 {
		return
	}
	s.seen[d.Digest] = true
	what := name + "@" + d.Digest.String()
	if s.names++; s.names > maxImages {
		if s.names == maxImages+1 {
			s.gap(name, fmt.Errorf("it lists more than %d images; the rest was not read", maxImages))
		}
		return
	}
	text, err := s.text(ctx, d, true)
	if err != nil {
		s.gap(what, err)
		return
	}
	s.addText(ctx, d, text, name, depth)
}

// maxDepth bounds indexes in indexes.
const maxDepth = 4

// addText is add for a manifest that was read.
func (s *Store) addText(ctx context.Context, d v1.Descriptor, text []byte, name string, depth int) {
	what := name + "@" + d.Digest.String()
	if err := s.keep(text); err != nil {
		s.gap(what, err)
		return
	}
	index, err := v1.ParseIndexManifest(strings.NewReader(string(text)))
	if err != nil {
		s.gap(what, errors.New("it is no manifest of an image: the server sent something else, or it is damaged"))
		return
	}
	if len(index.Manifests) > 0 || d.MediaType.IsIndex() {
		if depth == maxDepth {
			s.gap(what, fmt.Errorf("it is an index inside %d others, which is not read", depth))
			return
		}
		s.Indexes = append(s.Indexes, Index{name, text})
		for _, m := range index.Manifests {
			s.add(ctx, m, name, depth+1)
		}
		return
	}
	s.addImage(ctx, d, text, name)
}

// addImage adds one image.
func (s *Store) addImage(ctx context.Context, d v1.Descriptor, text []byte, name string) {
	what := name + "@" + d.Digest.String()
	m, err := v1.ParseManifest(strings.NewReader(string(text)))
	if err != nil || m.Config.Digest.Hex == "" && len(m.Layers) == 0 {
		s.gap(what, errors.New("it is no manifest of an image: the server sent something else, or it is in a format that is not read"))
		return
	}
	if err := s.keepLayers(len(m.Layers)); err != nil {
		s.gap(what, err)
		return
	}
	im := &Image{Name: name, Manifest: text}
	if d.Platform != nil {
		im.Platform = d.Platform.String()
	}
	if m.Config.Digest.Hex != "" {
		if im.Config, err = s.text(ctx, m.Config, false); err == nil {
			err = s.keep(im.Config)
		}
		if err != nil {
			s.gap(name+"@"+m.Config.Digest.String(), fmt.Errorf("the image's configuration: %w", err))
			im.Config = nil
		}
	}
	for _, l := range m.Layers {
		im.Layers = append(im.Layers, layerOf(l))
	}
	s.Images = append(s.Images, im)
}

func layerOf(d v1.Descriptor) Layer { return Layer{Digest: d.Digest.String(), Size: d.Size, blob: d} }

// verified returns a reader that ends with an error if what it read does not have the
// digest.
func verified(r io.ReadCloser, digest v1.Hash) (io.ReadCloser, error) {
	if digest.Algorithm != "sha256" {
		r.Close()
		return nil, fmt.Errorf("its digest is of the kind %q: only sha256 is known", digest.Algorithm)
	}
	return &checked{r, sha256.New(), digest.Hex}, nil
}

type checked struct {
	io.ReadCloser
	sum  hash.Hash
	want string
}

// errDigest is the end of bytes that the digest does not name.
var errDigest = errors.New("what came does not have the digest that the image names: it is damaged, cut short or not what was pushed")

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.sum.Write(p[:n])
	if err == io.EOF && hex.EncodeToString(c.sum.Sum(nil)) != c.want {
		err = errDigest
	}
	return n, err
}
