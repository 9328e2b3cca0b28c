package main

import (
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"r8scan/internal/git/gittest"
)

// tortureBase is a folder with tokens in known places. Trials damage and restore it.
type tortureBase struct {
	name   string
	root   string // the folder
	audit  string // the folder in it that is audited
	tokens []planted
	files  []tortureFile // in the order of their paths
	byPath map[string]tortureFile
	groups map[string][]string
	needed map[string]bool     // files that something names: without one of them the audit is incomplete
	lacks  bool                // part of the history is elsewhere: the audit is always incomplete
	parts  map[string]*planted // of tokens, all of shownLen
}

// tortureFile is a file of a base, before any damage.
type tortureFile struct {
	path string // in the base, with slashes
	text []byte
	mode fs.FileMode
	time time.Time
}

// planted is a token in a base.
type planted struct {
	token string
	where string
	kept  kept
	// only are the files without which it is lost; with inContainer, the container.
	// There are none if git can tell that it is missing.
	only  []string
	looks func(text []byte) bool // whether a damaged container can still be recognized
}

// kept is how a token is stored. It decides which damage may remove it.
type kept int

const (
	inText      kept = iota // in plain text: any change of its bytes may remove it
	inObject                // in a git object, which has a checksum and is named
	inContainer             // in a container, which has a checksum and is not named
)

// builder builds a base around a repository.
type builder struct {
	*gittest.Repo
	*tortureBase
}

func newBuilder(t *testing.T, name string, initArgs ...string) *builder {
	t.Helper()
	r := gittest.New(t, append([]string{"--template="}, initArgs...)...)
	r.Git("config", "pack.threads", "1") // the same packs each time
	b := &builder{r, &tortureBase{name: name, root: filepath.Dir(r.Dir), audit: r.Dir, needed: map[string]bool{}}}
	writeFile(t, filepath.Join(b.root, outside, "a.txt"), lineWith(gittest.Token(outsideToken)), 0o600)
	return b
}

// outside is a folder outside the audited one, with a token that no audit may find.
const (
	outside      = "outside"
	outsideToken = 9000
)

// bare plants a token and returns it.
func (b *builder) bare(p planted) string {
	p.token = gittest.Token(len(b.tokens) + 1)
	b.tokens = append(b.tokens, p)
	return p.token
}

// text plants a token and returns a line with it.
func (b *builder) text(k kept, where string) string {
	return lineWith(b.bare(planted{where: where, kept: k}))
}

func lineWith(token string) string { return `key = "` + token + "\"\n" }

func (b *builder) commit(message string) {
	b.Git("add", "-A")
	b.Git("commit", "-q", "--allow-empty", "-m", message)
}

// rel returns a path relative to the base.
func (b *builder) rel(path string) string {
	rel, err := filepath.Rel(b.root, path)
	if err != nil {
		b.T.Fatal(err)
	}
	return filepath.ToSlash(rel)
}

// loose returns the file of a loose object.
func (b *builder) loose(id string) string {
	return b.rel(filepath.Join(b.GitDir(), "objects", id[:2], id[2:]))
}

// need records the files with objects that the repository names: packs and loose
// objects.
func (b *builder) need() {
	for _, line := range gittest.Lines(b.Git("rev-list", "--objects", "--all", "--reflog", "--indexed-objects")) {
		id, _, _ := strings.Cut(line, " ")
		b.needed[b.loose(id)] = true
	}
	packs, err := filepath.Glob(filepath.Join(b.GitDir(), "objects", "pack", "*.pack"))
	if err != nil {
		b.T.Fatal(err)
	}
	for _, p := range packs {
		b.needed[b.rel(p)] = true
	}
}

// done reads the files and returns the base.
func (b *builder) done() *tortureBase {
	b.T.Helper()
	b.byPath, b.groups = map[string]tortureFile{}, map[string][]string{}
	err := filepath.WalkDir(b.root, func(path string, e fs.DirEntry, err error) error {
		if e != nil && e.IsDir() && e.Name() == outside {
			return fs.SkipDir
		}
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		f := tortureFile{b.rel(path), text, info.Mode(), info.ModTime()}
		b.files = append(b.files, f)
		b.byPath[f.path] = f
		b.groups[fileGroup(f.path)] = append(b.groups[fileGroup(f.path)], f.path)
		return err
	})
	if err != nil {
		b.T.Fatal(err)
	}
	return b.tortureBase
}

func tortureBases(t *testing.T) []*tortureBase {
	t.Helper()
	return []*tortureBase{
		buildTree(t, "a repository", 2),
		buildTree(t, "SHA-256, index version 4", 4, "--object-format=sha256"),
		buildSplit(t),
		buildTables(t),
		buildBareRepo(t),
		buildShallow(t),
		buildBorrower(t),
		buildContainers(t),
	}
}

// buildTree makes a repository with a work tree and everything that git keeps.
func buildTree(t *testing.T, name string, index int, initArgs ...string) *tortureBase {
	b := newBuilder(t, name, initArgs...)
	b.Git("config", "index.version", strconv.Itoa(index))
	b.packed()
	b.looseObjects()
	b.linked()
	b.nested()
	b.need()
	b.workTree()
	b.staged()
	b.gitTexts()
	return b.done()
}

// packed makes a pack with deltas, tags and notes, and packed refs.
func (b *builder) packed() {
	filler := strings.Repeat("a line that deltas can copy\n", 40)
	for i := range 6 {
		line := "nothing\n"
		if i%2 == 1 {
			line = b.text(inObject, "a blob in a pack, version "+strconv.Itoa(i))
		}
		b.Write("code.txt", filler+line+filler+strconv.Itoa(i))
		b.commit("version " + strconv.Itoa(i))
	}
	b.commit(b.text(inObject, "a commit's message in a pack"))
	b.Write("names/"+b.bare(planted{where: "a name in a tree in a pack", kept: inObject}), "x")
	b.Write("docs.zip", string(zipOf(b.T, b.text(inObject, "a zip in a pack"))))
	b.commit("names")
	b.Git("rm", "-qr", "names", "docs.zip")
	b.commit("no names")
	b.Git("tag", "-a", "-m", b.text(inObject, "a tag's message in a pack"), "v1")
	b.Git("notes", "add", "-m", b.text(inObject, "a note in a pack"))
	b.Git("branch", "topic/"+b.bare(planted{where: "a branch's name in packed-refs"}))
	b.Git("repack", "-q", "-a", "-d", "-f")
	b.Git("pack-refs", "--all")
}

// looseObjects makes loose objects. Some are named by a reflog only, or not at all.
func (b *builder) looseObjects() {
	b.Write("loose.txt", b.text(inObject, "a loose blob"))
	b.commit(b.text(inObject, "a loose commit's message"))
	b.Write("loose.txt", "nothing\n")
	b.commit("nothing")
	b.Write("loose.txt", b.text(inObject, "a blob of the older stash"))
	b.Git("stash", "-q")
	b.Write("loose.txt", b.text(inObject, "a blob of the stash"))
	b.Git("stash", "-q")
	b.commit(b.text(inObject, "a message that the reflog leads to"))
	b.Git("reset", "-q", "--hard", "HEAD~1")
	b.looseBlob("a blob that nothing names")
}

// looseBlob plants a token in a loose blob, which the files in named name, and returns
// the blob's id.
func (b *builder) looseBlob(where string, named ...string) string {
	id := b.GitInput(b.text(inObject, where), "hash-object", "-w", "--stdin")
	b.tokens[len(b.tokens)-1].only = append(named, b.loose(id))
	return id
}

// linked adds a linked worktree inside the work tree, with a commit that only its HEAD
// names.
func (b *builder) linked() {
	b.Git("worktree", "add", "-q", "--detach", "linked", "HEAD~1")
	there := builder{&gittest.Repo{T: b.T, Dir: filepath.Join(b.Dir, "linked"), Env: b.Env}, b.tortureBase}
	there.Write("there.txt", there.text(inObject, "a blob of a linked worktree's HEAD"))
	there.commit("there")
	there.Write("there.txt", there.text(inText, "a changed file of a linked worktree"))
}

// nested adds a submodule, and a bare repository inside the work tree.
func (b *builder) nested() {
	other := filepath.Join(b.root, "other")
	b.Git("clone", "-q", "--bare", "--no-local", b.Dir, other)
	b.Git("-c", "protocol.file.allow=always", "submodule", "add", "-q", other, "sub")
	sub := builder{&gittest.Repo{T: b.T, Dir: filepath.Join(b.Dir, "sub"), Env: b.Env}, b.tortureBase}
	sub.Write("sub.txt", sub.text(inObject, "a blob of a submodule"))
	sub.commit("sub")
	b.commit("submodule")
	b.Git("clone", "-q", "--bare", "--no-local", "sub", "nested.git")
	b.remove(other)
	b.Write(".gitignore", "ignored\nnested.git\nlinked\n")
}

func (b *builder) workTree() {
	b.Write("code.txt", b.text(inText, "a changed file"))
	b.Write("untracked.txt", b.text(inText, "an untracked file"))
	b.Write("ignored", b.text(inText, "an ignored file"))
	b.container("b.tar"+compressors[0].ext, looksLike(compressors[0].magic), func(line string) []byte { return through(b.T, tarOf(b.T, line), compressors[0].open) })
}

// staged adds a blob and a name that only the index has.
func (b *builder) staged() {
	index := b.rel(filepath.Join(b.GitDir(), "index"))
	id := b.looseBlob("a staged blob", index)
	b.needed[b.loose(id)] = true
	b.Git("update-index", "--add", "--cacheinfo", "100644,"+id+",staged.txt")
	name := b.bare(planted{where: "a name in the index", kept: inObject, only: []string{index}})
	b.Git("update-index", "--add", "--cacheinfo", "100644,"+b.Git("rev-parse", "HEAD:code.txt")+",dir/"+name)
}

// gitTexts puts tokens into texts of git's.
func (b *builder) gitTexts() {
	b.Git("config", "remote.origin.url", "https://x:"+b.bare(planted{where: "the configuration"})+"@host.test")
	b.Git("update-ref", "--create-reflog", "-m", b.text(inText, "a reflog"), "refs/heads/logged", "HEAD~1")
	b.Write(".git/hooks/pre-commit", "#!/bin/sh\n"+b.text(inText, "a hook"))
}

// buildSplit makes a repository with a split index. The name that only the
// index has is in the shared part.
func buildSplit(t *testing.T) *tortureBase {
	b := newBuilder(t, "a split index")
	b.packed()
	b.looseObjects()
	b.need()
	b.staged()
	b.Git("update-index", "--split-index")
	b.Write("later.txt", "later")
	b.Git("add", "later.txt")
	return b.done()
}

// buildTables makes a repository with its refs and reflogs in reftables.
func buildTables(t *testing.T) *tortureBase {
	b := newBuilder(t, "reftables")
	b.packed()
	b.looseObjects()
	b.Git("update-ref", "--create-reflog", "-m", b.text(inObject, "a reflog in a table"), "refs/heads/logged", "HEAD~1")
	b.need()
	b.staged()
	b.ToReftable()
	return b.done()
}

// buildBareRepo makes a bare repository with two packs and the files that git derives
// from them.
func buildBareRepo(t *testing.T) *tortureBase {
	b := newBuilder(t, "a bare repository")
	b.packed()
	b.Git("config", "core.bare", "true")
	git := filepath.Join(b.root, "bare.git")
	if err := os.Rename(b.GitDir(), git); err != nil {
		t.Fatal(err)
	}
	b.remove(b.Dir)
	b.Dir, b.audit = git, git
	var more gittest.Import
	more.Commit("refs/heads/more", b.text(inObject, "a commit in a second pack"), nil, gittest.File{Path: "a", Mark: more.Blob(b.text(inObject, "a blob in a second pack"))})
	more.Run(b.Repo)
	b.Git("multi-pack-index", "write")
	b.Git("commit-graph", "write", "--reachable")
	b.need()
	return b.done()
}

// buildShallow makes a clone without most of the history.
func buildShallow(t *testing.T) *tortureBase {
	b := newBuilder(t, "a shallow clone")
	b.Write("old.txt", "old")
	b.commit("old")
	b.Write("new.txt", b.text(inObject, "a blob of a shallow clone"))
	b.commit(b.text(inObject, "a message of a shallow clone"))
	b.Write("new.txt", "new")
	b.commit("new")
	origin := b.Dir
	b.clone("--no-local", "--depth=2", origin)
	b.remove(origin)
	b.need()
	b.lacks = true
	return b.done()
}

// buildBorrower makes a clone that borrows all objects except one commit.
func buildBorrower(t *testing.T) *tortureBase {
	b := newBuilder(t, "alternates")
	b.packed()
	b.Write("loose.txt", b.text(inObject, "a loose blob that is lent"))
	b.commit(b.text(inObject, "a loose commit that is lent"))
	b.need()
	b.clone("--shared", b.Dir)
	b.commit("own")
	b.need()
	b.needed["clone/.git/objects/info/alternates"] = true
	return b.done()
}

// clone makes the clone that is audited.
func (b *builder) clone(args ...string) {
	dir := filepath.Join(b.root, "clone")
	b.Git(append(append([]string{"clone", "-q", "--template="}, args...), dir)...)
	b.Dir, b.audit = dir, dir
}

func (b *builder) remove(dir string) {
	b.T.Helper()
	if err := os.RemoveAll(dir); err != nil {
		b.T.Fatal(err)
	}
}

// buildContainers makes a folder with containers and no repository.
func buildContainers(t *testing.T) *tortureBase {
	b := newBuilder(t, "containers")
	b.remove(b.GitDir())
	add := func(name string, looks func([]byte) bool, content func(line string) []byte) {
		b.container(name, looks, content)
	}
	add("a.zip", looksZip, func(line string) []byte { return zipOf(t, line) })
	add("twice.zip", looksZip, func(line string) []byte { return zipOf(t, string(zipOf(t, line))) })
	for _, c := range compressors {
		looks := looksLike(c.magic)
		add("a.txt"+c.ext, looks, func(line string) []byte { return through(t, []byte(line), c.open) })
		add("a.tar"+c.ext, looks, func(line string) []byte { return through(t, tarOf(t, line), c.open) })
		add("a.zip"+c.ext, looks, func(line string) []byte { return through(t, zipOf(t, line), c.open) })
	}
	b.Write("a.tar", string(tarOf(t, b.text(inText, "a tar"))))
	for _, s := range samples {
		content, err := base64.StdEncoding.DecodeString(s.content)
		if err != nil {
			t.Fatal(err)
		}
		b.Write("sample"+s.ext, string(content))
		b.tokens = append(b.tokens, planted{token: gittest.Token(s.token), where: "a " + s.ext, kept: inContainer,
			only: []string{"repo/sample" + s.ext}, looks: looksLike(s.magic)})
	}
	return b.done()
}

// container writes a file of the work tree whose content has a line with a token.
func (b *builder) container(name string, looks func([]byte) bool, content func(line string) []byte) {
	b.Write(name, string(content(lineWith(b.bare(planted{where: name, kept: inContainer, only: []string{"repo/" + name}, looks: looks})))))
}
