package odb

import "r8scan/internal/git/wire"

// IsEmptyTree reports whether a raw id is that of the empty tree, which git
// knows even if the store does not have it.
func IsEmptyTree(id []byte) bool {
	switch wire.Hex(id) {
	case "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321":
		return true
	}
	return false
}
