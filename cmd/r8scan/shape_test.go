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

// maxFiles is in how many files a type outside cmd may have methods: a reader should
// see all that changes its fields.
const maxFiles = 2

// maxCommandLines is how many lines a file of cmd may have on average, and
// maxFileLines how many any of them may have. A command is one file: flags, help and a
// call. What is not about the command line belongs into another package.
const (
	maxCommandLines = 75
	maxFileLines    = 200
)

// TestShape checks these limits.
func TestShape(t *testing.T) {
	type typeOf struct{ folder, name string }
	spread := map[typeOf][]string{}
	lines, commands := 0, 0
	for file, folder := range goFiles(t) {
		if folder == "cmd/r8scan" {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			n := strings.Count(string(text), "\n")
			if n > maxFileLines {
				t.Errorf("%s has %d lines, more than %d", file, n, maxFileLines)
			}
			lines += n
			commands++
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
			base, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".go"), "_") // _unix, _other, … count as one file
			if !slices.Contains(spread[of], base) {
				spread[of] = append(spread[of], base)
			}
		}
	}
	for of, files := range spread {
		if len(files) > maxFiles {
			t.Errorf("%s: the type %s has methods in %v, more than %d files", of.folder, of.name, files, maxFiles)
		}
	}
	if lines > maxCommandLines*commands {
		t.Errorf("cmd/r8scan has %d lines in %d files, more than %d a file", lines, commands, maxCommandLines)
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
