package outline

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"r8scan/internal/git/odb"
	"r8scan/internal/git/wire"
)

// Append appends the outline in a compact form: numbers of variable length, and each
// text once.
func (o *Outline) Append(b []byte) []byte {
	w := writer{texts: map[string]uint64{}}
	for i := range o.Objects {
		w.object(&o.Objects[i])
	}
	b = binary.AppendUvarint(b, uint64(o.Hash))
	b = binary.AppendUvarint(b, uint64(len(o.Objects)))
	b = append(b, o.IDs...)
	b = binary.AppendUvarint(b, uint64(len(w.list)))
	for _, text := range w.list {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return append(b, w.body...)
}

type writer struct {
	body  []byte
	texts map[string]uint64 // numbers in list
	list  []string
}

func (w *writer) number(n uint64) { w.body = binary.AppendUvarint(w.body, n) }

func (w *writer) text(s string) {
	n, ok := w.texts[s]
	if !ok {
		n = uint64(len(w.list))
		w.texts[s], w.list = n, append(w.list, s)
	}
	w.number(n)
}

func (w *writer) object(x *Object) {
	w.number(uint64(x.Type))
	w.number(uint64(len(x.Links)))
	for _, l := range x.Links {
		w.number(uint64(l))
	}
	switch x.Type {
	case odb.Commit:
		w.number(uint64(x.Tree + 1))
		w.number(uint64(x.When + 1))
		w.text(x.Text)
		w.text(x.Zone)
		w.number(x.Sec)
	case odb.Tree:
		for _, name := range x.Names {
			w.text(name)
		}
	case odb.Tag:
		w.text(x.Text)
	}
}

// split splits the line of an author into what its other lines have too, and the
// time. An odd line is left as it is.
func split(line string) (who string, sec uint64, zone string) {
	at := strings.LastIndexByte(line, '>') + 1
	digits, zone, ok := strings.Cut(strings.TrimPrefix(line[at:], " "), " ")
	sec, err := strconv.ParseUint(digits, 10, 63)
	if who = line[:at]; !ok || err != nil || zone == "" || len(line) != at+1+len(digits)+1+len(zone) || digits != strconv.FormatUint(sec, 10) {
		return line, 0, ""
	}
	return who, sec, zone
}

var errDamaged = errors.New("the outline is damaged")

// Parse parses what Append wrote, and returns what is behind it. It takes nothing that
// refers to what is not there.
func Parse(b []byte) (o *Outline, rest []byte, err error) {
	r := reader{b: b}
	hash, n := int(r.number(wire.SHA256)), int(r.number(uint64(len(b))))
	if r.bad || hash != wire.SHA1 && hash != wire.SHA256 || n > len(r.b)/hash {
		return nil, nil, errDamaged
	}
	o = &Outline{Hash: hash, IDs: r.bytes(n * hash), Objects: make([]Object, n)}
	for i := 1; i < n; i++ {
		if bytes.Compare(o.ID(i-1), o.ID(i)) >= 0 {
			return nil, nil, errDamaged
		}
	}
	texts := make([]string, 0, min(r.number(uint64(len(r.b))), uint64(len(r.b))))
	for range cap(texts) {
		texts = append(texts, string(r.bytes(int(r.number(uint64(len(r.b)))))))
		if r.bad {
			break
		}
	}
	r.texts = texts
	for i := range o.Objects {
		if r.object(&o.Objects[i], n); r.bad {
			return nil, nil, errDamaged
		}
	}
	if !o.sound() {
		return nil, nil, errDamaged
	}
	return o, r.b, nil
}

// sound reports whether objects name objects of the right types.
func (o *Outline) sound() bool {
	for i := range o.Objects {
		x := &o.Objects[i]
		if x.Type == odb.Commit && x.Tree != NoTree && o.Objects[x.Tree].Type != odb.Tree {
			return false
		}
		for _, l := range x.Links {
			if (x.Type == odb.Commit) != (o.Objects[l].Type == odb.Commit) && x.Type != odb.Tag {
				return false
			}
		}
	}
	return true
}

// reader reads what a writer wrote. After a fault it is bad, and returns zeros.
type reader struct {
	b     []byte
	texts []string
	links []int32 // memory for further links
	bad   bool
}

// number reads a number of at most most.
func (r *reader) number(most uint64) uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || n > most {
		r.bad = true
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.b) {
		r.bad = true
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

// text reads the number of a text that does not have a byte.
func (r *reader) text(without byte) string {
	i := r.number(uint64(len(r.texts)))
	if r.bad || i == uint64(len(r.texts)) || strings.IndexByte(r.texts[i], without) >= 0 {
		r.bad = true
		return ""
	}
	return r.texts[i]
}

// object reads one of n objects.
func (r *reader) object(x *Object, n int) {
	x.Type, x.Tree = odb.Type(r.number(uint64(odb.Tag))), NoTree
	count := int(r.number(uint64(len(r.b))))
	if r.bad || x.Type == 0 || count > 0 && x.Type == odb.Blob || count > 1 && x.Type == odb.Tag {
		r.bad = true
		return
	}
	if cap(r.links)-len(r.links) < count {
		r.links = make([]int32, 0, max(count, 1<<12))
	}
	first := len(r.links)
	for range count {
		r.links = append(r.links, int32(r.number(uint64(n-1))))
	}
	x.Links = r.links[first:len(r.links):len(r.links)]
	switch x.Type {
	case odb.Commit:
		x.Tree = int32(r.number(uint64(n))) - 1
		x.When = int64(r.number(1<<62)) - 1
		x.Text, x.Zone, x.Sec = r.text('\n'), r.text('\n'), r.number(1<<63)
	case odb.Tree:
		for range count {
			name := r.text(0)
			r.bad = r.bad || name == ""
			x.Names = append(x.Names, name)
		}
	case odb.Tag:
		x.Text = r.text(0)
	}
}
