package collect

import (
	"cmp"
	"unicode/utf8"

	"r8scan/internal/git/odb"
	"r8scan/internal/search"
	"r8scan/result"
	"r8scan/rules"
)

// Hit is a match and its place: in a file, in a name, or in an object of a
// repository.
type Hit struct {
	search.Hit
	Kind string // a Kind constant of package result

	// In a file, or in a text of git's that is no object.
	Path string    // as shown
	ID   string    // in hex, of the object with the text; "" without one
	Tree *WorkTree // nil outside a work tree, or if it is not known
	Root *Root     // from which the file was read; nil for a text of git's, and for what is no file

	// In a text beside a repository on its server, which has a Path too.
	URL  string // of its page; "" if none is known
	Part string // as in a result.Location

	// In an object.
	Repo   *Repository // nil if it is in none
	Object odb.Obj
	Type   odb.Type
	Name   string // in a tree: the entry whose name has the match
	Header string // in a commit or a tag: the header that has it; "" for the message

	// In an image, with its name in Path, the digest in ID and a field in Header.
	Layer  int    // its number from 1; 0 outside a layer
	MadeBy string // the instruction that brought the layer
	GoneIn int    // the layer that removes or replaces the file
}

// hitCost is the memory of a match on a shelf, beside its texts.
const hitCost = 352

func (h Hit) cost() int64 {
	return hitCost + int64(len(h.Path)+len(h.Member)+len(h.Name)+len(h.Header)+len(h.URL)+len(h.Part)+len(h.MadeBy))
}

// isFile reports whether a match is in a file on disk, or in its name.
func (h *Hit) isFile() bool { return h.Root != nil && h.Repo == nil && h.Kind == result.KindFile }

// Save returns a hit as it can be written to a file. It returns false if it cannot:
// the credential may be guessed, the hit is in a file on disk, or a text is not UTF-8.
func (h *Hit) Save(set *rules.Set) (SavedHit, bool) {
	m := &h.Match
	if h.Tree != nil || h.Root != nil || !m.Secret.Memorable() && !m.Secret.IsRemembered() {
		return SavedHit{}, false
	}
	s := SavedHit{Rule: m.Rule.ID, Mask: m.Secret.Mask(), ID: m.Secret.ID(), Confidence: m.Confidence, Encoding: m.Encoding, Allowed: m.Allowed,
		Why: set.Redact(m.Why), Variable: set.Redact(m.Variable), From: h.From, To: h.To, Kind: h.Kind,
		Path: set.Redact(h.Path), Member: set.Redact(h.Member), Object: h.ID, Name: set.Redact(h.Name), Header: set.Redact(h.Header),
		URL: set.Redact(h.URL), Part: h.Part}
	if h.Repo != nil {
		s.Object = h.Repo.Store.Hex(h.Object)
	}
	for _, text := range []string{s.Why, s.Variable, s.Path, s.Member, s.Name, s.Header} {
		if !utf8.ValidString(text) { // JSON would change it
			return SavedHit{}, false
		}
	}
	return s, true
}

func compareHits(a, b Hit) int {
	return cmp.Or(
		result.CompareKinds(a.Kind, b.Kind),
		cmp.Compare(a.Path, b.Path),
		cmp.Compare(a.Repo.name(), b.Repo.name()),
		cmp.Compare(a.Object, b.Object),
		cmp.Compare(a.ID, b.ID),
		cmp.Compare(a.Member, b.Member),
		cmp.Compare(a.Layer, b.Layer),
		cmp.Compare(a.Header, b.Header),
		cmp.Compare(a.Part, b.Part),
		cmp.Compare(a.URL, b.URL),
		cmp.Compare(a.From.Line, b.From.Line),
		cmp.Compare(a.From.Column, b.From.Column),
		cmp.Compare(a.Name, b.Name))
}
