package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// streams returns a container of each format with text in it, by the ending of
// its name.
func streams(t testing.TB, text string) map[string][]byte {
	files := []file{{"a.txt", "first"}, {"b.txt", text}}
	all := map[string][]byte{
		".zip": zipOf(t, zip.Deflate, files...), ".zstd.zip": zipOf(t, methodZstd, files...), ".tar": tarOf(t, file{"a.gz", string(gz(t, text))}),
		".ar": arOf(file{"a.gz", string(gz(t, text))}), ".7z": sevenZipOf(t, true, files...), ".rar": rarOf(file{"a.gz", string(gz(t, text))}),
		".tgz": gz(t, string(tarOf(t, files...))),
	}
	for ext, open := range compressors() {
		if ext == ".lz4" || ext == ".zst" || ext == ".br" {
			all[ext] = through(t, strings.Repeat("nothing of note in this line\n", 50)+text, open)
			continue
		}
		all[ext] = through(t, text, open)
	}
	return all
}

// walks reads b as a file, as a stream, and as a member of a tar and of a zip.
func walks(t testing.TB, b []byte, name string) map[string]*found {
	out := map[string]*found{"file": walkFile(t, b, name), "in a tar": walkFile(t, tarOf(t, file{name, string(b)}), "x.tar"),
		"in a zip": walkFile(t, zipOf(t, zip.Store, file{name, string(b)}), "x.zip")}
	stream := &found{text: map[string][]byte{}}
	must(t, Walk(context.Background(), Input{Name: name, Reader: iotest.HalfReader(bytes.NewReader(b))}, formatOf(b, name), defaultLimits(), stream))
	out["stream"] = stream
	return out
}

// TestDataBehindContainers puts a container of each format behind one of each
// format, with various data between them. The second one must be read, or
// reported as unread.
func TestDataBehindContainers(t *testing.T) {
	first, hidden := streams(t, "the first one"), streams(t, hiddenText)
	first[".bz2"], first[".reftable"] = bzip2Of(t), tableOf(t)
	junk := []byte(strings.Repeat("\x01\x9c\xfe\x03", 20))
	between := map[string][]byte{"nothing": nil, "a byte": {7}, "a line's end": []byte("\n"), "zeros": make([]byte, 700)}
	if !testing.Short() {
		maps.Copy(between, map[string][]byte{"a block of zeros": make([]byte, 512), "ones": bytes.Repeat([]byte{0xff}, 5), "junk": junk, "100 KB": bytes.Repeat(junk, 1250)})
	}
	for _, f := range slices.Sorted(maps.Keys(first)) {
		for _, g := range slices.Sorted(maps.Keys(hidden)) {
			for gap, pad := range between {
				for how, out := range walks(t, slices.Concat(first[f], pad, hidden[g]), "x"+f) {
					if !out.honest() {
						t.Errorf("%s, then %s, then %s, as %s: members %.200q", f, gap, g, how, out.names)
					}
				}
			}
		}
	}
}
