// Package odb reads git's object stores: packs, loose objects and alternates,
// SHA-1 and SHA-256. It walks packs family by family: a base is inflated once
// and its deltas are applied depth first from memory.
package odb

// Type is the type of a git object, numbered as packs number it.
type Type uint8

// The object types. ofsDelta and refDelta exist only in packs.
const (
	Commit   Type = 1
	Tree     Type = 2
	Blob     Type = 3
	Tag      Type = 4
	ofsDelta Type = 6
	refDelta Type = 7
)

var typeNames = [8]string{"object", "commit", "tree", "blob", "tag", "object", "object", "object"}

// String returns commit, tree, blob or tag, otherwise object.
func (t Type) String() string { return typeNames[t&7] }

// parseType is the inverse of String.
func parseType(name string) (Type, bool) {
	for t := Commit; t <= Tag; t++ {
		if typeNames[t] == name {
			return t, true
		}
	}
	return 0, false
}

// Obj is the number of an object in a Store: its position in the sorted list of
// all ids.
type Obj uint32

// None is no object.
const None = ^Obj(0)

// Range is a half-open range of byte offsets.
type Range struct{ From, To int }

// Problem is something in a store that could not be read.
type Problem struct{ What, Reason string }
