package collect

import (
	"cmp"

	"r8scan/internal/git/odb"
	"r8scan/internal/search"
	"r8scan/result"
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
const hitCost = 320

func (h Hit) cost() int64 {
	return hitCost + int64(len(h.Path)+len(h.Member)+len(h.Name)+len(h.Header)+len(h.MadeBy))
}

// isFile reports whether a match is in a file on disk, or in its name.
func (h *Hit) isFile() bool { return h.Root != nil && h.Repo == nil && h.Kind == result.KindFile }

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
		cmp.Compare(a.From.Line, b.From.Line),
		cmp.Compare(a.From.Column, b.From.Column),
		cmp.Compare(a.Name, b.Name))
}
