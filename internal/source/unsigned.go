package source

import (
	"bytes"
	"context"
	"fmt"

	"r8scan/internal/archive"
	"r8scan/internal/git/odb"
)

// Some containers have no signature: only the name that a tree or an index gives a
// blob tells. Trees and blobs come in any order, so these blobs are read last.

// readUnsigned reads the blobs of repositories that are containers by their names
// only.
func readUnsigned(ctx context.Context, env *Env, repos ...*repository) error {
	var jobs []job
	for _, r := range repos {
		for _, t := range r.Trees {
			for _, e := range t.Index {
				if name := []byte(e.Path); archive.Unsigned(name) && r.Store != nil {
					r.addUnsigned(e.ID, e.Path[bytes.LastIndexByte(name, '/')+1:])
				}
			}
		}
		names, whole := r.unsigned.All()
		if !whole {
			env.Sink.Unread(r.Label("some blobs"), fmt.Sprintf("more than %d have the names of compressed files; the others were searched as they are", maxUnsigned))
		}
		for id, name := range names {
			jobs = append(jobs, func(ctx context.Context, w *worker) error {
				v := &visitor{ctx: ctx, env: env, repo: r, w: w, part: true}
				searchUnsigned(v, []byte(id), name)
				return ctx.Err()
			})
		}
	}
	if len(jobs) == 0 {
		return nil
	}
	return env.run(ctx, jobs...)
}

// searchUnsigned reads the content of such a blob. The blob itself was already
// searched, and its faults were named.
func searchUnsigned(v *visitor, id []byte, name string) {
	o, ok := v.repo.Store.Find(id)
	if !ok {
		return
	}
	t, data, err := v.repo.Store.ReadHeld(o, v.w.memory)
	if err != nil {
		return
	}
	defer v.w.memory.Give(odb.Held(data))
	if t != odb.Blob {
		return
	}
	n := &odb.Node{Obj: o, Type: t, Data: data, Size: int64(len(data)), Leaf: true}
	if container(n) != archive.None {
		return // it was read as a container
	}
	in := archive.Input{Name: name, At: bytes.NewReader(data), Size: n.Size}
	if id, ok := pointedTo(data); ok {
		file, info, err := v.repo.lfs.Open(id)
		if err != nil {
			return // that was named where the pointer was read
		}
		defer file.Close()
		in.At, in.Size = file, info.Size()
	}
	head := make([]byte, min(in.Size, archive.HeadLen))
	if k, err := in.At.ReadAt(head, 0); k < len(head) && err != nil {
		return // likewise
	}
	f := archive.Detect(head, name)
	if f == archive.None {
		return
	}
	text := v.text(n)
	text.Container(v.ctx, in, f)
	v.add(n, text)
	v.env.Sink.Bytes.Add(v.inside)
	v.env.Sink.Members.Add(v.members)
}
