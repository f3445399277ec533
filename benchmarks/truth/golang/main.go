// Prints every use of a name in a Go module with the place that go/types resolves it to, one a line:
// path, line, column, call or ref, name, target path or "-", target line. Lines and columns count from 0.
package main

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	root, _ := filepath.Abs(os.Args[1])
	config := &packages.Config{Mode: packages.LoadAllSyntax, Dir: root, Tests: true}
	loaded, err := packages.Load(config, "./...")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	seen := map[string]bool{}
	for _, pkg := range loaded {
		for _, problem := range pkg.Errors {
			fmt.Fprintln(os.Stderr, problem)
		}
		for _, file := range pkg.Syntax {
			uses(pkg, file, root, seen)
		}
	}
	lines := make([]string, 0, len(seen))
	for line := range seen {
		lines = append(lines, line)
	}
	sort.Strings(lines)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
}

func inside(root, path string) (string, bool) {
	relative, err := filepath.Rel(root, path)
	return relative, err == nil && !strings.HasPrefix(relative, "..")
}

func uses(pkg *packages.Package, file *ast.File, root string, seen map[string]bool) {
	called := map[*ast.Ident]bool{}
	ast.Inspect(file, func(node ast.Node) bool {
		if call, ok := node.(*ast.CallExpr); ok {
			if name := callee(call.Fun); name != nil {
				called[name] = true
			}
		}
		return true
	})
	ast.Inspect(file, func(node ast.Node) bool {
		name, ok := node.(*ast.Ident)
		if !ok {
			return true
		}
		object := pkg.TypesInfo.Uses[name]
		if object == nil {
			return true
		}
		place := pkg.Fset.Position(name.Pos())
		path, ok := inside(root, place.Filename)
		if !ok {
			return true
		}
		role := "ref"
		if called[name] {
			role = "call"
		}
		target, line := "-", 0
		if named, ok := object.(*types.PkgName); ok && named != nil {
			target = "-"
		} else if object.Pos() != token.NoPos {
			at := pkg.Fset.Position(object.Pos())
			if relative, ok := inside(root, at.Filename); ok {
				target, line = relative, at.Line-1
			}
		}
		seen[fmt.Sprintf("%s\t%d\t%d\t%s\t%s\t%s\t%d", path, place.Line-1, place.Column-1, role, name.Name, target, line)] = true
		return true
	})
}

func callee(node ast.Expr) *ast.Ident {
	switch at := node.(type) {
	case *ast.Ident:
		return at
	case *ast.SelectorExpr:
		return at.Sel
	case *ast.ParenExpr:
		return callee(at.X)
	case *ast.IndexExpr:
		return callee(at.X)
	case *ast.IndexListExpr:
		return callee(at.X)
	}
	return nil
}
