package fix

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
)

// goFile is a parsed Go file.
type goFile struct {
	*ast.File
	set *token.FileSet
}

func parseGo(text []byte) (goFile, bool) {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, "", text, parser.ParseComments|parser.SkipObjectResolution)
	return goFile{f, set}, err == nil
}

// offset returns the offset of a position in the text.
func (f goFile) offset(p token.Pos) int { return f.set.PositionFor(p, false).Offset }

func replaceGo(s *site) {
	f, ok := parseGo(s.text)
	if !ok {
		s.leave("the file has a syntax error")
		return
	}
	name, shadowed := f.osName()
	if shadowed {
		s.leave(whyTaken)
		return
	}
	s.lookup = strings.Replace(s.lookup, "os.", name+".", 1)
	above := f.above(s.span.from)
	for i, n := range above {
		switch n := n.(type) {
		case *ast.ImportSpec, *ast.Field:
			s.leave(whyConstant)
			return
		case *ast.GenDecl:
			if n.Tok == token.CONST {
				f.variable(s, n, above[i+1])
				return
			}
		}
	}
	putValue(s)
}

// putValue writes the look-up in the literal's place.
func putValue(s *site) {
	if s.isWhole() {
		s.put(s.lookup)
	} else {
		s.join(" + ")
	}
}

// above returns the nodes that hold the literal at an offset, the outermost first.
func (f goFile) above(at int) (nodes []ast.Node) {
	ast.Inspect(f.File, func(n ast.Node) bool {
		if n == nil || f.offset(n.Pos()) > at || f.offset(n.End()) <= at {
			return false
		}
		if _, ok := n.(*ast.File); !ok {
			nodes = append(nodes, n)
		}
		return true
	})
	return nodes
}

// osName returns the name of the package os in the file, and whether the file has
// another use for it.
func (f goFile) osName() (name string, shadowed bool) {
	name = "os"
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		switch {
		case err != nil:
		case path == "os" && spec.Name != nil && spec.Name.Name != "_" && spec.Name.Name != ".":
			return spec.Name.Name, false
		case path != "os" && spec.Name != nil && spec.Name.Name == "os":
			return name, true
		}
	}
	declares := func(e ast.Expr) {
		if id, ok := e.(*ast.Ident); ok && id.Name == "os" {
			shadowed = true
		}
	}
	ast.Inspect(f.File, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				declares(e)
			}
		case *ast.ValueSpec:
			for _, id := range n.Names {
				declares(id)
			}
		case *ast.Field:
			for _, id := range n.Names {
				declares(id)
			}
		case *ast.RangeStmt:
			declares(n.Key)
			declares(n.Value)
		case *ast.FuncDecl:
			declares(n.Name)
		case *ast.TypeSpec:
			declares(n.Name)
		}
		return true
	})
	return name, shadowed
}

// variable makes a variable of the constant that has the literal: a look-up is no
// constant. Of several constants in parentheses it is taken out.
func (f goFile) variable(s *site, group *ast.GenDecl, in ast.Node) {
	spec, ok := in.(*ast.ValueSpec)
	if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 || f.constant(spec) {
		s.leave(whyConstant)
		return
	}
	from := f.offset(group.Pos())
	if len(group.Specs) == 1 {
		s.edits = append(s.edits, edit{from, from + len("const"), "var"})
		putValue(s)
		return
	}
	for i, other := range group.Specs {
		repeats := len(other.(*ast.ValueSpec).Values) == 0
		if repeats && i > 0 && group.Specs[i-1] == in || hasIota(other) {
			s.leave(whyConstant)
			return
		}
	}
	if putValue(s); s.why == "" {
		f.moveOut(s, group, spec)
	}
}

// moveOut moves a constant, whose value has edits, behind its group.
func (f goFile) moveOut(s *site, group *ast.GenDecl, spec *ast.ValueSpec) {
	start := f.offset(spec.Pos())
	if spec.Doc != nil {
		start = f.offset(spec.Doc.Pos())
	}
	end := f.offset(spec.End())
	line := lineLen(s.text[end:])
	from, to := lineStart(s.text, start), behindLineEnd(s.text, end+line)
	first := lineStart(s.text, f.offset(spec.Pos()))
	if strings.TrimSpace(string(s.text[from:start])) != "" || first < start && spec.Doc == nil && strings.TrimSpace(string(s.text[first:start])) != "" {
		s.leave(whyConstant) // others are on its line
		return
	}
	value := f.offset(spec.Values[0].Pos())
	moved := "var " + spec.Names[0].Name
	if spec.Type != nil {
		moved += " " + string(s.text[f.offset(spec.Type.Pos()):f.offset(spec.Type.End())])
	}
	moved += " = " + string(apply(s.text[value:end], shifted(s.edits, -value))) + string(s.text[end:end+line])
	outer := string(s.text[lineStart(s.text, f.offset(group.Pos())):f.offset(group.Pos())])
	nl := lineEnd(s.text)
	doc := ""
	if spec.Doc != nil {
		for _, c := range spec.Doc.List {
			doc += outer + c.Text + nl
		}
	}
	behind := f.offset(group.Rparen) + 1
	s.edits = []edit{{from, to, ""}, {behind, behind, nl + nl + doc + outer + moved}}
}

// constant reports whether the name of a spec is needed as a constant elsewhere.
func (f goFile) constant(spec *ast.ValueSpec) bool {
	name, found := spec.Names[0].Name, false
	uses := func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && id.Name == name && id != spec.Names[0] {
				found = true
			}
			return true
		})
	}
	ast.Inspect(f.File, func(n ast.Node) bool {
		if g, ok := n.(*ast.GenDecl); ok && g.Tok == token.CONST {
			for _, other := range g.Specs {
				uses(other)
			}
		}
		return true
	})
	return found
}

func hasIota(n ast.Node) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == "iota" {
			found = true
		}
		return true
	})
	return found
}

// importOS returns the edit that imports the package os, false if it is imported.
func importOS(text []byte) (edit, bool) {
	f, ok := parseGo(text)
	if !ok {
		return edit{}, false
	}
	nl := lineEnd(text)
	var block *ast.GenDecl
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.IMPORT {
			break
		}
		for _, spec := range g.Specs {
			if is := spec.(*ast.ImportSpec); is.Path.Value == `"os"` && (is.Name == nil || is.Name.Name != "_" && is.Name.Name != ".") {
				return edit{}, false
			} else if is.Path.Value == `"C"` {
				ok = false // what is above it is C
			}
		}
		if ok && (block == nil || g.Lparen.IsValid() && !block.Lparen.IsValid()) {
			block = g
		}
	}
	switch {
	case block == nil:
		at := f.offset(f.Name.End())
		at += lineLen(text[at:])
		return edit{at, at, nl + nl + `import "os"`}, true
	case !block.Lparen.IsValid():
		return besideImport(text, f.offset(block.Pos()), f.offset(block.End()), len(f.Imports) == 1), true
	}
	at, last := 0, 0
	for _, spec := range block.Specs {
		is := spec.(*ast.ImportSpec)
		start := f.offset(is.Pos())
		if last > 0 && bytes.Count(text[last:start], []byte("\n")) > 1 {
			break // the next paragraph
		}
		if last = f.offset(is.End()); is.Path.Value < `"os"` || at == 0 {
			at = last + lineLen(text[last:])
			if is.Path.Value > `"os"` {
				at = lineStart(text, start)
				indent := string(text[at:start])
				return edit{at, at, indent + `"os"` + nl}, true
			}
		}
	}
	if at == 0 { // import ()
		at = f.offset(block.Lparen) + 1
		return edit{at, at, nl + "\t\"os\"" + nl}, true
	}
	return edit{at, at, nl + "\t\"os\""}, true
}

// besideImport returns the edit that adds os to an import without parentheses, at
// text[from:to]: both get them if it is the only one.
func besideImport(text []byte, from, to int, only bool) edit {
	nl := lineEnd(text)
	spec := strings.TrimSpace(strings.TrimPrefix(string(text[from:to]), "import"))
	if end := to + lineLen(text[to:]); !only || strings.TrimSpace(string(text[to:end])) != "" {
		return edit{end, end, nl + `import "os"`}
	}
	both := []string{"\t" + spec, "\t\"os\""}
	if spec > `"os"` {
		both[0], both[1] = both[1], both[0]
	}
	return edit{from, to, "import (" + nl + strings.Join(both, nl) + nl + ")"}
}

// formatted formats a changed Go file if it was formatted before.
func formatted(before, after []byte) []byte {
	if was, err := format.Source(before); err != nil || !bytes.Equal(was, before) {
		return after
	}
	if is, err := format.Source(after); err == nil {
		return is
	}
	return after
}
