package collect

import (
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"r8scan/internal/git/history"
	"r8scan/internal/git/odb"
	"r8scan/rules"
)

// anchorDepth is how many folders are gone into for a file: a root without one
// is rare.
const anchorDepth = 8

// AnchorAt returns the path of a file that the commit with the id head has, for
// reports that can show a token at a file only: the README of the root, else its
// first file, else that of its first folder. It is "" if there is none. A name
// that cannot be shown as it is counts as none.
func AnchorAt(store *odb.Store, head string, set *rules.Set) string {
	if store == nil {
		return ""
	}
	tree, dir := history.TreeOf(store, head, nil), ""
	for range anchorDepth {
		if tree == odb.None {
			return ""
		}
		t, data, err := store.Read(tree)
		if err != nil || t != odb.Tree {
			return ""
		}
		var file, folder string
		tree = odb.None
		_ = odb.EachEntry(data, store.HashLen(), func(_ int, e odb.TreeEntry) bool { // a damaged one is used as far as it goes
			name := string(e.Name)
			switch {
			case !showable(name) || set.Redact(name) != name:
			case e.Mode&0o170000 == 0o100000 && (file == "" || isReadme(name) && !isReadme(file)):
				file = name
			case e.Mode == odb.ModeDir && folder == "":
				folder = name
				if o, ok := store.Find(e.ID); ok {
					tree = o
				}
			}
			return file == "" || !isReadme(file)
		})
		if file != "" {
			return Join(dir, file)
		}
		dir = Join(dir, folder)
	}
	return ""
}

// isReadme reports whether a file's name is README, with whatever extension.
func isReadme(name string) bool {
	return strings.EqualFold(strings.TrimSuffix(name, path.Ext(name)), "readme")
}

// showable reports whether a name reads the same wherever it is shown.
func showable(name string) bool {
	return utf8.ValidString(name) && !strings.Contains(name, `\`) && !strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) })
}
