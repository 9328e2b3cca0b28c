package fetch

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"r8scan/internal/git/wire"
)

// Ref is a ref that a server names.
type Ref struct {
	Name string
	ID   string // in hex
}

// Advert is what a server says of a repository before it sends objects.
type Advert struct {
	Hash    int      // bytes of an object id
	Refs    []Ref    // sorted by name; without HEAD
	Head    string   // id at HEAD in hex, "" if there is none
	Branch  string   // the ref that HEAD is, "" if it is none or that is not known
	Shallow []string // ids in hex of commits whose parents the server lacks

	caps []string
}

// Limits on what a server names.
const (
	maxAdvert  = 256 << 20 // bytes of the list
	maxRefs    = 1 << 22
	maxRefName = 4 << 10 // git has no limit, and file systems end at 4096 bytes
)

// readAdvert reads the refs.
func readAdvert(p *packets) (*Advert, error) {
	a := &Advert{}
	first, size := true, 0
	for {
		line, err := p.next()
		if err != nil {
			return nil, err
		}
		if size += len(line); size > maxAdvert {
			return nil, fmt.Errorf("the server's list of refs is longer than %d bytes", maxAdvert)
		}
		if line == nil {
			a.finish()
			return a, nil
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		if first && bytes.HasPrefix(line, []byte("version 1")) {
			continue
		}
		if err := a.take(line, first); err != nil {
			return nil, err
		}
		first = false
	}
}

// take takes a line. The first one has the server's capabilities.
func (a *Advert) take(line []byte, first bool) error {
	if text, ok := bytes.CutPrefix(line, []byte("ERR ")); ok {
		return saysError(text)
	}
	if id, ok := bytes.CutPrefix(line, []byte("shallow ")); ok {
		if !wire.IsID(string(id), a.Hash) || len(a.Shallow) == maxRefs {
			return errPacket
		}
		a.Shallow = append(a.Shallow, string(id))
		return nil
	}
	if first {
		var caps []byte
		line, caps, _ = bytes.Cut(line, []byte{0})
		a.caps = strings.Fields(string(caps))
		if err := a.format(); err != nil {
			return err
		}
	}
	id, name, ok := strings.Cut(string(line), " ")
	switch {
	case !ok:
		return errPacket
	case !wire.IsID(id, a.Hash):
		return fmt.Errorf("the server names an object by %d characters, and not by %d hex digits", len(id), 2*a.Hash)
	case name == "capabilities^{}": // there are no refs
	case strings.HasSuffix(name, "^{}"): // what a tag names
	case name == "HEAD":
		a.Head = id
	case len(a.Refs) == maxRefs:
		return fmt.Errorf("the server names more than %d refs", maxRefs)
	case !strings.HasPrefix(name, "refs/") || len(name) > maxRefName || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return errors.New("the server names a ref that git would refuse")
	default:
		a.Refs = append(a.Refs, Ref{name, id})
	}
	return nil
}

// format takes the format of ids and the branch at HEAD from the capabilities.
func (a *Advert) format() error {
	a.Hash = wire.SHA1
	switch format := a.value("object-format="); format {
	case "", "sha1":
	case "sha256":
		a.Hash = wire.SHA256
	default:
		return fmt.Errorf("the server's object format is not known: r8scan knows sha1 and sha256")
	}
	if to, ok := strings.CutPrefix(a.value("symref=HEAD:"), "refs/"); ok {
		a.Branch = "refs/" + to
	}
	return nil
}

// value returns the rest of a capability that begins with prefix.
func (a *Advert) value(prefix string) string {
	for _, c := range a.caps {
		if v, ok := strings.CutPrefix(c, prefix); ok {
			return v
		}
	}
	return ""
}

// finish checks the list. Of a ref that is named twice, the first counts.
func (a *Advert) finish() {
	slices.SortStableFunc(a.Refs, func(x, y Ref) int { return strings.Compare(x.Name, y.Name) })
	a.Refs = slices.CompactFunc(a.Refs, func(x, y Ref) bool { return x.Name == y.Name })
	if a.Hash == 0 { // an empty repository
		a.Hash = wire.SHA1
	}
}

// IDs returns what the refs and HEAD name, each id once, in hex.
func (a *Advert) IDs() []string {
	ids := make([]string, 0, len(a.Refs)+1)
	for _, r := range a.Refs {
		ids = append(ids, r.ID)
	}
	if a.Head != "" {
		ids = append(ids, a.Head)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// saysError returns what a server says as an error. It may be anything: a caller masks
// it before it is shown.
func saysError(text []byte) error {
	const most = 300
	shown := strings.TrimSpace(strings.ToValidUTF8(string(text), "?"))
	if len(shown) > most {
		shown = strings.ToValidUTF8(shown[:most], "") + "…"
	}
	return errors.New("the server says: " + shown)
}
