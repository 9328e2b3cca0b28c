package oci

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
)

// TestForeignLayer: a layer of another server is not asked for.
func TestForeignLayer(t *testing.T) {
	s := &Store{}
	l := Layer{}
	l.blob.URLs = []string{"https://example.com/layer"}
	if _, err := s.Open(t.Context(), l); err == nil || !strings.Contains(err.Error(), "foreign layer") {
		t.Errorf("%v", err)
	}
}

// TestEncryptedLayer: bytes that nobody can read are no clean layer.
func TestEncryptedLayer(t *testing.T) {
	s := &Store{}
	l := Layer{}
	l.blob.MediaType = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"
	s.blobs = byName{&tarred{}}
	if _, err := s.Open(t.Context(), l); err == nil || !strings.Contains(err.Error(), "it is encrypted") {
		t.Errorf("%v", err)
	}
}

// TestKeychain: a login goes to its registry only, and a helper is named, not started.
func TestKeychain(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	login := base64.StdEncoding.EncodeToString([]byte("ann:hush"))
	text := `{"auths":{"https://index.docker.io/v1/":{"auth":"` + login + `"}},"credHelpers":{"gcr.io":"gcloud"}}`
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	k := newKeychain()
	for image, want := range map[string]string{"alpine": "hush", "example.com/app": "", "gcr.io/app": ""} {
		ref, err := name.ParseReference(image)
		if err != nil {
			t.Fatal(err)
		}
		a, err := k.Resolve(ref.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, err := a.Authorization()
		if err != nil || got.Password != want {
			t.Errorf("%s: %v", image, err)
		}
	}
	if !k.helper("gcr.io") || k.helper("example.com") {
		t.Error("helpers are not told apart")
	}
}

// TestFolderLink: a link in a layout does not lead out of it.
func TestFolderLink(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "index.json")
	if err := os.WriteFile(outside, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "index.json")); err != nil {
		t.Skip("no links here")
	}
	if _, err := Open(t.Context(), "oci:"+dir); err == nil || !strings.Contains(err.Error(), "index.json") {
		t.Errorf("%v", err)
	}
}

// writeTar writes a tar of pairs of name and text, and returns its path.
func writeTar(t *testing.T, files ...[2]string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, file := range files {
		if err := w.WriteHeader(&tar.Header{Name: file[0], Mode: 0o600, Size: int64(len(file[1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(file[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestManyImages: a small file that lists one large configuration, or many layers, again
// and again takes no memory without bound, and what is left out is named.
func TestManyImages(t *testing.T) {
	one := `{"Config":"c","Layers":["l"]}`
	layers := `{"Config":"c","Layers":["l"` + strings.Repeat(`,"l"`, maxLayers-1) + `]}`
	for _, test := range []struct{ config, images, reason string }{
		{strings.Repeat("x", maxText), one + strings.Repeat(","+one, maxTexts/maxText), "scan the images one by one"},
		{"{}", layers + strings.Repeat(","+layers, maxAllLayers/maxLayers), "list more than"},
	} {
		file := writeTar(t, [2]string{"manifest.json", "[" + test.images + "]"}, [2]string{"c", test.config}, [2]string{"l", "text"})
		s, err := Open(t.Context(), "docker-archive:"+file)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if len(s.Gaps) != 1 || !strings.Contains(s.Gaps[0].Reason, test.reason) {
			t.Errorf("%v, want %q", s.Gaps, test.reason)
		}
		if s.texts > maxTexts || s.layers > maxAllLayers {
			t.Errorf("%d bytes and %d layers are kept", s.texts, s.layers)
		}
	}
}

// TestDigestOnce: a member that many images have is read once, and not when the scan has
// ended.
func TestDigestOnce(t *testing.T) {
	tarred, err := openTar(writeTar(t, [2]string{"l", "text"}))
	if err != nil {
		t.Fatal(err)
	}
	first, _, err := tarred.digest(t.Context(), "l")
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	again, size, err := tarred.digest(ended, "l") // nothing is read
	if err != nil || again != first || size != 4 {
		t.Errorf("%v, %d bytes, %v", again, size, err)
	}
	clear(tarred.digests)
	if _, _, err := tarred.digest(ended, "l"); err == nil {
		t.Error("it is read after the end")
	}
	if err := tarred.close(); err != nil {
		t.Error(err)
	}
}

// FuzzArchive opens any bytes as what docker save wrote, and reads all layers.
func FuzzArchive(f *testing.F) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, file := range [][2]string{{"manifest.json", `[{"Config":"c","Layers":["l","none"]}]`}, {"c", `{"config":{"Env":["A=b"]}}`}, {"l", "text"}} {
		if err := w.WriteHeader(&tar.Header{Name: file[0], Mode: 0o600, Size: int64(len(file[1]))}); err != nil {
			f.Fatal(err)
		}
		if _, err := w.Write([]byte(file[1])); err != nil {
			f.Fatal(err)
		}
	}
	w.Close()
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(t.TempDir(), "image.tar")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), "docker-archive:"+file)
		if err != nil {
			return
		}
		defer s.Close()
		for _, im := range s.Images {
			im.Fields()
			im.MadeBy()
			for _, l := range im.Layers {
				if r, err := s.Open(t.Context(), l); err == nil {
					r.Close()
				}
			}
		}
	})
}
