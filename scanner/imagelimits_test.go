package scanner

import (
	"bytes"
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
	dir := filepath.Join(t.TempDir(), "layout")
	at, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := at.AppendImage(im); err != nil {
		t.Fatal(err)
	}
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
