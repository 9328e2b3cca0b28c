package scanner

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"r8scan/internal/budget"
	"r8scan/internal/git/gittest"
	"r8scan/result"
)

// compared is what must be equal of two results.
func compared(t *testing.T, res *result.Result) string {
	t.Helper()
	text, err := json.MarshalIndent([]any{res.Findings, res.Allowed, res.LeftOut, res.Coverage, res.Notes, res.Target.Head, res.Target.Branch, res.Target.Anchor, res.Target.Bare}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// remoteOf serves a mirror of a repository, and returns its URL and the mirror's folder.
func remoteOf(t *testing.T, r *gittest.Repo, wrap func(http.Handler) http.Handler) (url, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "mirror.git")
	r.Git("clone", "-q", "--mirror", "--no-local", "--", r.GitDir(), dir)
	return gittest.Serve(t, filepath.Dir(dir), false, wrap).URL + "/mirror.git", dir
}

// sameAsMirror scans a repository over http, and a mirror of it on disk. The results
// must be the same.
func sameAsMirror(t *testing.T, r *gittest.Repo) *result.Result {
	t.Helper()
	url, dir := remoteOf(t, r, nil)
	want, err := History(context.Background(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := History(context.Background(), url, Options{})
	if err != nil {
		t.Fatal(err)
	}
	little, err := History(context.Background(), url, Options{MaxMemory: budget.Min})
	if err != nil {
		t.Fatal(err)
	}
	for memory, res := range map[string]*result.Result{"": got, " with little memory": little} {
		if w, g := compared(t, want), compared(t, res); w != g {
			t.Errorf("over http%s:\n%s\non disk:\n%s", memory, g, w)
		}
	}
	return got
}

// TestRemoteEqualsMirror scans all kinds of repositories from a server.
func TestRemoteEqualsMirror(t *testing.T) {
	line := func(n uint64) string { return "key = '" + token(n) + "'\n" }
	commit := func(r *gittest.Repo, message string) {
		r.Git("add", "-A")
		r.Git("commit", "-q", "--allow-empty", "-m", message)
	}
	for name, c := range map[string]struct {
		findings int
		args     []string
		build    func(r *gittest.Repo)
	}{
		"clean":  {0, nil, func(r *gittest.Repo) { r.Write("a", "text"); commit(r, "one") }},
		"sha256": {1, []string{"--object-format=sha256"}, func(r *gittest.Repo) { r.Write("a", line(1)); commit(r, "one") }},
		"pull request": {3, nil, func(r *gittest.Repo) {
			r.Write("a/b.py", line(1))
			commit(r, "one")
			r.Git("rm", "-q", "a/b.py")
			commit(r, "two "+token(2))
			r.Git("checkout", "-q", "--orphan", "pull")
			r.Write("c.py", line(3))
			commit(r, "three")
			r.Git("update-ref", "refs/pull/7/head", "HEAD")
			r.Git("checkout", "-q", "main")
			r.Git("branch", "-qD", "pull")
		}},
		"detached": {1, nil, func(r *gittest.Repo) {
			r.Write("a", line(1))
			commit(r, "one")
			r.Git("checkout", "-q", "--detach")
			commit(r, "two")
		}},
		"deltas": {2, nil, func(r *gittest.Repo) {
			text := strings.Repeat("some line of a text that is long\n", 400)
			for i := range 30 {
				add := fmt.Sprint(i, "\n")
				if i == 10 || i == 20 {
					add += line(uint64(i) / 10)
				}
				r.Write("d/long.txt", text+add)
				r.Write(fmt.Sprintf("d/e%d/f", i), add)
				commit(r, fmt.Sprint("change ", i))
			}
			r.Git("repack", "-adfq")
		}},
		"many parts": {3, nil, manyParts},
		"tags and odd refs": {4, nil, func(r *gittest.Repo) {
			r.Write("a", "text")
			commit(r, "one")
			r.Git("tag", "-a", "v1", "-m", "tag "+token(1))
			r.Git("tag", "-a", "v2", "-m", "of a tag", "v1")
			blob := r.GitInput(line(2), "hash-object", "-w", "--stdin")
			r.Git("tag", "blob", blob)
			r.Git("tag", "-a", "of-blob", "-m", "a blob", r.GitInput("b "+line(3), "hash-object", "-w", "--stdin"))
			r.Git("tag", "tree", r.Git("rev-parse", "HEAD^{tree}"))
			r.Git("notes", "add", "-m", "note "+token(4))
		}},
		"clean files that refs and tags name": {1, nil, func(r *gittest.Repo) { namesFiles(r, commit) }},
		"names":                               {1, nil, func(r *gittest.Repo) { r.Write("dir/"+token(1)+".txt", "x"); commit(r, "one") }},
		"submodule": {0, nil, func(r *gittest.Repo) {
			r.Write("a", "text")
			commit(r, "one")
			r.Git("update-index", "--add", "--cacheinfo", "160000,"+r.Git("rev-parse", "HEAD")+",sub")
			r.Git("commit", "-qm", "two")
		}},
		"containers": {3, nil, func(r *gittest.Repo) {
			r.Write("x.zip", zipWith(t, zip.Deflate, "", "e", line(1)))
			r.Write("x.tar", tarWith(t, "c", line(2)))
			for name, text := range withoutSignature(t, line(3)) {
				r.Write(name, text)
			}
			commit(r, "one")
		}},
		"LFS": {0, nil, func(r *gittest.Repo) {
			r.Write("big", "version https://git-lfs.github.com/spec/v1\noid sha256:"+strings.Repeat("ab", 32)+"\nsize 5\n")
			commit(r, "one")
		}},
		"a large file": {1, nil, func(r *gittest.Repo) {
			r.Write("big", strings.Repeat("0123456789abcdef", 3<<20)+"\n"+line(1))
			commit(r, "one")
		}},
		"shallow": {1, nil, func(r *gittest.Repo) {
			r.Write("a", line(1))
			commit(r, "one")
			commit(r, "two")
			r.Write(".git/shallow", r.Git("rev-parse", "HEAD")+"\n")
		}},
		"allowed": {0, nil, func(r *gittest.Repo) { r.Write("a", strings.TrimSpace(line(1))+" # r8scan:allow\n"); commit(r, "one") }},
	} {
		t.Run(name, func(t *testing.T) {
			r := gittest.New(t, c.args...)
			c.build(r)
			if name == "shallow" {
				checkShallowRemote(t, r)
				return
			}
			if res := sameAsMirror(t, r); len(res.Findings) != c.findings {
				t.Errorf("%d findings, want %d", len(res.Findings), c.findings)
			}
		})
	}
}

// TestRemoteNoHead scans a server whose HEAD names a branch that is not there. It does
// not tell the branch.
func TestRemoteNoHead(t *testing.T) {
	r := gittest.New(t)
	namesFiles(r, func(r *gittest.Repo, message string) {
		r.Git("add", "-A")
		r.Git("commit", "-q", "-m", message)
	})
	r.Git("symbolic-ref", "HEAD", "refs/heads/gone")
	url, dir := remoteOf(t, r, nil)
	want, err := History(context.Background(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := History(context.Background(), url, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want.Target.Branch = ""; len(got.Findings) != 1 || compared(t, want) != compared(t, got) {
		t.Errorf("over http:\n%s\non disk:\n%s", compared(t, got), compared(t, want))
	}
}

// namesFiles makes refs and tags of files and folders, one of them with a token in its
// message.
func namesFiles(r *gittest.Repo, commit func(*gittest.Repo, string)) {
	text := strings.Repeat("some line of a text that is long\n", 400)
	for i := range 20 {
		r.Write("a/text", text+fmt.Sprint(i))
		commit(r, "one")
	}
	file := func(text string) string { return r.GitInput(text, "hash-object", "-w", "--stdin") }
	r.Git("update-ref", "refs/files/x", file("x"))
	r.Git("update-ref", "refs/files/y", file(text+"y"))
	r.Git("update-ref", "refs/files/z", r.Git("rev-parse", "HEAD:a/text"))
	r.Git("update-ref", "refs/folders/x", r.Git("rev-parse", "HEAD~3:a"))
	r.Git("tag", "-a", "file", "-m", "tag "+token(1), file(text+"w"))
	r.Git("tag", "-a", "folder", "-m", "a folder", r.Git("rev-parse", "HEAD~5^{tree}"))
	r.Git("repack", "-adfq")
}

// manyParts makes a pack of over a megabyte, with long chains of deltas that have tokens
// in some versions.
func manyParts(r *gittest.Repo) {
	var m gittest.Import
	text := noise(300_000)
	var tip []int
	for i := range 400 {
		var files []gittest.File
		for f := range 10 {
			if i%10 == 0 || f == i%10 {
				n := 1000*f + 2000*(i%11) + 50*i
				content := fmt.Sprintf("%s%d %d\n%s", text[f*20_000:f*20_000+1500], i, f, text[n:n+2500])
				if f == 3 && i > 100 && i < 300 {
					content += token(1)
				}
				if f == 7 && i%3 == 0 {
					content += token(2)
				}
				files = append(files, gittest.File{Path: fmt.Sprintf("d%d/e/f%d", f%4, f), Mark: m.Blob(content)})
			}
		}
		message := fmt.Sprint("change ", i)
		if i == 399 {
			message += token(3)
		}
		tip = []int{m.Commit("refs/heads/main", message, tip, files...)}
	}
	m.Run(r)
	r.Git("repack", "-adfq", "--depth=50")
}

// checkShallowRemote: a server with part of a history says so.
func checkShallowRemote(t *testing.T, r *gittest.Repo) {
	server := gittest.Serve(t, filepath.Dir(r.GitDir()), false, nil)
	res, err := History(context.Background(), server.URL+"/.git", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if u := fmt.Sprint(res.Coverage.Unread); len(res.Findings) != 1 || !strings.Contains(u, "the server itself has no more") {
		t.Errorf("%d findings, unread %s", len(res.Findings), u)
	}
}

// TestRemoteEmpty: a repository without refs is clean, and said to be empty.
func TestRemoteEmpty(t *testing.T) {
	url, _ := remoteOf(t, gittest.New(t), nil)
	res, err := History(t.Context(), url, Options{})
	if err != nil || !res.Coverage.Complete() || len(res.Notes) != 1 || !strings.Contains(res.Notes[0], "there are no commits in ") {
		t.Errorf("%+v, %v", res, err)
	}
}

// TestRemoteRange: a range needs a clone.
func TestRemoteRange(t *testing.T) {
	if _, err := Range(t.Context(), "https://example.org/a/b", "A..B", Options{}); err == nil || !strings.Contains(err.Error(), "git clone") {
		t.Error(err)
	}
}

// TestFileURL: a file URL is a path.
func TestFileURL(t *testing.T) {
	r, _ := packed(t, token(1))
	for _, scan := range []func(context.Context, string, Options) (*result.Result, error){History, Audit} {
		res, err := scan(t.Context(), "file://"+filepath.ToSlash(r.Dir), Options{})
		if err != nil || len(res.Findings) != 1 {
			t.Errorf("%v, %v", res, err)
		}
	}
}

// changed is a server whose answer to the request for objects goes through change.
func changed(change func(body []byte) []byte) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				next.ServeHTTP(w, r)
				return
			}
			kept := &recorder{header: http.Header{}}
			next.ServeHTTP(kept, r)
			w.Header().Set("Content-Type", kept.header.Get("Content-Type"))
			_, _ = w.Write(change(kept.body.Bytes()))
		})
	}
}

type recorder struct {
	header http.Header
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(int)             {}
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// TestRemoteDamage: what a server does not send whole is never called clean.
func TestRemoteDamage(t *testing.T) {
	r := gittest.New(t)
	for i := range 5 {
		r.Write(fmt.Sprintf("f%d", i), strings.Repeat(fmt.Sprint("text ", i, "\n"), 200))
		r.Git("add", ".")
		r.Git("commit", "-qm", fmt.Sprint(i))
	}
	for name, change := range map[string]func(b []byte) []byte{
		"cut in the middle":   func(b []byte) []byte { return b[:len(b)/2] },
		"cut at the end":      func(b []byte) []byte { return b[:len(b)-5] },
		"no flush":            func(b []byte) []byte { return b[:len(b)-4] },
		"a flipped bit":       func(b []byte) []byte { b[len(b)-300] ^= 4; return b },
		"a wrong checksum":    func(b []byte) []byte { b[len(b)-6] ^= 4; return b },
		"an error at the end": func(b []byte) []byte { return append(b[:len(b)-4], "0011\x03out of memory"[:17]...) },
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := remoteOf(t, r, changed(change))
			res, err := History(t.Context(), url, Options{})
			if err == nil && res.Coverage.Complete() {
				t.Errorf("it counts as whole: %+v", res.Coverage)
			}
			if err == nil && len(res.Coverage.Unread) > 12 {
				t.Errorf("%d things are unread: %v", len(res.Coverage.Unread), res.Coverage.Unread)
			}
		})
	}
	for name, change := range map[string]func(b []byte) []byte{
		"nothing":  func(b []byte) []byte { return nil },
		"no pack":  func(b []byte) []byte { return []byte("0008NAK\n000d\x01PACKXYZ\x000000") },
		"an error": func(b []byte) []byte { return []byte("0008NAK\n0009\x03busy") },
		"a page":   func(b []byte) []byte { return []byte("<html>") },
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := remoteOf(t, r, changed(change))
			if res, err := History(t.Context(), url, Options{}); err == nil {
				t.Errorf("no error: %+v", res.Coverage)
			}
		})
	}
}

// sends is a server that sends a pack of its own choice.
func sends(pack []byte) func(http.Handler) http.Handler {
	return changed(func([]byte) []byte {
		b := []byte("0008NAK\n")
		for rest := pack; len(rest) > 0; {
			n := min(len(rest), 60_000)
			b = append(fmt.Appendf(b, "%04x\x01", n+5), rest[:n]...)
			rest = rest[n:]
		}
		return append(b, "0000"...)
	})
}

// TestRemoteLacks: an object that others name and that the server does not send is
// named, and tokens in the others are found.
func TestRemoteLacks(t *testing.T) {
	r := gittest.New(t)
	r.Write("d/a", "text")
	r.Write("d/b", token(1))
	r.Git("add", ".")
	r.Git("commit", "-qm", "one")
	all := gittest.Lines(r.Git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)"))
	for _, name := range []string{"HEAD:d/a", "HEAD:d", "HEAD"} {
		missing := r.Git("rev-parse", name)
		ids := strings.Join(slices.DeleteFunc(slices.Clone(all), func(id string) bool { return id == missing }), "\n") + "\n"
		file := r.GitInput(ids, "pack-objects", "-q", filepath.Join(r.Dir, "sent"))
		pack, err := os.ReadFile(filepath.Join(r.Dir, "sent-"+file+".pack"))
		if err != nil {
			t.Fatal(err)
		}
		url, _ := remoteOf(t, r, sends(pack))
		res, err := History(t.Context(), url, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if u := fmt.Sprint(res.Coverage.Unread); len(res.Findings) != 1 || !strings.Contains(u, missing) || !strings.Contains(u, "not among the objects that the server sent") {
			t.Errorf("%s: %d findings, unread %s", name, len(res.Findings), u)
		}
	}
}

// withoutBase returns a pack of all objects without the base of a delta, and the base's id.
func withoutBase(t *testing.T, r *gittest.Repo) (base string, pack []byte) {
	t.Helper()
	ids := r.Git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
	file := filepath.Join(r.Dir, "sent-"+r.GitInput(ids+"\n", "pack-objects", "-q", filepath.Join(r.Dir, "sent")))
	pack, err := os.ReadFile(file + ".pack")
	if err != nil {
		t.Fatal(err)
	}
	list := gittest.Lines(r.Git("verify-pack", "-v", file+".idx"))
	for _, line := range list {
		if f := strings.Fields(line); len(f) == 7 {
			base = f[6]
		}
	}
	for _, line := range list {
		if f := strings.Fields(line); f[0] == base {
			size, err1 := strconv.Atoi(f[3])
			at, err2 := strconv.Atoi(f[4])
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			pack = slices.Delete(pack[:len(pack)-sha1.Size], at, at+size)
		}
	}
	pack[11]--
	sum := sha1.Sum(pack)
	return base, append(pack, sum[:]...)
}

// TestRemoteThin: a base that a delta names and the server leaves out is asked for. If the
// server does not send it, what builds on it is unread.
func TestRemoteThin(t *testing.T) {
	r := gittest.New(t)
	text := string(noise(4000))
	r.Write("a", text)
	r.Git("add", ".")
	r.Git("commit", "-qm", "one")
	r.Write("a", text+token(1))
	r.Git("commit", "-qam", "two")
	base, thin := withoutBase(t, r)
	for _, takes := range []bool{true, false} {
		posts := 0
		url, dir := remoteOf(t, r, func(next http.Handler) http.Handler {
			first := sends(thin)(next)
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					if posts++; posts == 1 {
						first.ServeHTTP(w, r)
						return
					}
				}
				next.ServeHTTP(w, r)
			})
		})
		r.Git("-C", dir, "config", "uploadpack.allowAnySHA1InWant", fmt.Sprint(takes))
		got, err := History(t.Context(), url, Options{})
		if err != nil {
			t.Fatal(err)
		}
		want, err := History(t.Context(), dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if w, g := compared(t, want), compared(t, got); takes && (w != g || posts != 2) {
			t.Errorf("%d requests for objects, over http:\n%s\non disk:\n%s", posts, g, w)
		}
		if u := fmt.Sprint(got.Coverage.Unread); !takes && (posts != 1 || !strings.Contains(u, base)) {
			t.Errorf("%d requests for objects, unread %s", posts, u)
		}
	}
}

// TestRemoteMaxSize: what is beyond the bound is told.
func TestRemoteMaxSize(t *testing.T) {
	r := gittest.New(t)
	r.Write("a", token(1))
	r.Git("add", ".")
	r.Git("commit", "-qm", token(2))
	url, _ := remoteOf(t, r, nil)
	res, err := History(t.Context(), url, Options{MaxSize: 20})
	if err == nil {
		t.Errorf("nothing was read, and there is a result: %+v", res)
	}
	r.Write("b", string(noise(1<<20)))
	r.Git("add", ".")
	r.Git("commit", "-qm", "two")
	url, _ = remoteOf(t, r, nil)
	res, err = History(t.Context(), url, Options{MaxSize: 1 << 19})
	if err != nil || len(res.Coverage.Unread) == 0 || !strings.Contains(fmt.Sprint(res.Coverage.Unread), "--max-size") {
		t.Errorf("%+v, %v", res, err)
	}
	if len(res.Findings) == 0 {
		t.Error("what came was not scanned")
	}
}

// noise returns bytes that cannot be compressed.
func noise(n int) []byte {
	b := make([]byte, n)
	x := uint64(1)
	for i := range b {
		x = x*6364136223846793005 + 1442695040888963407
		b[i] = byte(x >> 56)
	}
	return b
}

// TestRemoteRequests: refs and objects take one request each, also of many refs.
func TestRemoteRequests(t *testing.T) {
	r := gittest.New(t)
	r.Write("a", token(1))
	r.Git("add", ".")
	r.Git("commit", "-qm", "one")
	id := r.Git("rev-parse", "HEAD")
	var refs strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&refs, "%s refs/pull/%05d/head\n", id, i)
	}
	r.Write(".git/packed-refs", refs.String())
	requests := 0
	url, _ := remoteOf(t, r, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests++
			next.ServeHTTP(w, r)
			_, _ = io.Copy(io.Discard, r.Body)
		})
	})
	res, err := History(t.Context(), url, Options{})
	if err != nil || requests != 2 || len(res.Findings) != 1 || len(res.Findings[0].History.Refs) != 20_001 {
		t.Errorf("%d requests, %v", requests, err)
	}
}

// TestRemoteOverlap: objects are searched before the last bytes are there. The server
// sends these only then.
func TestRemoteOverlap(t *testing.T) {
	r := gittest.New(t)
	manyParts(r)
	progress := &Progress{}
	url, dir := remoteOf(t, r, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				next.ServeHTTP(w, r)
				return
			}
			kept := &recorder{header: http.Header{}}
			next.ServeHTTP(kept, r)
			body := kept.body.Bytes()
			w.Header().Set("Content-Type", kept.header.Get("Content-Type"))
			_, _ = w.Write(body[:len(body)*9/10])
			_ = http.NewResponseController(w).Flush() // the client waits otherwise
			for progress.State().Objects < 1000 && r.Context().Err() == nil {
				time.Sleep(time.Millisecond)
			}
			_, _ = w.Write(body[len(body)*9/10:])
		})
	})
	got, err := History(t.Context(), url, Options{Progress: progress})
	if err != nil {
		t.Fatal(err)
	}
	want, err := History(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if w, g := compared(t, want), compared(t, got); w != g {
		t.Errorf("over http:\n%s\non disk:\n%s", g, w)
	}
}
