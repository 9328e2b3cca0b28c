package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// wheelTags are the platforms that a binary runs on, as wheels name them: Linux from
// glibc 2.17 or musl 1.1 on (the binary needs neither), and the oldest macOS of Go 1.26.
var wheelTags = map[platform]string{
	{"linux", "amd64"}:   "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64",
	{"linux", "arm64"}:   "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
	{"darwin", "amd64"}:  "macosx_12_0_x86_64",
	{"darwin", "arm64"}:  "macosx_12_0_arm64",
	{"windows", "amd64"}: "win_amd64",
	{"windows", "arm64"}: "win_arm64",
}

// goVersion has the forms that Go gives versions: of a tag, and of a commit behind one.
var goVersion = regexp.MustCompile(`^(\d+\.\d+\.\d+)(?:-rc\.?(\d+))?(?:-(?:0\.)?(\d{14})-[0-9a-f]{12})?$`)

// pythonVersion turns a Go version into one that PEP 440 allows and sorts alike.
func pythonVersion(version string) (string, error) {
	m := goVersion.FindStringSubmatch(version)
	switch {
	case m == nil || m[2] != "" && m[3] != "":
		return "", fmt.Errorf("a wheel cannot have the version %q: tag the commit as v1.2.3 or v1.2.3-rc.1", version)
	case m[2] != "":
		return m[1] + "rc" + m[2], nil
	case m[3] != "":
		return m[1] + ".dev" + m[3], nil
	}
	return m[1], nil
}

// wheels writes one wheel a platform. The binary is the wheel's only script, so it runs
// without Python.
func wheels(r *release) error {
	version, err := pythonVersion(r.version)
	if err != nil {
		return err
	}
	for _, b := range r.binaries {
		data, err := r.wheel(version, b)
		if err != nil {
			return err
		}
		r.wheelOf[b.platform] = "r8scan-" + version + "-py3-none-" + wheelTags[b.platform] + ".whl"
		if err := os.WriteFile(filepath.Join(r.dist, r.wheelOf[b.platform]), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (r *release) wheel(version string, b binary) ([]byte, error) {
	info := "r8scan-" + version + ".dist-info/"
	files := []file{
		{"r8scan-" + version + ".data/scripts/" + b.name(), 0o755, b.data},
		{info + "licenses/LICENSE", 0o644, r.license},
		text(info+"METADATA", metadata(version)),
		text(info+"WHEEL", wheelFile(wheelTags[b.platform])),
	}
	files = append(files, text(info+"RECORD", record(files, info)))

	var out bytes.Buffer
	z := zip.NewWriter(&out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: r.made}
		header.SetMode(fs.FileMode(f.mode))
		w, err := z.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return out.Bytes(), err
}

func metadata(version string) string {
	return `Metadata-Version: 2.4
Name: r8scan
Version: ` + version + `
Summary: ` + summary + `
License-Expression: MIT
License-File: LICENSE
Keywords: replicate,secrets,git,pre-commit
Classifier: Environment :: Console
Classifier: Topic :: Security
Requires-Python: >=3.8
Description-Content-Type: text/markdown

` + about
}

// wheelFile is the file WHEEL. Each platform of a compressed tag has a line.
func wheelFile(tags string) string {
	text := "Wheel-Version: 1.0\nGenerator: r8scan\nRoot-Is-Purelib: false\n"
	for _, tag := range strings.Split(tags, ".") {
		text += "Tag: py3-none-" + tag + "\n"
	}
	return text
}

// record lists the files of a wheel with their sums.
func record(files []file, info string) string {
	text := ""
	for _, f := range files {
		sum := sha256.Sum256(f.data)
		text += fmt.Sprintf("%s,sha256=%s,%d\n", f.name, base64.RawURLEncoding.EncodeToString(sum[:]), len(f.data))
	}
	return text + info + "RECORD,,\n"
}
