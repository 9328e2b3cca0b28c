package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	version   = "1.2.3"
	downloads = "https://r8scan.invalid/1.2.3"
)

var made = time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)

// TestPack packs archives of all platforms, twice, and looks at what is made of them.
func TestPack(t *testing.T) {
	dist, again := archives(t, platforms), archives(t, platforms)
	for _, dir := range []string{dist, again} {
		if err := pack(dir, version, made, downloads); err != nil {
			t.Fatal(err)
		}
	}
	files := contents(t, dist)
	if !maps.EqualFunc(files, contents(t, again), bytes.Equal) {
		t.Error("packing the same twice does not give the same")
	}
	for _, p := range platforms {
		program := "program of " + p.os + p.arch
		checkWheel(t, p, files, program)
		packed := unpack(t, files["r8scan-"+p.node()+"-1.2.3.tgz"])
		if string(packed["package/bin/"+p.name()]) != program {
			t.Errorf("%v: the npm package has the files %q", p, slices.Sorted(maps.Keys(packed)))
		}
		var m manifest
		if err := json.Unmarshal(packed["package/package.json"], &m); err != nil || m.OS[0]+"-"+m.CPU[0] != p.node() {
			t.Errorf("%v: package.json is %s, %v", p, packed["package/package.json"], err)
		}
	}
	checkNames(t, files)
	if _, ok := files["r8scan_1.2.3_image.tar"]; !ok {
		t.Error("there is no image")
	}
}

// checkWheel looks at names, tags and sums of a platform's wheel.
func checkWheel(t *testing.T, p platform, files map[string][]byte, program string) {
	t.Helper()
	data, ok := files["r8scan-1.2.3-py3-none-"+wheelTags[p]+".whl"]
	if !ok {
		t.Fatalf("%v has no wheel", p)
	}
	packed, err := unzip(data)
	if err != nil {
		t.Fatal(err)
	}
	if string(packed["r8scan-1.2.3.data/scripts/"+p.name()]) != program {
		t.Errorf("%v: the wheel has the files %q", p, slices.Sorted(maps.Keys(packed)))
	}
	record := string(packed["r8scan-1.2.3.dist-info/RECORD"])
	for name, data := range packed {
		sum := sha256.Sum256(data)
		line := fmt.Sprintf("%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(data))
		if strings.HasSuffix(name, "/RECORD") {
			line = name + ",,\n"
		}
		if !strings.Contains(record, line) {
			t.Errorf("%v: RECORD has no line %q", p, line)
		}
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || z.File[0].Mode() != 0o755 {
		t.Errorf("%v: the program has the mode %v, %v", p, z.File[0].Mode(), err)
	}
	if bytes.Contains(packed["r8scan-1.2.3.dist-info/WHEEL"], []byte("none-any")) {
		t.Errorf("%v: the wheel is for any platform", p)
	}
}

// checkNames makes sure that nothing depends on a name in a registry.
func checkNames(t *testing.T, files map[string][]byte) {
	t.Helper()
	hooks := unpack(t, files["r8scan_1.2.3_pre-commit.tar.gz"])
	main := unpack(t, files["r8scan-1.2.3.tgz"])
	for _, text := range [][]byte{hooks["package.json"], main["package/package.json"]} {
		var m manifest
		if err := json.Unmarshal(text, &m); err != nil || len(m.Optional) != len(platforms) {
			t.Errorf("package.json is %s, %v", text, err)
		}
		for name, from := range m.Optional {
			if !strings.HasPrefix(from, downloads+"/") {
				t.Errorf("%s comes from %q", name, from)
			}
		}
	}
	project := string(hooks["pyproject.toml"])
	wheel := regexp.MustCompile(`"r8scan @ ` + regexp.QuoteMeta(downloads) + `/(r8scan-\S+\.whl)#sha256=(\S+) ; `)
	found := wheel.FindAllStringSubmatch(project, -1)
	if len(found) != len(platforms) || strings.Count(project, `"r8scan `) != len(platforms) {
		t.Errorf("pyproject.toml is %s", project)
	}
	for _, m := range found {
		if fmt.Sprintf("%x", sha256.Sum256(files[m[1]])) != m[2] {
			t.Errorf("pyproject.toml has another sum of %s", m[1])
		}
	}
}

// TestPackRefuses runs pack without what it needs.
func TestPackRefuses(t *testing.T) {
	broken := t.TempDir()
	write(t, broken, "r8scan_1.2.3_linux_amd64.tar.gz", []byte("no archive"))
	for _, test := range []struct{ dist, version, want string }{
		{t.TempDir(), version, "no archive"},
		{archives(t, platforms[:1]), "1.2.4", "no archive"},
		{broken, version, "r8scan_1.2.3_linux_amd64.tar.gz"},
	} {
		if err := pack(test.dist, test.version, made, downloads); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got the error %v, want %q", err, test.want)
		}
	}
}

// TestPythonVersion turns versions of Go into those of Python.
func TestPythonVersion(t *testing.T) {
	for version, want := range map[string]string{
		"0.1.0":                                  "0.1.0",
		"1.2.3-rc.4":                             "1.2.3rc4",
		"0.0.0-20261127034244-a8dc04f8bbdd":      "0.0.0.dev20261127034244",
		"1.2.4-0.20261127034244-a8dc04f8bbdd":    "1.2.4.dev20261127034244",
		"1.2.3-rc.4.0.20261127034244-a8dc04f8bb": "",
		"1.2.3-beta":                             "",
		"(devel)":                                "",
		"":                                       "",
	} {
		got, err := pythonVersion(version)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", version, got, err, want)
		}
	}
}

// archives returns a folder with a release's archives.
func archives(t *testing.T, of []platform) string {
	t.Helper()
	dir := t.TempDir()
	r := &release{dist: dir, made: made}
	for _, p := range of {
		files := []file{text(p.name(), "program of "+p.os+p.arch), text("LICENSE", "license"), text("README.md", "readme")}
		name := fmt.Sprintf("r8scan_%s_%s_%s", version, p.os, p.arch)
		if p.os != "windows" {
			if err := r.tarball(name+".tar.gz", files); err != nil {
				t.Fatal(err)
			}
			continue
		}
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		for _, f := range files {
			w, err := z.Create(f.name)
			if err != nil {
				t.Fatal(err)
			}
			w.Write(f.data)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		write(t, dir, name+".zip", out.Bytes())
	}
	return dir
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func contents(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// unpack returns the files of a compressed tar, and checks that they tell nothing of
// the machine.
func unpack(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	gz, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for r := tar.NewReader(gz); ; {
		header, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if !header.ModTime.Equal(made) || header.Uid != 0 || header.Gid != 0 || header.Uname != "" {
			t.Errorf("%s: %v, owner %d %q", header.Name, header.ModTime, header.Uid, header.Uname)
		}
		if files[header.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}
