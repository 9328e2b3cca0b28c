package scanner

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/compression"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"r8scan/result"
)

// TestImageZstd: a layer may be compressed by zstd, and one that is cut short says so.
func TestImageZstd(t *testing.T) {
	plain, err := imageLayer(t, "app/.env", "REPLICATE_API_TOKEN="+imageToken("a"), "app/rest", strings.Repeat("x", 5000)).Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil },
		tarball.WithCompression(compression.ZStd))
	if err != nil {
		t.Fatal(err)
	}
	im, err := mutate.AppendLayers(empty.Image, l)
	if err != nil {
		t.Fatal(err)
	}
	dir, _ := writeLayout(t, im)
	res, err := Image(t.Context(), "oci:"+dir, Options{})
	if err != nil || len(res.Findings) != 1 || !res.Coverage.Complete() || res.Findings[0].Locations[0].Member != "app/.env" {
		t.Fatalf("%v, %+v", err, res)
	}
	res, err = Image(t.Context(), "oci:"+dir, Options{MaxSize: 1})
	if err != nil || len(res.Findings) != 0 || len(res.Coverage.Unread) != 1 || !strings.Contains(res.Coverage.Unread[0].Reason, "--max-size") {
		t.Fatalf("%v, %+v", err, res)
	}
	digest, err := l.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "blobs", "sha256", digest.Hex), 60); err != nil {
		t.Fatal(err)
	}
	res, err = Image(t.Context(), "oci:"+dir, Options{})
	if err != nil || res.Coverage.Complete() {
		t.Fatalf("%v, %+v", err, res)
	}
	told := false
	for _, u := range res.Coverage.Unread {
		told = told || strings.Contains(u.Reason, "does not have the digest")
	}
	if !told {
		t.Errorf("%+v", res.Coverage.Unread)
	}
}

// TestImageIndex: what an index says of its images is searched too.
func TestImageIndex(t *testing.T) {
	im, err := mutate.AppendLayers(empty.Image, imageLayer(t, "app/run", "x"))
	if err != nil {
		t.Fatal(err)
	}
	inner := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: im, Descriptor: v1.Descriptor{Annotations: map[string]string{"a": imageToken("a")}}})
	dir := filepath.Join(t.TempDir(), "layout")
	at, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := at.AppendIndex(inner, layout.WithAnnotations(map[string]string{"b": imageToken("b")})); err != nil {
		t.Fatal(err)
	}
	res, err := Image(t.Context(), "oci:"+dir, Options{})
	if err != nil || len(res.Findings) != 2 || !res.Coverage.Complete() {
		t.Fatalf("%v, %+v", err, res)
	}
	for _, f := range res.Findings {
		if l := f.Locations[0]; l.Header != "index" || l.Kind != result.KindImage {
			t.Errorf("%+v", l)
		}
	}
}

// TestImageSizes: a layer with a size below 0 makes no room for one that is too large.
func TestImageSizes(t *testing.T) {
	big, err := mutate.AppendLayers(empty.Image, imageLayer(t, "app/.env", "REPLICATE_API_TOKEN="+imageToken("a")))
	if err != nil {
		t.Fatal(err)
	}
	dir, at := writeLayout(t, big)
	m, err := big.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	m.Layers = append([]v1.Descriptor{{MediaType: types.OCILayer, Size: -1 << 40, Digest: v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("0", 64)}}}, m.Layers...)
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	digest, size, err := v1.SHA256(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := at.WriteBlob(digest, io.NopCloser(bytes.NewReader(text))); err != nil {
		t.Fatal(err)
	}
	index := v1.IndexManifest{SchemaVersion: 2, Manifests: []v1.Descriptor{{MediaType: types.OCIManifestSchema1, Size: size, Digest: digest}}}
	if text, err = json.Marshal(index); err != nil {
		t.Fatal(err)
	}
	if err := at.WriteFile("index.json", text, 0o600); err != nil {
		t.Fatal(err)
	}
	res, err := Image(t.Context(), "oci:"+dir, Options{MaxSize: 1})
	if err != nil || len(res.Findings) != 0 || len(res.Coverage.Unread) != 2 || !strings.Contains(res.Coverage.Unread[0].Reason, "below 0") || !strings.Contains(res.Coverage.Unread[1].Reason, "--max-size") {
		t.Fatalf("%v, %+v", err, res)
	}
}

// TestImageGlobs: globs match the paths of files in layers.
func TestImageGlobs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "layout")
	at, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := at.AppendImage(leakyImage(t)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		options Options
		want    int
	}{
		{Options{}, 4},
		{Options{Exclude: []string{"**/.env"}}, 3},
		{Options{Exclude: []string{"app"}}, 1}, // the configuration
		{Options{Include: []string{"app/*.py"}}, 2},
	} {
		res, err := Image(t.Context(), "oci:"+dir, test.options)
		if err != nil || len(res.Findings) != test.want {
			t.Errorf("%v, %+v, want %d", err, res, test.want)
		}
	}
}
