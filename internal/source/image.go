package source

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"r8scan/internal/collect"
	"r8scan/internal/oci"
	"r8scan/internal/search"
	"r8scan/result"
)

// Image is one or more container images: of a registry, a folder or a file.
type Image struct {
	name string
	most int64 // bytes of the layers
}

// NewImage returns the images that a text names: oci:FOLDER, docker-archive:FILE or
// docker://REGISTRY/IMAGE. Of their layers most bytes are read; 0 is DefaultMaxSize.
func NewImage(text string, most int64) *Image { return &Image{text, cmp.Or(most, DefaultMaxSize)} }

// Tree is nothing: an image cannot have a say in how it is scanned.
func (s *Image) Tree() (root, top string) { return "", "" }

// Read reads all layers, each once, and what the images say of themselves.
func (s *Image) Read(ctx context.Context, env *Env) (*Read, error) {
	store, err := oci.Open(ctx, s.name)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	for _, g := range store.Gaps {
		env.Sink.Unread(g.What, g.Reason)
	}
	r := &images{env: env, store: store, layers: map[string]*layer{}, remote: oci.IsRemote(s.name), room: env.Budget.Found / 2 / hitRoom}
	r.names.Store(env.Budget.Found / 2 / nameRoom)
	if err := env.run(ctx, r.jobs(s.most)...); err != nil {
		return nil, err
	}
	for _, im := range store.Images {
		r.place(im)
	}
	if r.names.Load() < 0 {
		env.Sink.Note(s.name + ": its layers have more files than --max-memory has room for: of some, the report does not say which layer removes them")
	}
	return &Read{Target: result.Target{Kind: "image", Path: s.name}}, nil
}

// hitRoom is the memory of a match that waits for its places, nameRoom that of the name
// of a file.
const (
	hitRoom  = 512
	nameRoom = 32
)

// images are the images of a store while they are read.
type images struct {
	env    *Env
	store  *oci.Store
	layers map[string]*layer // by digest
	remote bool              // of a registry: what layers have is remembered
	names  atomic.Int64      // of files, that may still be noted

	mu   sync.Mutex
	room int64 // matches that may still be held
}

// layer is what one layer has, whichever images it is in.
type layer struct {
	oci.Layer
	shown string // its first place
	hits  []search.Hit
	paths paths
}

// jobs returns the jobs of reading each layer and each image's texts.
func (r *images) jobs(most int64) []job {
	var jobs []job
	var total int64
	for _, im := range r.store.Images {
		for i, l := range im.Layers {
			if r.layers[l.Digest] != nil {
				continue
			}
			one := &layer{Layer: l, shown: layerName(im, i), paths: newPaths(&r.names)}
			r.layers[l.Digest] = one
			if l.Size < 0 { // it would make room for others
				r.env.Sink.Unread(one.shown, "its size is below 0: the manifest is damaged or made up")
				continue
			}
			if l.Size > most-total {
				r.env.Sink.Unread(one.shown, fmt.Sprintf("with it there are more than %s, which --max-size allows", shownSize(most)))
				continue
			}
			total += l.Size
			jobs = append(jobs, func(ctx context.Context, w *worker) error { r.read(ctx, w, one); return nil })
		}
		jobs = append(jobs, func(ctx context.Context, w *worker) error { r.texts(ctx, w, im); return nil })
	}
	jobs = append(jobs, func(ctx context.Context, w *worker) error {
		for _, ix := range r.store.Indexes {
			r.text(ctx, w, ix.Name, "index", string(ix.Text), map[search.Key]bool{}, false)
		}
		return nil
	})
	r.env.Sink.Meter.Begin(collect.Reading, total)
	return jobs
}

// layerName is how a layer is called where it was not read.
func layerName(im *oci.Image, i int) string { return fmt.Sprintf("%s layer %d", im.Name, i+1) }

// read searches a layer.
func (r *images) read(ctx context.Context, w *worker, l *layer) {
	sink := r.env.Sink
	part := sink.Meter.Part(l.Size)
	defer part.End()
	if r.recall(l) {
		return
	}
	content, err := r.store.Open(ctx, l.Layer)
	if err != nil {
		if ctx.Err() == nil {
			sink.Unread(l.shown, err.Error())
		}
		return
	}
	defer content.Close()
	whole := true
	t := w.searcher.Text(func(member, reason string) {
		whole = false
		sink.Unread(inside(l.shown, member), reason)
	})
	defer t.Done()
	t.Seen, t.Entered = sink.See, l.paths.add
	n, err := t.Read(ctx, part.Reader(content), nil, "")
	sink.Files.Add(1)
	sink.Bytes.Add(n + t.Bytes)
	sink.Members.Add(t.Members)
	if err != nil && ctx.Err() == nil {
		sink.Unread(l.shown, fmt.Sprintf("%v; %d bytes came, and were scanned", err, n))
	}
	if r.hold(l, t.Hits) && whole && err == nil {
		r.remember(l, n+t.Bytes, t.Members)
	}
}

// hold keeps the matches in a layer until they are placed. It returns false if there is
// no room for all.
func (r *images) hold(l *layer, hits []search.Hit) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	keep := min(int64(len(hits)), r.room)
	r.room -= keep
	l.hits = slices.Clone(hits[:keep])
	if keep < int64(len(hits)) {
		r.env.Sink.Unread(l.shown, search.TooMany)
	}
	return keep == int64(len(hits))
}

// place puts the matches of an image's layers into the sink, with what its build tells
// of them.
func (r *images) place(im *oci.Image) {
	made := im.MadeBy()
	for i, l := range im.Layers {
		one := r.layers[l.Digest]
		for _, h := range one.hits {
			if !r.keeps(h.Member) {
				continue
			}
			hit := collect.Hit{Hit: h, Kind: result.KindLayer, Path: im.Name, ID: l.Digest, Layer: i + 1}
			if i < len(made) {
				hit.MadeBy = made[i]
			}
			hit.GoneIn = r.goneIn(im, i, h.Member)
			r.env.Sink.Hit(hit)
		}
	}
}

// keeps reports whether the globs of the user want a file of a layer. What has no path,
// as the configuration has none, is left out if paths must match a glob.
func (r *images) keeps(member string) bool {
	file, _, _ := strings.Cut(member, "!")
	if file == "" {
		return !r.env.Paths.Only()
	}
	return r.env.Paths.Keeps(clean(file), "")
}

// goneIn returns the number of the layer that removes or replaces a file of layer i, 0
// if none does.
func (r *images) goneIn(im *oci.Image, i int, member string) int {
	file, _, _ := strings.Cut(member, "!")
	if file == "" { // between the members
		return 0
	}
	for j := i + 1; j < len(im.Layers); j++ {
		if r.layers[im.Layers[j].Digest].paths.hide(file) {
			return j + 1
		}
	}
	return 0
}

// texts searches what an image says of itself: the fields of its configuration, then
// the whole of it and of the manifest, for what is in no field.
func (r *images) texts(ctx context.Context, w *worker, im *oci.Image) {
	seen := map[search.Key]bool{}
	for _, f := range im.Fields() {
		r.text(ctx, w, im.Name, f.Name, f.Text, seen, false)
	}
	r.text(ctx, w, im.Name, "configuration", string(im.Config), seen, true)
	r.text(ctx, w, im.Name, "manifest", string(im.Manifest), seen, true)
}

// text searches one text. Of a rest only the tokens count that were not seen.
func (r *images) text(ctx context.Context, w *worker, path, name, text string, seen map[search.Key]bool, rest bool) {
	shown := path + " " + name
	t := w.searcher.Text(func(member, reason string) { r.env.Sink.Unread(inside(shown, member), reason) })
	defer t.Done()
	n, _ := t.Read(ctx, strings.NewReader(text), nil, "")
	r.env.Sink.Bytes.Add(n)
	for _, h := range t.Hits {
		key := h.Key()
		if rest && seen[key] || !r.keeps("") {
			continue
		}
		seen[key] = true
		r.env.Sink.Hit(collect.Hit{Hit: h, Kind: result.KindImage, Path: path, Header: name})
	}
}
