package scanner

import (
	"archive/tar"
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"r8scan/result"
)

// imageToken returns a token, another one for each letter.
func imageToken(letter string) string {
	return "r8_" + letter + "Kf7Qm2Zx9Lb4Vt6Hn8Rw3Jd5Pc0Gy1Ts7UaE"
}

// imageLayer returns a layer that holds files, by pairs of name and text.
func imageLayer(t *testing.T, pairs ...string) v1.Layer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: pairs[i], Mode: 0o644, Size: int64(len(pairs[i+1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, pairs[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// leakyImage returns an image with tokens in a removed file, in a replaced one, in one
// that is there, and in its environment.
func leakyImage(t *testing.T) v1.Image {
	t.Helper()
	add := func(by string, pairs ...string) mutate.Addendum {
		return mutate.Addendum{Layer: imageLayer(t, pairs...), History: v1.History{CreatedBy: by}}
	}
	im, err := mutate.Append(empty.Image,
		add("COPY . /app", "app/.env", "REPLICATE_API_TOKEN="+imageToken("a")+"\n", "app/old.py", "x = '"+imageToken("b")+"'\n"),
		add("RUN rm /app/.env", "app/.wh..env", ""),
		add("COPY old.py /app", "app/old.py", "x = 1\n"),
		add("COPY kept.py /app", "app/kept.py", "y = '"+imageToken("c")+"'\n"))
	if err != nil {
		t.Fatal(err)
	}
	im, err = mutate.Config(im, v1.Config{Env: []string{"REPLICATE_API_TOKEN=" + imageToken("d")}})
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// writeLayout writes an image to a folder.
func writeLayout(t *testing.T, im v1.Image) (dir string, at layout.Path) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "layout")
	at, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := at.AppendImage(im); err != nil {
		t.Fatal(err)
	}
	return dir, at
}

// pushImage sends an image to a registry.
func pushImage(t *testing.T, at string, im v1.Image) {
	t.Helper()
	ref, err := name.ParseReference(at)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, im); err != nil {
		t.Fatal(err)
	}
}

// quiet is a logger of a server whose requests nobody reads.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// checkLeaky checks what is found in leakyImage.
func checkLeaky(t *testing.T, res *result.Result) {
	t.Helper()
	if len(res.Coverage.Unread) > 0 || len(res.Findings) != 4 {
		t.Fatalf("unread %v, %d findings", res.Coverage.Unread, len(res.Findings))
	}
	want := map[string]result.Location{
		imageToken("a"): {Member: "app/.env", Layer: 1, MadeBy: "COPY . /app", GoneIn: 2, Kind: result.KindLayer},
		imageToken("b"): {Member: "app/old.py", Layer: 1, MadeBy: "COPY . /app", GoneIn: 3, Kind: result.KindLayer},
		imageToken("c"): {Member: "app/kept.py", Layer: 4, MadeBy: "COPY kept.py /app", Kind: result.KindLayer},
		imageToken("d"): {Header: "ENV REPLICATE_API_TOKEN", Kind: result.KindImage},
	}
	for _, f := range res.Findings {
		l, w := f.Locations[0], want[f.Secret.Reveal()]
		got := result.Location{Member: l.Member, Layer: l.Layer, MadeBy: l.MadeBy, GoneIn: l.GoneIn, Kind: l.Kind, Header: l.Header}
		if got.Kind != w.Kind || got.Member != w.Member || got.Layer != w.Layer || got.MadeBy != w.MadeBy || got.GoneIn != w.GoneIn || got.Header != w.Header || f.Exposure != result.ExposureImage {
			t.Errorf("found %+v, want %+v; exposure %s", got, w, f.Exposure)
		}
		if len(f.Locations) != 1 {
			t.Errorf("%d places of %s", len(f.Locations), f.Secret)
		}
	}
}

// TestImageSources scans one image from each of the three sources.
func TestImageSources(t *testing.T) {
	im := leakyImage(t)
	dir, _ := writeLayout(t, im)
	file := filepath.Join(t.TempDir(), "image.tar")
	tag, err := name.NewTag("app:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := tarball.WriteToFile(file, tag, im); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(registry.New(registry.Logger(quiet())))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	pushImage(t, host+"/app:1", im)
	for _, source := range []string{"oci:" + dir, "docker-archive:" + file, "docker://" + host + "/app:1"} {
		t.Run(strings.SplitN(source, ":", 2)[0], func(t *testing.T) {
			res, err := Image(t.Context(), source, Options{})
			if err != nil {
				t.Fatal(err)
			}
			checkLeaky(t, res)
		})
	}
}

// TestImageLayersOnce: a layer that two platforms share is asked for once, and all
// platforms are scanned.
func TestImageLayersOnce(t *testing.T) {
	shared := imageLayer(t, "base/.env", "REPLICATE_API_TOKEN="+imageToken("a"))
	index := v1.ImageIndex(empty.Index)
	for i, arch := range []string{"amd64", "arm64"} {
		im, err := mutate.AppendLayers(empty.Image, shared, imageLayer(t, arch, "t = '"+imageToken([]string{"b", "c"}[i])+"'"))
		if err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: im, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
	}
	digest, err := shared.Digest()
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan string, 1000)
	inner := registry.New(registry.Logger(quiet()))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			asked <- r.URL.Path
		}
		inner.ServeHTTP(w, r)
	}))
	defer server.Close()
	at := strings.TrimPrefix(server.URL, "http://") + "/app:1"
	ref, err := name.ParseReference(at)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		t.Fatal(err)
	}
	res, err := Image(t.Context(), "docker://"+at, Options{})
	if err != nil || len(res.Findings) != 3 || !res.Coverage.Complete() {
		t.Fatalf("%v, %+v", err, res)
	}
	close(asked)
	n := 0
	for path := range asked {
		if strings.HasSuffix(path, "/blobs/"+digest.String()) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the shared layer was asked for %d times", n)
	}
}

// TestImageFaults: what a registry does wrong is one line, and the rest is scanned.
func TestImageFaults(t *testing.T) {
	im := leakyImage(t)
	layers, err := im.Layers()
	if err != nil {
		t.Fatal(err)
	}
	lowest, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, path string // the requests that fail
		code       int
		body       string
		want       string
		all        bool // nothing can be read
	}{
		{"missing blob", lowest.Hex, 404, "", "does not have it (404)", false},
		{"another blob", lowest.Hex, 200, "something else", "does not have the digest", false},
		{"login", "/manifests/", 401, "", "needs a login", true},
		{"no manifest", "/manifests/", 404, "", "does not have it (404)", true},
		{"too many", "/manifests/", 429, "", "(429)", true},
		{"fault", "/manifests/", 503, imageToken("z"), "a fault (503)", true},
		{"page", "/manifests/", 200, "<html>" + imageToken("z"), "no manifest of an image", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var broken bool
			inner := registry.New(registry.Logger(quiet()))
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if broken && strings.Contains(r.URL.Path, test.path) {
					w.WriteHeader(test.code)
					_, _ = io.WriteString(w, test.body)
					return
				}
				inner.ServeHTTP(w, r)
			}))
			defer server.Close()
			at := strings.TrimPrefix(server.URL, "http://") + "/app:1"
			pushImage(t, at, im)
			broken = true
			res, err := Image(t.Context(), "docker://"+at, Options{})
			if test.all {
				if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), imageToken("z")) || strings.Contains(err.Error(), "\n") {
					t.Fatalf("%v, want %q", err, test.want)
				}
				return
			}
			if err != nil || len(res.Coverage.Unread) != 1 || !strings.Contains(res.Coverage.Unread[0].Reason, test.want) || len(res.Findings) != 2 {
				t.Fatalf("%v, %+v, want %q", err, res, test.want)
			}
		})
	}
}
