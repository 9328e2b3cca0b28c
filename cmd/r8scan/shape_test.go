package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// maxFiles is in how many files a type outside cmd may have its methods: a
// reader of one sees what the others do to its fields.
const maxFiles = 2

// maxCommandLines is how many lines cmd may have. What a test of the command line
// does not need has a place of its own.
const maxCommandLines = 1500

// TestShape holds the house to its measures.
func TestShape(t *testing.T) {
	type typeOf struct{ folder, name string }
	spread := map[typeOf][]string{}
	lines := 0
	for file, folder := range goFiles(t) {
		if folder == "cmd/r8scan" {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			lines += strings.Count(string(text), "\n")
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil {
				continue
			}
			of := typeOf{folder, receiver(f.Recv.List[0].Type)}
			base, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".go"), "_") // for each system one of _unix, _other, …
			if !slices.Contains(spread[of], base) {
				spread[of] = append(spread[of], base)
			}
		}
	}
	for of, files := range spread {
		if len(files) > maxFiles {
			t.Errorf("%s: the type %s has methods in %v, which are more than %d", of.folder, of.name, files, maxFiles)
		}
	}
	if lines > maxCommandLines {
		t.Errorf("cmd/r8scan has %d lines, which are more than %d", lines, maxCommandLines)
	}
}

// receiver returns the name of a receiver's type.
func receiver(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return receiver(t.X)
	case *ast.IndexExpr:
		return receiver(t.X)
	case *ast.Ident:
		return t.Name
	}
	return ""
}
