package scanner

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"r8scan/result"
	"r8scan/rules"
)

// token returns the n-th token of these tests.
func token(n uint64) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	r := rand.New(rand.NewPCG(n, 40))
	b := []byte("r8_")
	for range 37 {
		b = append(b, letters[r.IntN(len(letters))])
	}
	return string(b)
}

func zipWith(t *testing.T, method uint16, comment string, members ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(members); i += 2 {
		m, err := w.CreateHeader(&zip.FileHeader{Name: members[i], Method: method})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(m, members[i+1])
	}
	_ = w.SetComment(comment)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func tarWith(t *testing.T, members ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for i := 0; i < len(members); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: members[i], Size: int64(len(members[i+1]))}); err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, members[i+1])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func gzipped(text string) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return out.String()
}

// places lists the places of findings.
func places(res *result.Result) []string {
	var out []string
	for _, f := range res.Findings {
		for _, l := range f.Locations {
			out = append(out, fmt.Sprintf("%s %s!%s:%d:%d", f.Secret.ID()[:4], filepath.Base(l.Path), l.Member, l.Line, l.Column))
		}
	}
	slices.Sort(out)
	return out
}

func at(secret, path, member string, line, column int) string {
	return fmt.Sprintf("%s %s!%s:%d:%d", rules.NewSecret(secret, 5).ID()[:4], path, member, line, column)
}

// TestContainersInFiles reads each container as a file and from standard input.
func TestContainersInFiles(t *testing.T) {
	a, b := token(1), token(2)
	text := "first\nkey = \"" + a + "\"\n"
	for name, c := range map[string]struct {
		text string
		want func(file string) []string
	}{
		"deflated.zip": {zipWith(t, zip.Deflate, "", "b/c.py", text), func(f string) []string { return []string{at(a, f, "b/c.py", 2, 8)} }},
		"stored.zip":   {zipWith(t, zip.Store, "", "b/c.py", text), func(f string) []string { return []string{at(a, f, "b/c.py", 2, 8)} }},
		"plain.tar":    {tarWith(t, "b/c.py", text, "d", b+"\n"), func(f string) []string { return []string{at(a, f, "b/c.py", 2, 8), at(b, f, "d", 1, 1)} }},
		"x.tgz": {gzipped(tarWith(t, "x.zip", zipWith(t, zip.Store, "", "c", text))), func(f string) []string {
			return []string{at(a, f, "x.zip!c", 2, 8)}
		}},
		"jar":      {"#!/bin/sh\nexit 0\n" + zipWith(t, zip.Deflate, "", "c", text), func(f string) []string { return []string{at(a, f, "c", 2, 8)} }},
		"many.zip": {zipWith(t, zip.Deflate, "", "c", strings.Repeat("0123456789abcde\n", 100_000)+a), func(f string) []string { return []string{at(a, f, "c", 100_001, 1)} }},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			for shown, arg := range map[string]string{name: file, "-": "-"} {
				res, err := Files(t.Context(), []string{arg}, strings.NewReader(c.text), Options{})
				if err != nil {
					t.Fatal(err)
				}
				want := c.want(shown)
				slices.Sort(want)
				if got := places(res); !slices.Equal(got, want) || !res.Coverage.Complete() {
					t.Errorf("%s: got %q, want %q; unread %q", arg, got, want, res.Coverage.Unread)
				}
			}
		})
	}
}

// TestBetweenMembers makes sure that tokens in no member (in comments, between members,
// after damage) are found in the container's own bytes.
func TestBetweenMembers(t *testing.T) {
	a, b := token(1), token(2)
	stored := tarWith(t, "c", "text "+a)
	for name, text := range map[string]string{
		"comment.zip": zipWith(t, zip.Deflate, b, "c", "text "+a),
		"behind.tar":  stored + b,
		"damaged.tar": stored[:1024] + strings.Repeat("not a header ", 100) + b,
		"broken.tgz":  gzipped(stored[:1024] + strings.Repeat("not a header ", 100) + " " + b),
	} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		res, err := Files(t.Context(), []string{file}, nil, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := places(res)
		if len(got) != 2 || !slices.Contains(got, at(a, name, "c", 1, 6)) {
			t.Errorf("%s: %q", name, got)
		}
		if broken := name == "broken.tgz" || name == "damaged.tar"; broken == res.Coverage.Complete() {
			t.Errorf("%s: unread %q", name, res.Coverage.Unread)
		}
	}
}

// TestMemberNames makes sure that a token in a member's name is found, and masked
// everywhere.
func TestMemberNames(t *testing.T) {
	a, b := token(1), token(2)
	text := zipWith(t, zip.Deflate, "", "x/"+a+"/key", b, a+".gz", gzipped("text")[:15])
	res, err := Files(t.Context(), []string{"-"}, strings.NewReader(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Findings) != 2 || len(res.Coverage.Unread) == 0 {
		t.Errorf("%d findings, unread %q", len(res.Findings), res.Coverage.Unread)
	}
	if all := fmt.Sprintf("%+v", res); strings.Contains(all, a) || strings.Contains(all, b) {
		t.Error("a token is shown")
	}
}

// TestContainerCoverage makes sure that coverage counts members, and names what was not
// read by path!member.
func TestContainerCoverage(t *testing.T) {
	inner := zipWith(t, zip.Deflate, "", "c", "text", "d", "text")
	file := filepath.Join(t.TempDir(), "x.zip")
	text := zipWith(t, zip.Deflate, "", "a/", "", "b.zip", inner, "e.gz", gzipped(strings.Repeat("text", 1000))[:40])
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	res, err := Files(t.Context(), []string{file}, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := res.Coverage.ArchiveMembers; n != 5 {
		t.Errorf("%d members", n)
	}
	if u := res.Coverage.Unread; len(u) != 1 || !strings.HasSuffix(u[0].What, "x.zip!e.gz!e") {
		t.Errorf("unread %q", u)
	}
	if res.Coverage.Bytes <= int64(len(text)+len(inner)) {
		t.Errorf("%d bytes", res.Coverage.Bytes)
	}
}

// TestFailingStream makes sure that what was read before a failure is searched, and that
// the failure is named.
func TestFailingStream(t *testing.T) {
	text := gzipped(strings.Repeat("text ", 100_000) + token(1))
	r := io.MultiReader(strings.NewReader(text), iotest.ErrReader(fmt.Errorf("the line broke")))
	res, err := Files(context.Background(), []string{"-"}, r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Findings) != 1 || len(res.Coverage.Unread) != 1 {
		t.Errorf("%d findings, unread %q", len(res.Findings), res.Coverage.Unread)
	}
}

// TestBestConfidenceCounts has a token that is low in a member's name and high in the
// container's own bytes: it must not be dropped.
func TestBestConfidenceCounts(t *testing.T) {
	a := token(70)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.zip"), []byte(zipWith(t, zip.Store, "key: "+a, a+"-old", "text")), 0o600); err != nil {
		t.Fatal(err)
	}
	res, err := Files(t.Context(), []string{dir}, nil, Options{MinConfidence: rules.High})
	if err != nil || len(res.Findings) != 1 {
		t.Fatalf("%v: %d findings", err, len(res.Findings))
	}
}

// TestManyTokensInContainer makes sure that tokens in a container are not compared with
// each other: a tar of 60,000 took minutes.
func TestManyTokensInContainer(t *testing.T) {
	var text strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&text, "%s\n", token(uint64(i)))
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.tar"), []byte(tarWith(t, "a", text.String())), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	res, err := Files(ctx, []string{dir}, nil, Options{})
	if err != nil || len(res.Findings) != 60_000 {
		t.Fatalf("%v", err)
	}
	for _, f := range res.Findings {
		if len(f.Locations) != 1 || f.Locations[0].Member != "a" {
			t.Fatalf("%+v", f.Locations)
		}
	}
	if ctx.Err() != nil {
		t.Error(ctx.Err())
	}
}
