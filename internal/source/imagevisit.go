package source

import (
	"encoding/json"
	"fmt"

	"r8scan/internal/collect"
	"r8scan/internal/search"
	"r8scan/result"
)

// visitedLayer is what is remembered of a layer in a registry: its digest names what it
// holds, so it never changes.
type visitedLayer struct {
	Hits               []collect.SavedHit
	Has, Gone, Emptied []byte // see paths
	Bytes, Members     int64
}

// layerKind is what layers are remembered as.
const layerKind = "layer"

// visitName is the name under which a layer is remembered. With another budget less of
// its archives may be read.
func (r *images) visitName(l *layer) string {
	return fmt.Sprintf("%s %d", l.Digest, r.env.Budget.Total)
}

// recall takes what an earlier scan found in a layer. It returns false if that is not
// known.
func (r *images) recall(l *layer) bool {
	if !r.remote || r.env.CheckIDs {
		return false
	}
	body, err := r.env.Visits.Load(layerKind, r.visitName(l))
	var v visitedLayer
	if err != nil || json.Unmarshal(body, &v) != nil || r.env.NeedSecrets && len(v.Hits) > 0 || v.Bytes < 0 || v.Members < 0 {
		return false
	}
	var hits []search.Hit
	for i := range v.Hits {
		h, err := v.Hits[i].Hit(r.env.Rules)
		if err != nil || h.Kind != result.KindLayer {
			return false
		}
		hits = append(hits, h.Hit)
	}
	has, ok1 := nameSetOf(v.Has)
	gone, ok2 := nameSetOf(v.Gone)
	emptied, ok3 := nameSetOf(v.Emptied)
	if !ok1 || !ok2 || !ok3 || l.paths.room.Add(-int64(len(has)+len(gone)+len(emptied))) < 0 {
		return false
	}
	l.paths.has, l.paths.gone, l.paths.emptied = has, gone, emptied
	sink := r.env.Sink
	sink.Files.Add(1)
	sink.Bytes.Add(v.Bytes)
	sink.Members.Add(v.Members)
	r.hold(l, hits)
	for i := range hits {
		sink.See(&hits[i].Match)
	}
	return true
}

// remember saves what a layer has, all of which was read.
func (r *images) remember(l *layer, bytes, members int64) {
	if !r.remote || r.env.Visits == nil || l.paths.room.Load() < 0 {
		return
	}
	v := visitedLayer{Has: l.paths.has.keys(), Gone: l.paths.gone.keys(), Emptied: l.paths.emptied.keys(), Bytes: bytes, Members: members}
	for _, h := range l.hits {
		saved, ok := (&collect.Hit{Hit: h, Kind: result.KindLayer}).Save(r.env.Rules)
		if !ok || saved.Member != h.Member { // a masked name is not the one that a layer above removes
			return
		}
		v.Hits = append(v.Hits, saved)
	}
	if body, err := json.Marshal(v); err == nil {
		_ = r.env.Visits.Save(layerKind, r.visitName(l), body) // without it, the next scan reads the layer
	}
}
