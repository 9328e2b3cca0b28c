package scanner

import (
	"bytes"
	"context"
	"fmt"

	"r8scan/internal/archive"
	"r8scan/internal/git/odb"
)

// A blob may be a container of a kind without a signature: only the name that a
// tree or an index gives it tells. Trees and blobs come in any order, so these
// are read when all else was.

// maxUnsigned bounds the memory that such blobs take.
const maxUnsigned = 1 << 16

// noteNamed takes notice of an entry with such a name.
func (s *search) noteNamed(e odb.TreeEntry) {
	if !archive.Unsigned(e.Name) || e.Mode&0o170000 != 0o100000 {
		return
	}
	s.run.addNamed(s.repo, e.ID, string(e.Name))
	if p := s.pack; p != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		if was, ok := p.named[string(e.ID)]; !ok || string(e.Name) < was {
			p.named[string(e.ID)] = string(e.Name)
		}
	}
}

// addNamed adds a blob by its raw id. Of several names the first in the
// alphabet is kept, so that the result is stable.
func (r *run) addNamed(repo *repository, id []byte, name string) {
	repo.mu.Lock()
	defer repo.mu.Unlock()
	repo.named.most = maxUnsigned
	if !repo.named.admits(string(id)) {
		return
	}
	if was, ok := repo.named.m[string(id)]; !ok || name < was {
		repo.named.m[string(id)] = name
	}
}

// namedJobs returns the jobs of reading the blobs that names have told of.
func (r *run) namedJobs() []job {
	for _, repo := range r.repos {
		for _, t := range repo.trees {
			for _, e := range t.index {
				if name := []byte(e.Path); archive.Unsigned(name) && repo.store != nil {
					r.addNamed(repo, e.ID, e.Path[bytes.LastIndexByte(name, '/')+1:])
				}
			}
		}
	}
	var jobs []job
	for _, repo := range r.repos {
		if repo.named.cut(); repo.named.full {
			r.addUnread(repo.label("some blobs"), fmt.Sprintf("more than %d have the names of compressed files; the others were searched as they are", maxUnsigned))
		}
		for id, name := range repo.named.m {
			jobs = append(jobs, func(ctx context.Context, w *worker) error {
				s := &search{ctx: ctx, run: r, repo: repo, w: w, part: true}
				s.readNamed([]byte(id), name)
				return ctx.Err()
			})
		}
	}
	return jobs
}

// readNamed reads what is in a blob with a name. Its own bytes were searched,
// and what is wrong with the blob itself was named, with all others.
func (s *search) readNamed(id []byte, name string) {
	o, ok := s.repo.store.Find(id)
	if !ok {
		return
	}
	t, data, err := s.repo.store.ReadHeld(o, s.w.memory)
	if err != nil {
		return
	}
	defer s.w.memory.Give(odb.Held(data))
	if t != odb.Blob {
		return
	}
	n := &odb.Node{Obj: o, Type: t, Data: data, Size: int64(len(data)), Leaf: true}
	if container(n) != archive.None {
		return // that was read too
	}
	f := archive.Detect(data[:min(len(data), archive.HeadLen)], name)
	if f == archive.None {
		return
	}
	c := s.contents(n)
	c.walk(archive.Input{Name: name, At: bytes.NewReader(data), Size: n.Size}, f)
	s.add(n, c)
	s.run.bytes.Add(s.inside)
	s.run.members.Add(s.members)
}
