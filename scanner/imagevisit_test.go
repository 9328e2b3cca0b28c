package scanner

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// countedRegistry serves images, and counts how often a layer is asked for.
func countedRegistry(t *testing.T) (host string, layers *atomic.Int64) {
	t.Helper()
	layers = &atomic.Int64{}
	inner := registry.New(registry.Logger(quiet()))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			layers.Add(1)
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), layers
}

// TestImageAgain: a layer that an earlier scan has read is not asked for again, and the
// result is the same.
func TestImageAgain(t *testing.T) {
	host, blobs := countedRegistry(t)
	im, memory := leakyImage(t), t.TempDir()
	pushImage(t, host+"/app:1", im)
	scan := func(opts Options) (text string, asked int64) {
		t.Helper()
		opts.Visits = VisitsIn(memory)
		before := blobs.Load()
		res, err := Image(t.Context(), "docker://"+host+"/app:1", opts)
		if err != nil {
			t.Fatal(err)
		}
		return comparedVisit(t, res), blobs.Load() - before
	}
	const layers, leaky = 4, 2 // and one configuration
	first, asked := scan(Options{})
	if asked != layers+1 {
		t.Fatalf("the first scan asked for %d blobs", asked)
	}
	second, asked := scan(Options{})
	if asked != 1 || first != second {
		t.Errorf("the second scan asked for %d blobs:\n%s\nthe first:\n%s", asked, second, first)
	}
	if third, asked := scan(Options{NeedSecrets: true}); asked != leaky+1 || third != first {
		t.Errorf("with secrets the scan asked for %d blobs:\n%s", asked, third)
	}
	if _, asked := scan(Options{CheckIDs: true}); asked != layers+1 {
		t.Errorf("with --check-ids the scan asked for %d blobs", asked)
	}
	more, err := mutate.AppendLayers(im, imageLayer(t, "new.env", "REPLICATE_API_TOKEN="+imageToken("e")))
	if err != nil {
		t.Fatal(err)
	}
	pushImage(t, host+"/app:1", more)
	if text, asked := scan(Options{}); asked != 2 || strings.Count(text, `"Rule"`) != 5 {
		t.Errorf("with a new layer the scan asked for %d blobs:\n%s", asked, text)
	}
	files, err := filepath.Glob(filepath.Join(memory, "*"))
	if err != nil || len(files) != layers+1 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, letter := range []string{"a", "b", "c", "d", "e"} {
			if bytes.Contains(text, []byte(imageToken(letter)[6:20])) {
				t.Errorf("%s holds a token", path)
			}
		}
		if err := os.WriteFile(path, text[:len(text)/2], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, asked := scan(Options{}); asked != layers+2 {
		t.Errorf("with damaged files the scan asked for %d blobs", asked)
	}
}

// TestImageAgainNotWhole: a layer of which something was not read is read again.
func TestImageAgainNotWhole(t *testing.T) {
	host, blobs := countedRegistry(t)
	im, err := mutate.AppendLayers(leakyImage(t), imageLayer(t, "a.zip", "PK\x03\x04 is no zip", "b.gz", "\x1f\x8b\x08\x00 is cut"))
	if err != nil {
		t.Fatal(err)
	}
	pushImage(t, host+"/app:1", im)
	memory := t.TempDir()
	var texts []string
	for range 2 {
		before := blobs.Load()
		res, err := Image(t.Context(), "docker://"+host+"/app:1", Options{Visits: VisitsIn(memory)})
		if err != nil || res.Coverage.Complete() {
			t.Fatalf("%v, %+v", err, res)
		}
		texts = append(texts, comparedVisit(t, res))
		if asked := blobs.Load() - before; len(texts) == 2 && asked != 2 {
			t.Errorf("the second scan asked for %d blobs", asked)
		}
	}
	if texts[0] != texts[1] {
		t.Errorf("first:\n%s\nsecond:\n%s", texts[0], texts[1])
	}
}
