package source

import (
	"bytes"
	"os"
	"path/filepath"

	"r8scan/internal/git/odb"
	"r8scan/internal/git/repo"
	"r8scan/internal/git/wire"
)

// A pointer of Git LFS stands in a blob for a file that is kept elsewhere. What
// is in the git directory is read with its texts; what is not here is named.

// maxPointer is how many bytes git-lfs takes for a pointer.
const maxPointer = 1024

var pointerStarts = [][]byte{[]byte("version https://git-lfs.github.com/spec/"), []byte("version https://hawser.github.com/spec/")}

// pointedTo returns the raw SHA-256 of the file that a pointer stands for; false
// if the text is no pointer.
func pointedTo(text []byte) (id []byte, ok bool) {
	if !bytes.HasPrefix(text, pointerStarts[0]) && !bytes.HasPrefix(text, pointerStarts[1]) {
		return nil, false
	}
	_, rest, ok := bytes.Cut(text, []byte("\noid sha256:"))
	if !ok || len(rest) < 64 {
		return nil, false
	}
	id, ok = wire.Unhex(string(rest[:64]))
	return id, ok && (len(rest) == 64 || rest[64] == '\n' || rest[64] == '\r')
}

// pointedFile returns where git-lfs keeps a file by its raw SHA-256.
func pointedFile(g *repo.Repo, id []byte) string {
	name := wire.Hex(id)
	return filepath.Join(g.Common, "lfs", "objects", name[:2], name[2:4], name)
}

// notePointer takes notice of a blob that is a pointer to a file that is not here.
func notePointer(v *visitor, n *odb.Node) {
	if n.Type != odb.Blob || len(n.Data) > maxPointer || outside(n) || !bytes.HasPrefix(n.Data, []byte("version https://")) {
		return
	}
	n.Complete()
	id, ok := pointedTo(n.Data)
	if !ok {
		return
	}
	if info, err := os.Lstat(pointedFile(v.repo.Git, id)); err == nil && info.Mode().IsRegular() {
		return
	}
	v.repo.Pointed.Set(id, struct{}{}, func(_, _ struct{}) bool { return false })
	if v.pack != nil {
		v.pack.searchAgain(n.Obj) // the file may be here the next time
	}
}
